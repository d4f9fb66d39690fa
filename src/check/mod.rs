//! Saved logs against saved expectations: a [`Case`] is what an `expected.toml` asks for, [`judge()`] holds it against what was
//! found, and the printers beside it say what differs. The smallest example:
//!
//! ```
//! use driftline::check::{Case, judge};
//! let case = Case::parse("expected.toml", "others = \"forbid\"\n[[expect]]\nrule = \"eip-drift\"\n")?;
//! let checks = judge(&case, &[], &Default::default);
//! assert_eq!(checks[0].broken.as_ref().map(|broken| broken.what.as_str()), Some("not found"));
//! # Ok::<(), driftline::check::CaseError>(())
//! ```
//!
//! **Invariant:** nothing passes by accident. What is not understood, not read or not there is an error, never a silent pass.

pub mod bless;
mod case;
mod coverage;
pub mod github;
pub mod json;
mod judge;
pub mod junit;
mod lines;
mod shrink;
pub mod table;

pub use case::{Case, CaseError, Claim, EXPECTED, Others, Setting, Until};
pub use coverage::Coverage;
pub use judge::{
    Broken, Check, Difference, Kind, confidence_word, differences, evidence_names, judge, judge_nodes, line, met,
};
pub use lines::{ids, seen};
pub use shrink::{Budget, shrink};

/// A case after its run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// Its directory as given or found.
    pub case: String,
    /// Its expectations, in the order of the file; empty where the case could not be run.
    pub checks: Vec<Check>,
    /// Why it could not be run, or not wholly.
    pub problems: Vec<Problem>,
}

/// Why a case could not be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file concerned.
    pub path: String,
    /// Its line, where it is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub text: String,
}

/// How a case ends; ordered, the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All expectations hold.
    Holds,
    /// One does not.
    Fails,
    /// The case could not be run, or not wholly.
    Error,
}

impl Judged {
    /// The worst of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.problems.is_empty() {
            Verdict::Error
        } else if self.checks.iter().any(|check| check.broken.is_some()) {
            Verdict::Fails
        } else {
            Verdict::Holds
        }
    }

    /// The path of its `expected.toml`.
    #[must_use]
    pub fn expected_path(&self) -> String {
        format!("{}/{EXPECTED}", self.case.trim_end_matches('/'))
    }
}

/// Numbers of cases: hold, fail, could not be run.
#[must_use]
pub fn count(judged: &[Judged]) -> (usize, usize, usize) {
    let of = |verdict| judged.iter().filter(|judged| judged.verdict() == verdict).count();
    (of(Verdict::Holds), of(Verdict::Fails), of(Verdict::Error))
}
