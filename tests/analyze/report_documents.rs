//! Reports as documents: Markdown, HTML and SVG, the whole Markdown compared with a file below `tests/data/report`. `BLESS=1` rewrites
//! it; read the diff.

use crate::report_seed::{at, coverage, evidence, finding, line, seed};
use chrono_tz::Tz;
use driftline::event::Origin;
use driftline::finding::{Bound, Rival, Role, Severity, ZoneImpact};
use driftline::report::{Caveat, Group, Masterships, Node, OwnAddress, Report, Stretch, html, markdown, svg};
use std::path::Path;
use std::process::Command;

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a Vec takes all");
    String::from_utf8(out).expect("a document is UTF-8")
}

fn as_markdown(report: &Report, zone: Tz) -> String {
    written(|out| markdown::write(report, zone, out))
}

fn as_html(report: &Report, zone: Tz) -> String {
    written(|out| html::write(report, zone, out))
}

fn as_svg(report: &Report, zone: Tz) -> String {
    written(|out| svg::write(report, zone, out))
}

#[expect(clippy::disallowed_methods, reason = "a test reads what it compares with")]
fn assert_is(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/report").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).expect("the expected files can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "{name} is not as expected (BLESS=1 rewrites it); it is now:\n{actual}");
}

/// The elements of a document that is closed as XML is (HTML's void ones aside), with their attributes as written.
fn elements(document: &str) -> Vec<String> {
    const VOID: &[&str] = &["meta"];
    let (mut open, mut all) = (Vec::<&str>::new(), Vec::new());
    let mut rest = document;
    while let Some((text, tail)) = rest.split_once('<') {
        assert!(!text.contains('>') || open.last() == Some(&"style"), "a bare > in {text:?}");
        let (tag, after) = tail.split_once('>').expect("every tag ends");
        rest = after;
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}> are closed");
        if tag.starts_with('!') {
        } else if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes the last that is open");
        } else {
            all.push(tag.to_owned());
            if !tag.ends_with('/') && !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?} is never closed");
    all
}

/// `Evidence` of the page: `id="e3"` → `href="#m3"`, and back.
fn linked(elements: &[String], own: &str, other: &str) -> Vec<String> {
    let value = |element: &str, attribute: &str| {
        let after = element.split_once(&format!(" {attribute}=\""))?.1;
        Some(after.split_once('"')?.0.to_owned())
    };
    let ids: Vec<String> = elements.iter().filter_map(|element| value(element, "id")).collect();
    let targets = elements.iter().filter_map(|element| value(element, "href")?.strip_prefix('#').map(str::to_owned));
    let targets: Vec<String> = targets.filter(|target| target.starts_with(other)).collect();
    for target in &targets {
        assert!(ids.contains(target), "#{target} leads nowhere");
    }
    ids.into_iter().filter(|id| id.starts_with(own)).collect()
}

#[test]
fn seed_as_markdown() {
    assert_is("seed.md", &as_markdown(&seed(), Tz::UTC));
}

#[test]
fn nothing_found_says_what_could_have_been_seen() {
    let quiet = Report { findings: Vec::new(), ..seed() };
    assert_is("nothing.md", &as_markdown(&quiet, Tz::UTC));
    for document in [as_html(&quiet, Tz::UTC), as_svg(&quiet, Tz::UTC)] {
        elements(&document);
        assert!(document.contains("Nothing found in 16 lines of 3 sources"), "{document}");
    }
    for empty in [as_html(&Report::default(), Tz::UTC), as_svg(&Report::default(), Tz::UTC)] {
        elements(&empty);
    }
}

#[test]
fn two_writes_give_the_same_bytes() {
    assert_eq!(as_markdown(&seed(), Tz::UTC), as_markdown(&seed(), Tz::UTC));
    assert_eq!(as_html(&seed(), Tz::UTC), as_html(&seed(), Tz::UTC));
    assert_eq!(as_svg(&seed(), Tz::UTC), as_svg(&seed(), Tz::UTC));
}

#[test]
fn times_are_in_the_readers_zone() {
    for document in [as_markdown, as_html, as_svg].map(|write| write(&seed(), Tz::Europe__Zurich)) {
        assert!(document.contains("23:01:16") && document.contains("Europe/Zurich"), "{document}");
        assert!(!document.contains(" 21:01:16"), "{document}");
    }
}

