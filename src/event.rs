//! What happened, as past-tense facts with the daemons' own nouns: the border between `catalogue` and everything after.
//!
//! A [`Fact`] knows no text: whatever wording, version or form (plain, structured) said it, the fact is the same.

mod raw;

use crate::moment::Moment;
use smol_str::SmolStr;
use std::borrow::Cow;

pub(crate) use raw::Models;
pub use raw::Raw;

/// Text that costs little to copy: names of zones, nodes, instances and addresses are repeated millions of times. Short ones are kept in
/// place, longer ones are shared.
pub type Text = SmolStr;

/// Bytes of a log as text; what is not UTF-8 is replaced. (`from_utf8_lossy` takes four times as long for what is.)
#[must_use]
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Who a line comes from: the two daemons, and the service manager where it speaks of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Daemon {
    /// PowerDNS Authoritative Server (`pdns_server`).
    Pdns,
    /// keepalived, all of its processes.
    Keepalived,
    /// systemd's service manager, about the units of the two.
    Systemd,
}

impl Daemon {
    /// All, in the order the catalogue has them.
    pub const ALL: [Self; 3] = [Self::Pdns, Self::Keepalived, Self::Systemd];

    /// Whose an event id is, by the word in front of it.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let is_of = |daemon: &Self| id.strip_prefix(daemon.word()).is_some_and(|rest| rest.starts_with('/'));
        Self::ALL.into_iter().find(is_of)
    }

    /// The contract's word for it, which begins its events' ids.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pdns => "pdns",
            Self::Keepalived => "keepalived",
            Self::Systemd => "systemd",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdns => "PowerDNS",
            Self::Keepalived => "keepalived",
            Self::Systemd => "systemd",
        }
    }
}

/// Where a record stands: enough for an operator to find the line again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The source's path as given (or as found below a given directory).
    pub path: Text,
    /// 1-based line; `None` for journal entries.
    pub line: Option<u64>,
    /// Journal cursor.
    pub cursor: Option<Text>,
}

/// A line of one of the daemons, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Catalogue id with its daemon in front: `keepalived/state-master`.
    pub id: &'static str,
    /// What it says.
    pub fact: Fact,
    /// When, in event time (UTC, year resolved, skew corrected).
    pub time: Moment,
    /// The node it happened on.
    pub node: Text,
    /// The process that wrote it.
    pub pid: Option<u32>,
    /// How often it occurred in a row where the log folded repeats; 1 otherwise.
    pub repeated: u32,
    /// Where it stands.
    pub origin: Origin,
    /// The line as written, invalid UTF-8 replaced.
    pub raw: Raw,
}

impl Event {
    /// What PowerDNS said, if it is PowerDNS's line.
    #[must_use]
    pub fn pdns(&self) -> Option<&Pdns> {
        if let Fact::Pdns(pdns) = &self.fact { Some(pdns) } else { None }
    }

    /// What a keepalived process said of itself, if the line does.
    #[must_use]
    pub fn keepalived(&self) -> Option<&Keepalived> {
        if let Fact::Keepalived(keepalived) = &self.fact { Some(keepalived) } else { None }
    }

    /// What happened to a VRRP instance, if the line says so.
    #[must_use]
    pub fn vrrp(&self) -> Option<&Vrrp> {
        if let Fact::Vrrp { what, .. } = &self.fact { Some(what) } else { None }
    }
}

/// A typed past-tense fact. Lines that are known but that no rule listens to are [`Fact::Other`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Fact {
    /// Something about one VRRP instance.
    Vrrp {
        /// Instance name (`VI_1`), without prefix or parentheses.
        instance: Text,
        /// What happened to it.
        what: Vrrp,
    },
    /// A sync group moved: its member instances move with it.
    Group {
        /// Group name.
        group: Text,
        /// The member that set it off (`Syncing instances to …` names only the group; then `None`).
        instance: Option<Text>,
        /// Where to.
        state: GroupState,
    },
    /// Something about a keepalived process.
    Keepalived(Keepalived),
    /// Something PowerDNS said.
    Pdns(Pdns),
    /// A site's own line, read by a pattern of its configuration, or a script's in words that are a cloud's command line's.
    Site {
        /// The pattern's name; that of the command line where no pattern was needed.
        name: Text,
        /// What it says.
        what: SiteFact,
    },
    /// What a cloud's own records say of an address that can be moved.
    Cloud(Box<Cloud>),
    /// What a program that keeps logs or a clock says of its own work.
    Keeper(Keeper),
    /// What a configuration file of a daemon states.
    Setting(Box<Setting>),
    /// A line of the catalogue that no rule needs.
    Other,
    /// A line of one of the two daemons that no row reads.
    Unrecognised(Daemon),
}

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

