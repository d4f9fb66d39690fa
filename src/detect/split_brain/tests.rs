use crate::detect::testing::*;
use crate::event::Mismatch;
use crate::finding::Severity;

#[test]
fn fires_on_two_masters_that_hear_each_other_late() {
    let partition = [
        at("a", 0, starts()),
        at("a", 0, master()),
        at("b", 100, master()),
        at("a", 130, hears_lower()),
        at("b", 130, hears_higher()),
        at("b", 130, backup()),
    ];
    assert_eq!(told("split-brain", &partition), ["confirmed closed"]);
    assert_eq!(find("split-brain", &partition)[0].severity, Severity::Critical);
}

/// Its line was lost, but it was BACKUP before: that it is MASTER by then says nothing of the time before.
#[test]
fn a_master_whose_begin_was_lost_was_none_before_it_was_seen() {
    let one_after_the_other = [
        at("b", 0, backup()),
        at("a", 1, master()),
        at("a", 100, hears_higher()),
        at("a", 100, backup()),
        at("b", 500, hears_higher()),
        at("b", 500, backup()),
    ];
    assert!(told("split-brain", &one_after_the_other).is_empty());
}

#[test]
fn a_moment_of_it_is_a_warning() {
    assert_eq!(find("split-brain", &flap())[0].severity, Severity::Warning);
}

#[test]
fn goes_on_while_the_next_advert_may_be_heard() {
    let one_log = [at("a", 0, master()), at("a", 100, hears_lower()), at("a", 101, hears_lower())];
    let both = [&one_log[..], &[at("b", 100, master())]].concat();
    for split in [&one_log[..], &both] {
        assert!(told("split-brain", split)[0].ends_with(" closed"));
        assert!(told_while_it_goes_on("split-brain", split, 10)[0].ends_with(" open"));
        assert!(told_while_it_goes_on("split-brain", split, 61)[0].ends_with(" closed"));
    }
    let healed = [&both[..], &[at("b", 102, backup())]].concat();
    assert!(told_while_it_goes_on("split-brain", &healed, 10)[0].ends_with(" closed"));
}

/// What comes in regular turns is paired wrongly as well, a turn or a part of one off.
#[test]
fn a_clock_that_few_pairs_set_right_confirms_no_order() {
    let both = [
        at("a", 0, master()),
        at("b", 1, backup()),
        at("b", 100, master()),
        // It does not sleep.
        at("a", 106, reloads()),
        at("b", 112, hears_higher()),
        at("b", 112, backup()),
        at("a", 200, hears_nothing_new()),
    ];
    assert_eq!(told("split-brain", &both), ["confirmed closed"]);
    assert_eq!(told_corrected("split-brain", &both, "a", 4), ["confirmed closed"]);
    assert_eq!(told_corrected("split-brain", &both, "a", -23), ["likely closed"]);
    let heard = [both.as_slice(), &[at("a", 105, hears_lower())]].concat();
    assert_eq!(told_corrected("split-brain", &heard, "a", -23), ["confirmed closed"]);
}

#[test]
fn a_master_that_may_have_died_is_a_suspicion() {
    // Healthy keepalived writes nothing: that `a` is silent from here on says neither.
    let silent = [at("a", 0, master()), at("b", 100, master()), at("s", 200, stale())];
    assert_eq!(told("split-brain", &silent), ["suspected open"]);
}

#[test]
fn hearing_a_killed_master_start_anew_proves_no_split() {
    let killed = [
        at("a", 0, master()),
        at("b", 1, backup()),
        at("b", 100, master()),
        at("a", 120, starts()),
        at("a", 121, pending()),
        at("b", 121, hears_lower()),
        at("a", 122, hears_higher()),
    ];
    assert!(told("split-brain", &killed).is_empty(), "a BACKUP replaced it");
    let alive = [&killed[..], &[at("a", 110, reloads())]].concat();
    assert_eq!(told("split-brain", &alive), ["suspected closed"]);
}

#[test]
fn a_master_that_may_have_slept_is_no_certain_rival() {
    // The release is not known: from 2.1.0 on a keepalived that was not running says so when it wakes.
    let heard_at_the_end = [
        at("a", 0, master()),
        at("b", 1, backup()),
        at("b", 100, master()),
        at("a", 130, hears_lower()),
        at("b", 130, hears_higher()),
    ];
    assert_eq!(told("split-brain", &heard_at_the_end), ["likely closed"]);
    let awake = [&[at("a", 0, starts())][..], &heard_at_the_end].concat();
    assert_eq!(told("split-brain", &awake), ["confirmed closed"]);
    let meanwhile = [&heard_at_the_end[..3], &[at("a", 110, hears_lower())], &heard_at_the_end[3..]].concat();
    assert_eq!(told("split-brain", &meanwhile), ["confirmed closed"]);
}

#[test]
fn a_failover_is_none_though_the_clocks_are_minutes_apart() {
    let behind = |event: &crate::event::Event| {
        let seconds = if &*event.node == "b" { -300 } else { 0 };
        crate::event::Event { time: event.time.shifted(seconds * 1_000_000), ..event.clone() }
    };
    let failover: Vec<_> = failover_and_back().iter().map(behind).collect();
    assert!(told_unmeasured("split-brain", &failover).is_empty());
}

#[test]
fn what_may_last_keeps_no_split_open_that_ended() {
    let again = [flap(), vec![at("b", 130, master()), at("s", 200, stale())]].concat();
    let mut all = told("split-brain", &again);
    all.sort();
    assert_eq!(all, ["confirmed closed", "suspected open"]);
}

