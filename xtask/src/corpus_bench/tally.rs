//! Counts.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_diff::{ChangeReport, Grade};

/// How often each grade was given, at least.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) total: usize,
    pub(super) notice: usize,
    pub(super) review: usize,
    pub(super) block: usize,
}

impl Tally {
    pub(super) fn add(&mut self, grade: Grade) {
        self.total += 1;
        self.notice += usize::from(grade >= Grade::Notice);
        self.review += usize::from(grade >= Grade::Review);
        self.block += usize::from(grade >= Grade::Block);
    }

    pub(super) fn join(&mut self, other: Self) {
        self.total += other.total;
        self.notice += other.notice;
        self.review += other.review;
        self.block += other.block;
    }

    /// Of a hundred, how many at least this grade.
    pub(super) fn rate(self, grade: Grade) -> f64 {
        let count = match grade {
            Grade::None => self.total,
            Grade::Notice => self.notice,
            Grade::Review => self.review,
            Grade::Block | Grade::Refuse => self.block,
        };
        percent(count, self.total)
    }
}

pub(super) fn percent(count: usize, total: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a corpus")]
    let rate = 100.0 * count as f64 / total.max(1) as f64;
    rate
}

/// By rule, in how many cases it spoke at `review` or above.
#[derive(Clone, Debug, Default)]
pub(super) struct ByRule(pub(super) BTreeMap<String, usize>);

impl ByRule {
    pub(super) fn add(&mut self, report: &ChangeReport) {
        let rules: BTreeSet<&str> = speaking(report, Grade::Review).collect();
        rules.into_iter().for_each(|rule| *self.0.entry(rule.to_owned()).or_default() += 1);
    }

    pub(super) fn of(&self, rule: &str) -> usize {
        self.0.get(rule).copied().unwrap_or_default()
    }
}

/// The rules that speak at a grade or above, but for the one that only says that everything is new.
pub(super) fn speaking(report: &ChangeReport, grade: Grade) -> impl Iterator<Item = &str> {
    report
        .findings()
        .iter()
        .filter(move |finding| finding.grade >= grade && finding.rule != "first-admission")
        .map(|finding| finding.rule.as_str())
}

/// The gravest grade, but for the rule that only says that everything is new.
pub(super) fn grade_of(report: &ChangeReport) -> Grade {
    let findings = report.findings().iter().filter(|finding| finding.rule != "first-admission");
    findings.map(|finding| finding.grade).max().unwrap_or(Grade::None)
}

/// The rules that speak, for a person at work on them.
pub(super) fn named(report: &ChangeReport, grade: Grade) -> String {
    let rules: BTreeSet<&str> = speaking(report, grade).collect();
    rules.into_iter().collect::<Vec<_>>().join(" ")
}
