//! Configuration files of the daemons beside their logs → one record for each statement that says who does what.
//!
//! What a statement says is told as words in one line, with the blocks round it: `vrrp_instance VI_1 priority 103`, `primary=yes`.
//! Statements that nothing here needs are not told, so that no password, key or token of a configuration ever leaves this file; of a
//! script's command line only its path is. Files that are included are not followed.

use super::blocks::{Block, Blocks};
use super::sniff::lines;
use super::summary::Summary;
use crate::record::Record;

/// Whose configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settings {
    /// `keepalived.conf`.
    Keepalived,
    /// `pdns.conf`.
    Pdns,
}

impl Settings {
    /// Its name among the formats, and the tag of its records.
    pub(super) fn format(self) -> &'static str {
        match self {
            Self::Keepalived => "keepalived.conf",
            Self::Pdns => "pdns.conf",
        }
    }
}

/// Lines looked at before a file is taken for a configuration.
const JUDGED_LINES: usize = 400;
/// Blocks in blocks; keepalived has four.
const DEPTH_MAX: usize = 16;
/// Statements told of one file.
const STATEMENTS_MAX: u64 = 10_000;

/// keepalived's statements in an instance or a sync group that are told, with one value.
const VALUES: [&str; 8] =
    ["state", "interface", "virtual_router_id", "priority", "advert_int", "preempt_delay", "unicast_src_ip", "version"];
/// Those without a value.
const FLAGS: [&str; 3] = ["nopreempt", "preempt", "dont_track_primary"];
/// Those whose value is a command line.
const SCRIPTS: [&str; 7] = [
    "notify",
    "notify_master",
    "notify_backup",
    "notify_fault",
    "notify_stop",
    "notify_master_rx_lower_pri",
    "notify_deleted",
];
/// Blocks in an instance or a sync group whose lines are values.
const LISTS: [&str; 5] = ["unicast_peer", "virtual_ipaddress", "track_script", "track_interface", "group"];
/// Statements outside of instances.
const GLOBALS: [&str; 2] = ["router_id", "vrrp_startup_delay"];

/// pdns's settings that are told.
const PDNS: [&str; 18] = [
    "primary",
    "secondary",
    "master",
    "slave",
    "autosecondary",
    "superslave",
    "loglevel",
    "allow-axfr-ips",
    "disable-axfr",
    "also-notify",
    "only-notify",
    "allow-notify-from",
    "allow-unsigned-notify",
    "trusted-notification-proxy",
    "local-address",
    "query-local-address",
    "xfr-cycle-interval",
    "slave-cycle-interval",
];
/// Names that other programs have too; what pdns takes for them tells.
const COMMON: [&str; 6] = ["primary", "secondary", "master", "slave", "loglevel", "local-address"];

/// Whose configuration a window is the beginning of, if it is one.
pub(super) fn settings(window: &[u8]) -> Option<Settings> {
    let statements = || lines(window).take(JUDGED_LINES).filter_map(|line| statement(line));
    let first = statements().next()?;
    let begins_block = |line: &str| line.ends_with('{') || line.split_whitespace().count() == 1;
    let is_vrrp = |line: &str| {
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("vrrp_instance" | "vrrp_sync_group" | "vrrp_script")) && words.next().is_some()
    };
    let is_globals = |line: &str| line.strip_prefix("global_defs").is_some_and(|rest| matches!(rest.trim(), "" | "{"));
    let is_keepalived = |line: &str| is_vrrp(line) || is_globals(line);
    let is_word = |line: &str| line.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'$');
    if is_word(first) && statements().any(|line| is_keepalived(line) && begins_block(line)) {
        return Some(Settings::Keepalived);
    }
    let mut is_pdns = false;
    for line in statements() {
        let (name, value) = line.split_once('=')?;
        let name = name.trim_end().trim_end_matches('+');
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name {
            return None;
        }
        let is_own = name == "launch" || PDNS.contains(&name) && !COMMON.contains(&name);
        let is_switch = matches!(name, "primary" | "secondary" | "master" | "slave");
        is_pdns |= is_own || is_switch && matches!(value.trim(), "yes" | "no" | "on" | "off");
    }
    is_pdns.then_some(Settings::Pdns)
}

/// A line without its comment and the white space round it; `None` if nothing is left, or it is no text.
fn statement(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    let end = comment(line).unwrap_or(line.len());
    Some(line[..end].trim()).filter(|text| !text.is_empty())
}

