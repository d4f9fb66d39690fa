//! What a daemon's configuration file states.

use super::{Daemon, Text};

/// One statement of a daemon's configuration file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Setting {
    /// Whose file it is.
    pub daemon: Daemon,
    /// What it is about.
    pub scope: Scope,
    /// Its name: `priority`, `allow-axfr-ips`.
    pub option: Text,
    /// Its value as written; empty where it has none.
    pub value: Text,
}

/// What a statement of a configuration is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Scope {
    /// The daemon.
    Global,
    /// A VRRP instance.
    Instance(Text),
    /// A sync group.
    Group(Text),
}
