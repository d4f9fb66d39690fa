//! Interfaces and what the kernel tells of them.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Keepalived};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/interface-down",
        texts: &[
            ("1.2.1..=1.4.5", "Kernel is reporting: interface {interface} DOWN"),
            ("2.0.0..", "Netlink reports {interface} down"),
        ],
        sample: "Netlink reports eth0 down",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "An interface went down; instances on it go to FAULT.",
        read: Some(down),
    },
    Message {
        id: "keepalived/interface-up",
        texts: &[
            ("1.2.1..=1.4.5", "Kernel is reporting: interface {interface} UP"),
            ("2.0.0..", "Netlink reports {interface} up"),
        ],
        sample: "Netlink reports eth0 up",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "An interface came up.",
        read: Some(up),
    },
    Message {
        id: "keepalived/interface-linkbeat",
        texts: &[
            ("2.0.0..", "Linkbeat reports {interface} {state:down}"),
            ("2.0.0..", "Linkbeat reports {interface} {state:up}"),
        ],
        sample: "Linkbeat reports eth0 down",
        source: "keepalived/vrrp/vrrp_if.c",
        proves: "An interface went down or came up, as polling the card tells.",
        read: Some(linkbeat),
    },
    Message {
        id: "keepalived/interface-tracked-up",
        texts: &[("1.2.1..=1.4.5", "Kernel is reporting: tracked interface are UP")],
        sample: "Kernel is reporting: tracked interface are UP",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "No tracked interface holds an instance back any longer.",
        read: None,
    },
    Message {
        id: "keepalived/interface-changed",
        texts: &[
            ("1.2.20..", "Unknown interface {interface} deleted"),
            ("2.0.0..", "Interface name has changed from {interface} to {name}"),
            ("2.0.0..", "Interface {interface} added"),
            ("2.0.0..", "Interface {interface} deleted"),
        ],
        sample: "Interface eth1 added",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "An interface appeared, went away, or was renamed.",
        read: None,
    },
    Message {
        id: "keepalived/interface-debounce",
        texts: &[
            ("2.2.3..", "Delay timer for {interface} cancelled"),
            ("2.2.3..", "{interface}: Adding flags change from 0x{flags} to 0x{new_flags} delay by {debounce_timer}"),
        ],
        sample: "Delay timer for eth0 cancelled",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "An interface changed and is watched for a while before it counts.",
        read: None,
    },
    Message {
        id: "keepalived/interface-mac",
        texts: &[("2.0.13..", "({interface}) MAC {mac_kind} changed from {old_mac} to {mac}")],
        sample: "(eth0) MAC Address changed from 02:00:00:00:00:01 to 02:00:00:00:00:02",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "An interface has another hardware address.",
        read: None,
    },
    Message {
        id: "keepalived/netlink-registered",
        texts: &[
            ("1.2.1..", "Registering Kernel netlink command channel"),
            ("1.2.1..", "Registering Kernel netlink reflector"),
        ],
        sample: "Registering Kernel netlink reflector",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "keepalived listens to the kernel; in 1.x a second such line of one pid is a reload.",
        read: None,
    },
    Message {
        id: "keepalived/netlink-address",
        texts: &[
            ("1.2.1..", "Netlink reflector reports IP {address} added"),
            ("1.2.1..", "Netlink reflector reports IP {address} removed"),
            ("2.0.0..", "Assigned address {address} for interface {interface}"),
            ("2.0.0..", "Deassigned address {address} from interface {interface}"),
            ("2.0.0..", "Netlink reflector reports IP {address} added to {interface}"),
            ("2.0.0..", "Netlink reflector reports IP {address} removed from {interface}"),
        ],
        sample: "Netlink reflector reports IP 192.0.2.100 added",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "An address was put on an interface or taken off it, by whomever.",
        read: None,
    },
    Message {
        id: "keepalived/netlink-overrun",
        texts: &[
            ("1.2.1..=1.2.8", "Netlink: Received message overrun"),
            ("1.2.9..=1.2.23", "Netlink: Received message overrun ({errno_text})"),
            ("1.2.24..=1.4.5", "Netlink: Received message overrun - ({errno_text})"),
            ("2.0.0..", " - increase the relevant netlink_rcv_bufs global parameter and/or set force"),
            ("2.0.0..", "Netlink: Receive buffer overrun on cmd socket - ({errno_text})"),
            ("2.0.0..", "Netlink: Receive buffer overrun on monitor socket - ({errno_text})"),
        ],
        sample: "- increase the relevant netlink_rcv_bufs global parameter and/or set force",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "The kernel's news came too fast, and some were lost.",
        read: None,
    },
    Message {
        id: "keepalived/netlink-error",
        texts: &[
            ("1.2.1..", "Netlink: error: data remnant size {len}"),
            ("1.2.1..", "Netlink: error: message truncated"),
            ("1.2.1..=2.0.8", "Netlink: error: {errno_text}, type=({type}), seq={seq}, pid={pid}"),
            ("1.2.1..=1.4.5", "Netlink: sendmsg() error: {errno_text}"),
            ("1.2.24..=1.4.5", "Netlink: recvmsg error - {errno} ({errno_text})"),
            ("2.0.0..", "Netlink: recvmsg error on cmd socket - {errno} ({errno_text})"),
            ("2.0.0..", "Netlink: recvmsg error on monitor socket - {errno} ({errno_text})"),
            ("2.0.0..=2.0.0", "Netlink: sendmsg({fd}) error: {errno_text}"),
            ("2.0.1..", "Netlink: sendmsg({fd}) cmd {type} error: {errno_text}"),
            ("2.0.9..=2.0.16", "Netlink: error: {errno_text}, type={type}({type_number}), seq={seq}, pid={pid}"),
            (
                "2.0.17..",
                "Netlink: error: {errno_text}({error_number}), type={type}({type_number}), seq={seq}, pid={pid}",
            ),
        ],
        sample: "Netlink: error: data remnant size 20",
        source: "keepalived/core/keepalived_netlink.c",
        proves: "The kernel refused a request or could not be asked.",
        read: None,
    },
    Message {
        id: "keepalived/netlink-skipping",
        texts: &[("..", "Netlink: skipping nl_cmd msg...")],
        sample: "Netlink: skipping nl_cmd msg...",
        source: "keepalived/vrrp/vrrp_netlink.c",
        proves: "An answer of the kernel was left aside.",
        read: None,
    },
    Message {
        id: "keepalived/linkbeat-mode",
        texts: &[
            ("1.2.1..=1.4.5", "Using LinkWatch kernel netlink reflector..."),
            ("1.2.1..=1.2.24", "Using MII-BMSR NIC polling thread..."),
            ("1.3.0..=2.0.12", "Using MII-BMSR/ETHTOOL NIC polling thread..."),
            ("2.0.13..", "Using MII-BMSR/ETHTOOL NIC polling thread(s)..."),
        ],
        sample: "Using MII-BMSR/ETHTOOL NIC polling thread(s)...",
        source: "keepalived/vrrp/vrrp_if.c",
        proves: "How interfaces are watched.",
        read: None,
    },
];

fn down(fields: &Fields<'_>) -> Option<Fact> {
    interface(fields, false)
}

fn up(fields: &Fields<'_>) -> Option<Fact> {
    interface(fields, true)
}

fn linkbeat(fields: &Fields<'_>) -> Option<Fact> {
    interface(fields, fields.get("state")? == b"up")
}

fn interface(fields: &Fields<'_>, up: bool) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::Interface { interface: fields.text("interface")?, up }))
}
