//! What a node is called: `NODE=`, else the line's own host, else the file's name without extensions.

use super::Survey;
use crate::event::Text;
use std::collections::{BTreeMap, BTreeSet};

/// The names of all nodes of a set of sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Fully qualified name → the short form that is also used.
    short: BTreeMap<Text, Text>,
    /// Path → name made from it, for lines without a host.
    files: BTreeMap<Text, Text>,
    /// Further name → node, as stated.
    aliases: BTreeMap<Text, Text>,
}

/// Collects the names of a set: a short name and its fully qualified form are one node, unless two domains share the short name.
pub(super) fn of(surveys: &[Survey], aliases: &BTreeMap<Text, Text>) -> Names {
    let hosts: BTreeSet<&Text> = surveys.iter().flat_map(|survey| survey.hosts().flatten()).collect();
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
    let files = surveys.iter().map(|survey| (survey.path.clone(), from_path(&survey.path))).collect();
    Names { short, files, aliases: aliases.clone() }
}

impl Names {
    /// The node of a line of `survey`'s source that names `host`.
    pub(super) fn of_host<'a>(&'a self, survey: &'a Survey, host: Option<&'a Text>) -> &'a Text {
        let named = match (&survey.node, host) {
            (Some(node), _) => node,
            (None, Some(host)) => self.aliases.get(host).unwrap_or_else(|| self.short.get(host).unwrap_or(host)),
            (None, None) => self.files.get(&survey.path).unwrap_or(&survey.path),
        };
        self.aliases.get(named).unwrap_or(named)
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
