//! What a secondary says beside the course of a transfer.

use crate::catalogue::message::Message;

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/axfr-in-abort",
        texts: &[
            ("2.9..=4.3.2", "Aborting possible open transaction for domain '{zone}' AXFR"),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', aborting possible open transaction"),
            ("4.4.0..", "aborting possible open transaction"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', aborting possible open transaction"),
            ("5.1.0..", r#"msg="XFR: aborting possible open transaction" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "AXFR-in zone: 'example.com', primary: '192.0.2.10', aborting possible open transaction",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "What the failed transfer had written is taken back; from 4.4.0 on the zone may not be named.",
        read: None,
    },
    Message {
        id: "pdns/ixfr-in-fallback",
        texts: &[
            ("4.0.0..=4.3.2", "IXFR of '{zone}' from remote '{primary}' turned into an AXFR"),
            ("4.4.0..=5.0.7", "IXFR-in zone: '{zone}', primary: '{primary}', IXFR turned into an AXFR"),
            ("5.1.0..", "IXFR-in zone '{zone}', primary '{primary}', IXFR turned into an AXFR"),
            ("5.1.0..", r#"msg="IXFR: turning into an AXFR" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "IXFR-in zone: 'example.com', primary: '192.0.2.10', IXFR turned into an AXFR",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The primary answered the request for differences with the whole zone.",
        read: None,
    },
    Message {
        id: "pdns/xfr-in-no-backend",
        texts: &[
            ("2.9..=4.3.2", "Can't determine backend for domain '{zone}'"),
            ("4.2.0..=4.3.2", "Can't determine backend for domain '{zone}', not configured as slave"),
            (
                "4.4.0..=4.8.5",
                "XFR-in zone: '{zone}', primary: '{primary}', can't determine backend, not configured as slave",
            ),
            (
                "4.4.0..=4.8.5",
                "IXFR-in zone '{zone}', primary '{primary}', can't determine backend, not configured as slave",
            ),
            ("4.4.0..=5.0.7", "XFR-in zone: '{zone}', primary: '{primary}', can't determine backend"),
            ("4.4.0..=5.0.7", "IXFR-in zone '{zone}', primary '{primary}', can't determine backend"),
            (
                "4.7.0..=5.0.7",
                "XFR-in zone: '{zone}', primary: '{primary}', can't determine backend, not configured as secondary",
            ),
            (
                "4.7.0..=5.0.7",
                "IXFR-in zone '{zone}', primary '{primary}', can't determine backend, not configured as secondary",
            ),
            ("5.1.0..", "XFR-in zone: '{zone}', primary: '{primary}', zone '{zone}' not configured as secondary"),
            ("5.1.0..", "IXFR-in zone '{zone}', primary '{primary}', zone '{zone}' not configured as secondary"),
            ("5.1.0..", "XFR-in zone: '{zone}', primary: '{primary}', zone '{zone}' not found"),
            ("5.1.0..", r#"msg="IXFR: zone not configured as secondary" XFR zone="{zone}" primary="{primary}""#),
            ("5.1.0..", r#"msg="XFR: zone not found" XFR zone="{zone}" primary="{primary}""#),
            ("5.1.0..", r#"msg="XFR: zone not configured as secondary" XFR zone="{zone}" primary="{primary}""#),
            (
                "5.1.0..",
                r#"msg="XFR: unable to Base-64 decode TSIG key, or zone not found" XFR zone="{zone}" key="{key}" primary="{primary}""#,
            ),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', can't determine backend, not configured as slave",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "No backend here holds the zone as a secondary, so nothing was fetched.",
        read: None,
    },
    Message {
        id: "pdns/xfr-in-tsig-missing",
        texts: &[
            ("3.1..=3.3.3", "TSIG key '{key}' not found, ignoring 'AXFR-MASTER-TSIG' for domain '{zone}'"),
            ("3.4.0..=4.3.2", "TSIG key '{key}' for domain '{zone}' not found"),
            ("4.0.0..=4.3.2", "Unable to Base-64 decode TSIG key '{key}' for domain '{zone}' not found"),
            (
                "4.4.0..",
                "XFR-in zone: '{zone}', primary: '{primary}', unable to Base-64 decode TSIG key '{key}' or zone not found",
            ),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', TSIG key '{key}' for zone not found"),
            ("5.1.0..", r#"msg="XFR: TSIG key not found" XFR zone="{zone}" key="{key}" primary="{primary}""#),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to Base-64 decode TSIG key 'transfer-key' or zone not found",
        source: "pdns/slavecommunicator.cc",
        proves: "The key for this zone's transfers is missing or unreadable here.",
        read: None,
    },
    Message {
        id: "pdns/xfr-in-no-source-family",
        texts: &[
            (
                "4.2.0..=4.3.2",
                "Unable to AXFR, destination address is IPv{4|6}, but query-local-address{4|6} is unset!",
            ),
            (
                "4.4.0..",
                "XFR-in zone: '{zone}', primary: '{primary}', unable to xfr, address family (IPv{4|6} is not enabled for outgoing traffic (query-local-address)",
            ),
            (
                "5.1.0..",
                r#"msg="XFR: unable to xfr, address family is not enabled for outgoing traffic (query-local-address)" XFR zone="{zone}" address family="{family}" primary="{primary}""#,
            ),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to xfr, address family (IPv4 is not enabled for outgoing traffic (query-local-address)",
        source: "pdns/slavecommunicator.cc",
        proves: "This server has no outgoing address of the primary's family, so nothing was asked.",
        read: None,
    },
    Message {
        id: "pdns/xfr-in-source",
        texts: &[
            ("3.2..=4.3.2", "AXFR source for domain '{zone}' set to {source}"),
            ("3.2..=4.3.2", "Failed to load AXFR source '{source}' for incoming AXFR of '{zone}': {reason}"),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', xfr source set to {source}"),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', failed to set xfr source '{source}': {reason}"),
            (
                "5.1.0..",
                r#"msg="XFR: source set according to AXFR-SOURCE metadata" XFR zone="{zone}" primary="{primary}" source="{source}""#,
            ),
            (
                "5.1.0..",
                r#"msg="XFR: failed to set source" error="{reason}" XFR zone="{zone}" primary="{primary}" source="{source}""#,
            ),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', xfr source set to 192.0.2.2",
        source: "pdns/slavecommunicator.cc",
        proves: "The address from which the zone is fetched was set by its metadata, or could not be.",
        read: None,
    },
    Message {
        id: "pdns/xfr-in-lua-script",
        texts: &[
            ("3.0..=4.3.2", "Loaded Lua script '{script}' to edit the incoming AXFR of '{zone}'"),
            ("3.0..=4.3.2", "Failed to load Lua editing script '{script}' for incoming AXFR of '{zone}': {reason}"),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', loaded Lua script '{script}'"),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', failed to load Lua script '{script}': {reason}"),
            ("5.1.0..", r#"msg="XFR: loaded Lua script" XFR zone="{zone}" name="{script}" primary="{primary}""#),
            (
                "5.1.0..",
                r#"msg="XFR: failed to load Lua script" error="{reason}" XFR zone="{zone}" name="{script}" primary="{primary}""#,
            ),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', loaded Lua script '/etc/powerdns/axfr.lua'",
        source: "pdns/slavecommunicator.cc",
        proves: "The script that edits the zone while it is fetched was loaded, or could not be.",
        read: None,
    },
    Message {
        id: "pdns/xfr-in-lua-refused",
        texts: &[
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', refused as it contains Lua record updates"),
            ("5.1.0..", "IXFR-in zone '{zone}', primary '{primary}', refused as it contains Lua record updates"),
            (
                "5.1.0..",
                r#"msg="IXFR: refused as it contains Lua record updates" XFR zone="{zone}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="AXFR: refused as it contains Lua record updates" XFR zone="{zone}" primary="{primary}""#,
            ),
        ],
        sample: "IXFR-in zone 'example.com', primary '192.0.2.10', refused as it contains Lua record updates",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The zone was not taken because it holds Lua records.",
        read: None,
    },
    Message {
        id: "pdns/axfr-in-outofzone",
        texts: &[
            ("2.9..=2.9.21", "Remote {primary} sneaked in out-of-zone data '{name}' during AXFR of zone '{zone}'"),
            (
                "2.9.22..=2.9.22",
                "Remote {primary} tried to sneak in out-of-zone data '{name}' during AXFR of zone '{zone}', ignoring",
            ),
            (
                "3.0..=4.3.2",
                "Remote {primary} tried to sneak in out-of-zone data '{name}'|{type} during AXFR of zone '{zone}', ignoring",
            ),
            (
                "4.0.4..=4.3.2",
                "Lua axfrfilter() filter tried to sneak in out-of-zone data '{name}'|{type} during AXFR of zone '{zone}', ignoring",
            ),
            (
                "4.4.0..",
                "AXFR-in zone '{zone}', primary '{primary}', primary tried to sneak in out-of-zone data '{name}'|{type}, ignoring",
            ),
            (
                "4.4.0..",
                "AXFR-in zone '{zone}', primary '{primary}', axfrfilter() filter tried to sneak in out-of-zone data '{name}'|{type}, ignoring",
            ),
            (
                "5.1.0..",
                r#"msg="AXFR: primary tried to sneak in out-of-zone data, ignoring" XFR zone="{zone}" name="{name}" primary="{primary}" type="{type}""#,
            ),
            (
                "5.1.0..",
                r#"msg="AXFR: axfrfilter() filter tried to sneak in out-of-zone data, ignoring" XFR zone="{zone}" name="{name}" primary="{primary}" type="{type}""#,
            ),
        ],
        sample: "AXFR-in zone 'example.com', primary '192.0.2.10', primary tried to sneak in out-of-zone data 'www.example.org'|A, ignoring",
        source: "pdns/slavecommunicator.cc",
        proves: "The transfer held a name outside the zone, which was left out.",
        read: None,
    },
    Message {
        id: "pdns/axfr-in-ent",
        texts: &[
            ("3.2..=4.3.2", "AXFR zone {zone} has too many empty non terminals."),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', zone has too many empty non terminals"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone has too many empty non terminals"),
            ("5.1.0..", r#"msg="AXFR: zone has too many empty non terminals" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "AXFR-in zone: 'example.com', primary: '192.0.2.10', zone has too many empty non terminals",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The zone has so many empty names that they were not stored.",
        read: None,
    },
    Message {
        id: "pdns/axfr-in-ordering",
        texts: &[
            ("3.0..=4.3.2", "Adding NSEC ordering information"),
            ("3.0..=4.3.2", "Adding NSEC3 hashed ordering information for '{zone}'"),
            ("3.0..=4.3.2", "Erasing NSEC3 ordering since we are narrow, only setting 'auth' fields"),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', adding NSEC ordering information"),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', adding NSEC3 hashed ordering information"),
            (
                "4.4.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone is narrow, only setting 'auth' fields",
            ),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', adding NSEC ordering information"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', adding NSEC3 hashed ordering information"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone is narrow, only setting 'auth' fields"),
        ],
        sample: "AXFR-in zone: 'example.com', primary: '192.0.2.10', adding NSEC3 hashed ordering information",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "How the order of names for DNSSEC is stored; part of every signed transfer.",
        read: None,
    },
];
