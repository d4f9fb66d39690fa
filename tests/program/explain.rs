//! `driftline explain`: whole pages, and what it does with lines that nobody or somebody hostile wrote.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn explain(words: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .arg("explain")
        .args(words)
        .env_remove("DRIFTLINE_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("it has an input").write_all(stdin).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn page(words: &[&str]) -> String {
    let output = explain(words, b"");
    assert_eq!(output.status.code(), Some(0), "{words:?}");
    String::from_utf8(output.stdout).expect("a page is UTF-8")
}

#[test]
fn a_line_of_the_incident() {
    let line = "Aug 08 21:01:16 dnsmaster2 Keepalived_vrrp[876]: VRRP_Instance(VI_1) Received advert with higher priority 103, ours 102";
    let expected = format!(
        "{line}

  is        keepalived/advert-higher-priority, by Keepalived_vrrp[876] on dnsmaster2
  says      instance VI_1 · their_priority 103 · our_priority 102
  proves    This node was MASTER, another node is, and this one yields now. What its own notify_master moved stays where it put it, unless the other node's script runs after this; a node that was MASTER all along does not run it.
  rules     eip-drift, split-brain, no-master, one-way-partition, vm-pause, takeover-script-failed, master-flapping
  printed   by keepalived 1.3.0 to 1.4.0: VRRP_Instance({{instance}}) Received advert with higher priority {{their_priority}}, ours {{our_priority}}
  source    keepalived/vrrp/vrrp.c
"
    );
    assert_eq!(page(&[line]), expected);
    // Without quotes the shell makes words of it.
    assert_eq!(page(&line.split(' ').collect::<Vec<_>>()), expected);
    assert_eq!(String::from_utf8_lossy(&explain(&["-"], line.as_bytes()).stdout), expected);
}

#[test]
fn an_event() {
    let expected = "keepalived/state-backup-init

  proves    This node starts as BACKUP; it is no demotion.
  fields    instance
  rules     eip-drift, split-brain, no-master, advert-mismatch, one-way-partition, vm-pause, takeover-script-failed, master-flapping
  example   (VI_1) Entering BACKUP STATE (init)
  source    keepalived/vrrp/vrrp_scheduler.c

  wordings
    2.0.0 or later:
      ({instance}) Entering BACKUP STATE (init)
";
    assert_eq!(page(&["keepalived/state-backup-init"]), expected);
    assert_eq!(page(&["state-backup-init"]), expected);
}

#[test]
fn a_rule_has_six_headings() {
    for rule in driftline::detect::RULES {
        let page = page(&[rule.id]);
        let headings: Vec<&str> = page.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).collect();
        assert_eq!(
            headings,
            [
                rule.id,
                "What it sees",
                "Why it matters",
                "What proves it",
                "What only looks like it",
                "What to check next",
                "What keeps it from coming back"
            ]
        );
    }
}

/// What is known of a line depends on the line, not on what stands around it.
#[test]
fn lines_are_known_under_any_header() {
    let message = "VRRP_Instance(VI_1) Entering MASTER STATE";
    for line in [
        format!("Aug 08 21:01:16 ns1 Keepalived_vrrp[876]: {message}"),
        format!("Aug 08 21:01:16 ns1 Keepalived_vrrp: {message}"),
        format!("2020-08-08T21:01:16.123456+00:00 ns1 Keepalived_vrrp[876]: {message}"),
        format!("<30>1 2020-08-08T21:01:16Z ns1 Keepalived_vrrp 876 - - {message}"),
        format!("Sat Aug 08 21:01:16.123456789 2020: {message}"),
        format!("Sat Aug  8 21:01:16 2020 daemon.info Keepalived_vrrp[876]: {message}"),
        format!("8月 08 21:01:16 ns1 Keepalived_vrrp[876]: {message}"),
        format!("Aug 08 21:01:16 {message}"),
        format!("> > Aug 08 21:01:16 ns1 Keepalived_vrrp[876]: {message}"),
        format!("    Aug 08 21:01:16 ns1 Keepalived_vrrp[876]: {message}"),
        format!("Keepalived_vrrp[876]: {message}"),
        format!("keepalived-1  | {message}"),
        format!("[pod/lb-0/keepalived] {message}"),
        format!("2020-08-08T21:01:16.123456789Z stdout F {message}"),
        format!("\x1b[0;1;31mAug 08 21:01:16 ns1 Keepalived_vrrp[876]: {message}\x1b[0m"),
        format!("\t{message}  "),
        message.to_owned(),
        format!("Aug 08 21:01:16 {message}"),
    ] {
        let page = page(&[&line]);
        assert!(page.contains("\n  is        keepalived/state-master"), "{page}");
        assert!(page.contains("\n  says      instance VI_1\n"), "{page}");
    }
}

