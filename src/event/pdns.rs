//! What PowerDNS says: of itself, of copies of zones, of transfers and of NOTIFYs.

use super::Text;

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
