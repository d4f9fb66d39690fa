//! What PowerDNS 5.0 and keepalived 2.2 write.

use super::Random;
use std::collections::VecDeque;

/// Transfers that are under way at the same time.
const IN_FLIGHT: usize = 64;

/// A busy secondary: each zone's messages in their order, those of many zones between each other.
pub(crate) struct Pdns {
    zones: Vec<(String, u64)>,
    under_way: Vec<VecDeque<String>>,
}

const WORDS: [&str; 32] = [
    "acme", "amber", "atlas", "bakery", "birch", "breeze", "canvas", "cedar", "cobalt", "delta", "ember", "falcon",
    "garden", "harbor", "indigo", "juniper", "lantern", "maple", "north", "ocean", "pepper", "quartz", "river",
    "saffron", "tango", "ultra", "velvet", "willow", "xenon", "yellow", "zephyr", "zinc",
];

impl Pdns {
    pub(crate) fn new(random: &mut Random, zones: usize) -> Self {
        let name = |number: usize| match random.below(16) {
            0 => format!("{}.{}.2.192.in-addr.arpa", number % 256, number / 256),
            1 => format!("xn--{}-{number}a.example", random.one_of(&WORDS)),
            2..6 => format!("{}.{}{number}.example", random.one_of(&WORDS), random.one_of(&WORDS)),
            _ => format!("{}-{}{number}.example", random.one_of(&WORDS), random.one_of(&WORDS)),
        };
        let zones = (0..zones.max(1)).map(name).map(|zone| (zone, 2_025_110_300)).collect();
        Self { zones, under_way: vec![VecDeque::new(); IN_FLIGHT] }
    }

    pub(crate) fn next(&mut self, random: &mut Random) -> String {
        let at = usize::try_from(random.below(IN_FLIGHT as u64)).unwrap_or_default();
        if self.under_way[at].is_empty() {
            let zone = usize::try_from(random.below(self.zones.len() as u64)).unwrap_or_default();
            let (name, serial) = &mut self.zones[zone];
            self.under_way[at] = sequence(random, name, serial).into();
        }
        self.under_way[at].pop_front().unwrap_or_default()
    }
}

fn sequence(random: &mut Random, zone: &str, serial: &mut u64) -> Vec<String> {
    let host = format!("192.0.2.{}", 1 + random.below(3));
    let primary = format!("{host}:53");
    let (before, after) = (*serial, *serial + 1 + random.below(4));
    let transfer = format!("XFR-in zone: '{zone}', primary: '{host}', ");
    let axfr = format!("AXFR-in zone: '{zone}', primary: '{host}', ");
    let stale = format!("Domain '{zone}' is stale, primary {primary} serial {after}, our serial {before}");
    match random.below(1000) {
        0..330 => {
            *serial = after;
            vec![
                format!("Received NOTIFY for {zone} from {host} - queueing check"),
                stale,
                format!("{transfer}initiating transfer"),
                format!("{transfer}starting AXFR"),
                format!("AXFR-in zone '{zone}', primary '{host}', retrieval started"),
                format!("{axfr}retrieval finished"),
                format!("{axfr}zone committed with serial {after}"),
            ]
        }
        330..450 => {
            *serial = after;
            vec![
                stale,
                format!("{transfer}initiating transfer"),
                format!("I{transfer}starting IXFR"),
                format!("I{transfer}got 2 deltas, zone committed with serial {after}"),
            ]
        }
        450..800 => {
            vec![format!("Domain '{zone}' is fresh (no DNSSEC), serial is {before} (checked primary {primary})")]
        }
        800..870 => vec![format!(
            "Domain '{zone}' is fresh and SOA RRSIGs match, serial is {before} (checked primary {primary})"
        )],
        870..900 => {
            let count = 2 + random.below(256);
            vec![
                format!("{count} secondary domains need checking, {} queued for AXFR", count / 8),
                format!("Received serial number updates for {count} zones, had {} timeouts", 2 + count / 64),
            ]
        }
        900..930 => vec![format!("Received NOTIFY for {zone} from {host} which is not a primary (Refused)")],
        930..950 => {
            vec![format!("Received NOTIFY for {zone} from {host} for which we are not authoritative (Refused)")]
        }
        950..980 => vec![format!(
            "{transfer}unable to xfr zone (ResolverException): Timeout waiting for answer from {primary} during AXFR (This was attempt number {}. Excluding zone from secondary-checks until {})",
            1 + random.below(16),
            1_762_128_000 + random.below(65_536)
        )],
        980..990 => vec![format!(
            "Domain '{zone}' more recent than primary {primary}, our serial {after} > their serial {before}"
        )],
        _ => {
            let client = format!("198.51.100.{}:{}", random.below(256), 1024 + random.below(32_768));
            vec![
                format!("AXFR-out zone '{zone}', client '{client}', transfer initiated"),
                format!("AXFR-out zone '{zone}', client '{client}', denied: client IP has no permission"),
            ]
        }
    }
}

/// Eight instances whose health check comes and goes.
#[derive(Default)]
pub(crate) struct Keepalived {
    waiting: VecDeque<String>,
}

impl Keepalived {
    pub(crate) fn next(&mut self, random: &mut Random) -> String {
        if self.waiting.is_empty() {
            self.waiting = turn(random).into();
        }
        self.waiting.pop_front().unwrap_or_default()
    }
}

fn turn(random: &mut Random) -> Vec<String> {
    let (instance, priority) = (format!("VI_{}", 1 + random.below(8)), 90 + random.below(32));
    let peer = format!("192.0.2.{}", 2 + random.below(4));
    match random.below(10) {
        0..3 => {
            let announces = format!("Sending gratuitous ARP on eth0 for 192.0.2.{}", 100 + random.below(8));
            let entering = format!("({instance}) Entering MASTER STATE");
            let mut lines = vec![format!("({instance}) Backup received priority 0 advertisement"), entering];
            lines.extend(vec![announces; 4]);
            lines
        }
        3..6 => vec![
            format!(
                "({instance}) Master received advert from {peer} with higher priority {}, ours {priority}",
                priority + 10
            ),
            format!("({instance}) Entering BACKUP STATE"),
        ],
        6..8 => vec![
            "VRRP_Script(chk_pdns) failed (exited with status 1)".to_owned(),
            format!("({instance}) Changing effective priority from {priority} to {}", priority - 20),
            "VRRP_Script(chk_pdns) succeeded".to_owned(),
            format!("({instance}) Changing effective priority from {} to {priority}", priority - 20),
        ],
        8 => vec![format!("({instance}) Entering FAULT STATE"), format!("({instance}) Entering BACKUP STATE")],
        _ => vec![format!(
            "({instance}) Received advert from {peer} with lower priority {}, ours {priority}, forcing new election",
            priority - 10
        )],
    }
}