/// In the foreground pdns stamps its lines itself, and one word of some looks like a host, the next like a tag.
#[test]
fn a_message_that_looks_like_a_host_and_a_tag() {
    let page = page(&["Aug 18 14:52:03 XFR-in zone: 'example.com', primary: '192.0.2.1', starting AXFR"]);
    assert!(
        page.contains("\n  is        pdns/axfr-in-connect\n  says      zone example.com · primary 192.0.2.1\n"),
        "{page}"
    );
}

#[test]
fn the_nearest_wordings_of_an_unknown_line() {
    let expected = "pdns[7]: Domain 'example.com' is rather stale, master serial 2, our serial 1

  is        a line of PowerDNS that no wording of the catalogue reads, by pdns[7]
  nearest   pdns/domain-stale, 2.9.0 to 3.1.0: Domain {zone} is stale, master serial {primary_serial}, our serial {our_serial}
";
    let page = page(&["pdns[7]: Domain 'example.com' is rather stale, master serial 2, our serial 1"]);
    assert!(page.starts_with(expected), "{page}");
    let stranger = self::page(&["Aug 08 21:01:16 ns1 sshd[7]: Accepted publickey for root"]);
    assert!(stranger.contains("  is        another program's line, by sshd[7] on ns1\n"), "{stranger}");
}

#[test]
fn a_cut_line_says_so() {
    let page = page(&[
        "Aug 18 15:18:54 ns2 pdns_server[1]: Received NOTIFY for example.com from 192.0.2.7 which is not a ma>",
    ]);
    assert!(page.contains("  is        pdns/notify-in-not-primary"), "{page}");
    assert!(page.contains("  printed   the line was cut; it may be\n"), "{page}");
}

#[test]
fn what_is_no_id_is_an_error_with_a_hint() {
    let output = explain(&["split-brian"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "driftline: failed to find a rule or an event called \"split-brian\"; near it: split-brain\n"
    );
}

#[test]
fn hostile_bytes_are_written_out() {
    let line = b"pdns[1]: Received NOTIFY for \x1b]0;x\x07\xe2\x80\xae\xff.example from 192.0.2.7 which is not a master\n\x9b31m\n";
    let output = explain(&["-"], line);
    assert_eq!(output.status.code(), Some(0));
    let page = String::from_utf8(output.stdout).expect("a page is UTF-8");
    let steers = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    assert!(!page.contains(steers), "{page:?}");
    assert!(page.contains("zone \\x1b]0;x\\x07\\u{202e}�.example"), "{page}");
}

#[test]
fn a_closed_pipe_is_a_normal_end() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let _ = child.stdin.take().expect("it has an input").write_all(&b"pdns[1]: x\n".repeat(100));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

/// The name that reports print is understood too, in quotes and without.
#[test]
fn a_rule_is_found_by_the_name_on_the_page() {
    for words in [&["EIP DRIFT"][..], &["EIP", "DRIFT"], &["eip_drift"]] {
        assert_eq!(page(words), page(&["eip-drift"]), "{words:?}");
    }
}
