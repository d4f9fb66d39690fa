//! A scene on a plane: lanes from top to bottom, time from left to right, the names apart so that they can stay in sight.

use super::super::markup::Markup;
use super::axis::Axis;
use super::scene::{Bar, Edge, Kind, Lane, Mark, Scene};
use super::{LETTER, letters, shortened};
use crate::finding::Role;
use crate::moment::Moment;
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Above the lanes: dates, clocks, lengths of gaps.
const HEAD: i64 = 52;
const MARK: i64 = 22;
const BAR: i64 = 18;
const TRACK: i64 = BAR + 6;
/// A strip without anything, between two broken lines.
const CUT: i64 = 12;
const CUT_TOP: i64 = HEAD - 2;
/// Beside what goes on outside.
const MARGIN: i64 = 30;
/// Lanes are at least this wide where there are gaps to widen: a desk has room.
const ROOM: i64 = 930;
const NAME_LETTERS_MAX: usize = 26;

/// Names and lanes in one system of coordinates, from (0, 0) to (`width`, `height`); the names end at `names`.
pub(super) struct Picture {
    pub(super) gutter: Markup,
    pub(super) body: Markup,
    pub(super) names: i64,
    pub(super) width: i64,
    pub(super) height: i64,
}

/// `prefix` makes marks' names unique where there are several pictures; `links` leads from each to its evidence.
pub(super) fn draw(scene: &Scene<'_>, zone: Tz, prefix: &str, links: bool) -> Picture {
    let names: Vec<String> = scene.lanes.iter().map(|lane| shortened(lane.node, NAME_LETTERS_MAX)).collect();
    let gutter = names.iter().map(|name| letters(name) * (LETTER + 2) + 16).max().unwrap_or(0).max(80);
    let axis = Axis::new(&needed(scene), gutter + MARGIN, ROOM);
    let width = (axis.right + MARGIN).max(gutter + 320);
    let mut picture =
        Picture { gutter: Markup::default(), body: Markup::default(), names: gutter, width, height: HEAD };
    let tops: Vec<i64> = scene
        .lanes
        .iter()
        .map(|lane| {
            let top = picture.height;
            picture.height += lane_height(lane);
            top
        })
        .collect();
    for (at, (lane, top)) in scene.lanes.iter().zip(&tops).enumerate() {
        let (shade, height) = (if at % 2 == 0 { "dl-lane" } else { "dl-lane dl-odd" }, lane_height(lane));
        picture
            .gutter
            .put(format_args!("<rect class=\"{shade}\" x=\"0\" y=\"{top}\" width=\"{gutter}\" height=\"{height}\"/>"));
        picture
            .gutter
            .put(format_args!("<text class=\"dl-name\" x=\"10\" y=\"{}\">", top + 24))
            .text(&names[at])
            .raw("</text>");
        let across = width - gutter;
        picture.body.put(format_args!(
            "<rect class=\"{shade}\" x=\"{gutter}\" y=\"{top}\" width=\"{across}\" height=\"{height}\"/>"
        ));
    }
    ticks(&axis, zone, &mut picture);
    for pass in [Pass::Shapes, Pass::Labels] {
        for (lane, top) in scene.lanes.iter().zip(&tops) {
            for (track, bars) in lane.tracks.iter().enumerate() {
                let y = top + 6 + MARK + 6 + i64::try_from(track).unwrap_or(0) * TRACK;
                bars_on(bars, y, &axis, (gutter, width), pass, &mut picture.body);
            }
        }
        if pass == Pass::Shapes {
            cuts(&axis, &mut picture);
        }
    }
    for (lane, top) in scene.lanes.iter().zip(&tops) {
        marks(lane, top + 6 + MARK / 2, &axis, prefix, links, &mut picture.body);
    }
    picture
}

fn lane_height(lane: &Lane<'_>) -> i64 {
    6 + MARK + 6 + i64::try_from(lane.tracks.len()).unwrap_or(0) * TRACK + 4
}

/// Every moment that something begins, ends or is marked at, and the room for its marks.
fn needed(scene: &Scene<'_>) -> BTreeMap<Moment, i64> {
    let mut needed = BTreeMap::from([(scene.window.0, MARK), (scene.window.1, MARK)]);
    for lane in &scene.lanes {
        let mut here: BTreeMap<Moment, i64> = BTreeMap::new();
        for mark in &lane.marks {
            *here.entry(mark.at).or_default() += MARK;
            needed.entry(mark.last).or_insert(MARK / 2);
        }
        for (at, width) in here {
            let known = needed.entry(at).or_insert(MARK);
            *known = (*known).max(width);
        }
        for bar in lane.tracks.iter().flatten() {
            needed.entry(bar.from).or_insert(MARK / 2);
            needed.entry(bar.to).or_insert(MARK / 2);
        }
    }
    needed
}

