use super::*;

const HOUR: i64 = 60 * MINUTE;
/// 2020-08-08, midnight in UTC.
const MIDNIGHT: i64 = 1_596_844_800_000_000;

pub(in crate::follow) fn change(kind: Kind, id: &str, severity: &str) -> Change {
    let json = format!(r#"{{"schema":"driftline.change/1","change":"{}","finding":{{"id":"{id}"}}}}"#, kind.word());
    Change {
        kind,
        id: id.to_owned(),
        rule: if severity == "critical" { "eip-drift" } else { "stale-serial" }.to_owned(),
        severity: severity.to_owned(),
        confidence: "likely".to_owned(),
        claim: "it is so.".to_owned(),
        nodes: Vec::new(),
        is_open: kind != Kind::Closed,
        cause: None,
        json,
        text: format!("{:<8} STALE SERIAL, likely · it is so.", kind.word().to_uppercase()),
    }
}

fn opened(id: &str) -> Change {
    change(Kind::Opened, id, "warning")
}

/// Without the time at which the first process began.
fn keys(told: &[Notification]) -> Vec<String> {
    told.iter().map(|told| told.key.replace("-0-", "-")).collect()
}

fn quiet_nights() -> Limits {
    Limits { quiet: vec![Quiet { from: 22 * 60, to: 6 * 60 }], zone: Tz::Europe__Zurich, ..Limits::default() }
}

#[test]
fn without_limits_each_change_goes_out_at_once() {
    let mut pacing = Pacing::new(Limits::default());
    let told = pacing.take(opened("a"), MIDNIGHT);
    assert_eq!(keys(&told), ["a-opened-1"]);
    assert_eq!((&*told[0].json, &*told[0].text), (&*opened("a").json, &*opened("a").text));
    assert_eq!(keys(&pacing.take(change(Kind::Changed, "a", "warning"), MIDNIGHT)), ["a-changed-2"]);
    assert!(pacing.due(MIDNIGHT + 1_000 * HOUR).is_empty());
}

#[test]
fn an_open_finding_is_told_again_until_it_closes() {
    let mut pacing = Pacing::new(Limits { remind: Some(6 * HOUR), ..Limits::default() });
    pacing.take(opened("a"), MIDNIGHT);
    assert!(pacing.due(MIDNIGHT + 6 * HOUR - 1).is_empty());
    let told = pacing.due(MIDNIGHT + 6 * HOUR);
    assert_eq!(keys(&told), ["a-reminder-2"]);
    let json = r#"{"schema":"driftline.change/1","change":"changed","reminder":true,"finding":{"id":"a"}}"#;
    let text = "REMINDER STALE SERIAL, likely · it is so.\n         still open 6 h after this was told";
    assert_eq!((&*told[0].json, &*told[0].text), (json, text));
    assert!(pacing.due(MIDNIGHT + 7 * HOUR).is_empty());
    let told = pacing.due(MIDNIGHT + 12 * HOUR);
    assert_eq!(keys(&told), ["a-reminder-3"]);
    assert!(told[0].text.contains("still open 12 h after this was told"), "{}", told[0].text);
    pacing.take(change(Kind::Closed, "a", "warning"), MIDNIGHT + 13 * HOUR);
    assert!(pacing.due(MIDNIGHT + 100 * HOUR).is_empty());
}

#[test]
fn what_an_open_finding_explains_is_not_told_again() {
    let mut pacing = Pacing::new(Limits { remind: Some(6 * HOUR), ..Limits::default() });
    pacing.take(change(Kind::Opened, "a", "critical"), MIDNIGHT);
    pacing.take(Change { cause: Some("a".to_owned()), ..opened("b") }, MIDNIGHT);
    assert_eq!(keys(&pacing.due(MIDNIGHT + 6 * HOUR)), ["a-reminder-3"]);
    // It is told from then on, and not at once: most of what a finding explains ends with it.
    pacing.take(change(Kind::Closed, "a", "critical"), MIDNIGHT + 7 * HOUR);
    assert!(pacing.due(MIDNIGHT + 12 * HOUR - 1).is_empty());
    assert_eq!(keys(&pacing.due(MIDNIGHT + 12 * HOUR)), ["b-reminder-5"]);
}

/// A split brain is over within a second, the drift it led to is not.
#[test]
fn what_a_closed_finding_explains_is_told_again() {
    let mut pacing = Pacing::new(Limits { remind: Some(6 * HOUR), ..Limits::default() });
    pacing.take(opened("a"), MIDNIGHT);
    pacing.take(change(Kind::Closed, "a", "warning"), MIDNIGHT);
    pacing.take(Change { cause: Some("a".to_owned()), ..change(Kind::Opened, "b", "critical") }, MIDNIGHT);
    assert_eq!(keys(&pacing.due(MIDNIGHT + 6 * HOUR)), ["b-reminder-4"]);
}

#[test]
fn what_is_critical_is_told_again_though_a_warning_explains_it() {
    let mut pacing = Pacing::new(Limits { remind: Some(6 * HOUR), ..Limits::default() });
    pacing.take(opened("a"), MIDNIGHT);
    pacing.take(Change { cause: Some("a".to_owned()), ..change(Kind::Opened, "b", "critical") }, MIDNIGHT);
    assert_eq!(keys(&pacing.due(MIDNIGHT + 6 * HOUR)), ["a-reminder-3", "b-reminder-4"]);
}

#[test]
fn what_is_over_is_not_told_again_though_it_was_revised() {
    let mut pacing = Pacing::new(Limits { remind: Some(6 * HOUR), ..Limits::default() });
    pacing.take(Change { is_open: false, ..change(Kind::Changed, "a", "warning") }, MIDNIGHT);
    assert!(pacing.due(MIDNIGHT + 6 * HOUR).is_empty());
}

/// 22:00 to 06:00 in Zurich in summer is 20:00 to 04:00 in UTC.
#[test]
fn quiet_hours_hold_what_is_not_critical_to_their_end() {
    let mut pacing = Pacing::new(quiet_nights());
    assert_eq!(keys(&pacing.take(opened("a"), MIDNIGHT - 4 * HOUR - 1)), ["a-opened-1"]);
    assert!(pacing.take(opened("b"), MIDNIGHT - 4 * HOUR).is_empty());
    assert_eq!(keys(&pacing.take(change(Kind::Opened, "c", "critical"), MIDNIGHT)), ["c-opened-2"]);
    assert!(pacing.take(change(Kind::Changed, "b", "warning"), MIDNIGHT).is_empty());
    assert!(pacing.due(MIDNIGHT + 4 * HOUR - 1).is_empty());
    assert_eq!(keys(&pacing.due(MIDNIGHT + 4 * HOUR)), ["b-opened-3", "b-changed-4"]);
}

#[test]
fn quiet_hours_can_hold_all() {
    let mut pacing = Pacing::new(Limits { is_quiet_critical: true, ..quiet_nights() });
    assert!(pacing.take(change(Kind::Opened, "a", "critical"), MIDNIGHT).is_empty());
    assert_eq!(keys(&pacing.due(MIDNIGHT + 4 * HOUR)), ["a-opened-1"]);
}

#[test]
fn of_what_came_and_went_in_quiet_hours_the_end_is_told() {
    let mut pacing = Pacing::new(quiet_nights());
    pacing.take(opened("a"), MIDNIGHT);
    pacing.take(change(Kind::Closed, "a", "warning"), MIDNIGHT + HOUR);
    assert_eq!(keys(&pacing.due(MIDNIGHT + 4 * HOUR)), ["a-closed-1"]);
}

#[test]
fn what_quiet_hours_cannot_hold_is_counted() {
    let mut pacing = Pacing::new(Limits { per_minute: usize::MAX, ..quiet_nights() });
    for number in 0..HELD_MAX + 3 {
        pacing.take(opened(&number.to_string()), MIDNIGHT);
    }
    let told = pacing.due(MIDNIGHT + 4 * HOUR);
    assert_eq!(told.len(), HELD_MAX + 1);
    let last = told.last().expect("there is one");
    assert_eq!(last.claim, "3 more announcements within the quiet hours: 3 opened; 3 of stale-serial.");
}

#[test]
fn a_flood_is_told_as_one() {
    let mut pacing = Pacing::new(Limits { per_minute: 2, ..Limits::default() });
    let ids = ["a", "b", "c", "d"];
    let told: Vec<Notification> = ids.iter().flat_map(|id| pacing.take(opened(id), MIDNIGHT)).collect();
    assert_eq!(keys(&told), ["a-opened-1", "b-opened-2"]);
    assert!(pacing.take(change(Kind::Closed, "a", "warning"), MIDNIGHT + 1).is_empty());
    assert!(pacing.due(MIDNIGHT + MINUTE - 1).is_empty());
    let told = pacing.take(opened("e"), MIDNIGHT + MINUTE);
    assert_eq!(keys(&told), ["flood-3", "e-opened-4"]);
    assert_eq!(told[0].claim, "3 more announcements within a minute: 2 opened, 1 closed; 3 of stale-serial.");
    let json = concat!(
        r#"{"schema":"driftline.flood/1","changes":3,"by_change":{"closed":1,"opened":2},"#,
        r#""by_rule":{"stale-serial":3},"findings":["c","d","a"]}"#
    );
    assert_eq!(told[0].json, json);
}

/// Whoever makes a flood of warnings must not hide what matters in it.
#[test]
fn a_flood_of_warnings_does_not_swallow_what_is_critical() {
    let mut pacing = Pacing::new(Limits { per_minute: 1, ..Limits::default() });
    for number in 0..100 {
        pacing.take(opened(&number.to_string()), MIDNIGHT);
    }
    let told = pacing.take(change(Kind::Opened, "x", "critical"), MIDNIGHT);
    assert_eq!(keys(&told), ["x-opened-2"]);
}

/// A crash between telling and saving: the same changes come again, and get the same keys.
#[test]
fn what_is_told_again_after_a_crash_has_the_same_key() {
    let mut pacing = Pacing::new(quiet_nights());
    pacing.begin(7_000_000);
    pacing.take(opened("a"), MIDNIGHT + 5 * HOUR);
    pacing.take(opened("b"), MIDNIGHT + 23 * HOUR);
    let saved = postcard::to_stdvec(&pacing).expect("it has a form");
    let told = pacing.take(change(Kind::Opened, "c", "critical"), MIDNIGHT + 23 * HOUR);
    let mut again: Pacing = postcard::from_bytes(&saved).expect("it is what was saved");
    again.limit(quiet_nights());
    again.begin(MIDNIGHT);
    assert_eq!(again.take(change(Kind::Opened, "c", "critical"), MIDNIGHT + 24 * HOUR), told);
    assert_eq!(keys(&again.due(MIDNIGHT + 28 * HOUR)), ["b-opened-7-3"], "what was held is held still");
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let mut pacing = Pacing::new(Limits { per_minute: 1, ..Limits::default() });
    pacing.take(opened("a"), MIDNIGHT + HOUR);
    pacing.take(opened("b"), MIDNIGHT + HOUR);
    assert_eq!(keys(&pacing.due(MIDNIGHT)), ["flood-2"]);
}
