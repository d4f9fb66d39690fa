//! What the operator asked for through `pdns_control`.

use crate::catalogue::message::Message;
use crate::event::{Fact, Pdns};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/control-notify",
        texts: &[
            ("2.9..=3.4.11", "Notification request to host {host} for domain '{zone}' received"),
            ("2.9..=2.9.2", "Notification request for domain '{zone}' received"),
            ("2.9.3..=4.4.3", "Notification request for domain '{zone}' received from operator"),
            ("4.0.0..=4.4.3", "Notification request to host {host} for domain '{zone}' received from operator"),
            ("4.5.0..", "Notification request to host {host} for zone '{zone}' received from operator"),
            ("4.5.0..", "Notification request for zone '{zone}' received from operator"),
            ("5.1.0..", r#"msg="Notification request received from operator" host="{host}" zone="{zone}""#),
            ("5.1.0..", r#"msg="Notification request received from operator" zone="{zone}""#),
        ],
        sample: "Notification request to host 192.0.2.20 for zone 'example.com' received from operator",
        source: "pdns/dynhandler.cc",
        proves: "An operator asked for a NOTIFY by hand.",
        read: Some(|fields| Some(Fact::Pdns(Pdns::NotifyOrdered { zone: fields.zone("zone")? }))),
    },
    Message {
        id: "pdns/control-retrieve",
        texts: &[
            ("4.4.0..=4.4.3", "Retrieval request for domain '{zone}' from master '{primary}' received from operator"),
            ("4.5.0..", "Retrieval request for zone '{zone}' from primary '{primary}' received from operator"),
            ("5.1.0..", r#"msg="Retrieval request received from operator" primary="{primary}" zone="{zone}""#),
        ],
        sample: "Retrieval request for zone 'example.com' from primary '192.0.2.10' received from operator",
        source: "pdns/dynhandler.cc",
        proves: "An operator asked for a transfer by hand.",
        read: None,
    },
    Message {
        id: "pdns/control-reload",
        texts: &[
            ("2.9..", "Rediscovery was requested"),
            ("2.9..", "Reload was requested"),
            ("5.1.0..", r#"msg="Rediscovery was requested""#),
            ("5.1.0..", r#"msg="Reload was requested""#),
        ],
        sample: "Rediscovery was requested",
        source: "pdns/dynhandler.cc",
        proves: "An operator asked to reload or to look for new zones.",
        read: None,
    },
    Message {
        id: "pdns/control-quit",
        texts: &[
            ("2.9..", "Scheduling exit on remote request"),
            ("5.1.0..", r#"msg="Scheduling exit on remote request""#),
        ],
        sample: "Scheduling exit on remote request",
        source: "pdns/dynhandler.cc",
        proves: "An operator stopped the process; systemd's stop leaves no such line.",
        read: None,
    },
    Message {
        id: "pdns/control-set",
        texts: &[
            ("4.4.0..", "Cache clear request for '{name}' received from operator"),
            ("4.4.0..", "Cache clear request received from operator"),
            ("4.4.0..", "Configuration change for setting '{setting}' to value '{new_value}' received from operator"),
            ("5.1.0..", r#"msg="Cache clear request received from operator" request="{name}""#),
            ("5.1.0..", r#"msg="Cache clear request received from operator""#),
            (
                "5.1.0..",
                r#"msg="Configuration change received from operator" new value="{new_value}" setting="{setting}""#,
            ),
        ],
        sample: "Cache clear request for 'example.com$' received from operator",
        source: "pdns/dynhandler.cc",
        proves: "An operator changed a setting or emptied a cache.",
        read: None,
    },
    Message {
        id: "pdns/control-listen",
        texts: &[
            ("2.9..", "Listening on controlsocket in '{path}'"),
            ("2.9.22..", "Listening on controlsocket on '{socket}'"),
            ("5.1.0..", r#"msg="Listening on control socket" path="{path}""#),
            ("5.1.0..", r#"msg="Listening on control socket" socket="{socket}""#),
        ],
        sample: "Listening on controlsocket in '/run/pdns/pdns.controlsocket'",
        source: "dynlistener.cc",
        proves: "The control socket is open.",
        read: None,
    },
];
