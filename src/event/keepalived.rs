//! What keepalived says: of a VRRP instance, of a sync group, and of its own processes.

use super::Text;

/// What happened to a VRRP instance on the node that wrote the line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Vrrp {
    /// 1.x `Transition to MASTER STATE`: elected and advertising, but no address and no script yet.
    MasterPending,
    /// `Entering MASTER STATE`: MASTER from now; `notify_master` runs right after.
    MasterEntered,
    /// `Entering BACKUP STATE`, `Now in BACKUP state`.
    BackupEntered {
        /// 2.x `(init)`: a start, not a demotion. 1.x cannot tell.
        at_start: bool,
    },
    /// Entered or is in FAULT.
    FaultEntered,
    /// `Received advert … lower priority …`: this node is MASTER and stays MASTER while another node is MASTER too.
    HeardLower(Advert),
    /// `Master received advert … higher/same priority …`: this node was MASTER, another one is, this one yields.
    HeardHigher(Advert),
    /// 2.x `received lower priority (N) advert … discarding`: this node is BACKUP and waits to preempt.
    HeardLowerAsBackup(Advert),
    /// Priority 0 heard as BACKUP: the MASTER stepped down.
    HeardZeroAsBackup,
    /// Priority 0 heard as MASTER.
    HeardZeroAsMaster,
    /// `sent 0 priority`: stepped down on purpose.
    SentZero,
    /// `Receive advertisement timeout` (2.0.3+, only with -D): was BACKUP and heard nothing acceptable.
    AdvertTimedOut,
    /// `Changing effective priority from A to B`.
    PriorityChanged {
        /// Priority before.
        from: u32,
        /// Priority from now on.
        to: u32,
    },
    /// 1.x `forcing a new MASTER election`: a preferred node that came back preempts.
    ElectionForced,
    /// An advert was refused: its sender did not count as a MASTER here.
    AdvertRejected {
        /// What of it did not fit.
        mismatch: Mismatch,
        /// Sender's address (2.3.3+, and for strangers to a unicast instance).
        from: Option<Text>,
    },
}

/// What of a refused advert did not fit this node's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Mismatch {
    /// Type of authentication, password, key or sequence number.
    Authentication,
    /// Advertisement interval.
    Interval,
    /// VRRP version.
    Version,
    /// The list of virtual addresses.
    Addresses,
    /// Virtual router id.
    VirtualRouter,
    /// A sender that is no configured unicast peer.
    Peer,
    /// Multicast where unicast is configured, or the other way round.
    Cast,
    /// TTL or hop limit: it crossed a router, or is forged.
    Ttl,
    /// Checksum: damaged on the way.
    Checksum,
    /// Packet type or length: no advert, or a damaged one.
    Form,
    /// A line that only says that the packet was dropped; the one before it says why.
    Unsaid,
}

/// What an advert line says of the two priorities; old versions leave them out.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Advert {
    /// Sender's address (2.x).
    pub from: Option<Text>,
    /// Priority in the advert.
    pub theirs: Option<u32>,
    /// Effective priority of the node that wrote the line.
    pub ours: Option<u32>,
}

/// State of a sync group as its lines tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum GroupState {
    /// Members are told to become MASTER (1.x `Transition to MASTER`).
    MasterPending,
    /// `Syncing instances to MASTER state` and its kin.
    Master,
    /// `Syncing instances to BACKUP state`.
    Backup,
    /// `Syncing instances to FAULT state`.
    Fault,
}

/// What happened to a keepalived process.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Keepalived {
    /// `Starting Keepalived vX.Y.Z`.
    Starting {
        /// Version as printed, without the leading v; `None` where the build does not know it.
        version: Option<Text>,
    },
    /// The parent's `Stopping`: mastership ends here.
    Stopping,
    /// `Stopped` (about a second after `Stopping`).
    Stopped,
    /// `Starting VRRP child process, pid=N`.
    VrrpChildStarted {
        /// The child's pid.
        child: Option<u32>,
    },
    /// `VRRP child process(N) died`: the address stays, no BACKUP line is written.
    VrrpChildDied,
    /// A reload began.
    Reloading,
    /// `A thread timer expired N seconds ago`: the process was not running for that long.
    TimerLate {
        /// Whole seconds as printed.
        seconds: u32,
    },
    /// 1.x `Opening script file PATH`: a notify script starts.
    ScriptOpened {
        /// The script.
        path: Text,
    },
    /// A notify script could not be started (missing, not executable, unsafe).
    ScriptFailed {
        /// The script, where the line names it.
        path: Option<Text>,
    },
    /// A tracked check failed, timed out or recovered.
    TrackScript {
        /// `vrrp_script` name.
        script: Text,
        /// Whether it succeeds now.
        succeeds: bool,
    },
    /// An interface went down or came up.
    Interface {
        /// Its name.
        interface: Text,
        /// Whether it is up now.
        up: bool,
    },
    /// `Command line: …` (2.0.7+): tells whether -D is on.
    CommandLine {
        /// Whether the options include log detail.
        log_detail: bool,
    },
}