/// Where a comment begins: `#` or `!` outside of quotes, at the begin of a word.
fn comment(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if (letter == '#' || letter == '!') && before.is_whitespace() => return Some(at),
            None => {}
        }
        before = letter;
    }
    None
}

/// Reads all statements.
pub(super) fn read(
    blocks: &mut Blocks<'_, '_>,
    settings: Settings,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) {
    let mut open = Open::default();
    let mut told = Vec::new();
    let mut number = 0;
    while let Some(block) = blocks.next() {
        let (Block::Lines(text) | Block::LongLine(text)) = block else { continue };
        for line in lines(text) {
            summary.lines += 1;
            match (settings, statement(line)) {
                (_, None) => {}
                (Settings::Keepalived, Some(text)) => open.take(text, &mut told),
                (Settings::Pdns, Some(text)) => told.extend(of_pdns(text)),
            }
            for statement in told.drain(..) {
                number += 1;
                if number > STATEMENTS_MAX {
                    let text = "The configuration has more statements than are looked at.";
                    return summary.trouble(summary.lines, "unread", text);
                }
                each(&record(settings, summary.lines, &statement));
            }
        }
    }
}

fn record(settings: Settings, line: u64, statement: &str) -> Record<'_> {
    Record {
        line,
        raw: statement.as_bytes(),
        stamp: None,
        host: None,
        identifier: Some(settings.format().as_bytes()),
        unit: None,
        pid: None,
        message: statement.as_bytes(),
        repeated: 1,
        cursor: None,
        stands_alone: false,
    }
}

fn of_pdns(text: &str) -> Option<String> {
    let (name, value) = text.split_once('=')?;
    let (name, is_more) = match name.trim_end().strip_suffix('+') {
        Some(name) => (name, true),
        None => (name.trim_end(), false),
    };
    PDNS.contains(&name).then(|| format!("{name}{}={}", if is_more { "+" } else { "" }, value.trim()))
}

/// The blocks round a statement, outermost first.
#[derive(Debug, Default)]
struct Open {
    blocks: Vec<Vec<String>>,
    /// Blocks beyond those that are followed.
    deeper: usize,
    /// Words of a block whose brace stands on a line of its own.
    waiting: Vec<String>,
}

impl Open {
    /// Takes a line; what of it is told goes into `told`.
    fn take(&mut self, text: &str, told: &mut Vec<String>) {
        let mut words: Vec<String> = std::mem::take(&mut self.waiting);
        let opens_below = text.starts_with('{');
        if !opens_below && !words.is_empty() {
            self.state(&words, told);
            words.clear();
        }
        for word in split(text) {
            match word.as_str() {
                "{" => {
                    if self.blocks.len() < DEPTH_MAX {
                        self.blocks.push(std::mem::take(&mut words));
                    } else {
                        self.deeper += 1;
                        words.clear();
                    }
                }
                "}" => {
                    self.state(&words, told);
                    words.clear();
                    if self.deeper > 0 {
                        self.deeper -= 1;
                    } else {
                        self.blocks.pop();
                    }
                }
                _ => words.push(word),
            }
        }
        let includes = words.first().is_some_and(|word| word.starts_with("include"));
        let may_open =
            self.blocks.is_empty() && !includes || words.first().is_some_and(|word| LISTS.contains(&word.as_str()));
        if may_open {
            self.waiting = words;
        } else {
            self.state(&words, told);
        }
    }

    fn state(&self, words: &[String], told: &mut Vec<String>) {
        let Some(first) = words.first() else { return };
        let outer: Vec<&str> =
            self.blocks.first().map(|block| block.iter().map(String::as_str).collect()).unwrap_or_default();
        let value = words.get(1).map(String::as_str).unwrap_or_default();
        if first.starts_with("include") {
            // What is not stated here may be stated there.
            return told.push(format!("global_defs include {value}"));
        }
        match (outer.as_slice(), self.blocks.get(1)) {
            (["global_defs"], None) if GLOBALS.contains(&first.as_str()) => {
                told.push(format!("global_defs {first} {value}"))
            }
            ([block @ ("vrrp_instance" | "vrrp_sync_group"), name], None) => {
                if VALUES.contains(&first.as_str()) {
                    told.push(format!("{block} {name} {first} {value}"));
                } else if FLAGS.contains(&first.as_str()) {
                    told.push(format!("{block} {name} {first}"));
                } else if SCRIPTS.contains(&first.as_str()) {
                    let path = value.split_whitespace().next().unwrap_or_default();
                    told.push(format!("{block} {name} {first} {path}"));
                }
            }
            ([block @ ("vrrp_instance" | "vrrp_sync_group"), name], Some(list)) => {
                if let Some(list) = list.first().filter(|list| LISTS.contains(&list.as_str())) {
                    told.push(format!("{block} {name} {list} {first}"));
                }
            }
            _ => {}
        }
    }
}

