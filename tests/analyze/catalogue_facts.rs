//! Lines and what they mean: near-twins that say opposite things, the plain and the structured form of one fact, prefixes.

use driftline::catalogue::{Fields, daemon_of, fact, read};
use driftline::event::{Advert, Daemon, Fact, GroupState, Keepalived, Mismatch, Pdns, Text, TransferFailure, Vrrp};

fn keepalived(text: &str) -> (&'static str, Fact) {
    told(Daemon::Keepalived, text)
}

fn pdns(text: &str) -> (&'static str, Fact) {
    told(Daemon::Pdns, text)
}

fn told(daemon: Daemon, text: &str) -> (&'static str, Fact) {
    let mut fields = Fields::default();
    let Some(message) = read(daemon, text.as_bytes(), &mut fields) else { panic!("nobody knows {text:?}") };
    (message.id, fact(message, &fields))
}

fn vrrp(instance: &str, what: Vrrp) -> Fact {
    Fact::Vrrp { instance: Text::from(instance), what }
}

fn advert(from: Option<&str>, theirs: impl Into<Option<u32>>, ours: impl Into<Option<u32>>) -> Advert {
    Advert { from: from.map(Text::from), theirs: theirs.into(), ours: ours.into() }
}

fn zone() -> Text {
    Text::from("example.com")
}

fn address(text: &str) -> Option<Text> {
    Some(Text::from(text))
}

#[test]
fn a_lower_advert_tells_who_speaks() {
    let master = [
        ("VRRP_Instance(VI_1) Received lower prio advert, forcing new election", advert(None, None, None)),
        ("VRRP_Instance(VI_1) Received lower prio advert in nopreempt mode", advert(None, None, None)),
        ("VRRP_Instance(VI_1) Received lower prio advert 102, forcing new election", advert(None, 102, None)),
        (
            "VRRP_Instance(VI_1) Received advert with lower priority 102, ours 103, forcing new election",
            advert(None, 102, 103),
        ),
        (
            "(VI_1) Received advert from 192.0.2.2 with lower priority 102, ours 103",
            advert(Some("192.0.2.2"), 102, 103),
        ),
        (
            "(VI_1) Received advert from 2001:db8::2 with lower priority 102, ours 103, forcing new election",
            advert(Some("2001:db8::2"), 102, 103),
        ),
    ];
    for (line, advert) in master {
        assert_eq!(
            keepalived(line),
            ("keepalived/advert-lower-priority", vrrp("VI_1", Vrrp::HeardLower(advert))),
            "{line}"
        );
    }
    let backup = "(VI_1) received lower priority (102) advert from 192.0.2.2 - discarding";
    let heard = Vrrp::HeardLowerAsBackup(advert(Some("192.0.2.2"), 102, None));
    assert_eq!(keepalived(backup), ("keepalived/advert-lower-priority-in-backup", vrrp("VI_1", heard)));
}

#[test]
fn a_higher_advert_ends_a_mastership() {
    let lines = [
        ("VRRP_Instance(VI_1) Received higher prio advert", advert(None, None, None)),
        ("VRRP_Instance(VI_1) Received higher prio advert 103", advert(None, 103, None)),
        ("VRRP_Instance(VI_1) Received advert with higher priority 103, ours 102", advert(None, 103, 102)),
        ("VRRP_Instance(VI_1) Master received advert with higher priority 103, ours 102", advert(None, 103, 102)),
        (
            "(VI_1) Master received advert from 192.0.2.1 with higher priority 103, ours 102",
            advert(Some("192.0.2.1"), 103, 102),
        ),
        (
            "VRRP_Instance(VI_1) Master received advert with same priority 100 but higher IP address than ours (192.0.2.1)",
            advert(Some("192.0.2.1"), 100, None),
        ),
        (
            "(VI_1) Master received advert from 192.0.2.1 with same priority 100 but higher IP address than ours",
            advert(Some("192.0.2.1"), 100, None),
        ),
    ];
    for (line, advert) in lines {
        assert_eq!(keepalived(line).1, vrrp("VI_1", Vrrp::HeardHigher(advert)), "{line}");
    }
}