#[test]
fn the_page_loads_nothing_and_tells_in_order() {
    let page = as_html(&seed(), Tz::UTC);
    let elements = elements(&page);
    assert!(!page.contains("://") && !page.contains("@import"), "an address of elsewhere");
    let loading = ["script", "link ", "img", "iframe", "object", "embed", "base", "form", "image", "use "];
    let bad: Vec<&String> = elements.iter().filter(|tag| loading.iter().any(|name| tag.starts_with(name))).collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert!(!elements.iter().any(|tag| tag.contains(" src=") || tag.contains(" on")), "nothing loaded, no handlers");
    let order = [
        "EIP DRIFT, confirmed</span>",
        "class=\"story\"",
        ">do now<",
        ">prevent<",
        ">against<",
        "<figure>",
        "<h2>Evidence",
    ];
    let order = [order.as_slice(), &["<h2>These logs could not show", "<h2>What was read"]].concat();
    let places: Vec<usize> = order.iter().map(|part| page.find(part).unwrap_or_else(|| panic!("no {part}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(
        page.contains("max-width:40rem") && page.contains("@media print") && page.contains("prefers-color-scheme:dark")
    );
}

#[test]
fn marks_lead_to_their_evidence_and_back() {
    let elements = elements(&as_html(&seed(), Tz::UTC));
    let numbers = |ids: Vec<String>| -> Vec<String> {
        let mut numbers: Vec<String> = ids.into_iter().map(|id| id[1..].to_owned()).collect();
        numbers.sort();
        numbers
    };
    let (rows, marks) = (numbers(linked(&elements, "e", "m")), numbers(linked(&elements, "m", "e")));
    assert_eq!(rows.len(), 7);
    assert_eq!(rows, marks);
}

/// dnsmaster's line before and after its two lines is not drawn as proven; dnsmaster2 was MASTER within one second.
#[test]
fn the_picture_shows_what_lines_prove() {
    let picture = as_svg(&seed(), Tz::UTC);
    let elements = elements(&picture);
    // One more of each stands in the legend (three outlines of an owner's kind).
    let bars = |class: &str| elements.iter().filter(|tag| tag.contains(&format!("dl-bar {class}\""))).count();
    let counted = ["dl-master", "dl-unseen", "dl-holder", "dl-owner", "dl-stale"].map(bars);
    assert_eq!(counted, [3, 2, 2, 4, 2]);
    for said in
        ["18.xxx.xxx.xxx is here", "18.xxx.xxx.xxx belongs here", "no line ends it", "9 d 17 h 50 min", "2020-08-18"]
    {
        assert!(picture.contains(said), "{said} is not in {picture}");
    }
    let places: Vec<usize> =
        ["dnsmaster<", "dnsmaster2<", "dnsslave<"].iter().filter_map(|name| picture.find(name)).collect();
    assert!(places.len() == 3 && places.is_sorted(), "VRRP's nodes come first: {places:?}");
}

const HOSTILE: &str = "a<script>alert(1)</script>\"'><img src=x onerror=alert(2)>]]>--><!-- [l](javascript:alert(3)) ![i](http://198.51.100.1/x) \
`````code` |cell| &amp; <https://evil.example> www.evil.example @team #1\r\nINJECTED\x1b[2J\0\u{202e}\u{200b}\u{9b}é漢\u{ffff}";

fn hostile() -> Report {
    let mut event = (*line(HOSTILE, 1, "2020-08-18T14:52:03Z", "pdns/unrecognised", HOSTILE)).clone();
    event.origin = Origin { path: HOSTILE.into(), line: Some(1), cursor: None };
    let mut later = event.clone();
    (later.origin.line, later.time) = (Some(2), at("2020-08-19T14:52:03Z"));
    later.raw = driftline::event::Text::from("x".repeat(10_000_000)).into();
    let first = evidence(Role::Primary, &event.into(), HOSTILE, HOSTILE);
    let mut told = finding("stale-serial", Severity::Warning, first, HOSTILE);
    told.add(evidence(Role::Against, &later.into(), HOSTILE, HOSTILE));
    told.story = vec![HOSTILE.into()];
    told.rivals = vec![Rival { claim: HOSTILE.into(), settled_by: HOSTILE.into() }];
    told.next_steps = vec![HOSTILE.into()];
    told.prevention = vec![HOSTILE.into()];
    told.subject.instance = Some(HOSTILE.into());
    told.subject.resource = Some(HOSTILE.into());
    told.subject.holder = Some(HOSTILE.into());
    told.subject.owner = Some("dnsmaster".into());
    told.impact = vec![ZoneImpact {
        zone: HOSTILE.into(),
        node: HOSTILE.into(),
        since: at("2020-08-18T14:52:03Z"),
        until: None,
        our_serial: Some(1),
        primary_serial: Some(2),
        failed_transfers: 0,
    }];
    let caveat = Caveat { kind: "gap", node: Some(HOSTILE.into()), text: HOSTILE.into() };
    let versions = vec![("pdns", HOSTILE.to_owned())];
    let node = Node {
        name: HOSTILE.into(),
        roles: vec!["vrrp"],
        versions,
        versions_by: vec![("keepalived", "banner")],
        addresses: vec![OwnAddress { address: HOSTILE.into(), by: "stated", since: None }],
        asks: vec![HOSTILE.into()],
    };
    let group = Group {
        name: HOSTILE.into(),
        is_sync_group: true,
        nodes: vec![HOSTILE.into()],
        is_proven: false,
        masters: vec![HOSTILE.into()],
        preferred: Some(HOSTILE.into()),
        resource: Some(HOSTILE.into()),
    };
    let proven = at("2020-08-18T14:52:03Z");
    let stretch = Stretch { since: None, since_is: Bound::Exact, proven, until: None, until_is: Bound::Exact };
    let of = |instance: &str| Masterships {
        node: HOSTILE.into(),
        instance: instance.into(),
        seen_until: None,
        stretches: vec![stretch.clone()],
    };
    let mut coverage = coverage();
    coverage.sources[0].path = HOSTILE.into();
    coverage.sources[0].node = Some(HOSTILE.into());
    Report {
        findings: vec![told],
        nodes: vec![node],
        groups: vec![group],
        caveats: vec![caveat],
        coverage,
        masterships: vec![of(HOSTILE), of("VI_1")],
    }
}

#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    let documents = [as_markdown, as_html, as_svg].map(|write| write(&hostile(), Tz::UTC));
    for document in &documents {
        let raw = document.chars().find(|c| *c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{ffff}".contains(*c)));
        assert_eq!(raw, None);
        assert!(!document.contains("\nINJECTED"));
        assert!(document.len() < 200_000, "a line of 10 MB is cut: {}", document.len());
    }
    let [markdown, html, svg] = documents;
    for document in [&html, &svg] {
        let elements = elements(document);
        let bad = ["script", "img", "https", "!--"];
        assert!(!elements.iter().any(|tag| bad.iter().any(|name| tag.starts_with(name))), "{elements:?}");
        assert!(!document.contains("]]>"));
    }
    assert_markdown_is_tame(&markdown);
}

/// Outside of fences no mark-up of the log's is left; fences are longer than what they hold.
fn assert_markdown_is_tame(document: &str) {
    let (mut fence, mut fenced): (Option<&str>, bool) = (None, false);
    for line in document.lines() {
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => {
                fence = line.strip_suffix("text");
                let expected = if document.contains("`````code") && !fenced { "``````" } else { "```" };
                assert_eq!(fence, Some(expected), "one more than the five inside");
                fenced = true;
            }
            None => {
                for (at, _) in line.match_indices("](") {
                    assert!(line[..at].ends_with('\\'), "a link in {line:?}");
                }
                let tame = line.replace("<!-- -->", "");
                assert!(!tame.contains('<'), "HTML in {line:?}");
                assert!(
                    !line.contains("://") && !line.contains("www.") && !line.contains("@team"),
                    "a link in {line:?}"
                );
                assert!(!tame.replace("\\`", "").contains('`'), "code in {line:?}");
                if line.starts_with("| ") {
                    assert_eq!(line.replace("\\|", "").matches('|').count(), 6, "cells of {line:?}");
                }
            }
        }
    }
    assert_eq!(fence, None, "every fence is closed");
}

#[test]
fn many_findings_are_told_one_by_one() {
    let mut report = seed();
    for number in 1..=20 {
        let event = line("dnsslave", number, "2020-08-18T15:18:54Z", "pdns/notify-not-master", "Received NOTIFY");
        let first = evidence(Role::Primary, &event, "NOTIFY: not a master", "192.0.2.7 is not a master of the zone.");
        report.findings.push(finding("notify-from-non-master", Severity::Warning, first, "a stranger's NOTIFY"));
    }
    let elements = elements(&as_html(&report, Tz::UTC));
    let ids: Vec<String> = linked(&elements, "", "");
    assert_eq!(ids.iter().filter(|id| id.starts_with('m')).count(), 7 + 11, "twelve pictures");
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    // The patterns of the picture come once.
    assert_eq!(distinct.len(), ids.len(), "no id twice: {ids:?}");
    assert!(as_svg(&report, Tz::UTC).contains("9 more findings are not drawn."));
    assert!(
        as_markdown(&report, Tz::UTC).starts_with("21 findings, told one by one below:\n\n- critical: **EIP DRIFT")
    );
}

#[test]
fn a_flood_does_not_widen_the_picture_without_end() {
    let event = |number: u64| {
        let stamp = format!("2020-08-18T{:02}:{:02}:{:02}Z", number / 3600, number / 60 % 60, number % 60);
        line("dnsslave", number, &stamp, "pdns/notify-not-master", "Received NOTIFY")
    };
    let mut flood =
        finding("notify-from-non-master", Severity::Warning, evidence(Role::Primary, &event(1), "0", "."), "");
    for number in 2..=1000 {
        flood.add(evidence(Role::Supporting, &event(number), &format!("NOTIFY {number}"), "Again."));
    }
    let report = Report { findings: vec![flood], ..Report::default() };
    for document in [as_html(&report, Tz::UTC), as_markdown(&report, Tz::UTC)] {
        assert!(document.contains("more rows among these not shown: --format json has them"));
    }
    assert_eq!(linked(&elements(&as_html(&report, Tz::UTC)), "m", "").len(), 60, "no link leads nowhere");
    let picture = as_svg(&report, Tz::UTC);
    assert!(picture.contains("940 more marks are not drawn."));
    let width: i64 = picture.split("width=\"").nth(1).and_then(|tail| tail.split('"').next()?.parse().ok()).unwrap();
    assert!(width < 5_000, "{width}");
}

/// The whole way, from logs to documents: the picture has the masterships that no finding carries.
#[test]
fn the_command_writes_all_three() {
    let document = |format: &str| {
        let words = ["analyze", "samples/seed-incident", "--format", format];
        let output = Command::new(env!("CARGO_BIN_EXE_driftline")).args(words).output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a document is UTF-8")
    };
    assert!(document("markdown").starts_with("## EIP DRIFT, confirmed · 18.xxx.xxx.xxx was on dnsmaster2"));
    assert!(elements(&document("html")).iter().any(|tag| tag.starts_with("svg class=\"dl-picture dl-body\"")));
    let picture = elements(&document("svg"));
    assert_eq!(picture.iter().filter(|tag| tag.contains("dl-bar dl-master\"")).count(), 3, "two nodes and the legend");
}

/// What a browser makes of the page: the same elements, none of them the log's. Only where Chromium is installed.
#[test]
#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
fn a_browser_finds_no_element_of_the_logs() {
    let place = std::env::temp_dir().join(format!("driftline-page-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a test has a place");
    let file = place.join("page.html");
    std::fs::write(&file, as_html(&hostile(), Tz::UTC)).expect("a test writes to its own directory");
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    browser.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"]);
    browser.arg(format!("--user-data-dir={}", place.join("profile").display()));
    let output = browser.arg(format!("file://{}", file.display())).output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => {
            eprintln!("SKIPPED: chromium did not run: {}", String::from_utf8_lossy(&output.stderr));
            return;
        }
        Err(error) => {
            eprintln!("SKIPPED: no chromium to look at the page with: {error}");
            return;
        }
    };
    let dom = String::from_utf8(output.stdout).expect("a DOM is UTF-8");
    for bad in ["<script", "<img", "<https", "onerror=\"", "\" onerror"] {
        assert!(!dom.contains(bad), "{bad} in {dom}");
    }
    assert_eq!(dom.matches("<tr id=\"e").count(), 2);
    assert!(dom.contains("alert(1)&lt;/script&gt;"), "the text is there as text");
    std::fs::remove_dir_all(&place).expect("the place can be removed");
}
