//! Statements of the daemons' configuration files, as `input` tells them: one a line, with the blocks round it.
//!
//! A configuration names no time: it may be younger than the logs, and what ran may have been another one. So it is no line of
//! evidence; it explains, advises, and is contradicted.

use super::message::{Fields, Message};
use crate::event::{Daemon, Fact, Scope, Setting, Text};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "settings/keepalived",
        texts: &[
            ("..", "global_defs {option} {value}"),
            ("..", "vrrp_instance {instance} {option} {value}"),
            ("..", "vrrp_sync_group {group} {option} {value}"),
        ],
        sample: "vrrp_instance VI_1 notify_master /etc/keepalived/master.sh",
        source: "keepalived.conf",
        proves: "What this node's keepalived was configured to do when the file was saved; not that it ran with it at the time of the logs.",
        read: Some(keepalived),
    },
    Message {
        id: "settings/pdns",
        texts: &[("..", "{option}={value}")],
        sample: "allow-axfr-ips=192.0.2.21",
        source: "pdns.conf",
        proves: "What this node's PowerDNS was configured to do when the file was saved; not that it ran with it at the time of the logs.",
        read: Some(pdns),
    },
];

/// Reads a statement; `fields` is cleared and filled.
pub(super) fn read<'a>(identifier: &[u8], message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    fields.clear();
    let mut words = message.splitn(2, |byte| *byte == b' ');
    match identifier {
        b"pdns.conf" => {
            let equals = memchr::memchr(b'=', message)?;
            fields.push("option", &message[..equals]);
            fields.push("value", &message[equals + 1..]);
            Some(&ROWS[1])
        }
        b"keepalived.conf" => {
            let block = words.next()?;
            let mut rest = words.next()?;
            let name = match block {
                b"global_defs" => None,
                b"vrrp_instance" => Some("instance"),
                b"vrrp_sync_group" => Some("group"),
                _ => return None,
            };
            if let Some(name) = name {
                let end = memchr::memchr(b' ', rest)?;
                fields.push(name, &rest[..end]);
                rest = &rest[end + 1..];
            }
            let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
            fields.push("option", &rest[..end]);
            fields.push("value", rest.get(end + 1..).unwrap_or_default());
            Some(&ROWS[0])
        }
        _ => None,
    }
}

/// Whether a tag is of statements of a configuration.
pub(super) fn is_settings(identifier: &[u8]) -> bool {
    matches!(identifier, b"pdns.conf" | b"keepalived.conf")
}

fn keepalived(fields: &Fields<'_>) -> Option<Fact> {
    let scope = match (fields.text("instance"), fields.text("group")) {
        (Some(instance), _) => Scope::Instance(instance),
        (None, Some(group)) => Scope::Group(group),
        (None, None) => Scope::Global,
    };
    setting(Daemon::Keepalived, scope, fields)
}

fn pdns(fields: &Fields<'_>) -> Option<Fact> {
    setting(Daemon::Pdns, Scope::Global, fields)
}

fn setting(daemon: Daemon, scope: Scope, fields: &Fields<'_>) -> Option<Fact> {
    let value = fields.text("value").unwrap_or_else(|| Text::from(""));
    Some(Fact::Setting(Box::new(Setting { daemon, scope, option: fields.text("option")?, value })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(identifier: &str, message: &str) -> Option<Setting> {
        let mut fields = Fields::default();
        let row = read(identifier.as_bytes(), message.as_bytes(), &mut fields)?;
        let Fact::Setting(setting) = super::super::fact(row, &fields) else { panic!("it is no setting: {message}") };
        Some(*setting)
    }

    fn of(daemon: Daemon, scope: Scope, option: &str, value: &str) -> Option<Setting> {
        Some(Setting { daemon, scope, option: Text::from(option), value: Text::from(value) })
    }

    #[test]
    fn statements_are_read_with_their_scope() {
        let keepalived = |message| told("keepalived.conf", message);
        let instance = Scope::Instance(Text::from("VI_1"));
        let of_keepalived = |scope, option, value| of(Daemon::Keepalived, scope, option, value);
        assert_eq!(keepalived("global_defs router_id ns1"), of_keepalived(Scope::Global, "router_id", "ns1"));
        assert_eq!(keepalived("vrrp_instance VI_1 priority 103"), of_keepalived(instance.clone(), "priority", "103"));
        assert_eq!(keepalived("vrrp_instance VI_1 nopreempt"), of_keepalived(instance, "nopreempt", ""));
        let group = Scope::Group(Text::from("G"));
        assert_eq!(keepalived("vrrp_sync_group G notify_master /m.sh"), of_keepalived(group, "notify_master", "/m.sh"));
        assert_eq!(told("pdns.conf", "primary=yes"), of(Daemon::Pdns, Scope::Global, "primary", "yes"));
    }

    #[test]
    fn other_texts_are_not() {
        for message in ["", "vrrp_instance", "vrrp_instance VI_1", "virtual_server 192.0.2.1 80", "primary"] {
            assert_eq!(told("keepalived.conf", message), None, "{message}");
        }
        assert_eq!(told("pdns.conf", "primary"), None);
        assert_eq!(told("nginx.conf", "primary=yes"), None);
    }
}