#[test]
fn clocks_that_nothing_compares_do_not_hide_a_pause() {
    // `a` stands still from 100 to 112; the clock of `b` is 20 s behind.
    let paused = [
        at("a", 0, starts()),
        at("a", 0, master()),
        at("b", 1, backup()),
        at("b", 83, master()),
        at("b", 92, hears_higher()),
        at("a", 112, wakes_after(12)),
    ];
    assert_eq!(told_unmeasured("split-brain", &paused), ["suspected closed"]);
}

/// Clocks that nothing compares may make two MASTERs of a hand-over; but the new one hears the old one before it enters.
#[test]
fn no_clock_explains_two_masters_that_did_not_hear_each_other() {
    let both_start = [
        at("a", 0, starts()),
        at("b", 0, starts()),
        at("a", 4, master()),
        at("b", 5, master()),
        at("b", 16, hears_higher()),
        at("b", 16, backup()),
        at("a", 60, hears_nothing_new()),
    ];
    assert_eq!(told_unmeasured("split-brain", &both_start), ["likely closed"]);
    let preempted = [&both_start[..], &[at("a", 3, waits_for_lower())]].concat();
    assert!(told_unmeasured("split-brain", &preempted).is_empty());
}

/// That it yielded to somebody shows that somebody was MASTER then, not who was all the time.
#[test]
fn a_log_that_ends_while_master_makes_no_certain_split() {
    let took_over = [
        at("a", 0, master()),
        at("b", 1, backup()),
        at("b", 100, master()),
        at("b", 118, hears_higher()),
        at("b", 118, backup()),
    ];
    assert_eq!(told("split-brain", &took_over), ["suspected closed"]);
    let rivals = &find("split-brain", &took_over)[0].rivals;
    assert!(rivals.iter().any(|rival| rival.claim.contains("died while MASTER")), "{rivals:?}");
    let goes_on = [&took_over[..], &[at("a", 300, hears_nothing_new())]].concat();
    assert_eq!(told("split-brain", &goes_on), ["likely closed"]);
}

/// 1.x advertises in the second in which it is started anew.
#[test]
fn one_that_was_killed_and_comes_back_was_no_rival_meanwhile() {
    let killed = [
        at("a", 0, master()),
        at("b", 1, backup()),
        at("b", 100, master()),
        at("a", 118, starts()),
        at("b", 118, hears_higher()),
        at("b", 118, backup()),
        at("a", 118, pending()),
        at("a", 119, master()),
    ];
    assert!(told("split-brain", &killed).is_empty());
}

/// Adverts come once a second: three within one had waited for a process that stood still.
#[test]
fn a_queue_of_adverts_tells_of_a_pause() {
    let queue = [0, 1, 2, 3].map(|nth| {
        let mut line = at("a", 130, hears_lower());
        line.time.micros += nth * 100;
        line.origin.line = u64::try_from(130 + nth).ok();
        line
    });
    let woke = [
        &[at("a", 0, master()), at("b", 1, backup()), at("b", 100, master())][..],
        &queue,
        &[at("b", 130, hears_higher()), at("b", 130, backup()), at("a", 300, hears_nothing_new())],
    ];
    assert_eq!(told("split-brain", &woke.concat()), ["suspected closed"]);
}

/// What a node was before its logs begin is nobody's rival.
#[test]
fn a_log_that_begins_while_master_says_nothing_of_the_time_before() {
    let events = [
        at("a", 0, starts()),
        at("a", 3, master()),
        at("a", 22, stops()),
        at("a", 31, starts()),
        at("a", 34, master()),
        at("b", 34, hears_higher()),
        at("b", 34, backup()),
    ];
    assert_eq!(told("split-brain", &events), ["likely closed"]);
    assert!(told_from_begin_of_logs("split-brain", &events).is_empty());
}

#[test]
fn stays_quiet_on_hand_overs() {
    assert!(told("split-brain", &failover_and_back()).is_empty());
}

/// Each flap takes the address: two of them are two findings. Of a storm the fourth and all that follow are told with the third.
#[test]
fn two_flaps_are_told_apart_and_a_storm_together() {
    let flaps = |count: i64| {
        let one = |nth: i64| {
            let at_second = |node, second, fact| at(node, 100 + nth * 30 + second, fact);
            [at_second("b", 0, master()), at_second("a", 0, hears_lower()), at_second("b", 1, hears_higher()), {
                at_second("b", 1, backup())
            }]
        };
        let quiet = [at("a", 0, master()), at("b", 1, backup())];
        quiet.into_iter().chain((0..count).flat_map(one)).collect::<Vec<_>>()
    };
    assert_eq!(told("split-brain", &flaps(2)).len(), 2);
    assert_eq!(told("split-brain", &flaps(40)).len(), 3);
    assert!(find("split-brain", &flaps(40))[2].claim.contains("38 times"));
}

/// Only a MASTER sends adverts, so two that refuse each other's passwords are two; a MASTER whose peer has another interval falls silent.
#[test]
fn two_masters_that_refuse_each_other_are_two() {
    let refusing = |mismatch| {
        vec![
            at("a", 0, master()),
            at("b", 1, backup()),
            at("b", 4, master()),
            at("b", 5, rejects(mismatch)),
            at("a", 5, rejects(mismatch)),
            at("a", 60, hears_nothing_new()),
            at("b", 60, hears_nothing_new()),
        ]
    };
    assert_eq!(told("split-brain", &refusing(Mismatch::Authentication)), ["confirmed open"]);
    assert_eq!(told("split-brain", &refusing(Mismatch::Interval)), ["likely open"]);
    // One side alone may refuse a third node's.
    let mut one_side = refusing(Mismatch::Authentication);
    one_side.remove(4);
    assert_eq!(told("split-brain", &one_side), ["suspected open"]);
}
