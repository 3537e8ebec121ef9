//! What of a report is shown: from a grade on, of an entry. What a report comes to is never changed by it.

use std::collections::BTreeSet;

use clap::ValueEnum;
use mcp_pin_diff::{Change, ChangeReport, EntryRef};
use mcp_pin_model::Grade;

use super::facts::{Edit, Fact};
use crate::{
    render::wrap::{counted, wrapped},
    ui::{Role, Text, sanitize},
};

/// A grade, as it is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LeastGrade {
    /// What cannot be locked at all.
    Refuse,
    /// And what takes a quorum and typed confirmation.
    Block,
    /// And what is read item by item.
    Review,
    /// And what may be accepted as a group.
    Notice,
}

impl LeastGrade {
    /// The grade.
    #[must_use]
    pub fn grade(self) -> Grade {
        match self {
            Self::Refuse => Grade::Refuse,
            Self::Block => Grade::Block,
            Self::Review => Grade::Review,
            Self::Notice => Grade::Notice,
        }
    }
}

/// What is shown; everything by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// This grade and above.
    pub only: Option<Grade>,
    /// What is about entries of this name or URI.
    pub entry: Option<String>,
}

/// How much is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Hidden {
    /// Changes.
    pub changes: usize,
    /// Findings.
    pub findings: usize,
}

impl Selection {
    /// Whether everything is shown.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.only.is_none() && self.entry.is_none()
    }

    fn is_about(&self, entry: Option<&EntryRef>) -> bool {
        self.entry.as_ref().is_none_or(|wanted| entry.is_some_and(|entry| entry.key == *wanted))
    }

    /// The facts that are shown, with what of them is, and how much of the report is in none of them.
    #[must_use]
    pub fn apply(&self, report: &ChangeReport, facts: Vec<Fact>) -> (Vec<Fact>, Hidden) {
        if self.is_everything() {
            return (facts, Hidden::default());
        }
        let change = |index: &usize| report.changes().get(*index);
        let mut shown = Vec::new();
        for mut fact in facts {
            if self.only.is_some_and(|least| fact.grade < least) {
                continue;
            }
            let finding = |index: &usize| report.findings().get(*index);
            fact.findings
                .retain(|index| finding(index).is_some_and(|finding| self.is_about(finding.location.entry.as_ref())));
            let edits = fact.edits.into_iter().map(|edit| Edit {
                changes: edit
                    .changes
                    .into_iter()
                    .filter(|index| change(index).is_some_and(|change: &Change| self.is_about(change.entry.as_ref())))
                    .collect(),
            });
            fact.edits = edits.filter(|edit| !edit.changes.is_empty()).collect();
            if !fact.edits.is_empty() || !fact.findings.is_empty() {
                shown.push(fact);
            }
        }
        let changes: usize = shown.iter().flat_map(|fact| &fact.edits).map(|edit| edit.changes.len()).sum();
        let findings: BTreeSet<usize> = shown.iter().flat_map(|fact| fact.findings.iter().copied()).collect();
        let hidden = Hidden {
            changes: report.changes().len().saturating_sub(changes),
            findings: report.findings().len().saturating_sub(findings.len()),
        };
        (shown, hidden)
    }
}

/// Says how much of a report was not shown.
pub(super) fn not_shown(
    out: &mut Text,
    report: &ChangeReport,
    (nothing, hidden): (bool, &Hidden),
    selection: &Selection,
    columns: usize,
) {
    if selection.is_everything() || report.is_unchanged() {
        return;
    }
    let mut options = Vec::new();
    if let Some(least) = selection.only {
        options.push(format!("--only {least}"));
    }
    if selection.entry.is_some() {
        options.push("--entry".to_owned());
    }
    let options = options.join(" and ");
    out.newline();
    if let Some(entry) = selection.entry.as_ref().filter(|_| nothing) {
        let sentence = format!("nothing about {} is of the kind that was asked for", sanitize::name(entry));
        out.append(Text::new().with(Role::Good, sentence).folded(columns));
        out.newline();
    }
    let sentence = if *hidden == Hidden::default() {
        format!("{options}: that is everything")
    } else {
        format!(
            "{options}: not shown are {} and {}",
            counted(hidden.changes, "change", "changes"),
            counted(hidden.findings, "finding", "findings")
        )
    };
    let role = if *hidden == Hidden::default() { Role::Dim } else { Role::Warning };
    for line in wrapped(&sanitize::one_line(&sentence), columns, 0) {
        out.push(role, line);
        out.newline();
    }
}
