//! The change report for people.
//!
//! It is made from the report and from nothing else, since the report's digest is what a consent binds. The gravest
//! findings come first, so that sixty rewordings cannot bury the one that matters; identical edits are one item;
//! every change is shown, under a finding or after all of them. In full view nothing is left out. Every line that a server's
//! text stands on starts with a gutter or is short and quoted.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_diff::{Bump, Change, ChangeKind, ChangeReport, EntryRef, Finding, Group};
use mcp_pin_model::{Grade, json::Value};

use super::{
    paths::{self, in_words},
    values::{concealed, values},
};
use crate::ui::{
    Role, Text,
    layout::block,
    sanitize::{name, summary, thousands, width},
};

/// How much of long texts is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Everything: what somebody is asked to consent to.
    #[default]
    Full,
    /// Long texts are cut, and it is said how much is missing.
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
    let mut out = heading(report, view);
    if report.is_unchanged() {
        return out;
    }
    let mut shown = BTreeSet::new();
    for group in report.groups() {
        out.newline();
        render_group(&mut out, report, &group, view, &mut shown);
    }
    let rest: Vec<usize> = (0..report.changes().len()).filter(|index| !shown.contains(index)).collect();
    if !rest.is_empty() {
        out.newline();
        let title = if report.is_first_admission() {
            "everything that is new"
        } else if shown.is_empty() {
            "changes"
        } else {
            "other changes, which no rule has anything to say about"
        };
        out.push(Role::Strong, title);
        out.newline();
        render_changes(&mut out, report, &rest, view);
    }
    out
}

/// Renders what was found, from grade `review` on, and says how much else there is. Nobody may be asked to accept from
/// this: it leaves out what no rule has anything to say about.
#[must_use]
pub fn findings(report: &ChangeReport, view: &View<'_>) -> Text {
    let mut out = heading(report, view);
    let mut shown = BTreeSet::new();
    for group in report.groups().iter().filter(|group| group.grade >= Grade::Review) {
        out.newline();
        render_group(&mut out, report, group, view, &mut shown);
    }
    // Entries, not changes: a server also brings its instructions and capabilities, which are not in this number.
    let entries = report.changes().iter().filter(|change| change.kind == ChangeKind::EntryAdded).count();
    if entries > 0 {
        out.newline();
        let entries = counted(entries, "new entry", "new entries");
        out.push(Role::Dim, format!("{entries}; read them in a terminal, or with --full"));
        out.newline();
    }
    out
}

fn heading(report: &ChangeReport, view: &View<'_>) -> Text {
    let mut out = Text::new();
    let to = report.to();
    let mut title = Text::new();
    if let Some(subject) = view.subject {
        title.push(Role::Strong, summary(subject, view.columns / 2));
        title.plain("  ");
    }
    let version =
        |side: &mcp_pin_diff::ReportSide| side.version.as_ref().map(|version| summary(&version.to_string(), 40));
    let surface = |side: &mcp_pin_diff::ReportSide| format!("surface {}", side.surface.short());
    match report.from() {
        None => {
            title.plain(format!("{}, first admission: everything is new", version(to).unwrap_or_else(|| surface(to))));
        }
        Some(from) => match (version(from), version(to)) {
            (Some(from), Some(to)) if from == to => title.plain(to),
            (Some(from), Some(to)) => title.plain(format!("{from} -> {to}")),
            _ if report.is_unchanged() => title.plain(surface(to)),
            _ => title.plain(format!("{} -> {}", surface(from), to.surface.short())),
        },
    }
    out.append(title);
    out.newline();

    if report.is_unchanged() {
        out.push(Role::Good, "nothing changed");
        out.newline();
        return out;
    }
    let changes = report.changes().len();
    out.push(grade_role(report.grade()), grade_word(report.grade()));
    out.plain(format!("  {}", counted(changes, "change", "changes")));
    let by_grade: Vec<String> = [Grade::Refuse, Grade::Block, Grade::Review, Grade::Notice, Grade::None]
        .into_iter()
        .filter_map(|grade| {
            let count = report.findings().iter().filter(|finding| finding.grade == grade).count();
            (count > 0).then(|| format!("{} {grade}", thousands(count)))
        })
        .collect();
    if !by_grade.is_empty() {
        out.plain(format!("; findings: {}", by_grade.join(", ")));
    }
    out.newline();
    for line in wrapped(attention(report.grade()), view.columns, 0) {
        out.push(Role::Dim, line);
        out.newline();
    }
    if !report.is_first_admission() && !report.model_visible_changed() {
        out.push(Role::Good, "nothing that the model reads changed");
        out.newline();
    }
    if let Some((role, verdict)) = version_verdict(report) {
        for line in wrapped(&verdict, view.columns, 0) {
            out.push(role, line);
            out.newline();
        }
    }
    out
}

