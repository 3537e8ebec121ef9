//! What `inspect` prints.

use std::collections::BTreeMap;

use mcp_pin_diff::{EntryRef, Finding};
use mcp_pin_model::{
    Digest, EntryKind, Grade,
    json::{Pointer, Value},
};
use serde::Serialize;

use super::{Inspection, Judged, declares, findings};
use crate::{
    commands::output_error,
    context::Context,
    error::{CommandError, Status},
    render::{
        Detail, Selection, View, json,
        report_human::inspected::{Inspected, inspected},
    },
    ui::Text,
};

/// The document: entries and findings of all inputs in flat lists, each with its input.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    outcome: Status,
    /// The gravest that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<Grade>,
    fail_on: Grade,
    inputs: Vec<Input<'a>>,
    entries: Vec<Entry<'a>>,
    findings: Vec<Found<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selection: Option<Selected<'a>>,
}

#[derive(Debug, Serialize)]
struct Input<'a> {
    input: String,
    outcome: Status,
    /// What it was given, also where no rule reads it: a doubled name is `refuse`. Absent where nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<Grade>,
    #[serde(skip_serializing_if = "Option::is_none")]
    surface: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem<'a>>,
}

#[derive(Debug, Serialize)]
struct Problem<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a Pointer>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    input: String,
    kind: EntryKind,
    name: &'a str,
    grade: Grade,
    /// The rules that fired, the gravest first, each once.
    rules: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Found<'a> {
    input: String,
    rule: &'a str,
    grade: Grade,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    /// None where it is about the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Name<'a>>,
    path: &'a Pointer,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a Value>,
    fingerprint: &'a str,
}

#[derive(Debug, Serialize)]
struct Name<'a> {
    kind: EntryKind,
    name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selected<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<Grade>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'a str>,
    /// Findings that were not asked for.
    not_shown: usize,
}

/// Prints the document.
pub(super) fn json(
    context: &Context,
    inspections: &[Inspection],
    fail_on: Grade,
    selection: &Selection,
) -> Result<(), CommandError> {
    let mut entries = Vec::new();
    let mut found = Vec::new();
    let mut not_shown = 0;
    for inspection in inspections {
        let Ok(judged) = &inspection.result else { continue };
        let input = inspection.input();
        entries.extend(entries_of(&input, judged, selection));
        for finding in findings(&judged.report) {
            if is_selected(selection, finding.grade, finding.location.entry.as_ref().map(|entry| entry.key.as_str())) {
                found.push(found_of(&input, finding));
            } else {
                not_shown += 1;
            }
        }
    }
    let document = Document {
        outcome: inspections.iter().map(|one| one.status(fail_on)).fold(Status::Passed, Status::and),
        grade: inspections.iter().filter_map(Inspection::grade).max(),
        fail_on,
        inputs: inspections.iter().map(|one| input(one, fail_on)).collect(),
        entries,
        findings: found,
        selection: (!selection.is_everything()).then_some(Selected {
            only: selection.only,
            entry: selection.entry.as_deref(),
            not_shown,
        }),
    };
    json::print(&context.ui, "inspect", &document)
}

fn is_selected(selection: &Selection, grade: Grade, key: Option<&str>) -> bool {
    selection.only.is_none_or(|least| grade >= least)
        && selection.entry.as_deref().is_none_or(|wanted| key == Some(wanted))
}

fn input(inspection: &Inspection, fail_on: Grade) -> Input<'_> {
    let (surface, error) = match &inspection.result {
        Ok(judged) => (Some(judged.report.to().surface), None),
        Err(refused) => {
            let line = refused.error.place.as_ref().and_then(|place| place.line);
            (None, Some(Problem { message: &refused.error.message, line, pointer: refused.pointer.as_ref() }))
        }
    };
    Input { input: inspection.input(), outcome: inspection.status(fail_on), grade: inspection.grade(), surface, error }
}

fn entries_of<'a>(input: &str, judged: &'a Judged, selection: &Selection) -> Vec<Entry<'a>> {
    let mut by_entry: BTreeMap<(EntryKind, &str), (Grade, Vec<&str>)> = BTreeMap::new();
    for finding in findings(&judged.report) {
        let Some(EntryRef { kind, key }) = &finding.location.entry else { continue };
        let (grade, rules) = by_entry.entry((*kind, key.as_str())).or_default();
        *grade = (*grade).max(finding.grade);
        if !rules.contains(&finding.rule.as_str()) {
            rules.push(&finding.rule);
        }
    }
    judged
        .surface
        .entries()
        .map(|entry| {
            let (grade, rules) = by_entry.remove(&(entry.kind(), entry.key())).unwrap_or_default();
            Entry { input: input.to_owned(), kind: entry.kind(), name: entry.key(), grade, rules }
        })
        .filter(|entry| is_selected(selection, entry.grade, Some(entry.name)))
        .collect()
}

fn found_of<'a>(input: &str, finding: &'a Finding) -> Found<'a> {
    Found {
        input: input.to_owned(),
        rule: &finding.rule,
        grade: finding.grade,
        message: &finding.message,
        hint: finding.hint.as_deref(),
        entry: finding.location.entry.as_ref().map(|entry| Name { kind: entry.kind, name: &entry.key }),
        path: &finding.location.path,
        after: finding.after.as_ref(),
        fingerprint: &finding.fingerprint,
    }
}

/// Prints what was found, file by file.
pub(super) fn human(
    context: &Context,
    inspections: &[Inspection],
    detail: Detail,
    selection: &Selection,
) -> Result<(), CommandError> {
    let mut out = Text::new();
    for inspection in inspections {
        let Ok(judged) = &inspection.result else { continue };
        if !out.is_empty() {
            out.newline();
        }
        let input = inspection.input();
        let view = View { columns: context.ui.width(), detail, subject: Some(&input) };
        let declares = declares(&judged.surface);
        let one = Inspected { report: &judged.report, grade: judged.grade, declares: &declares };
        out.append(inspected(&one, &view, selection));
    }
    if out.is_empty() {
        return Ok(());
    }
    context.ui.data(out).map_err(|error| output_error(&error))
}
