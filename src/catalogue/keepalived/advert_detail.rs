//! What else is said of adverts.

use crate::catalogue::message::Message;

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/advert-interval-changed",
        texts: &[
            (
                "1.2.20..=1.4.5",
                "({instance}): advertisement interval changed: mine={old_interval} milli-sec, rcved={their_interval} milli-sec",
            ),
            (
                "2.0.0..=2.1.5",
                "({instance}) advertisement interval changed: mine={old_interval} milli-sec, rcved={their_interval} milli-sec",
            ),
        ],
        sample: "(VI_1): advertisement interval changed: mine=1000 milli-sec, rcved=2 milli-sec",
        source: "keepalived/vrrp/vrrp.c",
        proves: "A VRRPv3 MASTER advertises at another interval than before.",
        read: None,
    },
    Message {
        id: "keepalived/advert-interval-updated",
        texts: &[
            ("1.2.17..=1.4.5", "VRRP_Instance({instance}) advertisement interval updated to {old_interval} milli-sec"),
            (
                "1.2.17..=1.4.5",
                "VRRP_Instance({instance}) using locally configured advertisement interval ({our_interval} milli-sec)",
            ),
            (
                "1.2.22..=1.4.5",
                "VRRP_Instance({instance}) advertisement interval updated to {old_interval} milli-sec from higher priority master",
            ),
            (
                "2.0.0..=2.1.5",
                "({instance}) advertisement interval updated from {old_interval} to {new_interval} milli-sec from higher priority master",
            ),
            (
                "2.0.0..=2.1.5",
                "({instance}) advertisement interval updated to {new_interval} milli-sec from {old_interval} milli-sec",
            ),
            (
                "2.0.0..=2.1.5",
                "({instance}) using locally configured advertisement interval ({our_interval} milli-sec)",
            ),
            (
                "2.2.0..",
                "({instance}) advertisement interval updated from {old_interval}ms to {new_interval}ms by master",
            ),
            (
                "2.2.0..=2.2.2",
                "({instance}) advertisement interval updated from {old_interval}ms to {new_interval}ms by new master",
            ),
            (
                "2.2.0..",
                "({instance}) changing advert interval from {old_interval}ms to locally configured {our_interval}ms",
            ),
        ],
        sample: "(VI_1) advertisement interval updated from 1000ms to 2000ms by master",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node follows the MASTER's interval, or returns to its own.",
        read: None,
    },
    Message {
        id: "keepalived/advert-bogus",
        texts: &[("1.2.1..=1.4.5", "bogus VRRP packet received on {interface} !!!")],
        sample: "bogus VRRP packet received on eth0 !!!",
        source: "keepalived/vrrp/vrrp.c",
        proves: "Something on this interface sends packets that are no VRRP.",
        read: None,
    },
    Message {
        id: "keepalived/advert-bug-family",
        texts: &[
            (
                "1.2.20..=1.4.5",
                "({instance}): configured address family is {family}, which is neither AF_INET or AF_INET6. This is probably a bug - please report",
            ),
            (
                "2.0.0..",
                "({instance}) configured address family is {family}, which is neither AF_INET or AF_INET6. This is probably a bug - please report",
            ),
        ],
        sample: "(VI_1) configured address family is IPv4, which is neither AF_INET or AF_INET6. This is probably a bug - please report",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An instance has no address family; keepalived takes it for a bug of its own.",
        read: None,
    },
    Message {
        id: "keepalived/advert-checksum-debug",
        texts: &[
            (
                "2.0.18..=2.0.19",
                "({instance}): Checksum ERROR from {address}, checksum: pkt 0x{chksum}, previous 0x{last_rx_checksum}, calc 0x{calc_chksum} acc 0x{acc_csum}",
            ),
            (
                "2.0.18..=2.0.19",
                "({instance}): Checksum ERROR to {address}, checksum: pkt 0x{pkt_chksum}, calc 0x{calc_chksum} acc 0x{acc_csum}, previous acc 0x{last_tx_checksum}",
            ),
            (
                "2.0.18..=2.0.19",
                "({instance}): Checksum change to {address} (priority {last_tx_priority} to {their_priority}), checksum: pkt 0x{pkt_chksum}, calc 0x{calc_chksum} acc 0x{acc_csum}, previous acc 0x{last_tx_checksum}",
            ),
            (
                "2.0.18..=2.0.19",
                "({instance}): Checksum valid change from {address} (priority {last_rx_priority} to {their_priority}), checksum: pkt 0x{last_rx_checksum}, previous 0x{chksum}, calc 0x{calc_chksum} acc 0x{acc_csum}",
            ),
            (
                "2.0.18..=2.0.19",
                "({instance}): Checksum valid change from {address} (was {address2}), checksum: pkt 0x{chksum}, previous 0x{last_rx_checksum} calc 0x{calc_chksum} acc 0x{acc_csum}",
            ),
            (
                "2.0.18..=2.0.19",
                "({instance}): Checksum valid change from {address}, checksum: 0x{chksum}, previous 0x{last_rx_checksum}, acc 0x{acc_csum}",
            ),
            (
                "2.0.18..=2.0.19",
                "({instance}): First advert to {address}, checksum: pkt 0x{pkt_chksum}, calc 0x{calc_chksum} acc 0x{acc_csum}",
            ),
            (
                "2.0.18..=2.0.19",
                "({instance}): First advert to {address}, checksum: pkt 0x{pkt_chksum}, calc 0x{calc_chksum} acc 0x{acc_csum} - MISMATCH",
            ),
            (
                "2.0.18..=2.0.19",
                "{instance}: First received advert from {address}, checksum: pkt 0x{chksum}, calc 0x{calc_chksum}, acc 0x{acc_csum}",
            ),
            (
                "2.0.18..=2.0.19",
                "{instance}: First received advert from {address}, checksum: pkt 0x{chksum}, calc 0x{calc_chksum}, acc 0x{acc_csum} - MISMATCH",
            ),
        ],
        sample: "VI_1: First received advert from 192.0.2.100, checksum: pkt 0xc0de, calc 0xc0de, acc 0x1c0de - MISMATCH",
        source: "keepalived/vrrp/vrrp.c",
        proves: "How checksums of adverts changed; a build for debugging.",
        read: None,
    },
];
