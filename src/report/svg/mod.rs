//! The picture: a lane per node, when it was MASTER, where the address was, which zones were behind, and a mark for every line of
//! evidence, numbered like the references. It shows what the report says and concludes nothing.
//!
//! **Invariant:** shapes and words carry the meaning; colours repeat it.

mod axis;
mod draw;
mod scene;

use super::markup::Markup;
use super::told::{Part, Told};
use super::words::{self, columns, visible, wrap};
use super::{Report, quiet};
use crate::finding::Role;
use chrono_tz::Tz;
use draw::{Picture, class, glyph, outline};
use scene::{Edge, Kind, Scene};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Width of a letter in the small type of the picture, rounded up.
const LETTER: i64 = 7;
/// Blocks drawn in one file; the others are counted.
pub(super) const PICTURES_MAX: usize = 12;
/// Around everything in a file of its own.
const EDGE: i64 = 16;
const LINE: i64 = 18;

/// Colours as variables, for light and dark; shared with the HTML page.
pub(super) const COLOURS: &str = ":root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d0d7de;--lane:#f6f8fa;\
--odd:#eef1f4;--master:#1f5fae;--on:#fff;--address:#9a5b00;--address-soft:#f4dcae;--stale:#b3261e;--stale-soft:#f6d5d2;--link:#0b57b0}\
@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ed;--soft:#a3acb8;--rule:#3a424c;--lane:#1b1f25;--odd:#20262d;\
--master:#6ea8f0;--on:#0d1420;--address:#eab15a;--address-soft:#4b3714;--stale:#ff8f85;--stale-soft:#51211d;--link:#86b6f7}}";

/// How the picture's parts look; shared with the HTML page.
pub(super) const STYLE: &str = ".dl-picture{font:11px/1.2 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',Arial,sans-serif}\
.dl-picture text{fill:var(--ink)}.dl-paper{fill:var(--paper)}.dl-lane{fill:var(--lane)}.dl-lane.dl-odd{fill:var(--odd)}\
.dl-picture .dl-name{font-size:13px;font-weight:600}.dl-picture .dl-soft,.dl-picture .dl-clock,.dl-picture .dl-gap{fill:var(--soft)}\
.dl-clock,.dl-gap,.dl-date,.dl-number{text-anchor:middle}.dl-date{font-weight:600}.dl-gap{font-style:italic}\
.dl-tick{stroke:var(--rule);stroke-dasharray:2 3}.dl-faint{opacity:.5}.dl-cut{fill:none;stroke:var(--soft)}\
.dl-bar{stroke-width:1.5}.dl-master{fill:var(--master);stroke:var(--master)}\
.dl-unseen{fill:none;stroke:var(--master);stroke-dasharray:4 3}.dl-holder{fill:url(#dl-stripes);stroke:var(--address)}\
.dl-owner{fill:none;stroke:var(--address);stroke-dasharray:4 3}.dl-stale{fill:url(#dl-dots);stroke:var(--stale)}\
.dl-picture .dl-label{paint-order:stroke;stroke:var(--lane);stroke-width:4px;stroke-linejoin:round}\
.dl-picture .dl-master-text{fill:var(--on);stroke:none}.dl-end{text-anchor:end}\
.dl-repeated{fill:none;stroke:var(--ink)}.dl-mark{stroke:var(--ink);stroke-width:1.5}.dl-primary,.dl-repair{fill:var(--ink)}.dl-supporting,.dl-against{fill:var(--paper)}\
.dl-picture .dl-number{font-size:10px;font-weight:600}.dl-picture .dl-primary-number,.dl-picture .dl-repair-number{fill:var(--paper)}\
.dl-picture .dl-verdict{font-size:15px;font-weight:700}.dl-picture .dl-told{font-size:12px}.dl-picture a{cursor:pointer}\
.dl-picture a:hover .dl-mark,.dl-picture a:focus .dl-mark{stroke:var(--link);stroke-width:3}";

