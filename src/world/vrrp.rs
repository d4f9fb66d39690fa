//! VRRP as the lines of one node tell it: when it was MASTER of an instance, how that began and how it ended.
//!
//! A [`Mastership`] can be proven from its inside (`Received advert … lower priority` is said by a MASTER only), so it may have
//! begun before the log. A sync group's instances move together and are one [`Unit`].

use crate::event::{Advert, Event, Fact, GroupState, Keepalived, Text, Vrrp};
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lines of a sync group's members and of the group itself stand within this of each other.
const GROUP_MICROS: i64 = 2_000_000;
/// A node that preempts has heard the one it replaces within this: a few advert intervals.
const PREEMPT_MICROS: i64 = 5_000_000;
/// Lower-priority lines kept per mastership: first ones and the last; the rest is counted.
const HEARD_MAX: usize = 8;

/// What moves as one: an instance, or all instances of a sync group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A single instance.
    Instance(Text),
    /// A sync group.
    Group(Text),
}

impl Unit {
    /// The name operators use for it.
    #[must_use]
    pub fn name(&self) -> &Text {
        match self {
            Unit::Instance(name) | Unit::Group(name) => name,
        }
    }
}

/// How a mastership began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// `Entering MASTER STATE`.
    Entered,
    /// 1.x `Transition to MASTER STATE`: advertises, but no address and no script yet.
    Pending,
    /// Before the log (or unsaid): a later line proves it.
    Unseen,
}

/// How a mastership ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Heard a better advert and yielded.
    Yielded,
    /// `Entering BACKUP STATE` or FAULT without a better advert before it.
    Left,
    /// keepalived was stopped.
    Stopped,
    /// The process died or was started anew without a stop: the true end lies somewhere before.
    Died,
}

/// One stretch of being MASTER.
#[derive(Debug, Clone)]
pub struct Mastership {
    /// How it began.
    pub begin: Begin,
    /// It was not MASTER at the beginning of its log: one that began unseen did so after that.
    pub is_bounded: bool,
    /// The line that says so, or the first that proves it.
    pub first: Arc<Event>,
    /// `Entering MASTER STATE`: the take-over. `None` while it is only pending, or began before the log.
    pub entered: Option<Arc<Event>>,
    /// 1.x `Opening script file` right after it.
    pub script: Option<Arc<Event>>,
    /// `Received advert … lower priority` meanwhile: another node was MASTER too. First ones and the last.
    pub heard_lower: Vec<Arc<Event>>,
    /// How many such lines there were.
    pub heard_lower_count: u64,
    /// How it ended and the line that says so; `None`: still MASTER at the end of the log.
    pub end: Option<(End, Arc<Event>)>,
    /// The higher-priority line that made it yield.
    pub heard_higher: Option<Arc<Event>>,
    /// The MASTER of lower priority that it heard just before it entered (every version says so): it replaces that one.
    pub waited: Option<Arc<Event>>,
}

impl Mastership {
    pub(super) fn new(begin: Begin, first: &Arc<Event>) -> Self {
        Self {
            begin,
            is_bounded: false,
            first: Arc::clone(first),
            entered: None,
            script: None,
            heard_lower: Vec::new(),
            heard_lower_count: 0,
            end: None,
            heard_higher: None,
            waited: None,
        }
    }

    /// Begin as far as it is known; a mastership that began unseen has none.
    #[must_use]
    pub fn start(&self) -> Option<Moment> {
        match self.begin {
            Begin::Entered | Begin::Pending => Some(self.first.time),
            Begin::Unseen => None,
        }
    }

    /// End, where there is one.
    #[must_use]
    pub fn ended(&self) -> Option<Moment> {
        self.end.as_ref().map(|(_, event)| event.time)
    }

    /// The earliest moment at which it may have begun; `None` where it may have lasted since before the log.
    #[must_use]
    pub fn begun(&self) -> Option<Moment> {
        self.start().or(Some(self.first.time).filter(|_| self.is_bounded))
    }

    /// Whether it covers a moment.
    #[must_use]
    pub fn covers(&self, moment: Moment) -> bool {
        self.begun().is_none_or(|from| from.micros <= moment.micros)
            && self.ended().is_none_or(|end| end.micros >= moment.micros)
    }

    /// Whether it heard the MASTER that it replaces before it entered.
    #[must_use]
    pub fn preempts(&self) -> bool {
        self.waited.is_some()
    }

    /// Priority this node had in it, where a line says so.
    #[must_use]
    pub fn priority(&self) -> Option<u32> {
        let adverts = self.heard_lower.iter().chain(&self.heard_higher);
        adverts.filter_map(|event| advert(event)).find_map(|advert| advert.ours)
    }
}