fn ticks(axis: &Axis, zone: Tz, picture: &mut Picture) {
    let (body, bottom) = (&mut picture.body, picture.height);
    picture.gutter.put(format_args!("<text class=\"dl-soft\" x=\"10\" y=\"30\">{}</text>", zone.name()));
    for tick in axis.ticks(zone) {
        let (x, class) = (tick.x, if tick.clock.is_empty() { "dl-tick dl-faint" } else { "dl-tick" });
        body.put(format_args!("<line class=\"{class}\" x1=\"{x}\" y1=\"36\" x2=\"{x}\" y2=\"{bottom}\"/>"));
        if let Some(date) = &tick.date {
            body.put(format_args!("<text class=\"dl-date\" x=\"{x}\" y=\"14\">{date}</text>"));
        }
        body.put(format_args!("<text class=\"dl-clock\" x=\"{x}\" y=\"30\">{}</text>", tick.clock));
    }
}

fn cuts(axis: &Axis, picture: &mut Picture) {
    let (body, bottom) = (&mut picture.body, picture.height);
    for gap in axis.gaps() {
        let x = gap.middle;
        if gap.is_cut {
            let (left, height) = (x - CUT / 2 + 2, bottom - CUT_TOP);
            body.put(format_args!(
                "<rect class=\"dl-paper\" x=\"{left}\" y=\"{CUT_TOP}\" width=\"{}\" height=\"{height}\"/>",
                CUT - 4
            ));
            for side in [x - CUT / 2, x + CUT / 2 - 3] {
                let teeth = zigzag(side, CUT_TOP, bottom);
                body.put(format_args!("<polyline class=\"dl-cut\" points=\"{teeth}\"/>"));
            }
        }
        body.put(format_args!("<text class=\"dl-gap\" x=\"{x}\" y=\"46\">{}</text>", gap.words));
    }
}

fn zigzag(x: i64, top: i64, bottom: i64) -> String {
    let mut points = String::new();
    let (mut y, mut out) = (top, 0);
    while y < bottom {
        points.push_str(&format!("{},{y} ", x + out));
        (y, out) = (y + 5, 3 - out);
    }
    points.push_str(&format!("{},{bottom}", x + out));
    points
}

/// Labels stand above the cuts, shapes below.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Shapes,
    Labels,
}

fn bars_on(bars: &[Bar], y: i64, axis: &Axis, (first, end): (i64, i64), pass: Pass, body: &mut Markup) {
    let spans: Vec<(i64, i64)> = bars.iter().map(|bar| span(bar, axis)).collect();
    for (at, (bar, (left, right))) in bars.iter().zip(&spans).enumerate() {
        let class = class(bar.kind);
        if pass == Pass::Shapes {
            let shape = outline((*left, *right), y, (bar.left, bar.right));
            body.raw("<g><title>").text(bar.labels.first().map_or("", String::as_str));
            body.put(format_args!("</title><path class=\"dl-bar {class}\" d=\"{shape}\"/></g>"));
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| spans.get(at)).map_or(first, |(_, end)| *end);
        let after = spans.get(at + 1).map_or(end - 6, |(start, _)| *start);
        label(&bar.labels, &whole(*left, *right, axis), (before, after), y, class, body);
    }
}

/// The parts of a bar between the cuts.
fn whole(left: i64, right: i64, axis: &Axis) -> Vec<(i64, i64)> {
    let mut parts = Vec::new();
    let mut from = left;
    for gap in axis.gaps().iter().filter(|gap| gap.is_cut && gap.middle > left && gap.middle < right) {
        parts.push((from, gap.middle - CUT / 2));
        from = gap.middle + CUT / 2;
    }
    parts.push((from, right));
    parts
}

/// An edge that is open reaches into the margin, so that it is seen to go on.
fn span(bar: &Bar, axis: &Axis) -> (i64, i64) {
    let unseen = bar.kind == Kind::MasterUnseen;
    let left = if unseen && bar.left == Edge::Exact { axis.right(bar.from) } else { axis.left(bar.from) };
    let right = if unseen && bar.right == Edge::Exact { axis.left(bar.to) } else { axis.right(bar.to) };
    let left = if bar.left == Edge::Open { left - MARGIN + 8 } else { left };
    let right = if bar.right == Edge::Open { right + MARGIN - 8 } else { right };
    (left, right.max(left + 4))
}

pub(super) fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Master => "dl-master",
        Kind::MasterUnseen => "dl-unseen",
        Kind::Holder => "dl-holder",
        Kind::Owner => "dl-owner",
        Kind::Stale => "dl-stale",
    }
}