#[test]
fn a_state_is_entered_pending_or_only_said() {
    let lines = [
        ("VRRP_Instance(VI_1) Transition to MASTER STATE", Vrrp::MasterPending),
        ("VRRP_Instance(VI_1): Transition to MASTER STATE", Vrrp::MasterPending),
        ("VRRP_Instance(VI_1) Entering MASTER STATE", Vrrp::MasterEntered),
        ("(VI_1) Entering MASTER STATE", Vrrp::MasterEntered),
        ("VRRP_Instance(VI_1): Entering BACKUP STATE", Vrrp::BackupEntered { at_start: false }),
        ("VRRP_Instance(VI_1) Now in BACKUP state", Vrrp::BackupEntered { at_start: false }),
        ("(VI_1) Entering BACKUP STATE", Vrrp::BackupEntered { at_start: false }),
        ("(VI_1) Entering BACKUP STATE (init)", Vrrp::BackupEntered { at_start: true }),
        ("(VI_1) Entering FAULT STATE", Vrrp::FaultEntered),
        ("(VI_1) Entering FAULT STATE (init)", Vrrp::FaultEntered),
        ("(VI_1): entering FAULT state (interface eth0 down)", Vrrp::FaultEntered),
        ("(VI_1) entering FAULT state (no IPv6 address for interface)", Vrrp::FaultEntered),
        ("(VI_1) Backup received priority 0 advertisement", Vrrp::HeardZeroAsBackup),
        ("(VI_1) Master received priority 0 message", Vrrp::HeardZeroAsMaster),
        ("(VI_1) Master received priority 0 or lower priority advert", Vrrp::HeardZeroAsMaster),
        ("VRRP_Instance(VI_1) sending 0 priority", Vrrp::SentZero),
        ("(VI_1) sent 0 priority", Vrrp::SentZero),
        ("(VI_1) Receive advertisement timeout", Vrrp::AdvertTimedOut),
        ("VRRP_Instance(VI_1) forcing a new MASTER election", Vrrp::ElectionForced),
        ("(VI_1) Changing effective priority from 101 to 103", Vrrp::PriorityChanged { from: 101, to: 103 }),
    ];
    for (line, what) in lines {
        assert_eq!(keepalived(line).1, vrrp("VI_1", what), "{line}");
    }
    assert_eq!(keepalived("(bfd1) Entering Up state"), ("keepalived/bfd-state", Fact::Other));
    assert_eq!(
        keepalived("VRRP_Instance(VI_1) Effective priority = 103"),
        ("keepalived/priority-changed", Fact::Other)
    );
}

#[test]
fn an_instance_may_be_called_anything() {
    for name in ["a(b)", "a) b", "vip 192.0.2.1", "x: y", "(", ")", "", "Entering MASTER STATE", "é"] {
        for line in [format!("VRRP_Instance({name}) Entering MASTER STATE"), format!("({name}) Entering MASTER STATE")]
        {
            assert_eq!(keepalived(&line), ("keepalived/state-master", vrrp(name, Vrrp::MasterEntered)), "{line}");
        }
        let line = format!("VRRP_Instance({name}): Entering BACKUP STATE");
        assert_eq!(keepalived(&line).1, vrrp(name, Vrrp::BackupEntered { at_start: false }), "{line}");
        let line = format!("({name}): received an invalid passwd!");
        assert_eq!(
            keepalived(&line),
            ("keepalived/advert-auth", vrrp(name, rejected(Mismatch::Authentication))),
            "{line}"
        );
    }
}

fn rejected(mismatch: Mismatch) -> Vrrp {
    Vrrp::AdvertRejected { mismatch, from: None }
}

fn is_rejection(fact: &Fact, expected: Mismatch) -> bool {
    matches!(fact, Fact::Vrrp { what: Vrrp::AdvertRejected { mismatch, .. }, .. } if *mismatch == expected)
}

#[test]
fn a_refused_advert_says_what_does_not_fit_and_who_sent_it() {
    let from = |mismatch, from: &str| Vrrp::AdvertRejected { mismatch, from: Some(Text::from(from)) };
    for (line, expected) in [
        ("VRRP_Instance(VI_1) Dropping received VRRP packet...", rejected(Mismatch::Unsaid)),
        ("VRRP_Instance(VI_1) ignoring received advertisment...", rejected(Mismatch::Unsaid)),
        ("(VI_1) received an invalid passwd from 192.0.2.2!", from(Mismatch::Authentication, "192.0.2.2")),
        ("(VI_1) advertisement interval mismatch mine=1 sec rcv'd=2 sec", rejected(Mismatch::Interval)),
        ("(VI_1) wrong version. Received 3 and expect 2", rejected(Mismatch::Version)),
        ("(VI_1): received VRID mismatch. Received 51, Expected 52", rejected(Mismatch::VirtualRouter)),
        ("(VI_1) unicast source address 192.0.2.2 not a unicast peer", from(Mismatch::Peer, "192.0.2.2")),
        ("(VI_1) discarding multicast packet on unicast instance", rejected(Mismatch::Cast)),
        ("(VI_1) TTL/HL 254 from 192.0.2.2 not in range [255, 255]", from(Mismatch::Ttl, "192.0.2.2")),
        ("(VI_1) Invalid VRRPv3 checksum", rejected(Mismatch::Checksum)),
        ("(VI_1) Invalid packet type. 2 and expect 1", rejected(Mismatch::Form)),
        ("(VI_1) vrrp packet too short, length 8 and expect 20", rejected(Mismatch::Form)),
    ] {
        assert_eq!(keepalived(line).1, vrrp("VI_1", expected), "{line}");
    }
}

