//! `[follow]` of `driftline.toml`: when people are told, and how long their programs and web hooks may take.

use crate::follow::{Limits, Quiet};
use chrono_tz::Tz;
use serde::Deserialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use toml::Spanned;

const EXEC_TIMEOUT: Duration = Duration::from_secs(30);
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);
/// An open finding that is told more often than this wears people out.
const REMIND_SECONDS_MIN: u64 = 60;
const TIMEOUT_SECONDS_MAX: u64 = 3_600;

/// Ready for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Settings {
    /// When people are told.
    pub(in crate::cli) limits: Limits,
    /// How long a program of `--exec` may take.
    pub(in crate::cli) exec_timeout: Duration,
    /// How long a web hook may take.
    pub(in crate::cli) webhook_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { limits: Limits::default(), exec_timeout: EXEC_TIMEOUT, webhook_timeout: WEBHOOK_TIMEOUT }
    }
}

/// How long programs and web hooks may take now, for the threads that wait for them.
#[derive(Debug, Default)]
pub(super) struct Patience {
    exec_ms: AtomicU64,
    webhook_ms: AtomicU64,
}

impl Patience {
    pub(super) fn of(settings: &Settings) -> Self {
        let patience = Self::default();
        patience.set(settings);
        patience
    }

    pub(super) fn set(&self, settings: &Settings) {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.exec_ms.store(millis(settings.exec_timeout), Ordering::Relaxed);
        self.webhook_ms.store(millis(settings.webhook_timeout), Ordering::Relaxed);
    }

    pub(super) fn exec(&self) -> Duration {
        Duration::from_millis(self.exec_ms.load(Ordering::Relaxed))
    }

    #[cfg(feature = "webhook")]
    pub(super) fn webhook(&self) -> Duration {
        Duration::from_millis(self.webhook_ms.load(Ordering::Relaxed))
    }
}

/// `[follow]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::cli) struct Section {
    remind: Option<Spanned<String>>,
    #[serde(default)]
    quiet: Vec<Spanned<String>>,
    quiet_zone: Option<Spanned<String>>,
    #[serde(default)]
    quiet_critical: bool,
    per_minute: Option<Spanned<usize>>,
    exec_timeout: Option<Spanned<String>>,
    webhook_timeout: Option<Spanned<String>>,
}

impl Section {
    /// The settings, or the byte where something is wrong and what.
    pub(in crate::cli) fn read(self) -> Result<Settings, (usize, String)> {
        let mut settings = Settings::default();
        let limits = &mut settings.limits;
        limits.is_quiet_critical = self.quiet_critical;
        if let Some(word) = self.remind {
            let seconds = seconds(&word, REMIND_SECONDS_MIN, u64::from(u32::MAX))?;
            limits.remind = Some(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000));
        }
        for word in &self.quiet {
            let wanted =
                || (word.span().start, format!("{:?} is no time of the day such as \"22:00-06:00\"", word.get_ref()));
            limits.quiet.push(quiet(word.get_ref()).ok_or_else(wanted)?);
        }
        if let Some(word) = self.quiet_zone {
            let wanted = |_| (word.span().start, format!("{:?} is no zone such as \"Europe/Zurich\"", word.get_ref()));
            limits.zone = word.get_ref().parse::<Tz>().map_err(wanted)?;
        }
        if let Some(number) = self.per_minute {
            if *number.get_ref() == 0 {
                return Err((number.span().start, "per-minute must be at least 1".to_owned()));
            }
            limits.per_minute = *number.get_ref();
        }
        if let Some(word) = self.exec_timeout {
            settings.exec_timeout = Duration::from_secs(seconds(&word, 1, TIMEOUT_SECONDS_MAX)?);
        }
        if let Some(word) = self.webhook_timeout {
            settings.webhook_timeout = Duration::from_secs(seconds(&word, 1, TIMEOUT_SECONDS_MAX)?);
        }
        Ok(settings)
    }
}

/// `90s`, `15min`, `6h`, `1d`.
fn seconds(word: &Spanned<String>, min: u64, max: u64) -> Result<u64, (usize, String)> {
    let text = word.get_ref().trim();
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim() {
        "s" => Some(1),
        "min" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = factor.and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor));
    match seconds {
        None => Err((
            word.span().start,
            format!("{text:?} is no length of time such as \"30s\", \"15min\", \"6h\" or \"1d\""),
        )),
        Some(seconds) if (min..=max).contains(&seconds) => Ok(seconds),
        Some(_) => Err((word.span().start, format!("{text:?} is not between {min} s and {max} s"))),
    }
}

/// `22:00-06:00`.
fn quiet(word: &str) -> Option<Quiet> {
    let (from, to) = word.split_once('-')?;
    let minute = |text: &str| -> Option<u32> {
        let (hours, minutes) = text.trim().split_once(':')?;
        let is_two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_two(hours) || !is_two(minutes) {
            return None;
        }
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
    };
    let quiet = Quiet { from: minute(from)?, to: minute(to)? };
    (quiet.from != quiet.to).then_some(quiet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let section: Section = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        section.read().map_err(|(_, what)| what)
    }

    #[test]
    fn everything_has_its_place() {
        let text = r#"
            remind = "6h"
            quiet = ["22:00-06:00", "12:00-13:30"]
            quiet-zone = "Europe/Zurich"
            quiet-critical = true
            per-minute = 5
            exec-timeout = "2min"
            webhook-timeout = "5s"
        "#;
        let settings = read(text).expect("it is fine");
        let expected = Limits {
            remind: Some(6 * 3_600_000_000),
            quiet: vec![Quiet { from: 22 * 60, to: 6 * 60 }, Quiet { from: 12 * 60, to: 13 * 60 + 30 }],
            is_quiet_critical: true,
            zone: Tz::Europe__Zurich,
            per_minute: 5,
        };
        assert_eq!(settings.limits, expected);
        assert_eq!((settings.exec_timeout.as_secs(), settings.webhook_timeout.as_secs()), (120, 5));
        assert_eq!(read(""), Ok(Settings::default()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, what) in [
            ("remind = \"6\"", "\"6\" is no length of time such as \"30s\", \"15min\", \"6h\" or \"1d\""),
            ("remind = \"5s\"", "\"5s\" is not between 60 s and 4294967295 s"),
            ("quiet = [\"22-6\"]", "\"22-6\" is no time of the day such as \"22:00-06:00\""),
            ("quiet = [\"24:01-06:00\"]", "\"24:01-06:00\" is no time of the day such as \"22:00-06:00\""),
            ("quiet = [\"06:00-06:00\"]", "\"06:00-06:00\" is no time of the day such as \"22:00-06:00\""),
            ("quiet-zone = \"Zurich\"", "\"Zurich\" is no zone such as \"Europe/Zurich\""),
            ("per-minute = 0", "per-minute must be at least 1"),
            ("exec-timeout = \"2h\"", "\"2h\" is not between 1 s and 3600 s"),
        ] {
            assert_eq!(read(text), Err(what.to_owned()), "{text}");
        }
        assert!(read("reminder = \"6h\"").is_err_and(|what| what.contains("reminder")));
    }
}