/// The version verdict: the step that the changes ask for against the one that was made.
fn version_verdict(report: &ChangeReport) -> Option<(Role, String)> {
    let required = report.required_bump();
    if report.is_first_admission() {
        return None;
    }
    Some(match report.declared_bump() {
        None if required == Bump::None => return None,
        None => (Role::Plain, format!("version: the changes ask for a {required} step")),
        Some(declared) if declared < required => {
            let made = if declared == Bump::None {
                "the version was not raised".to_owned()
            } else {
                format!("the version made a {declared} step")
            };
            (Role::Warning, format!("version: the changes ask for a {required} step, {made}"))
        }
        Some(declared) => (Role::Plain, format!("version: a {declared} step, the changes ask for {required}")),
    })
}

fn render_group(out: &mut Text, report: &ChangeReport, group: &Group, view: &View<'_>, shown: &mut BTreeSet<usize>) {
    let word = grade_word(group.grade);
    let first_indent = width(word) + 2;
    let lines = wrapped(&group.title, view.columns, first_indent);
    let rule = format!("  ({})", group.rule);
    let last = lines.len().saturating_sub(1);
    for (index, line) in lines.into_iter().enumerate() {
        if index == 0 {
            out.push(grade_role(group.grade), word);
            out.plain("  ");
        } else {
            out.plain(" ".repeat(first_indent));
        }
        let used = first_indent + width(&line);
        out.push(Role::Strong, line);
        if index == last {
            if used + width(&rule) > view.columns {
                out.plain(format!("\n{}", " ".repeat(first_indent)));
            }
            out.push(Role::Dim, if used + width(&rule) > view.columns { rule.trim_start() } else { &rule });
        }
        out.newline();
    }

    let findings: Vec<&Finding> = group.findings.iter().filter_map(|index| report.findings().get(*index)).collect();
    let mut messages = BTreeSet::new();
    let mut hints = BTreeSet::new();
    for finding in &findings {
        if !group.title.ends_with(&finding.message) {
            messages.insert(finding.message.as_str());
        }
        hints.extend(finding.hint.as_deref());
    }
    for message in messages {
        for line in wrapped(message, view.columns, 2) {
            out.plain(format!("  {line}"));
            out.newline();
        }
    }

    // The changes that these findings are about: at the same place, or around it (a new entry around its description).
    let mut about = Vec::new();
    let mut again = 0_usize;
    let mut loose: Vec<&Finding> = Vec::new();
    for finding in &findings {
        let mut found = false;
        for (index, change) in report.changes().iter().enumerate() {
            if concerns(finding, change) {
                found = true;
                if shown.insert(index) {
                    about.push(index);
                } else {
                    again += 1;
                }
            }
        }
        if has_own_evidence(finding, report) || (!found && !finding.location.path.as_str().is_empty()) {
            loose.push(finding);
        }
    }
    about.sort_unstable();
    about.dedup();
    render_evidence(out, &loose, view);
    render_changes(out, report, &about, view);
    if about.is_empty() && loose.is_empty() && again > 0 {
        let entries: Vec<&EntryRef> = group.entries.iter().collect();
        if entries.is_empty() {
            out.push(Role::Dim, "  shown above\n");
        } else {
            out.push(Role::Dim, "  shown above, for\n");
            out.append(entry_list(&entries, 4, view.columns));
        }
    }
    for hint in hints {
        for line in wrapped(&format!("look at: {hint}"), view.columns, 2) {
            out.push(Role::Dim, format!("  {line}"));
            out.newline();
        }
    }
}