/// Fills that differ without colour.
pub(super) const PATTERNS: &str = "<defs><pattern id=\"dl-stripes\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
patternTransform=\"rotate(45)\"><rect width=\"8\" height=\"8\" style=\"fill:var(--address-soft)\"/><rect width=\"2\" height=\"8\" \
style=\"fill:var(--address)\"/></pattern><pattern id=\"dl-dots\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect \
width=\"6\" height=\"6\" style=\"fill:var(--stale-soft)\"/><circle cx=\"2\" cy=\"2\" r=\"1\" style=\"fill:var(--stale)\"/></pattern></defs>";

/// Writes the picture alone: one for each block of the report, below each other.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report, zone: Tz, out: &mut dyn Write) -> io::Result<()> {
    let told = Told::new(report, zone);
    let mut sheet = Sheet { body: Markup::default(), width: 480, y: EDGE };
    let pictures: Vec<(&Part<'_>, Scene<'_>, Picture)> = told
        .parts
        .iter()
        .take(PICTURES_MAX)
        .map(|part| {
            let scene = Scene::new(part, &report.masterships);
            let picture = draw::draw(&scene, zone, "", false);
            (part, scene, picture)
        })
        .collect();
    let widest = pictures.iter().map(|(_, _, picture)| picture.width).max().unwrap_or(0);
    sheet.width = sheet.width.max(widest + 2 * EDGE);
    if told.parts.is_empty() {
        sheet.lines("dl-verdict", &quiet::nothing_in(report, zone), 9, EDGE);
    }
    for (part, scene, picture) in &pictures {
        sheet.verdict(part);
        sheet.picture(picture);
        sheet.list(part, scene, zone);
    }
    if !pictures.is_empty() {
        sheet.legend();
    }
    let more = told.parts.len().saturating_sub(PICTURES_MAX);
    if more > 0 {
        sheet.lines(
            "dl-told",
            &format!("{} not drawn.", words::count(more, "more finding is", "more findings are")),
            LETTER,
            EDGE,
        );
    }
    out.write_all(sheet.into_text().as_bytes())
}

/// The picture of one block, to stand in the HTML page.
#[derive(Default)]
pub(super) struct Inline {
    /// The names (which stay in sight) and beside them what moves.
    pub(super) drawn: Markup,
    /// Numbers that have a mark.
    pub(super) marks: BTreeSet<usize>,
    pub(super) left_out: Vec<String>,
}

/// `prefix` makes the anchors unique where there are several pictures.
pub(super) fn inline(part: &Part<'_>, report: &Report, zone: Tz, prefix: &str) -> Inline {
    let scene = Scene::new(part, &report.masterships);
    let Picture { gutter, body, names, width, height } = draw::draw(&scene, zone, prefix, true);
    let across = width - names;
    let mut pair = Markup::default();
    pair.put(format_args!("<div class=\"scroll picture\" tabindex=\"0\" style=\"--width:{width}\">"));
    pair.put(format_args!("<svg class=\"dl-picture dl-gutter\" width=\"{names}\" height=\"{height}\" viewBox=\"0 0 {names} {height}\" aria-hidden=\"true\">"));
    pair.append(&gutter).raw("</svg>");
    pair.put(format_args!("<svg class=\"dl-picture dl-body\" width=\"{across}\" height=\"{height}\" viewBox=\"{names} 0 {across} {height}\" role=\"group\" aria-label=\""));
    pair.text(&format!("{}: a lane for each node, a mark for each line of evidence", part.verdict)).raw("\">");
    pair.append(&body).raw("</svg></div>");
    let marks = scene.lanes.iter().flat_map(|lane| &lane.marks).map(|mark| mark.number).collect();
    Inline { drawn: pair, marks, left_out: scene.left_out }
}

/// What the legend explains: a shape in a box of 30 × 22, and its words.
pub(super) fn legend() -> Vec<(Markup, &'static str)> {
    let bar = |kind, edges| {
        let mut shape = Markup::default();
        shape.put(format_args!("<path class=\"dl-bar {}\" d=\"{}\"/>", class(kind), outline((2, 28), 2, edges)));
        shape
    };
    let mark = |role| {
        let mut shape = Markup::default();
        glyph(role, 15, 11, &mut shape);
        shape
    };
    let exact = (Edge::Exact, Edge::Exact);
    vec![
        (bar(Kind::Master, exact), "MASTER, proven by lines"),
        (bar(Kind::MasterUnseen, (Edge::Exact, Edge::Open)), "MASTER as far as lines tell"),
        (bar(Kind::Holder, exact), "where the address was"),
        (bar(Kind::Owner, exact), "where it belonged"),
        (bar(Kind::Stale, exact), "zone behind"),
        (bar(Kind::Owner, (Edge::Ragged, Edge::Ragged)), "ragged: by then at the latest"),
        (bar(Kind::Owner, (Edge::Open, Edge::Open)), "pointed: goes on"),
        (mark(Role::Primary), "the claim rests on it"),
        (mark(Role::Supporting), "agrees"),
        (mark(Role::Against), "speaks against"),
        (mark(Role::Repair), "shows the end"),
    ]
}