/// The words of a line; quotes hold a word together, braces stand alone.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for letter in text.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => word.push(letter),
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if letter.is_whitespace() || letter == '{' || letter == '}' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if !letter.is_whitespace() {
                    words.push(letter.to_string());
                }
            }
            None => word.push(letter),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::buffer::Buffer;
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let settings = settings(text.as_bytes()).expect("it is a configuration");
        let mut summary = Summary::default();
        let mut stream = text.as_bytes();
        let mut buffer = Buffer::new(&mut stream, 16);
        let mut told = Vec::new();
        read(&mut Blocks::new(&mut buffer, 1024), settings, &mut summary, &mut |record| {
            told.push(format!("{} {}", record.line, String::from_utf8_lossy(record.message)));
        });
        told
    }

    #[test]
    fn statements_of_keepalived_are_told_with_their_blocks() {
        let conf = r#"! Configuration File
global_defs {
    router_id ns1   # this node
    enable_script_security
}
vrrp_script chk { script "/usr/bin/true" }
vrrp_instance VI_1
{
    state BACKUP
    priority 103
    nopreempt
    authentication {
        auth_type PASS
        auth_pass s3cret
    }
    unicast_peer { 192.0.2.12 }
    virtual_ipaddress
    {
        198.51.100.10/24 dev eth0
    }
    notify_master "/etc/keepalived/master.sh --token s3cret"
}
vrrp_sync_group G { group { VI_1 } notify_master_rx_lower_pri /x.sh }
include /etc/keepalived/conf.d/*.conf
"#;
        assert_eq!(
            told(conf),
            [
                "3 global_defs router_id ns1",
                "9 vrrp_instance VI_1 state BACKUP",
                "10 vrrp_instance VI_1 priority 103",
                "11 vrrp_instance VI_1 nopreempt",
                "16 vrrp_instance VI_1 unicast_peer 192.0.2.12",
                "19 vrrp_instance VI_1 virtual_ipaddress 198.51.100.10/24",
                "21 vrrp_instance VI_1 notify_master /etc/keepalived/master.sh",
                "23 vrrp_sync_group G group VI_1",
                "23 vrrp_sync_group G notify_master_rx_lower_pri /x.sh",
                "24 global_defs include /etc/keepalived/conf.d/*.conf",
            ]
        );
    }

    #[test]
    fn settings_of_pdns_are_told_without_secrets() {
        let conf =
            "# pdns\nlaunch=gmysql\ngmysql-password=s3cret\napi-key=s3cret\nprimary = yes\nallow-axfr-ips+=192.0.2.1\n";
        assert_eq!(told(conf), ["5 primary=yes", "6 allow-axfr-ips+=192.0.2.1"]);
    }

    #[test]
    fn other_files_are_no_configuration() {
        for text in [
            "",
            "# nothing\n",
            "api=yes\ndaemon=yes\n",
            "[Unit]\nlaunch=x\n",
            "primary=the first\n",
            "Nov 23 02:12:33 ns1 Keepalived_vrrp[9]: vrrp_instance VI_1 {\n",
            "#!/bin/sh\nvrrp_instance=1\necho vrrp_instance VI_1 {\n",
            "global_defs = {\n",
        ] {
            assert_eq!(settings(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn braces_without_end_are_followed_so_far_only() {
        let deep =
            format!("vrrp_instance A {{\n{}priority 1\n{}\npriority 7\n}}\n", "x {\n".repeat(100), "}\n".repeat(100));
        assert_eq!(told(&deep), ["204 vrrp_instance A priority 7"]);
        assert_eq!(
            told("vrrp_instance A {\n}\n}\n}\nvrrp_instance B {\npriority 9\n"),
            ["6 vrrp_instance B priority 9"]
        );
    }
}