fn concerns(finding: &Finding, change: &Change) -> bool {
    let (finding, change) = (finding.location.path.as_str(), change.path.as_str());
    finding == change || (!change.is_empty() && finding.strip_prefix(change).is_some_and(|rest| rest.starts_with('/')))
}

/// Whether the finding quotes something that is not simply the change's value, such as the words that gave it away.
fn has_own_evidence(finding: &Finding, report: &ChangeReport) -> bool {
    let Some(after) = &finding.after else { return false };
    // That the surface as a whole is new is said by its title.
    if after.as_str().is_some_and(|text| text == report.to().surface.to_string()) {
        return false;
    }
    !report.changes().iter().any(|change| {
        change.path == finding.location.path
            && (change.after.as_ref() == Some(after) || change.before == finding.before)
    })
}

/// What findings quote, each distinct quote once, with the entries it occurs in.
fn render_evidence(out: &mut Text, findings: &[&Finding], view: &View<'_>) {
    let mut quotes: Vec<(Option<&Value>, Option<&Value>, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let key = (finding.before.as_ref(), finding.after.as_ref());
        match quotes.iter_mut().find(|(before, after, _)| (*before, *after) == key) {
            Some((_, _, list)) => list.push(finding),
            None => quotes.push((key.0, key.1, vec![finding])),
        }
    }
    for (before, after, list) in quotes {
        for finding in &list {
            out.append(place_line(
                &in_words(&finding.location.path, finding.location.entry.as_ref()),
                "",
                view.columns,
            ));
        }
        out.append(values(before, after, view));
    }
}