/// What bounds the worth of a node's silence and of its stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Keeper {
    /// Lines were thrown away, shortly before.
    Lost {
        /// How many.
        messages: u64,
        /// Whose; `None`: anybody's.
        of: Option<Daemon>,
    },
    /// The clock was set.
    ClockStepped {
        /// By how much (+ is forward), in microseconds, where it is said.
        micros: Option<i64>,
    },
}

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

impl Pdns {
    /// Until when PowerDNS leaves a zone alone after a failure, in Unix seconds: a moment shortly after the line.
    #[must_use]
    pub fn excluded_until(&self) -> Option<i64> {
        if let Pdns::TransferFailed { until, .. } | Pdns::SoaUnretrievable { until, .. } = self { *until } else { None }
    }

    /// The zone of which the node that wrote the line has a copy.
    #[must_use]
    pub fn copied_zone(&self) -> Option<&Text> {
        match self {
            Pdns::ZoneFresh { zone, .. }
            | Pdns::ZoneStale { zone, .. }
            | Pdns::ZoneNewer { zone, .. }
            | Pdns::SoaUnretrievable { zone, .. }
            | Pdns::TransferStarted { zone, .. }
            | Pdns::TransferFailed { zone, .. }
            | Pdns::ZoneCommitted { zone, .. }
            | Pdns::TransferRetrieved { zone, .. } => Some(zone),
            Pdns::Started { .. }
            | Pdns::Ready
            | Pdns::CommunicatorStarted
            | Pdns::FreshnessChecked { .. }
            | Pdns::NotifyAccepted { .. }
            | Pdns::NotifyRefused { .. }
            | Pdns::NotifyForbidden { .. }
            | Pdns::NotifyOrdered { .. }
            | Pdns::NotifyQueued { .. }
            | Pdns::NotifyAcknowledged { .. }
            | Pdns::NotifyRejected { .. }
            | Pdns::NotifyUnanswered { .. }
            | Pdns::TransferAsked { .. }
            | Pdns::TransferDenied { .. }
            | Pdns::TransferServed { .. } => None,
        }
    }

    /// The newest serial the line names.
    #[must_use]
    pub fn newest_serial(&self) -> Option<u32> {
        if let Pdns::ZoneCommitted { serial, .. } | Pdns::ZoneFresh { serial, .. } = self {
            *serial
        } else if let Pdns::ZoneStale { primary_serial, our_serial, .. } = self {
            primary_serial.or(*our_serial)
        } else {
            None
        }
    }

    /// The primary that a secondary's line names as asked.
    #[must_use]
    pub fn asked_primary(&self) -> Option<&Text> {
        if let Pdns::ZoneFresh { primary, .. }
        | Pdns::ZoneStale { primary, .. }
        | Pdns::TransferStarted { primary, .. }
        | Pdns::TransferFailed { primary, .. }
        | Pdns::ZoneCommitted { primary, .. }
        | Pdns::TransferRetrieved { primary, .. } = self
        {
            primary.as_ref()
        } else {
            None
        }
    }
}

/// Why a transfer in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TransferFailure {
    /// The primary said no: Not Authoritative / Not Authorized, Query Refused.
    Refused,
    /// Nobody answered: a time-out, a closed port, no route.
    Unreachable,
    /// Something else: a broken stream, a zone that cannot be read.
    Broken,
}

