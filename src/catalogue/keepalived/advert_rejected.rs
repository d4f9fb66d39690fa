//! Adverts that were refused: in 2.x they make a lasting split, in 1.x a quiet BACKUP.

use super::vrrp;
use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Mismatch, Vrrp};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/advert-auth",
        texts: &[
            ("1.2.1..", "IPSEC AH : invalid IPSEC SPI value. {address} and expect {spi}"),
            ("1.2.1..=1.4.5", "VRRP_Instance({instance}) IPSEC-AH : {sync:Syncing seq_num - Decrement seq}"),
            ("1.2.1..=1.4.5", "VRRP_Instance({instance}) IPSEC-AH : {sync:Syncing seq_num - Increment seq}"),
            (
                "1.2.1..=1.4.5",
                "VRRP_Instance({instance}) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !",
            ),
            ("1.2.1..=1.4.5", "VRRP_Instance({instance}) IPSEC-AH : {sync:seq_num sync}"),
            (
                "1.2.1..=1.3.5",
                "VRRP_Instance({instance}) IPSEC-AH : sequence number {seq_number} already proceeded. Packet dropped. Local({local_seq_number})",
            ),
            ("1.2.1..=1.2.19", "receive a {auth_type} auth, expecting {expected_auth_type}!"),
            ("1.2.1..=1.2.19", "receive an invalid passwd!"),
            ("1.2.17..=1.2.19", "Invalid auth type: {auth_type}"),
            ("1.2.20..=1.4.5", "({instance}): Invalid auth type: {auth_type}"),
            ("1.2.20..=1.4.5", "({instance}): received a {auth_type} auth, expecting {expected_auth_type}!"),
            ("1.2.20..=1.4.5", "({instance}): received an invalid passwd!"),
            (
                "1.3.6..=1.4.5",
                "VRRP_Instance({instance}) IPSEC-AH : sequence number {seq_number} already processed. Packet dropped. Local({local_seq_number})",
            ),
            ("2.0.0..", "({instance}) IPSEC-AH : {sync:Syncing seq_num - Increment seq}"),
            (
                "2.0.0..",
                "({instance}) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !",
            ),
            (
                "2.0.0..",
                "({instance}) IPSEC-AH : sequence number {seq_number} already processed. Packet dropped. Local({local_seq_number})",
            ),
            ("2.0.0..=2.3.2", "({instance}) Invalid auth type: {auth_type}"),
            ("2.0.0..=2.3.2", "({instance}) received a {auth_type} auth, expecting {expected_auth_type}!"),
            ("2.0.0..=2.3.2", "({instance}) received an invalid passwd!"),
            ("2.0.12..=2.3.2", "({instance}) No AH header but auth type is AH"),
            ("2.0.12..=2.3.2", "({instance}) Received AH header but auth type not AH"),
            ("2.3.3..", "({instance}) Invalid auth type from {source}: {auth_type}"),
            ("2.3.3..", "({instance}) No AH header but auth type is AH from {source}"),
            ("2.3.3..", "({instance}) Received AH header but auth type not AH from {source}"),
            ("2.3.3..", "({instance}) received a {auth_type} auth from {source}, expecting {expected_auth_type}!"),
            ("2.3.3..", "({instance}) received an invalid passwd from {source}!"),
            (
                "2.4.0..",
                "({instance}) authentication clock skew {tolerated_skew} sec from {source} approaching window {time_window} sec",
            ),
            ("2.4.0..=2.4.0", "({instance}) invalid authentication MAC from {source}"),
            ("2.4.0..", "({instance}) malformed authentication trailer from {source}"),
            ("2.4.0..", "({instance}) missing authentication trailer from {source}"),
            ("2.4.0..", "({instance}) replayed authentication trailer from {source}"),
            (
                "2.4.0..",
                "({instance}) stale authentication trailer from {source}, clock skew {skew} sec exceeds window {time_window} sec",
            ),
            ("2.4.0..", "({instance}) unknown authentication key id {key_id} from {source}"),
            ("2.4.1..", "({instance}) invalid authentication HMAC from {source}"),
        ],
        sample: "(VI_1) received an invalid passwd!",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert was refused because its authentication does not fit, except where a sequence number is only brought in step or a clock is only warned of.",
        read: Some(authentication),
    },
    Message {
        id: "keepalived/advert-interval-mismatch",
        texts: &[
            ("1.2.1..=1.2.16", "advertissement interval mismatch mine={our_interval} rcved={their_interval}"),
            ("1.2.17..=1.2.19", "advertisement interval mismatch mine={our_interval} sec rcved={their_interval} sec"),
            (
                "1.2.17..=1.2.19",
                "advertisement interval mismatch: mine={our_interval} milli-sec, rcved={their_interval} milli-sec",
            ),
            (
                "1.2.20..=1.4.5",
                "({instance}): advertisement interval mismatch mine={our_interval} sec rcved={their_interval} sec",
            ),
            (
                "2.0.0..=2.0.11",
                "({instance}) advertisement interval mismatch mine={our_interval} sec rcved={their_interval} sec",
            ),
            (
                "2.0.12..=2.3.2",
                "({instance}) advertisement interval mismatch mine={our_interval} sec rcv'd={their_interval} sec",
            ),
            (
                "2.3.3..",
                "({instance}) advertisement interval mismatch ours = {our_interval} centi-sec rcv'd={their_interval} centi-sec",
            ),
            (
                "2.3.3..",
                "({instance}) advertisement interval mismatch with {source} mine={our_interval} sec rcv'd={their_interval} sec",
            ),
        ],
        sample: "(VI_1) advertisement interval mismatch mine=1 sec rcv'd=2 sec",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert was refused because the peers' intervals differ; in 2.x both then become MASTER.",
        read: Some(interval),
    },
    Message {
        id: "keepalived/advert-vip-mismatch",
        texts: &[
            ("1.2.1..=1.2.19", "ip address associated with VRID not present in received packet : {address}"),
            ("1.2.1..=1.2.19", "receive an invalid ip number count associated with VRID!"),
            (
                "1.2.20..=2.2.4",
                "({instance}) ip address associated with VRID {vrid} not present in MASTER advert : {address}",
            ),
            (
                "1.2.20..=1.4.5",
                "({instance}): ip address associated with VRID {vrid} not present in MASTER advert : {address}",
            ),
            ("1.2.20..=1.4.5", "({instance}): receive an invalid ip number count associated with VRID!"),
            (
                "1.2.20..=1.4.5",
                "({instance}): received an invalid ip number count {received_count}, expected {expected_count}!",
            ),
            ("2.0.0..=2.0.11", "({instance}) receive an invalid ip number count associated with VRID!"),
            (
                "2.0.0..=2.0.11",
                "({instance}) received an invalid ip number count {received_count}, expected {expected_count}!",
            ),
            (
                "2.0.12..=2.3.2",
                "({instance}) received an unexpected ip number count {received_count}, expected {expected_count}!",
            ),
            ("2.0.19..", "({instance}) expected {expected_count} VIPs but received {received_count}"),
            (
                "2.2.5..=2.3.2",
                "({instance}) ip address associated with VRID {vrid} not present in MASTER advert: {address}",
            ),
            (
                "2.3.3..",
                "({instance}) ip address associated with VRID {vrid} not present in advert from {source}: {address}",
            ),
        ],
        sample: "(VI_1) received an unexpected ip number count 2, expected 1!",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert names other addresses than configured here; it is refused up to 2.3.2 and only warned of later.",
        read: Some(addresses),
    },
    Message {
        id: "keepalived/advert-vrid-mismatch",
        texts: &[
            ("1.2.1..=1.2.19", "one or more VIP associated with VRID mismatch actual MASTER advert"),
            ("1.2.1..=1.2.19", "received VRID mismatch. Received {vrid}, Expected {expected_vrid}"),
            ("1.2.20..=1.4.5", "({instance}): received VRID mismatch. Received {vrid}, Expected {expected_vrid}"),
            ("2.0.0..=2.0.13", "({instance}) received VRID mismatch. Received {vrid}, Expected {expected_vrid}"),
        ],
        sample: "(VI_1): received VRID mismatch. Received 51, Expected 52",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert of another virtual router id was refused.",
        read: Some(virtual_router),
    },
    Message {
        id: "keepalived/advert-unknown-vrid",
        texts: &[
            ("2.0.14..", "Unknown VRID({vrid}) received on interface({interface}). ignoring..."),
            ("2.2.5..", "Unknown VRID({vrid}) received on interface({interface}) from {source}. ignoring..."),
        ],
        sample: "Unknown VRID(51) received on interface(eth0). ignoring...",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "Somebody on this network uses a virtual router id that no instance here has.",
        read: None,
    },
    Message {
        id: "keepalived/advert-unknown-unicast-peer",
        texts: &[
            ("1.2.20..=1.4.5", "({instance}): unicast source address {source} not a unicast peer"),
            ("2.0.0..", "({instance}) unicast source address {source} not a unicast peer"),
        ],
        sample: "(VI_1) unicast source address 192.0.2.2 not a unicast peer",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert came from an address that is not configured as a peer, and was refused.",
        read: Some(peer),
    },
    Message {
        id: "keepalived/advert-cast-mismatch",
        texts: &[
            ("2.0.12..=2.3.2", "({instance}) Expected multicast packet but received unicast packet"),
            ("2.0.12..=2.3.2", "({instance}) Expected unicast packet but received multicast packet"),
            ("2.1.0..", "({instance}) discarding multicast packet on unicast instance"),
            ("2.1.0..", "({instance}) discarding unicast packet on multicast instance"),
            ("2.3.3..", "({instance}) Expected multicast packet but received unicast packet from {source}"),
            ("2.3.3..", "({instance}) Expected unicast packet but received multicast packet from {source}"),
        ],
        sample: "(VI_1) Expected multicast packet but received unicast packet",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert came by multicast where unicast is configured, or the other way round, and was refused.",
        read: Some(cast),
    },
    Message {
        id: "keepalived/advert-invalid-ttl",
        texts: &[
            ("1.2.1..=1.2.19", "invalid ttl. {ttl} and expect {expected_ttl}"),
            ("1.2.20..=1.4.5", "({instance}): invalid ttl. {ttl} and expect {expected_ttl}"),
            ("2.0.0..=2.0.11", "({instance}) invalid ttl. {ttl} and expect {expected_ttl}"),
            ("2.0.12..=2.3.2", "({instance}) invalid TTL/HL. Received {ttl} and expect {expected_ttl}"),
            ("2.1.0..=2.3.2", "({instance}) TTL/HL {ttl} not in range {min_ttl} - {max_ttl}"),
            ("2.3.3..", "({instance}) TTL/HL {ttl} from {source} not in range [{min_ttl}, {max_ttl}]"),
            ("2.3.3..", "({instance}) invalid TTL/HL from {source}. Received {ttl} and expect {expected_ttl}"),
        ],
        sample: "(VI_1) invalid TTL/HL. Received 254 and expect 255",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert with a TTL that does not fit was refused: it crossed a router, or is forged.",
        read: Some(ttl),
    },
    Message {
        id: "keepalived/advert-bad-checksum",
        texts: &[
            ("1.2.1..=1.2.18", "Invalid vrrp checksum"),
            ("1.2.18..=1.2.19", "Invalid VRRPv2 checksum"),
            ("1.2.19..=1.2.19", "Invalid VRRPv3 checksum"),
            ("1.2.20..=1.4.5", "({instance}): Invalid VRRPv2 checksum"),
            ("1.2.20..=1.4.5", "({instance}): Invalid VRRPv3 checksum"),
            ("2.0.0..=2.3.2", "({instance}) Invalid VRRPv2 checksum"),
            ("2.0.0..=2.3.2", "({instance}) Invalid VRRPv3 checksum"),
            ("2.3.3..", "({instance}) Invalid VRRPv2 checksum from {source}"),
            ("2.3.3..", "({instance}) Invalid VRRPv3 checksum from {source}"),
        ],
        sample: "(VI_1) Invalid VRRPv2 checksum",
        source: "keepalived/vrrp/vrrp.c",
        proves: "A damaged advert was refused.",
        read: Some(checksum),
    },
    Message {
        id: "keepalived/advert-bad-type",
        texts: &[
            ("1.2.17..=1.2.19", "Invalid packet type. {type} and expect {expected_type}"),
            ("1.2.20..=1.4.5", "({instance}): Invalid packet type. {type} and expect {expected_type}"),
            ("2.0.0..=2.3.2", "({instance}) Invalid packet type. {type} and expect {expected_type}"),
            ("2.3.3..", "({instance}) Invalid packet type from {source}. {type} and expect {expected_type}"),
        ],
        sample: "(VI_1) Invalid packet type. 2 and expect 1",
        source: "keepalived/vrrp/vrrp.c",
        proves: "A VRRP packet that is no advert was refused.",
        read: Some(form),
    },
    Message {
        id: "keepalived/advert-bad-version",
        texts: &[
            ("1.2.1..=1.2.19", "invalid version. {received_version} and expect {expected_version}"),
            ("1.2.20..=1.4.5", "({instance}): invalid version. {received_version} and expect {expected_version}"),
            ("2.0.0..=2.0.11", "({instance}) invalid version. {received_version} and expect {expected_version}"),
            ("2.0.12..=2.3.2", "({instance}) wrong version. Received {received_version} and expect {expected_version}"),
            (
                "2.3.3..",
                "({instance}) wrong VRRP version from {source}. Received {received_version} and expect {expected_version}",
            ),
        ],
        sample: "(VI_1) wrong version. Received 3 and expect 2",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert of another VRRP version was refused.",
        read: Some(version),
    },
    Message {
        id: "keepalived/advert-bad-length",
        texts: &[
            ("1.2.1..=1.2.19", "ip payload too short. {len} and expect at least {expected_len}"),
            (
                "1.2.20..=1.4.5",
                "({instance}): Received packet length mismatch against expected. {len} and expect {expected_len}",
            ),
            ("1.2.20..=1.4.5", "({instance}): ip/vrrp header too short. {len} and expect at least {expected_len}"),
            (
                "1.2.20..=1.4.5",
                "({instance}): ip_tot_len mismatch against received length. {tot_len} and received {len}",
            ),
            ("1.2.20..=1.4.5", "({instance}): vrrp header too short. {len} and expect at least {expected_len}"),
            (
                "2.0.0..=2.0.11",
                "({instance}) Received packet length mismatch against expected. {len} and expect {expected_len}",
            ),
            ("2.0.0..=2.0.11", "({instance}) ip/vrrp header too short. {len} and expect at least {expected_len}"),
            ("2.0.0..=2.3.2", "({instance}) ip_tot_len mismatch against received length. {tot_len} and received {len}"),
            ("2.0.0..=2.0.11", "({instance}) vrrp header too short. {len} and expect at least {expected_len}"),
            ("2.0.12..=2.3.2", "({instance}) vrrp packet too long, length {len} and expect {expected_len}"),
            ("2.0.12..=2.3.2", "({instance}) vrrp packet too short, length {len} and expect {expected_len}"),
            ("2.0.12..", "IPv4 VRRP packet too short - {len} bytes"),
            ("2.0.12..", "IPv4 VRRP packet with AH too short - {len} bytes"),
            ("2.0.12..", "IPv6 VRRP packet too short - {len} bytes"),
            (
                "2.3.3..",
                "({instance}) ip_tot_len mismatch against received length from {source}. {tot_len} and received {len}",
            ),
            ("2.3.3..", "({instance}) vrrp packet from {source} too long, length {len} and expect {expected_len}"),
            ("2.3.3..", "({instance}) vrrp packet from {source} too short, length {len} and expect {expected_len}"),
        ],
        sample: "(VI_1) ip_tot_len mismatch against received length. 40 and received 20",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert of the wrong length was refused.",
        read: Some(form),
    },
    Message {
        id: "keepalived/advert-dropped",
        texts: &[("1.2.1..=1.4.5", "VRRP_Instance({instance}) Dropping received VRRP packet...")],
        sample: "VRRP_Instance(VI_1) Dropping received VRRP packet...",
        source: "keepalived/vrrp/vrrp.c",
        proves: "A MASTER or a node in FAULT dropped the packet that the line before found wrong.",
        read: Some(unsaid),
    },
    Message {
        id: "keepalived/advert-ignored-in-backup",
        texts: &[("1.2.1..=1.4.5", "VRRP_Instance({instance}) ignoring received advertisment...")],
        sample: "VRRP_Instance(VI_1) ignoring received advertisment...",
        source: "keepalived/vrrp/vrrp.c",
        proves: "A BACKUP dropped the packet that the line before found wrong; in 1.x it still counts as a sign of life.",
        read: Some(unsaid),
    },
];

fn rejected(fields: &Fields<'_>, mismatch: Mismatch) -> Option<Fact> {
    vrrp(fields, Vrrp::AdvertRejected { mismatch, from: fields.address("source") })
}

/// Two of these lines refuse nothing: an AH sequence number is brought in step, or a clock comes near its limit.
fn authentication(fields: &Fields<'_>) -> Option<Fact> {
    if fields.get("sync").is_some() || fields.get("tolerated_skew").is_some() {
        return None;
    }
    rejected(fields, Mismatch::Authentication)
}

/// From 2.3.3 on, whose text names the sender, an address that is missing in an advert is only warned of.
fn addresses(fields: &Fields<'_>) -> Option<Fact> {
    if fields.get("source").is_some() {
        return None;
    }
    rejected(fields, Mismatch::Addresses)
}

fn interval(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Interval)
}

fn virtual_router(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::VirtualRouter)
}

fn peer(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Peer)
}

fn cast(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Cast)
}

fn ttl(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Ttl)
}

fn checksum(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Checksum)
}

fn form(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Form)
}

fn version(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Version)
}

fn unsaid(fields: &Fields<'_>) -> Option<Fact> {
    rejected(fields, Mismatch::Unsaid)
}
