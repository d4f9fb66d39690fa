//! What a node's configuration files state, as far as it bears on who takes over and who may fetch.
//!
//! A file names no time and may not be the one that ran: it explains and advises, and confirms nothing by itself.

use super::vrrp::Unit;
use crate::event::{Daemon, Scope, Setting, Text};
use std::collections::BTreeMap;

/// Values kept per option: a list of addresses is as long as its writer likes.
const VALUES_MAX: usize = 1000;

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Value as written; empty where it has none.
    pub value: Text,
    /// The file.
    pub path: Text,
    /// Its line.
    pub line: Option<u64>,
}

impl Stated {
    /// `keepalived.conf:12`.
    #[must_use]
    pub fn place(&self) -> String {
        self.line.map_or_else(|| self.path.to_string(), |line| format!("{}:{line}", self.path))
    }
}

/// The statements of one node.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    all: BTreeMap<(Daemon, Scope), BTreeMap<Text, Vec<Stated>>>,
}

impl Settings {
    /// Takes a statement; of pdns's options the last one counts, but for those with `+=`.
    pub(super) fn take(&mut self, setting: &Setting, path: &Text, line: Option<u64>) {
        let name = setting.option.strip_suffix('+');
        let options = self.all.entry((setting.daemon, setting.scope.clone())).or_default();
        let stated = options.entry(name.map_or_else(|| setting.option.clone(), Text::from)).or_default();
        if setting.daemon == Daemon::Pdns && name.is_none() {
            stated.clear();
        }
        if stated.len() < VALUES_MAX {
            stated.push(Stated { value: setting.value.clone(), path: path.clone(), line });
        }
    }

    /// All that is stated of an option.
    pub fn of(&self, daemon: Daemon, scope: &Scope, option: &str) -> &[Stated] {
        let options = self.all.iter().find(|((known, about), _)| *known == daemon && about == scope);
        options.and_then(|(_, options)| options.get(option)).map(Vec::as_slice).unwrap_or_default()
    }

    /// A setting of pdns, with both of its names where it was renamed.
    #[must_use]
    pub fn pdns(&self, names: &[&str]) -> Option<&Stated> {
        names.iter().find_map(|name| self.of(Daemon::Pdns, &Scope::Global, name).last())
    }

    /// Whether the file of keepalived states anything of a unit.
    #[must_use]
    pub fn knows(&self, unit: &Unit) -> bool {
        self.scopes(unit).iter().any(|scope| self.all.contains_key(&(Daemon::Keepalived, scope.clone())))
    }

    /// The first of these options that is stated of a unit: of an instance, or of a sync group with it.
    #[must_use]
    pub fn unit(&self, unit: &Unit, options: &[&str]) -> Option<&Stated> {
        let scopes = self.scopes(unit);
        let find = |option: &&str| scopes.iter().find_map(|scope| self.of(Daemon::Keepalived, scope, option).first());
        options.iter().find_map(find)
    }

    /// A unit's own scope, and those that belong to it: the group of an instance, the instances of a group.
    fn scopes(&self, unit: &Unit) -> Vec<Scope> {
        let members = |scope: &Scope| self.of(Daemon::Keepalived, scope, "group");
        match unit {
            Unit::Instance(name) => {
                let has = |scope: &&Scope| members(scope).iter().any(|member| member.value == *name);
                let groups = self.all.keys().map(|(_, scope)| scope).filter(has).cloned();
                [Scope::Instance(name.clone())].into_iter().chain(groups).collect()
            }
            Unit::Group(name) => {
                let group = Scope::Group(name.clone());
                let instances = members(&group).iter().map(|member| Scope::Instance(member.value.clone())).collect();
                [vec![group], instances].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(statements: &[(&str, Scope, &str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (at, (daemon, scope, option, value)) in statements.iter().enumerate() {
            let daemon = if *daemon == "pdns" { Daemon::Pdns } else { Daemon::Keepalived };
            let setting =
                Setting { daemon, scope: scope.clone(), option: Text::from(*option), value: Text::from(*value) };
            settings.take(&setting, &Text::from("x.conf"), Some(at as u64 + 1));
        }
        settings
    }

    #[test]
    fn a_group_states_what_its_instances_do() {
        let instance = || Scope::Instance(Text::from("VI_1"));
        let group = || Scope::Group(Text::from("G"));
        let settings = settings(&[
            ("keepalived", instance(), "priority", "103"),
            ("keepalived", group(), "group", "VI_1"),
            ("keepalived", group(), "notify_master", "/m.sh"),
        ]);
        for unit in [Unit::Instance(Text::from("VI_1")), Unit::Group(Text::from("G"))] {
            assert!(settings.knows(&unit));
            assert_eq!(settings.unit(&unit, &["notify_master"]).map(Stated::place).as_deref(), Some("x.conf:3"));
            assert_eq!(settings.unit(&unit, &["priority"]).map(|stated| &*stated.value), Some("103"));
        }
        assert!(!settings.knows(&Unit::Instance(Text::from("VI_2"))));
    }

    #[test]
    fn the_last_setting_of_pdns_counts_and_more_is_added() {
        let settings = settings(&[
            ("pdns", Scope::Global, "primary", "no"),
            ("pdns", Scope::Global, "primary", "yes"),
            ("pdns", Scope::Global, "allow-axfr-ips", "192.0.2.1"),
            ("pdns", Scope::Global, "allow-axfr-ips+", "192.0.2.2"),
        ]);
        assert_eq!(settings.pdns(&["primary", "master"]).map(|stated| &*stated.value), Some("yes"));
        assert_eq!(settings.of(Daemon::Pdns, &Scope::Global, "allow-axfr-ips").len(), 2);
    }
}