/// What PowerDNS said. Addresses are without port and brackets; masked ones (`18.xxx.xxx.xxx`) are kept as text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Pdns {
    /// Version banner.
    Started {
        /// Version, `None` where the build does not know it.
        version: Option<Text>,
    },
    /// Ready to answer.
    Ready,
    /// The communicator runs: this server is a primary or a secondary.
    CommunicatorStarted,
    /// A secondary found its copy current.
    ZoneFresh {
        /// Zone.
        zone: Text,
        /// The primary that was asked (4.4+).
        primary: Option<Text>,
        /// Serial of both (4.2+).
        serial: Option<u32>,
    },
    /// A secondary found its copy behind (or to be fetched again).
    ZoneStale {
        /// Zone.
        zone: Text,
        /// The primary that was asked (4.4+).
        primary: Option<Text>,
        /// Serial of the primary.
        primary_serial: Option<u32>,
        /// Serial of the copy; `None` for an empty zone.
        our_serial: Option<u32>,
    },
    /// A secondary's copy is newer than its primary's.
    ZoneNewer {
        /// Zone.
        zone: Text,
        /// The primary that was asked.
        primary: Option<Text>,
        /// Serial of the primary.
        primary_serial: Option<u32>,
        /// Serial of the copy.
        our_serial: Option<u32>,
    },
    /// A round of freshness checks ended.
    FreshnessChecked {
        /// Zones with an answer.
        zones: u32,
        /// Zones without one.
        timeouts: u32,
    },
    /// The SOA could not be fetched from the primary: no answer came, or none that could be used.
    SoaUnretrievable {
        /// Zone.
        zone: Text,
        /// The primary (5.2+).
        primary: Option<Text>,
        /// `Skipping SOA checks until EPOCH`: Unix seconds.
        until: Option<i64>,
        /// Which failure in a row it is, where the line counts them: 1 means that the one before succeeded.
        attempt: Option<u32>,
        /// An answer came (an error, or one without a SOA), so somebody is there; `false` where the line does not say.
        answered: bool,
    },
    /// A transfer in was begun (initiating, starting, retrieving, storing).
    TransferStarted {
        /// Zone.
        zone: Text,
        /// The primary asked.
        primary: Option<Text>,
    },
    /// A transfer in failed.
    TransferFailed {
        /// Zone.
        zone: Text,
        /// The primary asked.
        primary: Option<Text>,
        /// What kept it from succeeding.
        why: TransferFailure,
        /// The reason as printed.
        reason: Text,
        /// `Excluding zone from slave-checks until EPOCH`: Unix seconds.
        until: Option<i64>,
    },
    /// A transfer in was stored.
    ZoneCommitted {
        /// Zone.
        zone: Text,
        /// The primary it came from (4.4+).
        primary: Option<Text>,
        /// Serial stored (3.1+).
        serial: Option<u32>,
    },
    /// A transfer in came to an end on the wire (4.0–4.3 name the primary only here, not in the commit).
    TransferRetrieved {
        /// Zone.
        zone: Text,
        /// The primary it came from.
        primary: Option<Text>,
    },
    /// A secondary accepted a NOTIFY.
    NotifyAccepted {
        /// Zone.
        zone: Text,
        /// Sender.
        from: Option<Text>,
    },
    /// A NOTIFY was refused because its sender is not a primary of the zone.
    NotifyRefused {
        /// Zone.
        zone: Text,
        /// Sender.
        from: Text,
    },
    /// A NOTIFY was refused by policy (allow-notify-from, TSIG): whether its sender is a primary was not even looked at.
    NotifyForbidden {
        /// Zone.
        zone: Text,
        /// Sender.
        from: Text,
    },
    /// An operator asked a primary to notify: no sign of a new serial.
    NotifyOrdered {
        /// Zone.
        zone: Text,
    },
    /// A primary queued a NOTIFY.
    NotifyQueued {
        /// Zone.
        zone: Text,
        /// Receiver.
        to: Text,
    },
    /// The receiver acknowledged a NOTIFY.
    NotifyAcknowledged {
        /// Zone.
        zone: Text,
        /// Receiver.
        by: Text,
    },
    /// The receiver answered a NOTIFY with an error.
    NotifyRejected {
        /// Zone.
        zone: Text,
        /// Receiver.
        by: Text,
        /// Its answer (`Query Refused`).
        reason: Text,
    },
    /// A NOTIFY was given up after retries.
    NotifyUnanswered {
        /// Zone.
        zone: Text,
        /// Receiver.
        by: Text,
    },
    /// A client asked for a transfer out (comes before a denial as well: proves only that it asked).
    TransferAsked {
        /// Zone.
        zone: Text,
        /// Client.
        client: Text,
    },
    /// A transfer out was denied.
    TransferDenied {
        /// Zone.
        zone: Text,
        /// Client; some wordings leave it out.
        client: Option<Text>,
    },
    /// A transfer out was served to the end.
    TransferServed {
        /// Zone.
        zone: Text,
        /// Client.
        client: Text,
    },
}