/// Changes, identical edits once.
fn render_changes(out: &mut Text, report: &ChangeReport, indexes: &[usize], view: &View<'_>) {
    type Key<'a> = (ChangeKind, String, Option<&'a Value>, Option<&'a Value>);
    let mut order: Vec<(Key<'_>, Vec<&Change>)> = Vec::new();
    let mut positions: BTreeMap<(ChangeKind, String), Vec<usize>> = BTreeMap::new();
    for change in indexes.iter().filter_map(|index| report.changes().get(*index)) {
        let place = place_within_entry(change);
        let key: Key<'_> = (change.kind, place.clone(), change.before.as_ref(), change.after.as_ref());
        let candidates = positions.entry((change.kind, place)).or_default();
        match candidates.iter().find(|at| order.get(**at).is_some_and(|(other, _)| *other == key)) {
            Some(at) => {
                if let Some((_, list)) = order.get_mut(*at) {
                    list.push(change);
                }
            }
            None => {
                candidates.push(order.len());
                order.push((key, vec![change]));
            }
        }
    }
    for (_, list) in order {
        let Some(change) = list.first() else { continue };
        if list.len() == 1 {
            out.append(place_line(&in_words(&change.path, change.entry.as_ref()), &verb(change), view.columns));
        } else {
            let entries: Vec<&EntryRef> = list.iter().filter_map(|change| change.entry.as_ref()).collect();
            let noun = change.entry.as_ref().map_or("place", |entry| entry.kind.noun());
            let place = paths::within_entry(&change.path);
            let of = if place.is_empty() { String::new() } else { format!("{place} of ") };
            let place = format!("{of}{} {noun}s, in all of them alike", thousands(list.len()));
            out.append(place_line(&place, &verb(change), view.columns));
            out.append(entry_list(&entries, 4, view.columns));
        }
        if matches!(change.kind, ChangeKind::EntryAdded | ChangeKind::EntryRenamed | ChangeKind::ParameterAdded)
            && let Some(name) = change.path.tokens().last()
        {
            out.append(concealed(Some(&Value::String(name)), 4, view.columns));
        }
        out.append(change_values(change, view));
    }
}

/// The path with the entry's key left out, so that one edit of many tools is one item.
fn place_within_entry(change: &Change) -> String {
    match &change.entry {
        Some(entry) => {
            let inside: Vec<String> = change.path.tokens().skip(2).collect();
            format!("{}\n{}", entry.kind.section(), inside.join("\n"))
        }
        None => change.path.to_string(),
    }
}

fn verb(change: &Change) -> String {
    let what = match (change.kind, &change.before, &change.after) {
        (ChangeKind::EntryRenamed, _, _) => "renamed",
        (ChangeKind::Reordered, _, _) => "in another order",
        (_, None, Some(_)) => "new",
        (_, Some(_), None) => "gone",
        _ => "changed",
    };
    match change.direction {
        Some(direction) => format!("{what}, {}", direction.words()),
        None => what.to_owned(),
    }
}

/// A line that says where; wrapped at spaces, and never starting with text of the server.
fn place_line(place: &str, verb: &str, columns: usize) -> Text {
    let line = if verb.is_empty() { place.to_owned() } else { format!("{verb}: {place}") };
    let mut out = Text::new();
    if width(&line) + 2 <= columns {
        out.plain("  ");
        out.push(Role::Strong, line);
        out.newline();
        return out;
    }
    if !verb.is_empty() {
        out.plain("  ");
        out.push(Role::Strong, format!("{verb}:"));
        out.newline();
    }
    if width(place) + 4 <= columns {
        out.plain("    ");
        out.push(Role::Strong, place);
        out.newline();
    } else {
        // A name of a server's choice makes it long: a gutter before each line of it.
        out.append(crate::ui::layout::shown_block(place, Role::Strong, 4, columns));
    }
    out
}

fn change_values(change: &Change, view: &View<'_>) -> Text {
    values(change.before.as_ref(), change.after.as_ref(), view)
}

/// Entries by name, as many per line as fit.
fn entry_list(entries: &[&EntryRef], indent: usize, columns: usize) -> Text {
    let mut out = Text::new();
    let mut line = String::new();
    let flush = |out: &mut Text, line: &mut String| {
        if !line.is_empty() {
            out.plain(format!("{}{line}", " ".repeat(indent)));
            out.newline();
            line.clear();
        }
    };
    for entry in entries {
        let item = name(&entry.key);
        if indent + width(&item) > columns {
            flush(&mut out, &mut line);
            out.append(block(&entry.key, Role::Plain, indent, columns));
            continue;
        }
        if indent + width(&line) + 2 + width(&item) > columns {
            flush(&mut out, &mut line);
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&item);
    }
    flush(&mut out, &mut line);
    out
}

/// Our own words, wrapped at spaces so that lines with `indent` before them fit.
pub(crate) fn wrapped(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let room = columns.saturating_sub(indent).max(16);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

fn counted(number: usize, one: &str, more: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { more })
}

/// The word that a grade has in human output.
#[must_use]
pub fn grade_word(grade: Grade) -> &'static str {
    match grade {
        Grade::None => "NONE",
        Grade::Notice => "NOTICE",
        Grade::Review => "REVIEW",
        Grade::Block => "BLOCK",
        Grade::Refuse => "REFUSE",
    }
}

/// How a grade looks.
#[must_use]
pub fn grade_role(grade: Grade) -> Role {
    match grade {
        Grade::None => Role::Good,
        Grade::Notice => Role::Strong,
        Grade::Review => Role::Warning,
        Grade::Block | Grade::Refuse => Role::Bad,
    }
}

/// What a grade asks for.
fn attention(grade: Grade) -> &'static str {
    match grade {
        Grade::None => "representation only: passes and is noted",
        Grade::Notice => "one approver; may be accepted as a whole",
        Grade::Review => "one approver, who reads it item by item",
        Grade::Block => "in a registry a quorum of approvers; the approver types the server's name",
        Grade::Refuse => "cannot be locked or approved at all",
    }
}
