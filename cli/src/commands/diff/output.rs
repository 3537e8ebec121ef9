//! How comparisons are printed, and what code they end with.

use std::collections::BTreeSet;

use mcp_pin_diff::{Bump, Change, ChangeReport, Finding};
use mcp_pin_model::{Alias, Digest, Entry, EntryKind, Grade, Surface, json::Value};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{
        self, Detail, Selection, View, json,
        report_human::{
            facts::{Gathering, facts},
            selection::Hidden,
        },
    },
    ui::{Role, Text, sanitize},
};

/// What of a comparison is shown, and how much of it.
pub(super) struct Showing {
    pub(super) detail: Detail,
    pub(super) selection: Selection,
}

impl Showing {
    /// All of it, in full.
    pub(super) fn everything() -> Self {
        Self { detail: Detail::Full, selection: Selection::default() }
    }

    /// An entry that is on neither side is a mistake, and not an entry that did not change.
    pub(super) fn check_entry<'a>(&self, mut known: impl Iterator<Item = &'a str>) -> Result<(), CommandError> {
        match &self.selection.entry {
            Some(entry) if !known.any(|key| key == entry) => {
                Err(CommandError::usage(format!("--entry: {} is on neither side", sanitize::name(entry))).hint(
                    "name a tool, prompt, template or skill, or give the URI of a resource, as the server spells it",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// The names and URIs of a surface.
pub(super) fn keys(surface: &Surface) -> impl Iterator<Item = &str> {
    EntryKind::ALL.into_iter().filter_map(|kind| surface.section(kind)).flatten().map(Entry::key)
}

/// One comparison.
pub(super) struct Compared<'a> {
    /// The locked server, where it is one.
    pub(super) alias: Option<&'a Alias>,
    /// What came out.
    pub(super) report: &'a ChangeReport,
}

/// What a comparison comes to, in the JSON document. The outcome and the digest are what scripts need; the report is
/// the canonical one that the digest is of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comparison {
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<Alias>,
    /// `unchanged` or `changed`.
    outcome: &'static str,
    grade: Grade,
    model_visible_changed: bool,
    required_bump: Bump,
    #[serde(skip_serializing_if = "Option::is_none")]
    declared_bump: Option<Bump>,
    /// What `update --accept <alias>@<digest>` and a consent refer to.
    report_digest: Digest,
    report: Value,
    /// What `--only` and `--entry` chose of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    selection: Option<Selected>,
}

/// A part of a report. It has no digest and nobody can consent to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selected {
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<Grade>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    changes: Vec<Change>,
    findings: Vec<Finding>,
    /// How many changes and findings of the report are not among them.
    not_shown: Hidden,
}

impl Selected {
    fn of(report: &ChangeReport, selection: &Selection) -> Option<Self> {
        if selection.is_everything() {
            return None;
        }
        let (facts, not_shown) = selection.apply(report, facts(report, Gathering::Overview));
        let changes: BTreeSet<usize> =
            facts.iter().flat_map(|fact| &fact.edits).flat_map(|edit| edit.changes.iter().copied()).collect();
        let findings: BTreeSet<usize> = facts.iter().flat_map(|fact| fact.findings.iter().copied()).collect();
        Some(Self {
            only: selection.only,
            entry: selection.entry.clone(),
            changes: changes.into_iter().filter_map(|index| report.changes().get(index)).cloned().collect(),
            findings: findings.into_iter().filter_map(|index| report.findings().get(index)).cloned().collect(),
            not_shown,
        })
    }
}

impl Comparison {
    pub(super) fn of(compared: &Compared<'_>, showing: &Showing) -> Self {
        let report = compared.report;
        Self {
            alias: compared.alias.cloned(),
            outcome: if report.is_unchanged() { "unchanged" } else { "changed" },
            grade: report.grade(),
            model_visible_changed: report.model_visible_changed(),
            required_bump: report.required_bump(),
            declared_bump: report.declared_bump(),
            report_digest: report.digest(),
            report: report.to_value(),
            selection: Selected::of(report, &showing.selection),
        }
    }
}

/// The code that a comparison ends with.
pub(super) fn status(report: &ChangeReport) -> Status {
    if report.is_unchanged() { Status::Passed } else { Status::Failed }
}

/// Prints one comparison.
pub(super) fn one(context: &Context, compared: &Compared<'_>, showing: &Showing) -> CommandResult {
    match context.format {
        Format::Json => json::print(&context.ui, "diff", &Comparison::of(compared, showing))?,
        Format::Human => {
            write(context, human(context, compared, showing))?;
        }
    }
    Ok(status(compared.report))
}

/// One comparison for people.
pub(super) fn human(context: &Context, compared: &Compared<'_>, showing: &Showing) -> Text {
    let view = View { columns: context.ui.width(), detail: showing.detail, subject: compared.alias.map(Alias::as_str) };
    let mut text = render::selected(compared.report, &view, &showing.selection);
    if !compared.report.is_unchanged() {
        text.newline();
        text.push(Role::Dim, "change report ");
        text.plain(compared.report.digest().to_string());
        text.newline();
    }
    text
}

/// Prints, or says that standard output cannot be written.
pub(super) fn write(context: &Context, text: Text) -> Result<(), CommandError> {
    context.ui.data(text).map_err(|error| super::super::output_error(&error))
}
