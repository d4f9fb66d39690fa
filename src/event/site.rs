//! What a site's own lines say, its scripts' first of all.

use super::Text;

/// What a site's own line says, by the operator's word for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SiteFact {
    /// A node took the address that a notify script moves.
    AddressClaimed {
        /// The address, where the line names it.
        address: Option<Text>,
        /// The node, where the line names it; else the one that wrote it.
        node: Option<Text>,
    },
    /// The node that wrote the line leaves from this address.
    EgressAddress {
        /// The address that others see.
        address: Text,
    },
    /// The script that should move the address failed.
    TakeoverFailed {
        /// The address, where the line names it.
        address: Option<Text>,
        /// The node, where the line names it; else the one that wrote it.
        node: Option<Text>,
    },
    /// Nothing that a rule uses.
    Note,
}
