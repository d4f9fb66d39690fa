//! A clock that was set while it ran, seen in a journal: its entries have the wall clock and the time since boot, and nothing but a step
//! changes what lies between the two.
//!
//! Entries before a step are moved to where the clock that was set would have had them, so that their order and the time between
//! them are those of the boot. A forward jump may as well be a machine that slept; then what stands before it was right. Only at a boot's
//! beginning, where a clock is first set, is it taken for a step.

use super::{Frame, Survey};
use crate::event::Text;
use crate::moment::{Moment, Precision};
use crate::record::Stamp;
use crate::report::Caveat;
use chrono::Duration;
use std::collections::{BTreeMap, BTreeSet};

/// A difference between wall clock and time since boot that changes by less is how an entry was stamped.
const STEP_MICROS: i64 = 200_000;
/// A clock is first set within this of the boot.
const BOOT_MICROS: i64 = 600_000_000;
/// A program stamps its line this much before journald does.
const WRITTEN_MICROS: i64 = 1_000_000;
/// Boots followed per source, and steps in one of them.
const BOOTS_MAX: usize = 1024;
const STEPS_MAX: usize = 256;
/// Hosts of one boot.
const HOSTS_MAX: usize = 16;

/// The steps of a source's boots.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Steps {
    /// By boot id; hosts in containers of one machine share it, and each may have a clock of its own.
    boots: BTreeMap<Text, Vec<Boot>>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Boot {
    host: Option<Text>,
    /// Wall clock of the first entry.
    first: i64,
    /// The latest entry's time since boot.
    newest: i64,
    /// Wall clock minus time since boot, as of it.
    offset: i64,
    steps: Vec<Step>,
}

/// A step, or a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Step {
    /// Time since boot of the first entry after it.
    since_boot: i64,
    /// Wall clock of that entry, Unix microseconds.
    wall: i64,
    /// By how much the wall clock jumped; + is forward.
    by: i64,
}

impl Step {
    fn is_certain(self) -> bool {
        self.by < 0 || self.since_boot < BOOT_MICROS
    }
}

/// Entries that a certain step has moved: those whose wall clock was from here to there, of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    from: i64,
    to: i64,
    by: i64,
}

impl Moved {
    /// A stamp of before the step, as the clock that was set has it; others stay.
    pub(super) fn stamp(self, stamp: &mut Stamp) {
        let micros = stamp.written.and_utc().timestamp_micros();
        if (self.from..=self.to).contains(&micros)
            && let Some(moved) = stamp.written.checked_add_signed(Duration::microseconds(self.by))
        {
            stamp.written = moved;
        }
    }
}

/// Boot, time since it, and wall clock in microseconds, as a journal's cursor has them.
fn of_cursor(cursor: &str) -> Option<(&str, i64, i64)> {
    let [mut boot, mut since_boot, mut wall] = [None; 3];
    // Byte by byte: the parts are too short for a search to pay.
    let mut from = 0;
    for part in cursor.as_bytes().split(|&byte| byte == b';') {
        let kept = match part {
            [b'b', b'=', ..] => Some(&mut boot),
            [b'm', b'=', ..] => Some(&mut since_boot),
            [b't', b'=', ..] => Some(&mut wall),
            _ => None,
        };
        if let Some(kept) = kept {
            *kept = kept.or(cursor.get(from + 2..from + part.len()));
        }
        from += part.len() + 1;
    }
    let number = |digits: &str| i64::from_str_radix(digits, 16).ok();
    Some((boot?, number(since_boot?)?, number(wall?)?))
}

impl Steps {
    /// Takes the next entry of a source; tells what it shows to have been stamped wrongly before it.
    pub(super) fn note(&mut self, cursor: &str, host: Option<&Text>) -> Option<Moved> {
        let (boot, since_boot, wall) = of_cursor(cursor)?;
        let offset = wall.checked_sub(since_boot)?;
        let is_full = self.boots.len() >= BOOTS_MAX && !self.boots.contains_key(boot);
        let of_id = self.boots.get_mut(boot);
        let Some(known) = of_id.and_then(|hosts| hosts.iter_mut().find(|known| known.host.as_ref() == host)) else {
            let new = Boot { host: host.cloned(), first: wall, newest: since_boot, offset, steps: Vec::new() };
            match self.boots.get_mut(boot) {
                Some(hosts) if hosts.len() < HOSTS_MAX => hosts.push(new),
                None if !is_full => drop(self.boots.insert(Text::from(boot), vec![new])),
                Some(_) | None => {}
            }
            return None;
        };
        // What comes late, from another file, was before a step that is known.
        if since_boot < known.newest {
            return None;
        }
        let step = Step { since_boot, wall, by: offset.saturating_sub(known.offset) };
        let before = known.newest.saturating_add(known.offset);
        known.newest = since_boot;
        known.offset = offset;
        if step.by.abs() < STEP_MICROS || known.steps.len() >= STEPS_MAX {
            return None;
        }
        known.steps.push(step);
        if !step.is_certain() {
            return None;
        }
        let moved = Moved { from: known.first - WRITTEN_MICROS, to: before, by: step.by };
        known.first = known.first.saturating_add(step.by);
        Some(moved)
    }

    /// By how much an entry is moved, in microseconds.
    pub(super) fn shift_micros(&self, cursor: Option<&Text>, host: Option<&Text>) -> i64 {
        if self.boots.is_empty() {
            return 0;
        }
        let Some((boot, since_boot, _)) = cursor.and_then(|cursor| of_cursor(cursor)) else { return 0 };
        let hosts = self.boots.get(boot).map(Vec::as_slice).unwrap_or_default();
        let Some(boot) = hosts.iter().find(|known| known.host.as_ref() == host) else { return 0 };
        let later = boot.steps.iter().filter(|step| step.is_certain() && step.since_boot > since_boot);
        later.fold(0, |all, step| all.saturating_add(step.by))
    }

