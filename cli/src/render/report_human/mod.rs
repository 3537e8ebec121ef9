//! The change report for people.
//!
//! It is made from the report and from nothing else, since the report's digest is what a consent binds. It says first what
//! it comes to, then the [facts], the gravest first, so that sixty rewordings cannot bury the one that matters;
//! every change is shown, under its findings or after all of them. In full view nothing is left out. Every line that a server's
//! text stands on starts with a gutter or is short and quoted.

pub(crate) mod edits;
pub(crate) mod fact;
pub mod facts;
mod grades;
mod heading;
pub mod inspected;
mod legend;
mod novelty;
pub mod selection;

use mcp_pin_diff::{ChangeKind, ChangeReport};
use mcp_pin_model::Grade;

pub use self::grades::{grade_role, grade_word};
pub(crate) use self::novelty::Novelty;
use self::{
    facts::{Fact, Gathering},
    selection::Selection,
};
use super::wrap::counted;
pub(crate) use super::wrap::wrapped;
use crate::ui::{Role, Text};

/// How much of long texts is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    #[default]
    Full,
    /// Everything that is new or gone; of long unchanged texts only what stands beside it, and it is said how much is
    /// missing. What somebody is asked to consent to.
    Changed,
    /// Long texts, trees and lists are cut too, and it is said how much is missing.
    Summary,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Columns.
    pub columns: usize,
    /// How much of long texts.
    pub detail: Detail,
    /// What the report is about, such as an alias; it is made visible.
    pub subject: Option<&'a str>,
}

/// Renders a report.
#[must_use]
pub fn report(report: &ChangeReport, view: &View<'_>) -> Text {
    selected(report, view, &Selection::default())
}

/// Renders what was selected of a report, and says how much was not. The first lines are about all of it.
#[must_use]
pub fn selected(report: &ChangeReport, view: &View<'_>, selection: &Selection) -> Text {
    let facts = facts::facts(report, Gathering::Overview);
    let mut out = heading::heading(report, facts.len(), view);
    let (shown, hidden) = selection.apply(report, facts);
    render_facts(&mut out, report, &shown, view);
    selection::not_shown(&mut out, report, (shown.is_empty(), &hidden), selection, view.columns);
    legend::explain(&mut out, view.columns);
    out
}

/// Renders what was found, from grade `review` on, and says how much else there is. Nobody may be asked to accept from
/// this: it leaves out what no rule has anything to say about.
#[must_use]
pub fn findings(report: &ChangeReport, view: &View<'_>) -> Text {
    let facts = facts::facts(report, Gathering::Overview);
    let mut out = heading::heading(report, facts.len(), view);
    let found: Vec<Fact> = facts.into_iter().filter(|fact| fact.grade >= Grade::Review).collect();
    // Entries, not changes: a server also brings its instructions and capabilities, which are not in this number.
    let entries = report.changes().iter().filter(|change| change.kind == ChangeKind::EntryAdded).count();
    render_facts(&mut out, report, &found, view);
    if entries > 0 {
        out.newline();
        let entries = counted(entries, "new entry", "new entries");
        out.push(Role::Dim, format!("{entries}; read them in a terminal, or with --expand"));
        out.newline();
    }
    legend::explain(&mut out, view.columns);
    out
}

/// The first lines of a report of so many facts, and what the signs below them mean: for whoever goes on fact by fact.
pub(crate) fn opening(report: &ChangeReport, facts: usize, view: &View<'_>) -> Text {
    let mut out = heading::heading(report, facts, view);
    legend::signs(&mut out, view.columns);
    out
}

fn render_facts(out: &mut Text, report: &ChangeReport, facts: &[Fact], view: &View<'_>) {
    let novelty = Novelty::of(report);
    for fact in facts {
        out.newline();
        out.append(fact::render(report, fact, untitled(report), view, &novelty));
    }
}

/// The title of what no rule has anything to say about.
pub(crate) fn untitled(report: &ChangeReport) -> &'static str {
    if report.is_first_admission() {
        "everything else that is new"
    } else if report.findings().is_empty() {
        "changes"
    } else {
        "other changes, which no rule has anything to say about"
    }
}
