//! The direction of imports: which room may know which. ARCHITECTURE.md has the map.
//!
//! ```text
//! bytes → Record → Event → Timeline → World → Finding → Report → bytes
//!         input    catalogue timeline   world   detect    report
//! ```

use crate::common::{entries, text};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A room and the paths below `crate::` that it may name, itself aside. `event::Text` allows that one name of `event`.
const ALLOWED: &[(&str, &[&str])] = &[
    // The types at the borders.
    ("moment", &[]),
    ("parallel", &[]),
    ("version", &[]),
    ("record", &["moment"]),
    ("event", &["moment"]),
    ("finding", &["event", "moment"]),
    // The rooms, in the order in which a line passes through them.
    ("input", &["record", "moment", "event::Text"]),
    ("catalogue", &["event", "version"]),
    ("timeline", &["event", "moment", "record", "version", "report::Caveat"]),
    ("world", &["event", "moment", "version", "timeline::Presence"]),
    ("detect", &["event", "moment", "version", "finding", "parallel", "world"]),
    ("report", &["record::place_of", "parallel", "event", "finding", "moment", "version"]),
    // What joins them.
    (
        "pipeline",
        &[
            "record",
            "event",
            "moment",
            "parallel",
            "version",
            "finding",
            "input",
            "catalogue",
            "timeline",
            "world",
            "detect",
            "report",
        ],
    ),
    (
        "follow",
        &["record", "moment::Precision", "event::Text", "event::Daemon", "finding", "input", "report", "pipeline"],
    ),
    ("redact", &["record", "event", "moment", "catalogue", "pipeline"]),
    ("check", &["record", "event", "moment", "finding", "input", "catalogue", "detect::RULES", "report", "pipeline"]),
    (
        "cli",
        &[
            "record",
            "event",
            "moment",
            "version",
            "finding",
            "input",
            "catalogue",
            "timeline",
            "world",
            "detect",
            "report",
            "pipeline",
            "check",
            "follow",
            "redact",
        ],
    ),
    (
        "lib",
        &[
            "record",
            "event",
            "moment",
            "version",
            "finding",
            "input",
            "catalogue",
            "timeline",
            "world",
            "detect",
            "report",
            "pipeline",
            "check",
            "follow",
            "redact",
            "cli",
        ],
    ),
    ("main", &[]),
];

fn sources(directory: &Path) -> Vec<PathBuf> {
    let below = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries(directory)
        .into_iter()
        .flat_map(below)
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix("src").expect("a source is below src/");
    let first = inside.components().next().expect("a path has a first part");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The code without its comments: docs may speak of any room.
fn code(source: &str) -> String {
    source
        .lines()
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every path below `crate::` or `driftline::` that the code names, braces expanded.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for root in ["crate::", "driftline::"] {
        for (at, _) in code.match_indices(root) {
            let is_path_start =
                !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':');
            if is_path_start {
                expand("", &code[at + root.len()..], &mut found);
            }
        }
    }
    found
}

/// Reads one path (`a::b`, `a::{b, c::d}`) and returns what follows it.
fn expand<'a>(prefix: &str, rest: &'a str, found: &mut BTreeSet<String>) -> &'a str {
    if let Some(mut inner) = rest.strip_prefix('{') {
        loop {
            inner = inner.trim_start();
            if let Some(after) = inner.strip_prefix('}') {
                return after;
            }
            let before = inner.len();
            inner = expand(prefix, inner, found).trim_start();
            inner = inner.strip_prefix(',').unwrap_or(inner);
            assert!(inner.len() < before, "cannot read the path near {:?}", &inner[..inner.len().min(40)]);
        }
    }
    let end =
        rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '*').unwrap_or(rest.len());
    let path = if prefix.is_empty() { rest[..end].to_owned() } else { format!("{prefix}::{}", &rest[..end]) };
    match rest[end..].strip_prefix("::") {
        Some(after) if !after.starts_with('<') => expand(&path, after, found),
        _ => {
            found.insert(path);
            &rest[end..]
        }
    }
}

fn is_allowed(path: &str, room: &str, allowed: &[&str]) -> bool {
    let is_below = |known: &str| path == known || path.strip_prefix(known).is_some_and(|rest| rest.starts_with("::"));
    is_below(room) || allowed.iter().any(|known| is_below(known))
}

#[test]
fn rooms_import_only_what_the_arrow_allows() {
    let mut wrong = Vec::new();
    for path in sources(Path::new("src")) {
        let room = room(&path);
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == room) else {
            wrong.push(format!("{}: the room {room} is not in the table; say what it may know", path.display()));
            continue;
        };
        if room == "main" {
            continue;
        }
        for name in named(&code(&text(&path))) {
            if !is_allowed(&name, &room, allowed) {
                wrong.push(format!("{}: {room} may not know {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the arrow:\n{}", wrong.join("\n"));
}

#[test]
fn paths_are_read_with_their_braces() {
    let code = "use crate::event::{Event, Text};\nuse crate::{finding::Finding, world::{self, World}};\nlet x = crate::report::visible(y);";
    let expected =
        ["event::Event", "event::Text", "finding::Finding", "report::visible", "world::World", "world::self"];
    assert_eq!(named(code).into_iter().collect::<Vec<_>>(), expected);
    assert!(!is_allowed("event::Event", "input", &["event::Text"]));
    assert!(is_allowed("event::Text", "input", &["event::Text"]));
    assert!(!is_allowed("eventful", "input", &["event"]));
}

/// `main.rs` turns a result into an exit code, and knows nothing but the command line.
#[test]
fn main_calls_the_command_line_only() {
    let names = named(&code(&text(Path::new("src/main.rs"))));
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["cli::run"]);
}

/// What a room must not even mention: the rules know no text formats, files or clocks; the report opens nothing.
#[test]
fn rooms_inside_touch_no_outside() {
    const OUTSIDE: &[&str] =
        &["std::fs", "std::env", "std::net", "std::process", "std::thread", "SystemTime", "Utc::now", "Local::now"];
    let mut wrong = Vec::new();
    for room in ["catalogue", "timeline", "world", "detect", "report", "check", "redact"] {
        for path in sources(&Path::new("src").join(room)) {
            let code = code(&text(&path));
            wrong.extend(
                OUTSIDE.iter().filter(|word| code.contains(**word)).map(|word| format!("{}: {word}", path.display())),
            );
            if room == "detect" && ["regex::", "memchr::", "chrono::"].iter().any(|word| code.contains(word)) {
                wrong.push(format!("{}: a rule knows no text and no calendar", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "rooms that reach outside:\n{}", wrong.join("\n"));
}