    /// By how much any entry is moved at most, in microseconds.
    pub(super) fn shift_micros_max(&self) -> i64 {
        let of_boot = |boot: &Boot| {
            let certain = boot.steps.iter().filter(|step| step.is_certain());
            certain.fold(0_i64, |all, step| all.saturating_add(step.by.saturating_abs()))
        };
        self.boots.values().flatten().map(of_boot).max().unwrap_or(0)
    }
}

/// Says where clocks jumped; several sources may show one jump.
pub(super) fn note(surveys: &[Survey], frame: &mut Frame) {
    let mut told = BTreeSet::new();
    for survey in surveys {
        for (id, boot) in survey.steps.boots.iter().flat_map(|(id, hosts)| hosts.iter().map(move |boot| (id, boot))) {
            let node = frame.names.of_host(survey, boot.host.as_ref()).clone();
            for step in &boot.steps {
                if told.insert((id.clone(), node.clone(), step.by / STEP_MICROS)) {
                    frame.caveats.push(caveat(&node, *step));
                }
            }
        }
    }
}

fn caveat(node: &Text, step: Step) -> Caveat {
    let at = Moment { micros: step.wall, precision: Precision::Second }.rfc3339();
    let tenths = (step.by.abs() + 50_000) / 100_000;
    let seconds = format!("{}.{} s", tenths / 10, tenths % 10);
    let text = match (step.is_certain(), step.by < 0) {
        (true, back) => format!(
            "its clock was set {} by {seconds} before {at} (by the time since boot): what this boot wrote before is told as the set clock has it.",
            if back { "back" } else { "forward" }
        ),
        (false, _) => format!(
            "its clock jumped forward by {seconds} before {at}: it was set, or the machine slept; stamps before and after do not measure the \
             time between."
        ),
    };
    Caveat { kind: "clock-step", node: Some(node.clone()), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    /// 2026-11-23 02:00:00 UTC.
    const BOOTED: i64 = 1_795_399_200 * SECOND;

    fn cursor(boot: &str, since_boot: i64, ahead: i64) -> Text {
        let (m, t) = (since_boot * SECOND, BOOTED + (since_boot + ahead) * SECOND);
        Text::from(format!("s=1;i=2;b={boot};m={m:x};t={t:x};x=0"))
    }

    fn steps(entries: &[(&str, i64, i64)]) -> Steps {
        let mut steps = Steps::default();
        for (boot, since_boot, ahead) in entries {
            steps.note(&cursor(boot, *since_boot, *ahead), None);
        }
        steps
    }

    #[test]
    fn a_clock_that_was_set_back_moves_what_stood_before() {
        let steps = steps(&[("b1", 1000, 40), ("b1", 2000, 40), ("b1", 2010, 0), ("b1", 3000, 0), ("b2", 5, 0)]);
        assert_eq!(steps.shift_micros(Some(&cursor("b1", 1000, 40)), None), -40 * SECOND);
        assert_eq!(steps.shift_micros(Some(&cursor("b1", 2010, 0)), None), 0);
        assert_eq!(steps.shift_micros(Some(&cursor("b2", 5, 0)), None), 0);
        assert_eq!(steps.shift_micros(None, None), 0);
        assert_eq!(steps.shift_micros_max(), 40 * SECOND);
    }

    #[test]
    fn a_forward_jump_is_a_step_at_a_boots_beginning_only() {
        let at_boot = steps(&[("b1", 5, -3600), ("b1", 20, 0)]);
        assert_eq!(at_boot.shift_micros(Some(&cursor("b1", 5, -3600)), None), 3600 * SECOND);
        let slept = steps(&[("b1", 5000, 0), ("b1", 5010, 3600)]);
        assert_eq!(slept.shift_micros(Some(&cursor("b1", 5000, 0)), None), 0);
        assert_eq!(
            slept.boots.values().flatten().map(|boot| boot.steps.len()).sum::<usize>(),
            1,
            "it is told all the same"
        );
    }

    #[test]
    fn a_clock_that_is_slewed_or_read_late_was_not_set() {
        let mut steps = Steps::default();
        for late in [0, 150_000, -40_000] {
            steps.note(&format!("b=b1;m=0;t={:x}", BOOTED + late), None);
        }
        assert!(steps.boots.values().flatten().all(|boot| boot.steps.is_empty()));
    }

    #[test]
    fn hosts_of_one_machine_have_clocks_of_their_own() {
        let (a, b) = (Text::from("a"), Text::from("b"));
        let mut steps = Steps::default();
        for since_boot in [1000, 2000] {
            steps.note(&cursor("b1", since_boot, 0), Some(&a));
            steps.note(&cursor("b1", since_boot + 1, 5), Some(&b));
        }
        assert_eq!(steps.shift_micros_max(), 0);
        steps.note(&cursor("b1", 3000, 0), Some(&b));
        assert_eq!(steps.shift_micros(Some(&cursor("b1", 2001, 5)), Some(&b)), -5 * SECOND);
        assert_eq!(steps.shift_micros(Some(&cursor("b1", 2000, 0)), Some(&a)), 0);
    }

    #[test]
    fn what_is_no_cursor_is_let_be() {
        let mut steps = Steps::default();
        for cursor in ["", "b=", "b=1;m=x;t=1", "b=1;m=1", "s=1;i=2", "b=1;m=ffffffffffffffff;t=1"] {
            steps.note(cursor, None);
            assert_eq!(steps.shift_micros(Some(&Text::from(cursor)), None), 0);
        }
        assert!(steps.boots.is_empty());
    }
}