#[test]
fn not_every_authentication_line_refuses() {
    let lines = [
        ("(VI_1) received an invalid passwd!", true),
        ("(VI_1) received an invalid passwd from 192.0.2.2!", true),
        ("(VI_1) stale authentication trailer from 192.0.2.2, clock skew 40 sec exceeds window 30 sec", true),
        ("(VI_1) authentication clock skew 25 sec from 192.0.2.2 approaching window 30 sec", false),
        ("(VI_1) IPSEC-AH : Syncing seq_num - Increment seq", false),
        ("VRRP_Instance(VI_1) IPSEC-AH : seq_num sync", false),
        ("receive an invalid passwd!", false),
    ];
    for (line, refuses) in lines {
        let (id, fact) = keepalived(line);
        assert_eq!((id, is_rejection(&fact, Mismatch::Authentication)), ("keepalived/advert-auth", refuses), "{line}");
    }
}

#[test]
fn missing_addresses_are_refused_until_they_are_only_warned_of() {
    let lines = [
        ("({}) expected 2 VIPs but received 1", true),
        ("({}) ip address associated with VRID 51 not present in MASTER advert : 192.0.2.100", true),
        ("({}) ip address associated with VRID 51 not present in advert from 192.0.2.2: 192.0.2.100", false),
    ];
    for (line, refuses) in lines {
        let (id, fact) = keepalived(&line.replace("{}", "VI_1"));
        assert_eq!(
            (id, is_rejection(&fact, Mismatch::Addresses)),
            ("keepalived/advert-vip-mismatch", refuses),
            "{line}"
        );
    }
}

#[test]
fn a_group_moves_as_one() {
    let group = |instance: Option<&str>, state| Fact::Group {
        group: Text::from("G1"),
        instance: instance.map(Text::from),
        state,
    };
    let lines = [
        ("VRRP_Group(G1) Transition to MASTER state", group(None, GroupState::MasterPending)),
        ("VRRP_Group(G1) Syncing instances to MASTER state", group(None, GroupState::Master)),
        ("VRRP_Group(G1) Syncing instances to BACKUP state", group(None, GroupState::Backup)),
        ("VRRP_Group(G1): Syncing instances to FAULT state", group(None, GroupState::Fault)),
        ("VRRP_Group(G1): Syncing VI_2 to FAULT state", group(Some("VI_2"), GroupState::Fault)),
    ];
    for (line, fact) in lines {
        assert_eq!(keepalived(line).1, fact, "{line}");
    }
}