/// The advert a line speaks of.
#[must_use]
pub fn advert(event: &Event) -> Option<&Advert> {
    let (Vrrp::HeardLower(advert) | Vrrp::HeardHigher(advert) | Vrrp::HeardLowerAsBackup(advert)) = event.vrrp()?
    else {
        return None;
    };
    Some(advert)
}

/// All keepalived events of one node, in order, from which its masterships are read.
#[derive(Debug, Clone, Default)]
pub struct NodeVrrp {
    events: Vec<Arc<Event>>,
}

impl NodeVrrp {
    pub(super) fn observe(&mut self, event: &Arc<Event>) {
        self.events.push(Arc::clone(event));
    }

    /// Every keepalived event kept.
    #[must_use]
    pub fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// The events from a moment on.
    #[must_use]
    pub fn since(&self, moment: Moment) -> &[Arc<Event>] {
        &self.events[self.events.partition_point(|event| event.time.micros < moment.micros)..]
    }

    /// The events from one moment to another, both included.
    pub fn between(&self, from: Moment, to: Moment) -> impl Iterator<Item = &Arc<Event>> {
        self.since(from).iter().take_while(move |event| event.time.micros <= to.micros)
    }

    /// Which instances belong to which sync group: those that move whenever the group's lines say so.
    fn groups(&self) -> BTreeMap<Text, Text> {
        let mut together = BTreeMap::<(Text, Text), u64>::new();
        let group_lines: Vec<(&Text, Moment)> = self
            .events
            .iter()
            .filter_map(|event| {
                let Fact::Group { group, .. } = &event.fact else { return None };
                Some((group, event.time))
            })
            .collect();
        for event in &self.events {
            let Fact::Vrrp { instance, what } = &event.fact else { continue };
            if !moves(what) {
                continue;
            }
            let from = group_lines.partition_point(|(_, time)| time.micros < event.time.micros - GROUP_MICROS);
            let near =
                group_lines[from..].iter().take_while(|(_, time)| time.micros <= event.time.micros + GROUP_MICROS);
            let groups: BTreeSet<&Text> = near.map(|(group, _)| *group).collect();
            for group in groups {
                *together.entry((instance.clone(), group.clone())).or_default() += 1;
            }
        }
        let mut best = BTreeMap::<Text, (u64, Text)>::new();
        for ((instance, group), count) in together {
            let entry = best.entry(instance).or_insert_with(|| (0, group.clone()));
            if count > entry.0 {
                *entry = (count, group);
            }
        }
        best.into_iter().map(|(instance, (_, group))| (instance, group)).collect()
    }

    /// Masterships per unit, in order of time.
    #[must_use]
    pub fn masterships(&self) -> BTreeMap<Unit, Vec<Mastership>> {
        let groups = self.groups();
        let mut machines = BTreeMap::<Unit, Machine>::new();
        for event in &self.events {
            if let Fact::Vrrp { instance, what } = &event.fact {
                let unit = groups
                    .get(instance)
                    .map_or_else(|| Unit::Instance(instance.clone()), |group| Unit::Group(group.clone()));
                machines.entry(unit).or_default().vrrp(event, what);
            } else if let Fact::Group { group, state, .. } = &event.fact {
                machines.entry(Unit::Group(group.clone())).or_default().group(event, *state);
            } else if let Some(what) = event.keepalived() {
                machines.values_mut().for_each(|machine| machine.process(event, what));
            }
        }
        machines.into_iter().map(|(unit, machine)| (unit, machine.done)).collect()
    }
}

fn moves(what: &Vrrp) -> bool {
    match what {
        Vrrp::MasterPending
        | Vrrp::MasterEntered
        | Vrrp::BackupEntered { .. }
        | Vrrp::FaultEntered
        | Vrrp::HeardHigher(_) => true,
        Vrrp::HeardLower(_)
        | Vrrp::HeardLowerAsBackup(_)
        | Vrrp::HeardZeroAsBackup
        | Vrrp::HeardZeroAsMaster
        | Vrrp::SentZero
        | Vrrp::AdvertTimedOut
        | Vrrp::PriorityChanged { .. }
        | Vrrp::ElectionForced
        | Vrrp::AdvertRejected { .. } => false,
    }
}

/// Reads one unit's masterships off its events.
#[derive(Debug, Clone, Default)]
struct Machine {
    done: Vec<Mastership>,
    /// A line showed it in another state than MASTER.
    was_backup: bool,
    /// The last line of a MASTER of lower priority that it heard as BACKUP.
    lower_heard: Option<Arc<Event>>,
}

impl Machine {
    fn open(&mut self) -> Option<&mut Mastership> {
        self.done.last_mut().filter(|mastership| mastership.end.is_none())
    }

