use super::{Limits, Live, Mark, Reached, SettingsFile, Stored};
use crate::event::Text;
use crate::finding::Finding;
use crate::input::{self, Source};
use crate::pipeline::kept::Kept;
use crate::pipeline::{Options, analyze, interest, read_unwrapped};
use crate::report::{Caveat, Report, json};
use proptest::prelude::*;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The samples' cases: all directories that hold an `expected.toml`.
fn cases(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        // What a cloud tells is no log that grows.
        let has_document = std::fs::read_dir(&path)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.path().extension().is_some_and(|extension| extension == "json"));
        if path.join("expected.toml").is_file() && !has_document {
            found.push(path.clone());
        }
        if path.is_dir() {
            found.extend(cases(&path));
        }
    }
    found.sort();
    found
}

fn told(report: &Report) -> String {
    let mut bytes = Vec::new();
    json::write(report, &mut bytes).expect("a vector takes all");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// A source's records, and what is known of it at its end.
struct Replay {
    path: Text,
    records: Vec<Kept>,
    reached: Reached,
}

fn replay(source: &Source) -> Option<Replay> {
    let mut records = Vec::new();
    let interest = interest(&Options::default().patterns);
    let summary = input::read(source, &interest, &mut |record| records.push(Kept::whole(record))).ok()?;
    let input::Summary { format, covers, lines, first, last, modified, .. } = summary;
    let reached = Reached { format, covers, lines, first, last, modified };
    Some(Replay { path: source.path.clone(), records, reached })
}

/// A case, its logs line by line, and configuration files of its nodes beside them.
struct Case {
    path: PathBuf,
    replays: Vec<Replay>,
    settings: Vec<SettingsFile>,
    /// What `analyze` says of both.
    batch: String,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    cases(&samples).into_iter().map(Case::read).collect()
});

impl Case {
    fn read(path: PathBuf) -> Self {
        let home = tempfile::tempdir().expect("a directory can be made");
        let mut sources = sources_of(&[path.clone().into()]);
        write_settings(home.path(), &analyze(&sources, &Options::default(), 1).report);
        let files = sources_of(&[home.path().into()]);
        let read = |file| SettingsFile::read(file).expect("it can be read").expect("it is a configuration");
        let settings = files.iter().map(read).collect();
        let replays = sources.iter().filter_map(replay).collect();
        sources.extend(files);
        let batch = told(&analyze(&sources, &Options::default(), 1).report);
        Self { path, replays, settings, batch }
    }
}

/// The sources that hold something.
fn sources_of(words: &[OsString]) -> Vec<Source> {
    let mut sources = input::expand(words).sources;
    sources.retain(|source| read_unwrapped(source, &interest(&Options::default().patterns), &mut |_| {}).is_ok());
    sources
}

/// Files that explain a drift, contradict the lines, or are nobody's.
fn write_settings(home: &Path, report: &Report) {
    let write = |name: String, text: String| std::fs::write(home.join(name), text).expect("it can be written");
    for (at, held) in report.masterships.iter().enumerate() {
        let rx = if at % 2 == 0 { "notify_master_rx_lower_pri /x.sh" } else { "nopreempt" };
        let (instance, id) = (&held.instance, 51 + at);
        let text = format!(
            "vrrp_instance {instance} {{\nstate MASTER\nvirtual_router_id {id}\npriority 7\nnotify_master /x.sh\n{rx}\n}}\n"
        );
        write(format!("{}.{at}.keepalived.conf", held.node), text);
    }
    for node in &report.nodes {
        write(format!("{}.pdns.conf", node.name), "launch=bind\nallow-axfr-ips=192.0.2.77\n".to_owned());
    }
    write("stray.conf".to_owned(), "vrrp_instance VI_1 {\npriority 1\n}\n".to_owned());
}

/// Feeds all records in order of time, forgetting early, and asks in between. Says too how many lines are kept in the end.
fn fed_in_order(Case { replays, settings, .. }: &Case, limits: Limits, asks: bool) -> (Report, usize) {
    let sources: Vec<(Text, Option<Text>)> = replays.iter().map(|replay| (replay.path.clone(), None)).collect();
    let mut live = Live { limits, forget_at: limits.few, ..Live::new(Options::default(), &sources) };
    live.put_beside(settings);
    let mut all: Vec<(&Replay, usize)> =
        replays.iter().flat_map(|replay| (0..replay.records.len()).map(move |at| (replay, at))).collect();
    all.sort_by_key(|(replay, at)| replay.records[*at].stamp.map(|stamp| stamp.written));
    for (count, (replay, at)) in all.into_iter().enumerate() {
        if asks && count % 40 == 0 {
            let _ = live.report(Some(0));
        }
        let index = live.index_of(&replay.path).expect("it is one of the sources");
        live.take(index, &replay.records[at].borrowed());
    }
    for replay in replays {
        let index = live.index_of(&replay.path).expect("it is one of the sources");
        live.end(index);
        live.reached(index, replay.reached);
    }
    let kept = live.kept;
    (live.report(None), kept)
}