#[test]
fn processes_start_and_stop() {
    let starting = |version: Option<&str>| Keepalived::Starting { version: version.map(Text::from) };
    let lines = [
        ("Starting Keepalived v2.2.7 (01/16,2022)", starting(Some("2.2.7"))),
        ("Starting Keepalived v1.3.9 (unknown)", starting(Some("1.3.9"))),
        ("Starting Keepalived v2.2.8 (04/04,2023), git commit v2.2.7-154-g292b299e+", starting(Some("2.2.8"))),
        ("Stopping", Keepalived::Stopping),
        ("Stopping Keepalived v1.2.13 (03/19,2015)", Keepalived::Stopping),
        ("Terminating on signal", Keepalived::Stopping),
        ("Terminating VRRP child process on signal", Keepalived::Stopping),
        ("Stopped", Keepalived::Stopped),
        ("Stopped Keepalived v2.2.7 (01/16,2022)", Keepalived::Stopped),
        ("Stopped - used 0.010000 user time, 0.020000 system time", Keepalived::Stopped),
        ("Starting VRRP child process, pid=317", Keepalived::VrrpChildStarted { child: Some(317) }),
        ("VRRP child process(317) died: Respawning", Keepalived::VrrpChildDied),
        ("VRRP child process(317) died: Exiting", Keepalived::VrrpChildDied),
        ("Reloading ...", Keepalived::Reloading),
        ("Reloading", Keepalived::Reloading),
        ("A thread timer expired 12.345678 seconds ago", Keepalived::TimerLate { seconds: 12 }),
        ("VRRP thread timer expired 3.000001 seconds ago", Keepalived::TimerLate { seconds: 3 }),
        ("Netlink reports eth0 down", Keepalived::Interface { interface: Text::from("eth0"), up: false }),
        ("Linkbeat reports eth0 up", Keepalived::Interface { interface: Text::from("eth0"), up: true }),
        ("VRRP_Script(chk) failed", Keepalived::TrackScript { script: Text::from("chk"), succeeds: false }),
        ("VRRP_Script(chk) timed_out", Keepalived::TrackScript { script: Text::from("chk"), succeeds: false }),
        ("VRRP_Script(chk) succeeded", Keepalived::TrackScript { script: Text::from("chk"), succeeds: true }),
        (
            "VRRP_Script(chk) considered unsuccessful on reload",
            Keepalived::TrackScript { script: Text::from("chk"), succeeds: false },
        ),
        ("Command line: '/usr/sbin/keepalived' '--dont-fork'", Keepalived::CommandLine { log_detail: false }),
        ("Command line: '/usr/sbin/keepalived' '--dont-fork' '-D'", Keepalived::CommandLine { log_detail: true }),
        ("Command line: '/usr/sbin/keepalived' '-nlD'", Keepalived::CommandLine { log_detail: true }),
        ("Command line: '/usr/sbin/keepalived' '--log-detail'", Keepalived::CommandLine { log_detail: true }),
        ("Command line: '/usr/sbin/keepalived' '-f/etc/Default.conf'", Keepalived::CommandLine { log_detail: false }),
    ];
    for (line, fact) in lines {
        assert_eq!(keepalived(line).1, Fact::Keepalived(fact), "{line}");
    }
    for line in [
        "Starting Healthcheck child process, pid=316",
        "BFD child process(3) died: Respawning",
        "Terminating Healthchecker child process on signal",
    ] {
        assert_eq!(keepalived(line).1, Fact::Other, "{line}");
    }
}

#[test]
fn a_script_that_cannot_run_is_told_from_a_check_and_from_advice() {
    let failed = |path: Option<&str>| Fact::Keepalived(Keepalived::ScriptFailed { path: path.map(Text::from) });
    let path = "/etc/keepalived/master.sh";
    let lines = [
        (format!("Can't open {path} (errno 2 No such file or directory)"), failed(Some(path))),
        (format!("Couldn't find command: {path}"), failed(Some(path))),
        (format!("Error exec-ing command '{path}', error 8: Exec format error"), failed(Some(path))),
        (format!("WARNING - script '{path}' is not executable for uid:gid 0:0 - disabling."), failed(Some(path))),
        (format!("Unsafe permissions found for script '{path}' - disabling."), failed(Some(path))),
        ("Failed fork process".to_owned(), failed(None)),
        ("Disabling track script chk_pdns due to insecure".to_owned(), Fact::Other),
        (
            "WARNING - script `killall` resolved by path search to `/usr/bin/killall`. Please specify full path."
                .to_owned(),
            Fact::Other,
        ),
        (format!("Unable to restore uid:gid 0:0 after script {path}"), Fact::Other),
        ("Unable to restore egid after script search (Operation not permitted)".to_owned(), Fact::Other),
        ("/usr/bin/killall -0 nginx exited with status 1".to_owned(), Fact::Other),
    ];
    for (line, fact) in lines {
        assert_eq!(keepalived(&line).1, fact, "{line}");
    }
    let opened = Keepalived::ScriptOpened { path: Text::from(path) };
    assert_eq!(keepalived(&format!("Opening script file {path}")).1, Fact::Keepalived(opened));
    assert_eq!(keepalived("Keepalived_vrrp exited with status 1").0, "keepalived/child-exit-status");
}

