//! What a cloud's own records say of an address that can be moved.

use super::Text;

/// One record of a cloud about an address that can be moved: a call of its API, or what it lists. Every part may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Cloud {
    /// What it tells.
    pub what: CloudFact,
    /// The record's own id: the same record may be delivered twice.
    pub record: Option<Text>,
    /// The address that moves.
    pub address: Option<Text>,
    /// The cloud's id of that address (`eipalloc-…`).
    pub allocation: Option<Text>,
    /// The cloud's id of the tie between address and target (`eipassoc-…`): the one that was made, or was to be undone.
    pub association: Option<Text>,
    /// What the cloud calls the target: instance, network interface, private address.
    pub target: Vec<Text>,
    /// Who called: an instance (`i-…`) or the name of a user or role session.
    pub caller: Option<Text>,
    /// The error's code, where the call was refused.
    pub refused: Option<Text>,
}

/// What a record of a cloud tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum CloudFact {
    /// The address was tied to the target (or should have been: see `refused`).
    Associated,
    /// The tie was undone.
    Disassociated,
    /// The cloud listed the address with the target it was tied to; no target: it was tied to nothing.
    #[default]
    Listed,
}
