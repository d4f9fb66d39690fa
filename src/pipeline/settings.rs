//! Whose configuration a file is: what `NODE=` says, the node its path names, or the only node it can be of. Never a guess.

use crate::event::{Daemon, Fact, Scope, Setting, Text};
use crate::report::Caveat;
use crate::timeline::Line;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// The statements of one configuration file.
#[derive(Debug, Clone, Default)]
pub(super) struct Configuration {
    /// The file.
    pub(super) path: Text,
    /// The node that `NODE=` named.
    pub(super) named: Option<Text>,
    /// Its statements, in order.
    pub(super) lines: Vec<Line>,
}

impl Configuration {
    fn settings(&self) -> impl Iterator<Item = (&Setting, Option<u64>)> {
        self.lines.iter().filter_map(|line| {
            let Fact::Setting(setting) = &line.fact else { return None };
            Some((&**setting, line.line))
        })
    }
}

/// Gives each node of the world its configuration; says what could not be given.
pub(super) fn give(configurations: &[Configuration], world: &mut World) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    let mut given = BTreeMap::<Text, Vec<&str>>::new();
    for configuration in configurations.iter().filter(|configuration| !configuration.lines.is_empty()) {
        let path = &configuration.path;
        match node_of(configuration, world) {
            Some(node) => {
                for (setting, line) in configuration.settings() {
                    world.configure(&node, setting, path, line);
                }
                given.entry(node).or_default().push(path);
            }
            None => {
                let text = format!("{path}: whose configuration it is, is unknown; NODE={path} says it.");
                caveats.push(Caveat { kind: "undecided", node: None, text });
            }
        }
    }
    for (node, paths) in given {
        let text = format!(
            "{}: what it was configured to do when this was saved; what ran at the time of the logs may differ.",
            paths.join(", ")
        );
        caveats.push(Caveat { kind: "configuration", node: Some(node), text });
    }
    caveats
}

fn node_of(configuration: &Configuration, world: &World) -> Option<Text> {
    let known: BTreeSet<&Text> = world.nodes.keys().collect();
    if let Some(named) = &configuration.named {
        return known.contains(named).then(|| named.clone());
    }
    let path = &configuration.path;
    let mut in_path: Vec<&Text> = known.iter().copied().filter(|node| names(path, node)).collect();
    // `ns1.example.net` names itself and not `ns1` of another domain: the longest name that is there is meant.
    in_path.sort_by_key(|node| std::cmp::Reverse(node.len()));
    match in_path.as_slice() {
        [only] => return Some((*only).clone()),
        [first, second, ..] if first.len() > second.len() && first.starts_with(&***second) => {
            return Some((*first).clone());
        }
        _ => {}
    }
    let router_id = configuration.settings().find_map(|(setting, _)| {
        let is_name = setting.daemon == Daemon::Keepalived && setting.scope == Scope::Global;
        (is_name && &*setting.option == "router_id").then(|| setting.value.clone())
    });
    if let Some(node) = router_id.and_then(|id| known.iter().copied().find(|node| **node == id)) {
        return Some(node.clone());
    }
    match known.iter().collect::<Vec<_>>().as_slice() {
        [only] => Some((**only).clone()),
        _ => None,
    }
}

/// Whether a node's name is a word of a path: between separators, not part of a longer name.
fn names(path: &str, node: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    path.match_indices(node).any(|(at, _)| {
        let before = path[..at].chars().next_back();
        let behind = path[at + node.len()..].chars().next();
        !node.is_empty() && !before.is_some_and(is_part) && !behind.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_path_names_a_node_as_a_word() {
        for path in ["ns1/keepalived.conf", "etc/ns1.keepalived.conf", "sosreport-ns1-2026/etc/pdns.conf", "ns1"] {
            assert!(names(path, "ns1"), "{path}");
        }
        for path in ["ns10/keepalived.conf", "dns1/pdns.conf", "ns1_old/x", "keepalived.conf"] {
            assert!(!names(path, "ns1"), "{path}");
        }
    }
}