/// The structured texts are worded otherwise, and one misleads: "not a primary zone" means that the sender is no primary.
#[test]
fn plain_and_structured_forms_are_one_fact() {
    let pairs = [
        (
            "Received NOTIFY for example.com from 192.0.2.11 which is not a primary (Refused)",
            r#"msg="Received NOTIFY but not a primary zone (Refused)" subsystem="receiver0" prio="Warning" ts="1.301" from="192.0.2.11" zone="example.com""#,
        ),
        (
            "Received NOTIFY for example.com from 192.0.2.11 but we are primary (Refused)",
            r#"msg="Received NOTIFY but we are primary (Refused)" subsystem="receiver0" prio="Warning" ts="1.301" from="192.0.2.11" zone="example.com""#,
        ),
        (
            "Received NOTIFY for example.com from 192.0.2.11 - queueing check",
            r#"msg="Received NOTIFY, queueing check" subsystem="receiver0" prio="Notice" ts="1.300" from="192.0.2.11" zone="example.com""#,
        ),
        (
            "Domain 'example.com' is stale, primary 192.0.2.10 serial 2, our serial 1",
            r#"msg="Domain is stale" subsystem="communicator" prio="Notice" ts="1.121" checked against="192.0.2.10" primary serial="2" serial="1" zone="example.com""#,
        ),
        (
            "Domain 'example.com' is fresh (no DNSSEC), serial is 7 (checked primary 192.0.2.10)",
            r#"msg="Domain is fresh (no DNSSEC)" subsystem="communicator" prio="Info" ts="1.122" checked against="192.0.2.10" serial="7" zone="example.com""#,
        ),
        (
            "Domain 'example.com' is empty, primary 192.0.2.10 serial 7",
            r#"msg="Domain is empty" subsystem="communicator" prio="Notice" ts="1.122" checked against="192.0.2.10" primary serial="7" zone="example.com""#,
        ),
        (
            "Received serial number updates for 2 zones, had 2 timeouts",
            r#"msg="Received serial number updates" subsystem="communicator" prio="Warning" ts="1.120" timeouts="2" updated zones="2""#,
        ),
        (
            "XFR-in zone: 'example.com', primary: '192.0.2.10', initiating transfer",
            r#"msg="XFR: initiating transfer" subsystem="communicator" prio="Notice" ts="1.310" XFR zone="example.com" primary="192.0.2.10:53""#,
        ),
        (
            "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to xfr zone (ResolverException): AXFR chunk error: Query Refused (This was attempt number 1. Excluding zone from secondary-checks until 2026-06-15 10:02:10)",
            r#"msg="XFR: unable to xfr zone (ResolverException), excluding zone from secondary-checks" error="AXFR chunk error: Query Refused" subsystem="communicator" prio="Warning" ts="1.330" XFR zone="example.com" attempt number="1" end of exclusion="2026-06-15 10:02:10" primary="192.0.2.10:53""#,
        ),
        (
            "AXFR-in zone 'example.com', primary '192.0.2.10', zone committed with serial 2",
            r#"msg="AXFR: zone committed" subsystem="communicator" prio="Warning" ts="1.511" XFR zone="example.com" primary="192.0.2.10:53" serial="2""#,
        ),
        (
            "IXFR-in zone 'example.com', primary '192.0.2.10', got 1 delta, zone committed with serial 2",
            r#"msg="IXFR: zone commited" subsystem="communicator" prio="Warning" ts="1.511" XFR zone="example.com" deltas="1" primary="192.0.2.10:53" serial="2""#,
        ),
        (
            "IXFR-out zone 'example.com', client '192.0.2.20:41712', denied: client IP has no permission",
            r#"msg="IXFR denied: client IP has no permission" subsystem="tcpnameserver" prio="Warning" ts="1.329" client="192.0.2.20:41712" zone="example.com""#,
        ),
        (
            "AXFR-out zone 'example.com', client '192.0.2.20:41712', failed: not authoritative",
            r#"msg="AXFR failed: not authoritative" subsystem="tcpnameserver" prio="Warning" ts="1.329" client="192.0.2.20:41712" zone="example.com""#,
        ),
        (
            "AXFR-out zone 'example.com', client '192.0.2.20:41730', AXFR finished",
            r#"msg="AXFR completed" subsystem="tcpnameserver" prio="Notice" ts="1.400" client="192.0.2.20:41730" zone="example.com""#,
        ),
        (
            "Queued notification of domain 'example.com' to 192.0.2.20:53",
            r#"msg="Queued notification" subsystem="communicator" prio="Notice" ts="1.100" address="192.0.2.20:53" domain="example.com""#,
        ),
        (
            "Removed from notification list: 'example.com' to 192.0.2.20:53 (was acknowledged)",
            r#"msg="Removed from notification list" subsystem="communicator" prio="Notice" ts="1.180" domain="example.com" remote="192.0.2.20:53" result="acknowledged""#,
        ),
        (
            "Removed from notification list: 'example.com' to 192.0.2.20:53 Query Refused",
            r#"msg="Removed from notification list" subsystem="communicator" prio="Notice" ts="1.180" domain="example.com" remote="192.0.2.20:53" result="Query Refused""#,
        ),
        (
            "Received unsuccessful notification report for 'example.com' from 192.0.2.20:53, error: Query Refused",
            r#"msg="Received unsucessful notification report" error="Query Refused" subsystem="communicator" prio="Warning" ts="1.181" domain="example.com" remote="192.0.2.20:53""#,
        ),
        (
            "Notification for example.com to 192.0.2.21:53 failed after retries",
            r#"msg="Notification failed after retries" subsystem="communicator" prio="Warning" ts="1.000" domain="example.com" remote="192.0.2.21:53""#,
        ),
        (
            "PowerDNS Authoritative Server 5.1.4 (C) PowerDNS.COM BV",
            r#"msg="PowerDNS Authoritative Server 5.1.4 (C) PowerDNS.COM BV" prio="Warning" ts="1.001""#,
        ),
        (
            "Done launching threads, ready to distribute questions",
            r#"msg="Done launching threads, ready to distribute questions" subsystem="receiver0" prio="Warning" ts="1.052""#,
        ),
    ];
    for (plain, structured) in pairs {
        assert_eq!(pdns(structured), pdns(plain), "{structured}");
    }
    assert_eq!(pdns(pairs[0].1).1, Fact::Pdns(Pdns::NotifyRefused { zone: zone(), from: Text::from("192.0.2.11") }));
    assert_eq!(pdns(pairs[1].1), ("pdns/notify-in-we-are-primary", Fact::Other));
}