/// What is forgotten changes nothing, and much of an ordinary day is forgotten.
#[test]
fn forgetting_changes_no_report() {
    let mut forgotten = 0;
    for case in &*CASES {
        let forgetting_at = |few| Limits { few, ..Limits::default() };
        let (_, all) = fed_in_order(case, forgetting_at(4000), false);
        for (few, asks) in [(5, false), (25, true), (100, true)] {
            let (report, kept) = fed_in_order(case, forgetting_at(few), asks);
            assert_eq!(told(&report), case.batch, "{} {few}", case.path.display());
            forgotten += all - kept;
        }
    }
    assert!(forgotten > 100, "{forgotten}");
}

/// The seed incident, and between cause and symptom a flood of lines in one node's log.
fn flooded(file: &str, line: impl Fn(u32) -> String) -> (tempfile::TempDir, Case) {
    let home = tempfile::tempdir().expect("a directory can be made");
    for (name, log) in [
        ("dnsmaster.log", include_str!("../../../samples/seed-incident/dnsmaster.log")),
        ("dnsmaster2.log", include_str!("../../../samples/seed-incident/dnsmaster2.log")),
        ("dnsslave.log", include_str!("../../../samples/seed-incident/dnsslave.log")),
    ] {
        let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
        if name == file {
            let at = lines.partition_point(|line| line.as_str() < "Aug 10");
            let flood = (0..2_000u32).map(|number| {
                let (hour, minute, second) = (number / 360, number / 6 % 60, number % 6 * 10);
                format!("Aug 10 {hour:02}:{minute:02}:{second:02} {}", line(number))
            });
            lines.splice(at..at, flood);
        }
        std::fs::write(home.path().join(name), lines.join("\n") + "\n").expect("it can be written");
    }
    let case = Case::read(home.path().to_owned());
    (home, case)
}

fn drift(report: &Report) -> &Finding {
    let mut drifts = report.findings.iter().filter(|finding| finding.rule == "eip-drift");
    drifts.next().expect("a drift is found")
}

/// Where lines say the same again and again, a few of them stand for all, and nothing else need go for them.
#[test]
fn a_flood_of_like_lines_is_counted_and_takes_nothings_place() {
    let (_home, case) = flooded("dnsslave.log", |number| {
        let (zone, sender) = (number % 7, number % 5);
        format!(
            "dnsslave pdns_server[30549]: Received NOTIFY for example{zone}.org from 203.0.113.{sender} which is not a master"
        )
    });
    let (report, kept) = fed_in_order(&case, Limits { few: 50, most: 600 }, true);
    assert!(kept < 450, "{kept}");
    assert_eq!(told(&report), case.batch);
}

/// Where a stranger makes up a name for each, or each may be the one that matters, the flood's own lines make room for it.
#[test]
fn a_flood_that_cannot_be_counted_drowns_no_drift() {
    let refused_notifies = flooded("dnsslave.log", |number| {
        format!(
            "dnsslave pdns_server[30549]: Received NOTIFY for example{number}.org from 203.0.113.7 which is not a master"
        )
    });
    let refused_adverts = flooded("dnsmaster2.log", |_| {
        "dnsmaster2 Keepalived_vrrp[876]: VRRP_Instance(VI_1) Dropping received VRRP packet...".to_owned()
    });
    for (_home, case) in [refused_notifies, refused_adverts] {
        let (report, kept) = fed_in_order(&case, Limits { few: 50, most: 600 }, true);
        assert!(kept <= 600, "{kept}");
        let is_limit = |caveat: &&Caveat| caveat.kind == "limit";
        let caveat = report.caveats.iter().find(is_limit).expect("what is no longer known is said");
        assert!(caveat.text.contains("more than 600 lines mattered at once"), "{}", caveat.text);
        let whole = analyze(&sources_of(&[case.path.clone().into()]), &Options::default(), 1).report;
        let (live, batch) = (drift(&report), drift(&whole));
        assert_eq!((&live.id, &live.claim, live.confidence), (&batch.id, &batch.claim, batch.confidence));
        assert_eq!((live.since, live.until), (batch.since, batch.until));
        let of_flood = |report: &Report| -> Vec<String> {
            let is_of_flood =
                |finding: &&Finding| ["advert-mismatch", "notify-from-non-master"].contains(&finding.rule);
            report.findings.iter().filter(is_of_flood).map(|finding| finding.id.clone()).collect()
        };
        assert_eq!(of_flood(&report), of_flood(&whole));
    }
}