/// A file in the making, from top to bottom.
struct Sheet {
    body: Markup,
    width: i64,
    y: i64,
}

impl Sheet {
    fn verdict(&mut self, part: &Part<'_>) {
        self.y += 6;
        self.lines("dl-verdict", &format!("{} · {}", part.verdict, part.claim), 9, EDGE);
        self.lines("dl-told dl-soft", &part.when, LETTER, EDGE);
        self.y += 8;
    }

    fn picture(&mut self, picture: &Picture) {
        self.body.put(format_args!("<g transform=\"translate({EDGE},{})\">", self.y));
        self.body.append(&picture.gutter).append(&picture.body).raw("</g>");
        self.y += picture.height + 10;
    }

    /// What the numbers stand for.
    fn list(&mut self, part: &Part<'_>, scene: &Scene<'_>, zone: Tz) {
        for lane in &scene.lanes {
            self.lines("dl-told dl-soft", &visible(lane.node), LETTER, EDGE);
            for mark in &lane.marks {
                let told = format!("[{}] {}  {}", mark.number, words::date_and_clock(mark.at, zone), mark.what);
                self.lines("dl-told", &told, LETTER, EDGE + 14);
            }
        }
        for sentence in &scene.left_out {
            self.lines("dl-told dl-soft", sentence, LETTER, EDGE);
        }
        self.y += if part.entries.is_empty() { 0 } else { 10 };
    }

    fn legend(&mut self) {
        let mut x = EDGE;
        for (shape, words) in legend() {
            let wide = 36 + letters(words) * LETTER + 14;
            if x > EDGE && x + wide > self.width {
                (x, self.y) = (EDGE, self.y + 26);
            }
            self.body.put(format_args!("<g transform=\"translate({x},{})\">", self.y)).append(&shape);
            self.body.put(format_args!("<text x=\"36\" y=\"15\">{words}</text></g>"));
            x += wide;
        }
        self.y += 32;
        self.lines("dl-told dl-soft", NOT_TO_SCALE, LETTER, EDGE);
    }

    /// Text, broken to the width.
    fn lines(&mut self, class: &'static str, text: &str, letter: i64, x: i64) {
        let room = usize::try_from((self.width - x - EDGE) / letter).unwrap_or(40);
        for line in wrap(text, 0, room) {
            self.y += LINE;
            self.body.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{}\">", self.y - 4)).text(&line);
            self.body.raw("</text>");
        }
    }

    fn into_text(self) -> String {
        let (width, height) = (self.width, self.y + EDGE);
        let mut file = Markup::default();
        file.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"dl-picture\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"driftline: a lane for each node\"><style>"
        ));
        file.raw(COLOURS).raw(STYLE).raw("</style>").raw(PATTERNS);
        file.put(format_args!("<rect class=\"dl-paper\" width=\"{width}\" height=\"{height}\"/>"));
        file.append(&self.body).raw("</svg>\n");
        file.into_text()
    }
}

/// Said below every picture.
pub(super) const NOT_TO_SCALE: &str =
    "Time runs from left to right, not to scale; italics say how long a gap was, broken lines where a long one is cut.";

fn letters(text: &str) -> i64 {
    i64::try_from(columns(text)).unwrap_or(i64::MAX / 64)
}

/// At most `most` columns, with … where it was cut.
fn shortened(text: &str, most: usize) -> String {
    let text = visible(text);
    if columns(&text) <= most {
        return text.into_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if columns(&short) + 2 > most {
            break;
        }
        short.push(c);
    }
    short + "…"
}
