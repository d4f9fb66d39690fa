//! The life of the process: banner, ready, communicator, end.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Pdns};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/process-banner",
        texts: &[
            (
                "2.9..=3.2",
                "PowerDNS {version} (C) {years} PowerDNS.COM BV ({build_date}, {build_time}, gcc {gcc_version}) starting up",
            ),
            (
                "3.3..=3.4.11",
                "PowerDNS Authoritative Server {version} ({build_host_tag}) (C) 2001-{year} PowerDNS.COM BV",
            ),
            ("4.0.0..=4.8.5", "PowerDNS Authoritative Server {version} (C) 2001-{year} PowerDNS.COM BV"),
            ("4.9.0..", "PowerDNS Authoritative Server {version} (C) PowerDNS.COM BV"),
        ],
        sample: "PowerDNS Authoritative Server 4.7.3 (C) 2001-2022 PowerDNS.COM BV",
        source: "pdns/version.cc",
        proves: "A PowerDNS process of this version started, or was asked for its version; it is not ready yet.",
        read: Some(started),
    },
    Message {
        id: "pdns/backend-threads-ready",
        texts: &[
            ("2.9.22..", "Done launching threads, ready to distribute questions"),
            ("5.1.0..", r#"msg="Done launching threads, ready to distribute questions""#),
        ],
        sample: "Done launching threads, ready to distribute questions",
        source: "distributor.hh",
        proves: "This server answers questions from now on.",
        read: Some(ready),
    },
    Message {
        id: "pdns/communicator-start",
        texts: &[
            ("2.9..=4.4.3", "Master/slave communicator launching"),
            ("4.5.0..", "Primary/secondary communicator launching"),
            ("5.1.0..", r#"msg="Primary/secondary communicator launching""#),
        ],
        sample: "Primary/secondary communicator launching",
        source: "pdns/communicator.cc",
        proves: "This server is a primary or a secondary and begins to check zones and to notify.",
        read: Some(communicator_started),
    },
    Message {
        id: "pdns/communicator-died",
        texts: &[
            ("2.9..=3.0.1", "Communicator thread died because of error: {reason}"),
            ("2.9..=3.0.1", "Communicator thread died because of STL error: {reason}"),
            ("2.9..=3.0.1", "Communicator caught unknown exception."),
            ("3.1..", "Exiting because communicator thread died with error: {reason}"),
            ("3.1..", "Exiting because communicator thread died with STL error: {reason}"),
            ("3.1..", "Exiting because communicator caught unknown exception."),
            ("5.1.0..", r#"msg="Exiting because communicator thread died with error" error="{reason}""#),
            ("5.1.0..", r#"msg="Exiting because communicator thread died with STL error" error="{reason}""#),
            ("5.1.0..", r#"msg="Exiting because communicator thread caught unknown exception""#),
        ],
        sample: "Exiting because communicator thread died with error: Unable to launch gmysql connection",
        source: "pdns/communicator.cc",
        proves: "The thread that checks zones and notifies is gone, and the process ends with it.",
        read: None,
    },
    Message {
        id: "pdns/communicator-bad-config",
        texts: &[
            ("3.4.0..", "Unparseable IP in only-notify. Error: {reason}"),
            ("3.4.0..=4.0.9", "Unparseable IP in also-notify. Error: {reason}"),
            ("3.4.3..", "Unparseable IP in allow-notify-from. Error: {reason}"),
            ("4.1.0..", "Unparseable IP in {setting}. Error: {reason}"),
            ("5.1.0..", r#"msg="Unparseable IP in list" error="{reason}" list="{setting}""#),
            ("5.1.0..", r#"msg="Unparseable IP in allow-notify-from" error="{reason}""#),
            ("5.1.0..", r#"msg="Unparseable IP in only-notify" error="{reason}""#),
        ],
        sample: "Unparseable IP in only-notify. Error: Unable to convert presentation address 'example'",
        source: "pdns/communicator.cc",
        proves: "A list of addresses in the configuration holds one that cannot be read.",
        read: None,
    },
    Message {
        id: "pdns/process-mode",
        texts: &[
            ("2.9..", "This is a guarded instance of pdns"),
            ("2.9..", "This is a standalone pdns"),
            ("5.1.0..", r#"msg="This is a guarded instance of pdns""#),
            ("5.1.0..", r#"msg="This is a standalone pdns""#),
        ],
        sample: "This is a standalone pdns",
        source: "pdns/receiver.cc",
        proves: "Whether a guardian watches over this process.",
        read: None,
    },
    Message {
        id: "pdns/process-exit",
        texts: &[
            ("2.9..", "Mainthread exiting - should never happen"),
            ("2.9..", "Guardian is killed, taking down children with us"),
            ("2.9..", "Guardian is launching an instance"),
            ("2.9..", "Child requested a stop, exiting"),
            ("2.9..=3.4.11", "Our pdns instance exited with code {status}"),
            ("2.9..", "Respawning"),
            ("2.9..", "Our pdns instance ({pid}) exited after signal {signal}"),
            ("2.9..", "Got a signal {signal}, attempting to print trace: "),
            ("2.9..", "Fatal error: {reason}"),
            ("2.9..", "Exiting because: {reason}"),
            ("2.9..", "Exiting because of STL error: {reason}"),
            ("4.0.0..", "Our pdns instance exited with code {status}, respawning"),
            ("4.1.0..", "Fatal error in question thread: {reason}"),
            ("5.1.0..", r#"msg="Fatal error" error="{reason}""#),
            ("5.1.0..", r#"msg="Mainthread exiting - should never happen""#),
            ("5.1.0..", r#"msg="Guardian is killed, taking down children with us""#),
            ("5.1.0..", r#"msg="Guardian is launching an instance""#),
            ("5.1.0..", r#"msg="Child requested a stop, exiting""#),
            ("5.1.0..", r#"msg="Our pdns instance exited, respawning" pid="{pid}" status code="{status}""#),
            (
                "5.1.0..",
                r#"msg="Our pdns instance exited after signal, respawning" coredump="{coredump}" pid="{pid}" signal="{signal}""#,
            ),
            ("5.1.0..", r#"msg="Fatal STL error" error="{reason}""#),
        ],
        sample: "Mainthread exiting - should never happen",
        source: "pdns/common_startup.cc",
        proves: "The process or its guardian ends, or a child of it did.",
        read: None,
    },
    Message {
        id: "pdns/process-config-error",
        texts: &[
            ("2.9..", "Unable to launch, no backends configured for querying"),
            ("2.9.18..", "Unable to launch, binding to no port or port 0 makes no sense"),
            (
                "5.1.0..",
                r#"Error: primary or secondary operation requires "retrieval-threads" to be set to a nonzero value."#,
            ),
            (
                "5.1.0..",
                r#"msg="Error: primary or secondary operation requires \"retrieval-threads\" to be set to a nonzero value.""#,
            ),
            ("5.1.0..", r#"msg="Unable to launch, no proper local-port configured""#),
            ("5.1.0..", r#"msg="Unable to launch, no backends configured for querying""#),
        ],
        sample: "Unable to launch, no backends configured for querying",
        source: "pdns/auth-main.cc",
        proves: "The process cannot start with this configuration.",
        read: None,
    },
    Message {
        id: "pdns/process-warranty",
        texts: &[(
            "2.9..",
            "PowerDNS comes with ABSOLUTELY NO WARRANTY. This is free software, and you are welcome to redistribute it according to the terms of the GPL version 2.",
        )],
        sample: "PowerDNS comes with ABSOLUTELY NO WARRANTY. This is free software, and you are welcome to redistribute it according to the terms of the GPL version 2.",
        source: "pdns/version.cc",
        proves: "Part of the banner.",
        read: None,
    },
    Message {
        id: "pdns/process-build",
        texts: &[
            ("..", "Using {bits}-bits mode. Built using {compiler}."),
            ("..", "Using {bits}-bits mode. Built using {compiler} on {build_date} by {builder}."),
        ],
        sample: "Using 64-bits mode. Built using gcc 12.2.0.",
        source: "pdns/version.cc",
        proves: "Part of the banner.",
        read: None,
    },
    Message {
        id: "pdns/process-entropy",
        texts: &[("..", "Reading random entropy from '{path}'")],
        sample: "Reading random entropy from '/dev/urandom'",
        source: "pdns/dns_random.cc",
        proves: "Where random numbers come from.",
        read: None,
    },
    Message {
        id: "pdns/process-set-id",
        texts: &[("..", "Set effective user id to {uid}"), ("..", "Set effective group id to {gid}")],
        sample: "Set effective user id to 0",
        source: "pdns/common_startup.cc",
        proves: "The process gave up its privileges.",
        read: None,
    },
    Message {
        id: "pdns/backend-threads-create",
        texts: &[
            ("2.9..=2.9.17", "About to create {count} backend threads"),
            ("2.9.18..", "About to create {count} backend threads for UDP"),
            ("5.1.0..", r#"msg="About to create backend threads for UDP" count="{count}""#),
        ],
        sample: "About to create 3 backend threads for UDP",
        source: "pdns/distributor.hh",
        proves: "The process is starting; it is not ready yet.",
        read: None,
    },
];

fn started(fields: &Fields<'_>) -> Option<Fact> {
    let version = fields.text("version").filter(|version| &**version != "unknown");
    Some(Fact::Pdns(Pdns::Started { version }))
}

fn ready(_: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::Ready))
}

fn communicator_started(_: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::CommunicatorStarted))
}