/// Lines that come in order do not make another world: the events of the one before are those of the next.
#[test]
fn a_world_goes_on_until_a_line_comes_late() {
    let line = |second: u32| {
        format!("2020-08-08T21:01:{second:02}+00:00 ns1 Keepalived_vrrp[7]: (VI_1) Entering BACKUP STATE")
    };
    let path = Text::from("ns1.log");
    let mut live = Live::new(Options::default(), &[(path.clone(), None)]);
    let take = |live: &mut Live, second: u32| {
        let file = tempfile::NamedTempFile::new().expect("a file can be made");
        std::fs::write(file.path(), line(second)).expect("it can be written");
        let sources = sources_of(&[file.path().into()]);
        for record in &replay(&sources[0]).expect("it is a log").records {
            live.take(0, &record.borrowed());
        }
        live.rest(0);
        let _ = live.report(Some(0));
        let first = &live.grown.as_ref().expect("it can go on").seen[0];
        (first.time.micros, first.event.clone())
    };
    let first = take(&mut live, 5);
    let second = take(&mut live, 6);
    assert!(first.0 == second.0 && first.1.ptr_eq(&second.1));
    let late = take(&mut live, 2);
    assert!(late.0 < first.0);
    assert_eq!(first.1.strong_count(), 0, "the world before is gone");
}

/// What happens between two turns.
#[derive(Debug, Clone, Copy)]
enum Between {
    Nothing,
    /// A question, and the world it was put to goes on.
    Question,
    /// A state is written that goes on with the one before.
    Save,
    /// It is killed and restored.
    Kill,
}

const BETWEEN: [Between; 4] = [Between::Nothing, Between::Question, Between::Save, Between::Kill];

/// Feeds all records, the sources in turns of random length.
fn fed(Case { replays, settings, .. }: &Case, turns: &[usize], between: &[Between]) -> Report {
    let sources: Vec<(Text, Option<Text>)> = replays.iter().map(|replay| (replay.path.clone(), None)).collect();
    let mut live = Live::new(Options::default(), &sources);
    live.put_beside(settings);
    let mut next = vec![0; replays.len()];
    let mut saved: Option<(Stored, Mark)> = None;
    for at in 0.. {
        let turn = turns[at % turns.len()];
        for (replay, next) in replays.iter().zip(&mut next) {
            let index = live.index_of(&replay.path).expect("it is one of the sources");
            for record in replay.records.iter().skip(*next).take(turn) {
                live.take(index, &record.borrowed());
            }
            *next += turn;
            live.rest(index);
        }
        let between = between[at % between.len()];
        if matches!(between, Between::Question) {
            let _ = live.report(Some(0));
        }
        if matches!(between, Between::Save | Between::Kill) {
            let earlier = saved.take();
            let (now, mark) = live.store(earlier.as_ref().map(|(_, mark)| mark));
            let whole = match earlier {
                Some((before, _)) if now.goes_on() => now.behind(before),
                Some(_) | None => now,
            };
            saved = Some((whole, mark));
        }
        if let Between::Kill = between
            && let Some((whole, _)) = saved.take()
        {
            let bytes = postcard::to_stdvec(&whole).expect("all of it has a form");
            live = Live::new(Options::default(), &sources);
            live.put_beside(settings);
            let restored = live.restore(postcard::from_bytes(&bytes).expect("the same form")).expect("known kinds");
            assert_eq!(restored.len(), sources.len());
        }
        if replays.iter().zip(&next).all(|(replay, next)| *next >= replay.records.len()) {
            break;
        }
    }
    for replay in replays {
        let index = live.index_of(&replay.path).expect("it is one of the sources");
        live.end(index);
        live.reached(index, replay.reached);
    }
    live.report(None)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    /// However the lines come in, and however often it is asked and killed in between, the report is that of `analyze`.
    #[test]
    fn live_equals_batch(
        turns in prop::collection::vec(1usize..60, 1..6),
        between in prop::collection::vec(prop::sample::select(BETWEEN.to_vec()), 1..6),
    ) {
        prop_assert!(CASES.len() > 10);
        for case in &*CASES {
            prop_assert_eq!(told(&fed(case, &turns, &between)), &*case.batch, "{}", case.path.display());
        }
    }
}
