//! Groups: findings as people read them.

use std::collections::BTreeMap;

use mcp_pin_model::{
    Grade,
    json::{Pointer, Value},
};

use crate::{ChangeReport, change::EntryRef, finding::Finding};

/// Identical findings of several entries, as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The grade of its findings.
    pub grade: Grade,
    /// The rule.
    pub rule: String,
    /// One line in our words: "13 tools: openWorldHint true → false, claims less reach".
    pub title: String,
    /// The entries, sorted; empty where the finding is about the server. Hostile keys.
    pub entries: Vec<EntryRef>,
    /// What stood there before, where it is the same in all of them. Hostile.
    pub before: Option<Value>,
    /// What stands there now, where it is the same in all of them. Hostile.
    pub after: Option<Value>,
    /// Indexes into the report's findings.
    pub findings: Vec<usize>,
}

/// The findings of a report as groups, the gravest first.
///
/// What takes one decision is one line: findings of grade `review` and above are together only when they say the same
/// about the same edit; below that, when they say the same.
pub(crate) fn groups(report: &ChangeReport) -> Vec<Group> {
    let mut by_edit: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, finding) in report.findings().iter().enumerate() {
        by_edit.entry(key(finding)).or_default().push(index);
    }
    let mut groups: Vec<Group> =
        by_edit.into_values().filter_map(|findings| group(report.findings(), findings)).collect();
    // Within a grade the order of the findings, which is by rule and place.
    groups.sort_by(|a, b| b.grade.cmp(&a.grade).then_with(|| a.findings.cmp(&b.findings)));
    groups
}

type Key = (String, Grade, String, Option<String>);

fn key(finding: &Finding) -> Key {
    // New entries are one fact with many names, each of which is read on its own.
    let is_entry = ["entry-added", "entry-removed"].contains(&finding.rule.as_str());
    let edit = (finding.grade >= Grade::Review && !is_entry).then(|| {
        // The place inside the entry, so that the same edit of thirteen tools is one.
        let below = if finding.location.entry.is_some() { 2 } else { 0 };
        let mut place = Pointer::root();
        for token in finding.location.path.tokens().skip(below) {
            place = place.child(&token);
        }
        let text = |value: &Option<Value>| value.as_ref().map_or_else(String::new, Value::to_canonical_string);
        Value::Array(vec![place.as_str().into(), text(&finding.before).into(), text(&finding.after).into()])
            .to_canonical_string()
    });
    (finding.rule.clone(), finding.grade, finding.message.clone(), edit)
}

fn group(all: &[Finding], indexes: Vec<usize>) -> Option<Group> {
    let members: Vec<&Finding> = indexes.iter().filter_map(|&index| all.get(index)).collect();
    let first = *members.first()?;
    let mut entries: Vec<EntryRef> = members.iter().filter_map(|finding| finding.location.entry.clone()).collect();
    entries.sort();
    entries.dedup();
    let same = |value: fn(&Finding) -> &Option<Value>| {
        members.iter().all(|finding| value(finding) == value(first)).then(|| value(first).clone()).flatten()
    };
    Some(Group {
        grade: first.grade,
        rule: first.rule.clone(),
        title: title(&first.message, &entries, members.len()),
        before: same(|finding| &finding.before),
        after: same(|finding| &finding.after),
        entries,
        findings: indexes,
    })
}

fn title(message: &str, entries: &[EntryRef], findings: usize) -> String {
    let noun = match entries {
        [first, rest @ ..] if rest.iter().all(|entry| entry.kind == first.kind) => first.kind.noun(),
        _ => "entrie",
    };
    match (entries.len(), findings) {
        (0 | 1, 1) => message.to_owned(),
        (0 | 1, places) => format!("{places} places: {message}"),
        (count, places) if places > count => format!("{count} {noun}s, {places} places: {message}"),
        (count, _) => format!("{count} {noun}s: {message}"),
    }
}