    fn close(&mut self, end: End, event: &Arc<Event>) {
        if let Some(open) = self.open() {
            open.end = Some((end, Arc::clone(event)));
        }
    }

    fn vrrp(&mut self, event: &Arc<Event>, what: &Vrrp) {
        match what {
            Vrrp::MasterPending => {
                // 1.x prints the transition again when a MASTER reloads; it stays MASTER.
                if self.open().is_none() {
                    let waited = self.waited(event);
                    self.done.push(Mastership { waited, ..Mastership::new(Begin::Pending, event) });
                }
            }
            Vrrp::MasterEntered => self.entered(event),
            Vrrp::BackupEntered { at_start: true } => {
                self.was_backup = true;
                self.close(End::Died, event);
            }
            Vrrp::BackupEntered { at_start: false } | Vrrp::FaultEntered => {
                self.was_backup = true;
                self.close(End::Left, event);
            }
            Vrrp::HeardLower(_) | Vrrp::HeardZeroAsMaster => {
                if self.open().is_none() {
                    let is_bounded = self.was_backup || !self.done.is_empty();
                    self.done.push(Mastership { is_bounded, ..Mastership::new(Begin::Unseen, event) });
                }
                if let (Vrrp::HeardLower(_), Some(open)) = (what, self.open()) {
                    open.heard_lower_count += u64::from(event.repeated);
                    if open.heard_lower.len() == HEARD_MAX {
                        open.heard_lower.pop();
                    }
                    open.heard_lower.push(Arc::clone(event));
                }
            }
            Vrrp::HeardHigher(_) => {
                if self.open().is_none() {
                    let is_bounded = self.was_backup || !self.done.is_empty();
                    self.done.push(Mastership { is_bounded, ..Mastership::new(Begin::Unseen, event) });
                }
                if let Some(open) = self.open() {
                    open.heard_higher = Some(Arc::clone(event));
                }
                self.close(End::Yielded, event);
            }
            Vrrp::HeardLowerAsBackup(_) => {
                self.lower_heard = Some(Arc::clone(event));
                self.close(End::Died, event);
            }
            Vrrp::HeardZeroAsBackup | Vrrp::AdvertTimedOut => self.close(End::Died, event),
            Vrrp::ElectionForced => self.lower_heard = Some(Arc::clone(event)),
            Vrrp::SentZero => self.close(End::Left, event),
            Vrrp::PriorityChanged { .. } | Vrrp::AdvertRejected { .. } => {}
        }
    }

    fn waited(&self, event: &Event) -> Option<Arc<Event>> {
        self.lower_heard.clone().filter(|heard| event.time.micros_since(heard.time) <= PREEMPT_MICROS)
    }

    fn entered(&mut self, event: &Arc<Event>) {
        if let Some(open) = self.open() {
            let same_move =
                open.entered.as_ref().is_some_and(|known| event.time.micros_since(known.time) <= GROUP_MICROS);
            if same_move {
                return;
            }
            if open.begin == Begin::Pending && open.entered.is_none() {
                open.entered = Some(Arc::clone(event));
                return;
            }
            // Printed only when it was not MASTER before: the end of the former mastership was not logged.
            open.end = Some((End::Died, Arc::clone(event)));
        }
        let mut mastership = Mastership::new(Begin::Entered, event);
        mastership.entered = Some(Arc::clone(event));
        mastership.waited = self.waited(event);
        self.done.push(mastership);
    }

    fn group(&mut self, event: &Arc<Event>, state: GroupState) {
        match state {
            GroupState::MasterPending => self.vrrp(event, &Vrrp::MasterPending),
            // The members say when they enter; the group's line alone is no take-over.
            GroupState::Master => {}
            GroupState::Backup | GroupState::Fault => self.close(End::Left, event),
        }
    }

    fn process(&mut self, event: &Arc<Event>, what: &Keepalived) {
        match what {
            Keepalived::Stopping | Keepalived::Stopped => self.close(End::Stopped, event),
            Keepalived::Starting { .. } | Keepalived::VrrpChildDied => self.close(End::Died, event),
            Keepalived::ScriptOpened { .. } => {
                if let Some(open) = self.open().filter(|open| open.entered.is_some() && open.script.is_none()) {
                    open.script = Some(Arc::clone(event));
                }
            }
            Keepalived::VrrpChildStarted { .. }
            | Keepalived::Reloading
            | Keepalived::TimerLate { .. }
            | Keepalived::ScriptFailed { .. }
            | Keepalived::TrackScript { .. }
            | Keepalived::Interface { .. }
            | Keepalived::CommandLine { .. } => {}
        }
    }
}
