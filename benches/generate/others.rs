//! What else a host logs.

use super::{Random, Said};

const USERS: [&str; 8] = ["root", "admin", "deploy", "alice", "bob", "git", "backup", "www-data"];
const UNITS: [&str; 5] =
    ["apt-daily.service", "logrotate.service", "man-db.service", "certbot.service", "fstrim.service"];

/// A line of another program. One in 4096 mentions the daemons.
pub(crate) fn say(random: &mut Random, line: u64) -> Said {
    let (address, user) = (format!("203.0.113.{}", random.below(256)), random.one_of(&USERS));
    let (port, number) = (1024 + random.below(32_768), random.below(65_536));
    if random.below(4096) == 7 {
        return mention(random, number);
    }
    // A daemon keeps its pid, a session has its own.
    let forked = Some(20_000 + line % 4_000_000);
    let (program, pid, text) = match random.below(100) {
        0..22 => (
            "nginx",
            Some(448),
            format!(
                "{address} - - \"GET /{user}/{number}.html HTTP/1.1\" 200 {port} \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\""
            ),
        ),
        22..36 => ("sshd", forked, format!("Failed password for invalid user {user} from {address} port {port} ssh2")),
        36..47 => {
            ("sshd", forked, format!("Connection closed by authenticating user {user} {address} port {port} [preauth]"))
        }
        47..51 => {
            ("sshd", forked, format!("pam_unix(sshd:session): session opened for user {user}(uid={number}) by (uid=0)"))
        }
        51..62 => (
            "CRON",
            forked,
            format!("({user}) CMD (   cd / && run-parts --report /etc/cron.hourly >/dev/null {number})"),
        ),
        62..74 => ("systemd", Some(1), format!("{}: Deactivated successfully.", random.one_of(&UNITS))),
        74..77 => ("systemd-logind", Some(485), format!("New session {number} of user {user}.")),
        77..85 => (
            "kernel",
            None,
            format!(
                "[{number}.{port:06}] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC={address} DST=192.0.2.53 LEN={} TOS=0x00 PREC=0x00 TTL=51 ID={number} PROTO=TCP SPT={port} DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0",
                40 + number % 1024
            ),
        ),
        85..93 => (
            "postfix/smtpd",
            forked,
            format!("disconnect from mail{number}.example[{address}] ehlo=1 auth=0/1 quit=1 commands=2/3"),
        ),
        93..96 => ("snmpd", Some(707), format!("Connection from UDP: [{address}]:{port}->[192.0.2.53]:161")),
        96..98 => ("chronyd", Some(670), format!("Selected source {address} (ntp{number}.example)")),
        _ => (
            "named",
            Some(781),
            format!(
                "client @0x7f{number:08x} {address}#{port} (host{number}.example): query (cache) 'host{number}.example/A/IN' denied"
            ),
        ),
    };
    Said { program, pid, text }
}

/// Not the daemons' own lines, although their names are in them.
fn mention(random: &mut Random, number: u64) -> Said {
    let (program, pid, text) = match random.below(3) {
        0 => (
            "sudo",
            Some(number),
            "   deploy : TTY=pts/1 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl restart pdns_server.service"
                .to_owned(),
        ),
        1 => ("CRON", Some(number), "(root) CMD (/usr/local/bin/check_keepalived >/dev/null)".to_owned()),
        _ => (
            "kernel",
            None,
            format!(
                "[{number}.000000] audit: type=1400 apparmor=\"ALLOWED\" profile=\"pdns_server\" pid={number} comm=\"pdns_server\""
            ),
        ),
    };
    Said { program, pid, text }
}
