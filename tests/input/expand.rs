//! SOURCE words → sources, over directories made for each test.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use driftline::input::{Error, Expanded, expand};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A directory that is gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("driftline-{name}-{}", std::process::id()));
        let _absent = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "Nov 23 02:12:33 ns1 pdns_server[304]: up\n").unwrap();
        self
    }

    fn word(&self, name: &str) -> OsString {
        self.0.join(name).into_os_string()
    }

    /// `path` or `node=path` of each source, without the scratch directory.
    fn shown(&self, expanded: &Expanded) -> Vec<String> {
        let strip = |path: &str| path.replace(&format!("{}/", self.0.display()), "");
        let show =
            |node: &str, path: &str| if node.is_empty() { strip(path) } else { format!("{node}={}", strip(path)) };
        let node = |node: &Option<driftline::event::Text>| node.as_deref().unwrap_or_default().to_owned();
        expanded.sources.iter().map(|source| show(&node(&source.node), &source.path)).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn prefixed(prefix: &str, word: OsString) -> OsString {
    let mut prefixed = OsString::from(prefix);
    prefixed.push(word);
    prefixed
}

#[test]
fn a_directory_is_its_logs_in_the_order_of_their_paths() {
    let scratch = Scratch::new("directory");
    for name in
        ["d/b.log", "d/a/z.log", "d/a.log", "d/.hidden", "d/.git/x.log", "d/README", "d/README.md", "d/readme.log"]
    {
        scratch.file(name);
    }
    scratch.file("d/expected.toml").file("d/ABOUT.md").file("d/about.log");
    let expanded = expand(&[scratch.word("d")]);
    assert_eq!(scratch.shown(&expanded), ["d/a/z.log", "d/a.log", "d/about.log", "d/b.log", "d/readme.log"]);
    assert!(expanded.errors.is_empty());
    assert!(expanded.sources.iter().all(|source| source.found_in_directory));
}

#[test]
fn links_do_not_loop_and_double_nothing() {
    let scratch = Scratch::new("links");
    scratch.file("d/1/real.log").file("elsewhere/far.log");
    symlink("..", scratch.0.join("d/1/loop")).unwrap();
    symlink("1/real.log", scratch.0.join("d/0-current.log")).unwrap();
    symlink("nowhere", scratch.0.join("d/dangling.log")).unwrap();
    symlink("../elsewhere", scratch.0.join("d/far")).unwrap();
    let expanded = expand(&[scratch.word("d")]);
    assert_eq!(scratch.shown(&expanded), ["d/1/real.log", "d/far/far.log"]);
    assert!(expanded.errors.is_empty());
}

#[test]
fn what_exists_is_a_path_and_a_node_names_all_below_it() {
    let scratch = Scratch::new("nodes");
    scratch.file("ns1=old.log").file("d/a.log").file("d/b.log").file("a=b/c.log");
    let expanded = expand(&[
        scratch.word("ns1=old.log"),
        prefixed("ns2=", scratch.word("d")),
        prefixed("ns3=", scratch.word("a=b/c.log")),
        "-".into(),
        "ns4=-".into(),
    ]);
    assert_eq!(
        scratch.shown(&expanded),
        ["ns1=old.log", "ns2=d/a.log", "ns2=d/b.log", "ns3=a=b/c.log", "-", "ns4=-"].map(str::to_owned)
    );
    assert!(expanded.errors.is_empty());
    assert_eq!(expanded.sources[0].node, None);
}

#[test]
fn what_is_missing_stands_beside_what_is_fine() {
    let scratch = Scratch::new("missing");
    scratch.file("a.log");
    let words = [
        scratch.word("absent.log"),
        scratch.word("a.log"),
        prefixed("ns1=", scratch.word("gone")),
        scratch.word("x=y/z"),
        "=".into(),
    ];
    let expanded = expand(&words);
    assert_eq!(scratch.shown(&expanded), ["a.log"]);
    let missing: Vec<_> =
        expanded.errors.iter().map(|error| error.path().rsplit('/').next().unwrap_or_default()).collect();
    assert_eq!(missing, ["absent.log", "gone", "z", "="]);
    assert!(expanded.errors.iter().all(|error| matches!(error, Error::Missing { .. })));
}

#[test]
fn a_file_named_and_found_is_read_once_as_named() {
    let scratch = Scratch::new("twice");
    scratch.file("d/a.log").file("d/b.log");
    let a = scratch.word("d/a.log");
    let words = [scratch.word("d"), prefixed("ns1=", a.clone()), prefixed("ns1=", a.clone()), prefixed("ns2=", a)];
    assert_eq!(scratch.shown(&expand(&words)), ["d/b.log", "ns1=d/a.log", "ns2=d/a.log"]);
}

#[test]
fn an_empty_directory_has_no_sources() {
    let scratch = Scratch::new("empty");
    let expanded = expand(&[scratch.0.clone().into_os_string()]);
    assert!(expanded.sources.is_empty() && expanded.errors.is_empty());
    assert!(Path::new(&scratch.0).is_dir());
}
