//! What no other file has: the checkers and debugging builds.

use crate::catalogue::message::Message;

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/checker-ipvs",
        texts: &[
            ("..", "Initializing ipvs"),
            ("..", "Initializing ipvs {version}"),
            ("..", "Reinitializing ipvs"),
            ("..", "IPVS: {reason}"),
            ("..", "Activating healthchecker for service {real_server} for VS {virtual_server}"),
            ("..", "Activating healthchecker for service {real_server}"),
            ("..", "Adding service {real_server} to VS {virtual_server}"),
            ("..", "Removing service {real_server} from VS {virtual_server}"),
            ("..", "Removing service {real_server} to VS {virtual_server}"),
            ("..", "Removing Virtual Server {virtual_server}"),
            ("..", "Gained quorum {quorum} for VS {virtual_server}"),
            ("..", "Lost quorum {quorum} for VS {virtual_server}"),
            ("..", "TCP connection to {real_server} success."),
            ("..", "TCP connection to {real_server} failed."),
            ("..", "Check on service {real_server} failed after {retries} retry."),
            ("..", "Check on service {real_server} failed after {retries} retries."),
            ("..", "Remote SMTP server {server} connected."),
        ],
        sample: "Initializing ipvs",
        source: "keepalived/check/ipwrapper.c",
        proves: "What the health checkers of virtual servers say; nothing of VRRP.",
        read: None,
    },
    Message {
        id: "keepalived/sysctl-changed",
        texts: &[
            ("..", "NOTICE: setting sysctl {sysctl} from {from} to {to}"),
            ("..", "NOTICE: resetting sysctl {sysctl} to {to}"),
        ],
        sample: "NOTICE: setting sysctl net.ipv4.conf.all.rp_filter from 2 to 0",
        source: "keepalived/vrrp/vrrp_if_config.c",
        proves: "keepalived changed a setting of the kernel.",
        read: None,
    },
    Message {
        id: "keepalived/process-monitor-error",
        texts: &[("..", "Failed to bind to process monitoring socket - errno {errno} - {error}")],
        sample: "Failed to bind to process monitoring socket - errno 1 - Operation not permitted",
        source: "keepalived/trackers/track_process.c",
        proves: "keepalived may not watch processes here (a container, most likely): track_process blocks do not work.",
        read: None,
    },
    Message {
        id: "keepalived/vrrp-state-debug",
        texts: &[
            ("..", "VRRP State of {instance} at {place} {state}"),
            ("..", "Found vrrp {instance} at {place}"),
            ("..", "Found vrrp {instance}"),
            ("..", "Return{number} vrrp {instance}"),
        ],
        sample: "VRRP State of VI_1 at vrrp_init_instance_sands 1",
        source: "keepalived/vrrp/vrrp.c",
        proves: "A build for debugging tells where it is.",
        read: None,
    },
    Message {
        id: "keepalived/dbus-transition",
        texts: &[("..", "Transition to state '{state}' on VRRP instance '{instance}'.")],
        sample: "Transition to state 'MASTER' on VRRP instance 'VI_1'.",
        source: "keepalived/vrrp/vrrp_dbus.c",
        proves: "A change of state was told over D-Bus; the state itself stands in its own line.",
        read: None,
    },
];
