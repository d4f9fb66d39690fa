//! What a node is called: `NODE=`, else the line's own host, else the file's name without extensions.

use super::{Line, Log};
use crate::event::Text;
use std::collections::{BTreeMap, BTreeSet};

/// The names of all nodes of a set of logs.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Fully qualified name → the short form that is also used.
    short: BTreeMap<Text, Text>,
    /// Path → name made from it, for lines without a host.
    files: BTreeMap<Text, Text>,
}

/// Collects the names of a set: a short name and its fully qualified form are one node, unless two domains share the short name.
pub(super) fn of(logs: &[Log]) -> Names {
    let hosts: BTreeSet<&Text> = logs.iter().flat_map(|log| log.lines.iter().filter_map(|line| line.host.as_ref())).collect();
    let mut qualified = BTreeMap::<&str, Vec<&Text>>::new();
    for host in hosts.iter().copied().filter(|host| host.contains('.')) {
        let first_label = host.split('.').next().unwrap_or(host);
        qualified.entry(first_label).or_default().push(host);
    }
    let mut short = BTreeMap::new();
    for host in hosts.iter().copied().filter(|host| !host.contains('.')) {
        if let Some([only]) = qualified.get(&**host).map(Vec::as_slice) {
            short.insert((*only).clone(), host.clone());
        }
    }
    let files = logs.iter().map(|log| (log.path.clone(), from_path(&log.path))).collect();
    Names { short, files }
}

impl Names {
    pub(super) fn of_line<'a>(&'a self, log: &'a Log, line: &'a Line) -> &'a Text {
        if let Some(node) = &log.node {
            return node;
        }
        match &line.host {
            Some(host) => self.short.get(host).unwrap_or(host),
            None => self.files.get(&log.path).unwrap_or(&log.path),
        }
    }
}

fn from_path(path: &str) -> Text {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(file);
    Text::from(stem)
}

#[cfg(test)]
mod tests {
    use super::from_path;

    #[test]
    fn a_file_names_its_node_without_extensions() {
        assert_eq!(&*from_path("logs/dnsmaster.log.2.gz"), "dnsmaster");
        assert_eq!(&*from_path("dnsmaster"), "dnsmaster");
        assert_eq!(&*from_path("a/.hidden"), ".hidden");
    }
}
