//! What `manifest check` prints.

use std::{cmp::Reverse, collections::BTreeMap, path::Path};

use mcp_pin_diff::{Bump, Change, ChangeKind, Direction, EntryRef};
use mcp_pin_model::{
    Digest, Grade,
    json::{Pointer, Value},
};
use serde::Serialize;

use super::{Checked, Committed, Compared, bump_of};
use crate::{
    authoring::{
        step::Scheme,
        version::{Declared, Source},
    },
    cli::Format,
    commands::output_error,
    context::Context,
    error::{CommandError, Status},
    render::{
        json,
        paths::{in_words, within_entry},
        report_human::{edits::verb, wrapped},
        wrap::counted,
    },
    ui::{Role, Text, layout, sanitize},
};

/// Changes of one step that are listed for people; the document has all.
const LISTED: usize = 20;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    outcome: Status,
    /// None where a git revision has no surface yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<BaselineOutput<'a>>,
    surface: Digest,
    source: &'a str,
    committed: Committed,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<VersionOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<StepOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<Grade>,
    changes: Vec<ChangeOutput<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report_digest: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Value>,
}

#[derive(Debug, Serialize)]
struct BaselineOutput<'a> {
    found: &'a str,
    surface: Digest,
    version: VersionOutput,
}

#[derive(Debug, Serialize)]
struct VersionOutput {
    version: String,
    source: Source,
}

impl From<&Declared> for VersionOutput {
    fn from(declared: &Declared) -> Self {
        Self { version: declared.version.to_string(), source: declared.source }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StepOutput {
    scheme: Scheme,
    required: Bump,
    declared: Bump,
    is_enough: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct ChangeOutput<'a> {
    /// The step that it asks for.
    bump: Bump,
    kind: ChangeKind,
    path: &'a Pointer,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
}

#[derive(Debug, Serialize)]
struct Name<'a> {
    kind: mcp_pin_model::EntryKind,
    name: &'a str,
}

/// Prints it.
pub(super) fn print(context: &Context, checked: &Checked, file: &Path) -> Result<(), CommandError> {
    match context.format {
        Format::Json => json::print(&context.ui, "manifest-check", &document(checked)),
        Format::Human => {
            context.ui.data(human(checked, file, context.ui.width())).map_err(|error| output_error(&error))?;
            if let Some(hint) = hint(checked) {
                context.ui.hint(sanitize::one_line(&hint));
            }
            Ok(())
        }
    }
}

fn document(checked: &Checked) -> Document<'_> {
    let compared = checked.compared.as_ref();
    let mut changes: Vec<ChangeOutput<'_>> =
        compared.map(|compared| compared.report.changes()).unwrap_or_default().iter().map(change_output).collect();
    changes.sort_by_key(|change| Reverse(change.bump));
    Document {
        outcome: checked.status(),
        baseline: compared.map(|compared| BaselineOutput {
            found: &compared.baseline.called,
            surface: compared.baseline.digest(),
            version: VersionOutput::from(&compared.before),
        }),
        surface: checked.now.digest(),
        source: &checked.source,
        committed: checked.committed,
        version: compared.map(|compared| VersionOutput::from(&compared.after)),
        step: compared.map(|compared| StepOutput {
            scheme: compared.step.scheme,
            required: compared.step.required,
            declared: compared.step.declared,
            is_enough: compared.step.is_enough,
            next: compared.step.next.as_ref().map(ToString::to_string),
        }),
        grade: compared.map(|compared| compared.report.grade()),
        changes,
        report_digest: compared.map(|compared| compared.report.digest()),
        report: compared.map(|compared| compared.report.to_value()),
    }
}

fn change_output(change: &Change) -> ChangeOutput<'_> {
    ChangeOutput {
        bump: bump_of(change),
        kind: change.kind,
        path: &change.path,
        entry: change.entry.as_ref().map(|EntryRef { kind, key }| Name { kind: *kind, name: key }),
        direction: change.direction,
    }
}

fn human(checked: &Checked, file: &Path, columns: usize) -> Text {
    let mut out = Text::new();
    if let Some(first) = &checked.first {
        labelled(&mut out, "", Role::Strong, &format!("there is no {first}: nothing to compare with yet"), columns);
    }
    if let Some(compared) = &checked.compared {
        let side = |called: &str, declared: &Declared| {
            format!("{called}, version {} by {}", declared.version, declared.source.called())
        };
        labelled(&mut out, "before", Role::Plain, &side(&compared.baseline.called, &compared.before), columns);
        labelled(&mut out, "now", Role::Plain, &side(&checked.source, &compared.after), columns);
        let (role, verdict) = verdict(compared);
        labelled(&mut out, "", role, &verdict, columns);
        match compared.report.grade() {
            Grade::None => {}
            Grade::Refuse => {
                let sentence = "nobody can lock what it declares; `mcp-pin inspect` says why";
                labelled(&mut out, "", Role::Bad, sentence, columns);
            }
            grade => {
                let sentence = format!("for who has it locked, that is a change of grade {grade}");
                labelled(&mut out, "", Role::Dim, &sentence, columns);
            }
        }
    }
    if checked.committed == Committed::OutOfDate {
        let sentence = format!("{} is not what {} declares now", file.display(), checked.source);
        labelled(&mut out, "", Role::Bad, &sentence, columns);
    }
    if let Some(compared) = &checked.compared {
        out.append(changes(compared, columns));
    }
    out
}

