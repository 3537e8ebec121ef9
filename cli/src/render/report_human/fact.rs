//! One fact as lines: its grade and what it is, what else the rules say about it, what changed, where to look.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_diff::{ChangeReport, EntryRef, Finding};
use mcp_pin_model::{Grade, json::Value};

use super::{
    Detail, View,
    edits::{INDENT, edit, entry_list, place_line},
    facts::{Edit, Fact},
    grades::{grade_role, grade_word},
    novelty::Novelty,
};
use crate::{
    render::{
        paths::in_words,
        values::values,
        wrap::{counted, wrapped},
    },
    ui::{
        Role, Text,
        sanitize::{thousands, width},
    },
};

/// Findings that say the same by the same rule, within one fact.
pub(crate) struct Said<'r> {
    /// Their grade.
    pub(crate) grade: Grade,
    /// Their rule.
    pub(crate) rule: &'r str,
    /// One line in our words, with how often.
    pub(crate) title: String,
    /// The findings.
    pub(crate) findings: Vec<&'r Finding>,
}

/// What the rules say about a fact, the gravest first.
pub(crate) fn said<'r>(report: &'r ChangeReport, fact: &Fact) -> Vec<Said<'r>> {
    said_of(&fact.findings_in(report))
}

/// The same of any findings.
pub(crate) fn said_of<'r>(findings: &[&'r Finding]) -> Vec<Said<'r>> {
    let mut by_verdict: BTreeMap<(std::cmp::Reverse<Grade>, &str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let verdict = (std::cmp::Reverse(finding.grade), finding.rule.as_str(), finding.message.as_str());
        by_verdict.entry(verdict).or_default().push(finding);
    }
    by_verdict
        .into_iter()
        .map(|((grade, rule, message), findings)| Said {
            grade: grade.0,
            rule,
            title: title(message, &findings),
            findings,
        })
        .collect()
}

/// "14 tools: openWorldHint true → false: claims less reach".
fn title(message: &str, findings: &[&Finding]) -> String {
    let entries: BTreeSet<&EntryRef> = findings.iter().filter_map(|finding| finding.location.entry.as_ref()).collect();
    let mut kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
    kinds.dedup();
    let entries_in_words = match kinds.as_slice() {
        [kind] => format!("{} {}s", thousands(entries.len()), kind.noun()),
        _ => format!("{} entries", thousands(entries.len())),
    };
    match (entries.len(), findings.len()) {
        (0 | 1, 1) => message.to_owned(),
        (0 | 1, places) => format!("{} places: {message}", thousands(places)),
        (count, places) if places > count => format!("{entries_in_words}, {} places: {message}", thousands(places)),
        _ => format!("{entries_in_words}: {message}"),
    }
}

/// The lines of a fact. `title` is for what no rule has anything to say about.
pub(crate) fn render(report: &ChangeReport, fact: &Fact, untitled: &str, view: &View<'_>, novelty: &Novelty) -> Text {
    let mut out = Text::new();
    let said = said(report, fact);
    if said.is_empty() {
        out.push(Role::Strong, untitled);
        out.newline();
    }
    for said in &said {
        verdict(&mut out, said.grade, &said.title, said.rule, view.columns);
        let quotes: Vec<&Finding> =
            said.findings.iter().copied().filter(|finding| is_quote(finding, report, fact)).collect();
        render_quotes(&mut out, &quotes, view);
        if fact.edits.is_empty() && quotes.is_empty() {
            let entries: Vec<&EntryRef> =
                said.findings.iter().filter_map(|finding| finding.location.entry.as_ref()).collect();
            out.append(entry_list(&entries, INDENT, view));
        }
    }
    for one in in_order(report, fact, novelty) {
        out.append(edit(report, one, novelty, view));
    }
    let hints: BTreeSet<&str> =
        said.iter().flat_map(|said| &said.findings).filter_map(|finding| finding.hint.as_deref()).collect();
    for hint in hints {
        for line in wrapped(&format!("look at: {hint}"), view.columns, 2) {
            out.push(Role::Dim, format!("  {line}"));
            out.newline();
        }
    }
    out
}

/// The edits of a fact; those that stand out from the others first.
fn in_order<'f>(report: &ChangeReport, fact: &'f Fact, novelty: &Novelty) -> Vec<&'f Edit> {
    let mut edits: Vec<&Edit> = fact.edits.iter().collect();
    let weight = |edit: &&Edit| {
        let change = edit.changes.first().and_then(|&index| report.changes().get(index));
        std::cmp::Reverse(change.map_or(0, |change| novelty.weight(change)))
    };
    edits.sort_by_cached_key(weight);
    edits
}

/// A grade, what was found, and the rule that found it.
pub(crate) fn verdict(out: &mut Text, grade: Grade, title: &str, rule: &str, columns: usize) {
    let word = grade_word(grade);
    let indent = width(word) + 2;
    let lines = wrapped(title, columns, indent);
    let rule = format!("({rule})");
    let last = lines.len().saturating_sub(1);
    for (index, line) in lines.into_iter().enumerate() {
        if index == 0 {
            out.push(grade_role(grade), word);
            out.plain("  ");
        } else {
            out.plain(" ".repeat(indent));
        }
        let used = indent + width(&line);
        out.push(Role::Strong, line);
        if index == last {
            if used + 2 + width(&rule) > columns {
                out.plain(format!("\n{}", " ".repeat(indent)));
            } else {
                out.plain("  ");
            }
            out.push(Role::Dim, rule.as_str());
        }
        out.newline();
    }
}

/// Whether a finding quotes something that the edits below it do not show as such: the words that gave it away.
fn is_quote(finding: &Finding, report: &ChangeReport, fact: &Fact) -> bool {
    let Some(after) = &finding.after else {
        // A finding without a change shows its place, unless it is the server as a whole.
        return fact.edits.is_empty() && (finding.before.is_some() || !finding.location.path.as_str().is_empty());
    };
    // That the surface as a whole is new is said by its title.
    if after.as_str().is_some_and(|text| text == report.to().surface.to_string()) {
        return false;
    }
    let around = fact.findings.iter().any(|index| {
        fact.around.contains(index) && report.findings().get(*index).is_some_and(|other| other == finding)
    });
    !around
        && !fact.changes_in(report).iter().any(|change| {
            change.path == finding.location.path
                && (change.after.as_ref() == Some(after) || change.before == finding.before)
        })
}

/// What findings quote, each distinct quote once, with its places.
pub(crate) fn render_quotes(out: &mut Text, findings: &[&Finding], view: &View<'_>) {
    /// Places of one quote in a summary.
    const SUMMARY_PLACES: usize = 6;
    type Quoted<'a> = (Option<&'a Value>, Option<&'a Value>);
    let mut quotes: Vec<(Quoted<'_>, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let key = (finding.before.as_ref(), finding.after.as_ref());
        match quotes.iter_mut().find(|(other, _)| *other == key) {
            Some((_, list)) => list.push(finding),
            None => quotes.push((key, vec![finding])),
        }
    }
    let most = if view.detail == Detail::Summary { SUMMARY_PLACES } else { usize::MAX };
    for ((before, after), list) in quotes {
        for finding in list.iter().take(most) {
            let place = in_words(&finding.location.path, finding.location.entry.as_ref());
            out.append(place_line(&place, "", view.columns));
        }
        if list.len() > most {
            let more = counted(list.len() - most, "more place", "more places");
            out.push(Role::Warning, format!("  … {more}\n"));
        }
        out.append(values(before, after, view));
    }
}