/// Straight where a line says when, ragged where it was by then at the latest, pointed where it goes on outside.
pub(super) fn outline((left, right): (i64, i64), y: i64, (begin, end): (Edge, Edge)) -> String {
    let (bottom, middle) = (y + BAR, y + BAR / 2);
    let right_side = match end {
        Edge::Exact => format!("H{right}V{bottom}"),
        Edge::Open => format!("H{}L{right},{middle} L{},{bottom}", right - 9, right - 9),
        Edge::Ragged => {
            let (out, inside) = (right, right - 5);
            format!("H{out}L{inside},{} L{out},{} L{inside},{} L{out},{bottom}", y + 5, y + 9, y + 14)
        }
    };
    let left_side = match begin {
        Edge::Exact => format!("H{left}"),
        Edge::Open => format!("H{}L{left},{middle}", left + 9),
        Edge::Ragged => {
            let (out, inside) = (left, left + 5);
            format!("H{out}L{inside},{} L{out},{} L{inside},{}", y + 14, y + 9, y + 5)
        }
    };
    let start = if begin == Edge::Open { left + 9 } else { left };
    format!("M{start},{y}{right_side}{left_side}Z")
}

/// The longest that fits inside, between cuts; else the longest beside it, where there is room.
fn label(labels: &[String], parts: &[(i64, i64)], free: (i64, i64), y: i64, class: &str, body: &mut Markup) {
    let baseline = y + 13;
    let long = |text: &String| letters(text) * LETTER;
    let inside = labels.iter().find_map(|text| {
        let part = parts.iter().find(|(left, right)| long(text) + 20 <= right - left)?;
        Some((text, part.0 + 10, format!("dl-label {class}-text")))
    });
    let left = parts.first().map_or(0, |part| part.0);
    let right = parts.last().map_or(0, |part| part.1);
    let after = || {
        let text = labels.iter().find(|text| right + 8 + long(text) <= free.1)?;
        Some((text, right + 6, "dl-label".to_owned()))
    };
    let before = || {
        let text = labels.iter().find(|text| left - 8 - long(text) >= free.0)?;
        Some((text, left - 6, "dl-label dl-end".to_owned()))
    };
    if let Some((text, x, class)) = inside.or_else(after).or_else(before) {
        body.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{baseline}\">")).text(text).raw("</text>");
    }
}

fn marks(lane: &Lane<'_>, y: i64, axis: &Axis, prefix: &str, links: bool, body: &mut Markup) {
    for mark in lane.marks.iter().filter(|mark| mark.last.micros > mark.at.micros) {
        let (from, to) = (axis.left(mark.at) + MARK / 2, axis.right(mark.last));
        body.put(format_args!("<path class=\"dl-repeated\" d=\"M{from},{y}H{to}M{to},{}V{}\"/>", y - 4, y + 4));
    }
    let mut at: Option<(i64, i64)> = None;
    for mark in &lane.marks {
        let slot = match at {
            Some((micros, slot)) if micros == mark.at.micros => slot + 1,
            Some(_) | None => 0,
        };
        at = Some((mark.at.micros, slot));
        let x = axis.left(mark.at) + slot * MARK + MARK / 2;
        let number = mark.number;
        if links {
            body.put(format_args!("<a id=\"m{prefix}{number}\" href=\"#e{prefix}{number}\">"));
        }
        body.raw("<g><title>").text(&format!("[{number}] {}", mark.what)).raw("</title>");
        mark_at(mark, x, y, body);
        body.raw(if links { "</g></a>" } else { "</g>" });
    }
}

fn mark_at(mark: &Mark, x: i64, y: i64, body: &mut Markup) {
    glyph(mark.role, x, y, body);
    body.put(format_args!(
        "<text class=\"dl-number {}-number\" x=\"{x}\" y=\"{}\">{}</text>",
        role_class(mark.role),
        y + 4,
        mark.number
    ));
}

/// The shape says what a line is to the finding, without its colour.
pub(super) fn glyph(role: Role, x: i64, y: i64, body: &mut Markup) {
    let class = role_class(role);
    match role {
        Role::Primary | Role::Supporting => {
            body.put(format_args!("<circle class=\"dl-mark {class}\" cx=\"{x}\" cy=\"{y}\" r=\"9\"/>"))
        }
        Role::Against => body.put(format_args!(
            "<path class=\"dl-mark {class}\" d=\"M{x},{} L{},{y} L{x},{} L{},{y}Z\"/>",
            y - 11,
            x + 11,
            y + 11,
            x - 11
        )),
        Role::Repair => body.put(format_args!(
            "<rect class=\"dl-mark {class}\" x=\"{}\" y=\"{}\" width=\"18\" height=\"18\"/>",
            x - 9,
            y - 9
        )),
    };
}

fn role_class(role: Role) -> &'static str {
    match role {
        Role::Primary => "dl-primary",
        Role::Supporting => "dl-supporting",
        Role::Against => "dl-against",
        Role::Repair => "dl-repair",
    }
}