/// Columns of the labels.
const LABEL: usize = 8;

/// A sentence that may quote foreign text, wrapped; with a label, below the label.
fn labelled(out: &mut Text, label: &str, role: Role, sentence: &str, columns: usize) {
    let indent = if label.is_empty() { 0 } else { LABEL };
    let lines = wrapped(&sanitize::one_line(sentence), columns, indent);
    if lines.iter().any(|line| sanitize::width(line) + indent > columns) {
        // A name of a server's choice makes it long: a gutter before each line of it.
        out.push(Role::Dim, label);
        if !label.is_empty() {
            out.newline();
        }
        out.append(layout::shown_block(&sanitize::one_line(sentence), role, LABEL, columns));
        return;
    }
    for (index, line) in lines.into_iter().enumerate() {
        out.push(Role::Dim, format!("{:indent$}", if index == 0 { label } else { "" }));
        out.push(role, line);
        out.newline();
    }
}

fn verdict(compared: &Compared) -> (Role, String) {
    let step = &compared.step;
    if compared.report.is_unchanged() || step.required == Bump::None {
        return (Role::Good, "nothing changed that asks for another version".to_owned());
    }
    let made = match (step.scheme, step.declared) {
        (_, Bump::None) if compared.after.version.cmp_precedence(&compared.before.version).is_lt() => {
            "the version goes back".to_owned()
        }
        (_, Bump::None) => "the version was not raised".to_owned(),
        (Scheme::Calendar, _) => "the version is a later date, which is enough for any".to_owned(),
        (Scheme::PreRelease, _) => "the version is later than a pre-release, which is enough for any".to_owned(),
        (Scheme::Semantic, declared) => format!("the version makes a {declared} step"),
    };
    let sentence = format!("the changes ask for a {} step, {made}", step.required);
    match (step.is_enough, &step.next) {
        (true, _) => (Role::Good, sentence),
        (false, Some(next)) => (Role::Bad, format!("{sentence}; {next} would do")),
        (false, None) => (Role::Bad, sentence),
    }
}

/// The changes that ask for more than was made, or, where none does, how many there are of each.
fn changes(compared: &Compared, columns: usize) -> Text {
    let mut out = Text::new();
    let asking = compared.asking();
    if asking.is_empty() {
        let mut counts: BTreeMap<Reverse<Bump>, usize> = BTreeMap::new();
        for change in compared.report.changes() {
            *counts.entry(Reverse(bump_of(change))).or_default() += 1;
        }
        for (bump, count) in counts {
            out.push(Role::Dim, format!("{:LABEL$}", bump.0.as_str()));
            out.plain(counted(count, "change", "changes"));
            out.newline();
        }
        return out;
    }
    for bump in [Bump::Major, Bump::Minor, Bump::Patch] {
        let facts = facts(&asking, bump);
        for fact in facts.iter().take(LISTED) {
            labelled(&mut out, bump.as_str(), Role::Plain, fact, columns);
        }
        if facts.len() > LISTED {
            let more = counted(facts.len() - LISTED, "more", "more");
            out.push(Role::Warning, format!("{:LABEL$}… {more}; --json has all of them", ""));
            out.newline();
        }
    }
    out
}

/// What asks for a step: the same change of the same part of several entries is one sentence.
fn facts(changes: &[&Change], bump: Bump) -> Vec<String> {
    let mut facts: Vec<(String, Vec<&Change>)> = Vec::new();
    for change in changes.iter().copied().filter(|change| bump_of(change) == bump) {
        let within = within_entry(&change.path);
        let key = match &change.entry {
            Some(entry) if !within.is_empty() => format!("{}: {within} of {}", verb(change), entry.kind.noun()),
            _ => format!("{}: {}", verb(change), in_words(&change.path, change.entry.as_ref())),
        };
        match facts.iter_mut().find(|(other, _)| *other == key) {
            Some((_, changes)) => changes.push(change),
            None => facts.push((key, vec![change])),
        }
    }
    facts
        .into_iter()
        .map(|(key, changes)| match changes.as_slice() {
            [change] => format!("{}: {}", verb(change), in_words(&change.path, change.entry.as_ref())),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .filter_map(|change| change.entry.as_ref())
                    .map(|entry| sanitize::name(&entry.key))
                    .collect();
                format!("{key}s {}", names.join(", "))
            }
        })
        .collect()
}

fn hint(checked: &Checked) -> Option<String> {
    let compared = checked.compared.as_ref();
    if compared.is_some_and(|compared| !compared.step.is_enough) {
        return compared
            .and_then(|compared| compared.step.next.as_ref())
            .map(|next| format!("raise the version to {next} or a later one, or take the changes back"));
    }
    match checked.committed {
        Committed::OutOfDate => Some("record it with `mcp-pin manifest capture`, and commit the file".to_owned()),
        Committed::Compared if compared.is_some_and(|compared| !compared.report.is_unchanged()) => {
            Some("when you release it, record it with `mcp-pin manifest capture`, and commit the file".to_owned())
        }
        _ => None,
    }
}