#[test]
fn quoted_values_are_unquoted() {
    let line = r#"msg="XFR: unable to xfr zone (PDNSException)" error="no \"example\" in C:\\zones" subsystem="communicator" prio="Error" ts="1.0" XFR zone="example.com" primary="[2001:db8::10]:53""#;
    let Fact::Pdns(Pdns::TransferFailed { primary, reason, .. }) = pdns(line).1 else { panic!("{line}") };
    assert_eq!((primary, &*reason), (address("2001:db8::10"), r#"no "example" in C:\zones"#));
}

#[test]
fn a_refusal_is_told_from_silence() {
    use TransferFailure::{Broken, Refused, Unreachable};
    let lines = [
        ("AXFR chunk error: Server Not Authoritative for zone / Not Authorized", Refused),
        ("AXFR chunk error: Query Refused", Refused),
        ("Got an error trying to IXFR zone 'example.com' from primary '192.0.2.10:53': Query Refused", Refused),
        ("AXFR chunk with a non-zero rcode 9", Refused),
        ("AXFR chunk with a non-zero rcode 5", Refused),
        ("Remote nameserver unable/unwilling to AXFR with us: RCODE=5", Refused),
        ("AXFR chunk with a non-zero rcode 2", Broken),
        ("AXFR chunk with a non-zero rcode 53", Broken),
        ("AXFR chunk error: Server Failure", Broken),
        ("Timeout connecting to server", Unreachable),
        ("Timeout waiting for answer from 192.0.2.10:53 during AXFR", Unreachable),
        ("Error connecting: Connection refused", Unreachable),
        ("connecting to 192.0.2.10:53: No route to host", Unreachable),
        ("Remote nameserver closed TCP connection", Broken),
    ];
    for (reason, why) in lines {
        let line = format!("Unable to AXFR zone 'example.com' from remote '192.0.2.10' (resolver): {reason}");
        let fact = Pdns::TransferFailed {
            zone: zone(),
            primary: address("192.0.2.10"),
            why,
            reason: Text::from(reason),
            until: None,
        };
        assert_eq!(pdns(&line), ("pdns/axfr-in-failed-resolver", Fact::Pdns(fact)), "{line}");
    }
    let line = "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to xfr zone (ResolverException): Timeout connecting to server (This was attempt number 3. Excluding zone from slave-checks until 1781510530)";
    let Fact::Pdns(Pdns::TransferFailed { reason, until, .. }) = pdns(line).1 else { panic!("{line}") };
    assert_eq!((&*reason, until), ("Timeout connecting to server", Some(1_781_510_530)));
}

#[test]
fn a_soa_that_cannot_be_had_names_its_zone() {
    let lines = [
        ("Unable to determine SOA serial for example.com at 192.0.2.10", address("192.0.2.10"), None),
        ("Error trying to retrieve/refresh 'example.com': Timeout waiting for answer", None, None),
        (
            "While checking domain freshness: Query to '192.0.2.10' for SOA of 'example.com' produced no answers",
            address("192.0.2.10"),
            None,
        ),
        (
            "Unable to retrieve SOA for example.com, this was the 10th time. Skipping SOA checks until 1781510530",
            None,
            Some(1_781_510_530),
        ),
        (
            "Unable to retrieve SOA for example.com from 192.0.2.10, this was the 10th time. Skipping SOA checks until 2026-06-15 10:02:10",
            address("192.0.2.10"),
            None,
        ),
    ];
    for (line, primary, until) in lines {
        // Only that an answer could not be used proves that one came.
        let answered = line.contains("produced");
        let attempt = line.contains("10th").then_some(10);
        assert_eq!(
            pdns(line).1,
            Fact::Pdns(Pdns::SoaUnretrievable { zone: zone(), primary, until, attempt, answered }),
            "{line}"
        );
    }
    let first = "Unable to retrieve SOA for example.com, this was the first time. NOTE: For every subsequent failed SOA check the domain will be suspended from freshness checks for 'num-errors x 60 seconds', with a maximum of 3600 seconds. Skipping SOA checks until 1781510530";
    let Fact::Pdns(Pdns::SoaUnretrievable { attempt, .. }) = pdns(first).1 else { panic!("{first}") };
    assert_eq!(attempt, Some(1));
    assert_eq!(pdns("While checking domain freshness: Timeout waiting for answer").1, Fact::Other);
}

#[test]
fn notify_tells_by_its_end() {
    let zone_from = |line: &str| pdns(line).1;
    let refused = Fact::Pdns(Pdns::NotifyRefused { zone: zone(), from: Text::from("192.0.2.11") });
    // Policy refuses before anyone looks whether the sender is a primary: a different fact.
    let forbidden = Fact::Pdns(Pdns::NotifyForbidden { zone: zone(), from: Text::from("192.0.2.11") });
    let accepted = Fact::Pdns(Pdns::NotifyAccepted { zone: zone(), from: address("192.0.2.11") });
    assert_eq!(zone_from("Received NOTIFY for example.com from 192.0.2.11 which is not a master"), refused);
    assert_eq!(
        zone_from("Received NOTIFY for example.com from 192.0.2.11:41873 which is not a master (Refused)"),
        refused
    );
    assert_eq!(zone_from("Received NOTIFY for EXAMPLE.com. from 192.0.2.11 which is not a primary (Refused)"), refused);
    assert_eq!(
        zone_from("Received NOTIFY for example.com from 192.0.2.11 but remote is not in allow-notify-from"),
        forbidden
    );
    assert_eq!(zone_from("Received NOTIFY for example.com from 192.0.2.11(192.0.2.99) - queueing check"), accepted);
    assert_eq!(zone_from("Received NOTIFY for example.com from 192.0.2.11"), Fact::Other);
    let masked = Pdns::NotifyRefused { zone: zone(), from: Text::from("54.93.xxx.xxx") };
    assert_eq!(
        zone_from("Received NOTIFY for example.com from 54.93.xxx.xxx which is not a master"),
        Fact::Pdns(masked)
    );
}

#[test]
fn addresses_and_zones_are_bare() {
    let served = |client: &str, zone: &str| {
        Fact::Pdns(Pdns::TransferServed { zone: Text::from(zone), client: Text::from(client) })
    };
    let lines = [
        ("AXFR-out zone 'Example.COM', client '192.0.2.20:41730', AXFR finished", served("192.0.2.20", "example.com")),
        ("AXFR-out zone 'example.com', client '[2001:db8::1]:53', AXFR finished", served("2001:db8::1", "example.com")),
        ("AXFR-out zone 'example.com.', client '2001:db8::1', AXFR finished", served("2001:db8::1", "example.com")),
        ("AXFR-out zone '.', client '192.0.2.20<-2001:db8::/32', AXFR finished", served("192.0.2.20", ".")),
        ("AXFR of domain 'it's.example' to 18.xxx.xxx.xxx:53 finished", served("18.xxx.xxx.xxx", "it's.example")),
    ];
    for (line, fact) in lines {
        assert_eq!(pdns(line).1, fact, "{line}");
    }
}

#[test]
fn what_stands_before_a_message_is_skipped() {
    let stale = pdns("Domain 'example.com' is stale, master serial 2, our serial 1");
    assert_eq!(pdns("Aug 17 10:22:33 Domain 'example.com' is stale, master serial 2, our serial 1"), stale);
    assert_eq!(pdns("Aug  7 10:22:33 Domain 'example.com' is stale, master serial 2, our serial 1"), stale);
    assert_eq!(pdns(r#"msg="Domain 'example.com' is stale, master serial 2, our serial 1" prio="Warning""#), stale);
    let glued = "Received unsigned NOTIFY for example.com from 192.0.2.11: permitted because allow-unsigned-notifyReceived NOTIFY for example.com from 192.0.2.11 which is not a master";
    assert_eq!(pdns(glued).0, "pdns/notify-in-not-primary");
    assert_eq!(pdns(&glued.replace("Received NOTIFY", "Something else")).0, "pdns/notify-in-unsigned");
    let master = vrrp("VI_1", Vrrp::MasterEntered);
    assert_eq!(keepalived("Thu Feb 10 09:49:31 2022: (VI_1) Entering MASTER STATE").1, master);
    assert_eq!(keepalived("Thu Mar 25 18:00:59.123456789 2021: (VI_1) Entering MASTER STATE").1, master);
    for place in ["(Line 12) ", "(/etc/keepalived/keepalived.conf: Line 12) "] {
        let line = format!("{place}Truncating auth_pass to 8 characters");
        assert_eq!(keepalived(&line).0, "keepalived/config-auth-truncated");
    }
}

/// A pager or a fixed buffer cuts lines: what is left is read if it can be only one message, without the field it was cut in.
#[test]
fn cut_lines_are_read_where_they_are_clear() {
    let cut = keepalived("VRRP_Instance(VI_1) Received advert with higher p");
    assert_eq!(cut, ("keepalived/advert-higher-priority", vrrp("VI_1", Vrrp::HeardHigher(advert(None, None, None)))));
    let cut = keepalived("(VI_1) Received advert from 192.0.2.2 with lower priority 10");
    let heard = Vrrp::HeardLower(advert(Some("192.0.2.2"), None, None));
    assert_eq!(cut, ("keepalived/advert-lower-priority", vrrp("VI_1", heard)));
    let mut fields = Fields::default();
    for unclear in ["VRRP_Instance(VI_1) Entering ", "Domain 'example.com' is ", "(VI_1) rec", "Received"] {
        assert!(read(Daemon::Keepalived, unclear.as_bytes(), &mut fields).is_none(), "{unclear}");
    }
}

#[test]
fn unknown_texts_stay_unknown() {
    let mut fields = Fields::default();
    for text in [
        "",
        " ",
        "something else",
        "(VI_1) Entering SLEEP STATE",
        "(VI_1) received lower priority (102) advert from 192.0.2.2 - accepted",
    ] {
        assert!(read(Daemon::Keepalived, text.as_bytes(), &mut fields).is_none(), "{text}");
    }
    for text in ["msg=\"", "msg=\"unheard of\" prio=\"Info\" ts=\"1.0\"", "Domain 'example.com' is tired"] {
        assert!(read(Daemon::Pdns, text.as_bytes(), &mut fields).is_none(), "{text}");
    }
}

#[test]
fn records_belong_to_a_daemon_by_name() {
    let cases: [(Option<&str>, Option<&str>, Option<Daemon>); 24] = [
        (Some("pdns"), None, Some(Daemon::Pdns)),
        (Some("pdns-x"), None, Some(Daemon::Pdns)),
        (Some("pdns_server"), Some("pdns.service"), Some(Daemon::Pdns)),
        (Some("pdns_server-x"), None, Some(Daemon::Pdns)),
        (None, Some("pdns.service"), Some(Daemon::Pdns)),
        (None, Some("pdns@x.service"), Some(Daemon::Pdns)),
        (Some("pdns.service"), None, Some(Daemon::Pdns)),
        (Some("pdns_recursor"), None, None),
        (Some("pdns-recursor"), None, None),
        (None, Some("pdns-recursor.service"), None),
        (Some("dnsdist"), None, None),
        (Some("Keepalived"), None, Some(Daemon::Keepalived)),
        (Some("Keepalived_vrrp_ns1_red"), None, Some(Daemon::Keepalived)),
        (Some("Keepalived_healthcheckers"), None, Some(Daemon::Keepalived)),
        (Some("Keepalived_bfd"), None, Some(Daemon::Keepalived)),
        (Some("keepalived"), None, Some(Daemon::Keepalived)),
        (Some("keepalived.service"), None, Some(Daemon::Keepalived)),
        (None, Some("keepalived.service"), Some(Daemon::Keepalived)),
        (Some("keepalived_exporter"), None, None),
        (Some("master.sh"), Some("keepalived.service"), None),
        (Some("dns-primary"), Some("pdns.service"), Some(Daemon::Pdns)),
        (Some("systemd"), Some("pdns.service"), None),
        (Some("systemd"), Some("init.scope"), None),
        (None, None, None),
    ];
    for (identifier, unit, daemon) in cases {
        let found = daemon_of(identifier.map(str::as_bytes), unit.map(str::as_bytes));
        assert_eq!(found, daemon, "{identifier:?} {unit:?}");
    }
}
