//! Facts: what a change report says, as few things as it is for a person.
//!
//! A new release of a file server may change eighteen places: one hint of fourteen tools, another hint of one, a
//! description, and five keywords of one output schema. To a reader that is four facts. A fact is an edit, or all edits
//! at one place of one entry, with whatever the rules found there; the same edit of many entries is one fact as long as
//! the rules say the same about each of them, so that the one lethal edit never hides among its likes.
//!
//! Nothing is judged here and nothing is left out: every change and every finding of the report is in exactly one fact.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_diff::{Change, ChangeKind, ChangeReport, EntryRef, Finding};
use mcp_pin_model::{Grade, json::Value};

/// How facts are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathering {
    /// To look over: entries that came or went stand together.
    Overview,
    /// To decide: each entry that is new is a fact of its own, and is read on its own.
    Review,
}

/// The same edit, of one place or of the same place in several entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Indexes into the report's changes, in their order; never empty.
    pub changes: Vec<usize>,
}

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The gravest grade of its findings.
    pub grade: Grade,
    /// Indexes into the report's findings, the gravest first.
    pub findings: Vec<usize>,
    /// What changed; empty where a finding is about no single change.
    pub edits: Vec<Edit>,
    /// The findings whose place lies around the edits, so that what they quote is what the edits show.
    pub around: BTreeSet<usize>,
}

impl Fact {
    /// The findings themselves.
    pub fn findings_in<'r>(&self, report: &'r ChangeReport) -> Vec<&'r Finding> {
        self.findings.iter().filter_map(|&index| report.findings().get(index)).collect()
    }

    /// The changes themselves.
    pub fn changes_in<'r>(&self, report: &'r ChangeReport) -> Vec<&'r Change> {
        let indexes = self.edits.iter().flat_map(|edit| &edit.changes);
        indexes.filter_map(|&index| report.changes().get(index)).collect()
    }

    /// The entries that it is about, each once.
    #[must_use]
    pub fn entries<'r>(&self, report: &'r ChangeReport) -> BTreeSet<&'r EntryRef> {
        let changed = self.changes_in(report).into_iter().filter_map(|change| change.entry.as_ref());
        let found = self.findings_in(report).into_iter().filter_map(|finding| finding.location.entry.as_ref());
        changed.chain(found).collect()
    }
}

/// The facts of a report, the gravest first.
#[must_use]
pub fn facts(report: &ChangeReport, gathering: Gathering) -> Vec<Fact> {
    let attached = Attached::of(report);
    let mut facts = by_place(report, &attached);
    facts.extend(without_change(report, &attached));
    facts = merged(report, facts, gathering);
    // Within a grade the order of the report's findings, then of its changes.
    facts.sort_by_key(|fact| {
        let finding = fact.findings.iter().min().copied().unwrap_or(usize::MAX);
        let change = fact.edits.iter().flat_map(|edit| &edit.changes).min().copied().unwrap_or(usize::MAX);
        (std::cmp::Reverse(fact.grade), finding, change)
    });
    facts
}

/// Which finding is about which change.
#[derive(Default)]
struct Attached {
    /// By change: its findings.
    of_change: BTreeMap<usize, Vec<usize>>,
    /// Findings whose place lies around several changes of one entry's one part.
    around: BTreeMap<usize, BTreeSet<usize>>,
    /// Findings that are about no change.
    loose: Vec<usize>,
}

impl Attached {
    fn of(report: &ChangeReport) -> Self {
        let mut at: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, change) in report.changes().iter().enumerate() {
            at.entry(change.path.as_str()).or_default().push(index);
        }
        let mut out = Self::default();
        for (index, finding) in report.findings().iter().enumerate() {
            if let Some(change) = at_or_above(&at, finding, report) {
                out.of_change.entry(change).or_default().push(index);
                continue;
            }
            // Around: an output schema in which several keywords changed. Not a whole entry, whose parts are facts of
            // their own, and not the whole server.
            let path = finding.location.path.as_str();
            let below: Vec<usize> = if path.matches('/').count() < 3 {
                Vec::new()
            } else {
                let from = format!("{path}/");
                at.range::<str, _>((std::ops::Bound::Included(from.as_str()), std::ops::Bound::Unbounded))
                    .take_while(|(place, _)| place.starts_with(&from))
                    .flat_map(|(_, changes)| changes.iter().copied())
                    .collect()
            };
            let parts: BTreeSet<String> =
                below.iter().filter_map(|&change| report.changes().get(change)).map(part).collect();
            match below.first() {
                Some(&first) if parts.len() == 1 => {
                    out.of_change.entry(first).or_default().push(index);
                    out.around.entry(index).or_default().extend(below);
                }
                _ => out.loose.push(index),
            }
        }
        out
    }

    fn findings(&self, change: usize) -> &[usize] {
        self.of_change.get(&change).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The change at a finding's place, or the innermost one around it: a new entry around its description.
fn at_or_above(at: &BTreeMap<&str, Vec<usize>>, finding: &Finding, report: &ChangeReport) -> Option<usize> {
    let mut path = finding.location.path.as_str();
    while !path.is_empty() {
        if let Some(changes) = at.get(path) {
            let same =
                |index: &&usize| report.changes().get(**index).is_some_and(|change| change.after == finding.after);
            return changes.iter().find(same).or(changes.first()).copied();
        }
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    None
}

/// The part of its entry, or of the server, that a change belongs to: what a reader takes in at once.
fn part(change: &Change) -> String {
    let tokens: Vec<String> = change.path.tokens().collect();
    let inside = if change.entry.is_some() { tokens.get(2..).unwrap_or_default() } else { tokens.as_slice() };
    let depth = match inside.first().map(String::as_str) {
        Some("annotations" | "arguments" | "capabilities" | "serverInfo") => 2,
        Some("inputSchema") if inside.get(1).is_some_and(|next| next == "properties") => 3,
        // An output has no parameters to decide about one by one.
        _ => 1,
    };
    inside.get(..depth).unwrap_or(inside).join("\n")
}

/// The place of a change with the entry's key left out, so that one edit of many tools is one edit.
fn place_within_entry(change: &Change) -> String {
    match &change.entry {
        Some(entry) => {
            let inside: Vec<String> = change.path.tokens().skip(2).collect();
            format!("{}\n{}", entry.kind.section(), inside.join("\n"))
        }
        None => change.path.to_string(),
    }
}

/// What the rules say, without where: equal for edits that may stand together.
fn verdicts(report: &ChangeReport, findings: &[usize]) -> BTreeSet<(Grade, String, String)> {
    findings
        .iter()
        .filter_map(|&index| report.findings().get(index))
        .map(|finding| (finding.grade, finding.rule.clone(), finding.message.clone()))
        .collect()
}

type EditKey<'r> = (ChangeKind, String, Option<&'r Value>, Option<&'r Value>, BTreeSet<(Grade, String, String)>);

/// Identical edits as one.
fn edits(report: &ChangeReport, attached: &Attached) -> Vec<Edit> {
    let mut edits: Vec<(EditKey<'_>, Edit)> = Vec::new();
    let mut positions: BTreeMap<(ChangeKind, String), Vec<usize>> = BTreeMap::new();
    for (index, change) in report.changes().iter().enumerate() {
        let place = place_within_entry(change);
        let said = verdicts(report, attached.findings(index));
        let key = (change.kind, place.clone(), change.before.as_ref(), change.after.as_ref(), said);
        let candidates = positions.entry((change.kind, place)).or_default();
        let same = candidates.iter().find(|at| edits.get(**at).is_some_and(|(other, _)| *other == key)).copied();
        if let Some((_, edit)) = same.and_then(|at| edits.get_mut(at)) {
            edit.changes.push(index);
        } else {
            candidates.push(edits.len());
            edits.push((key, Edit { changes: vec![index] }));
        }
    }
    edits.into_iter().map(|(_, edit)| edit).collect()
}

/// Facts of what changed: the edits of one part of the same entries stand together.
fn by_place(report: &ChangeReport, attached: &Attached) -> Vec<Fact> {
    let mut by_part: BTreeMap<(Vec<&EntryRef>, String), Vec<Edit>> = BTreeMap::new();
    for edit in edits(report, attached) {
        let changes: Vec<&Change> = edit.changes.iter().filter_map(|&index| report.changes().get(index)).collect();
        let Some(first) = changes.first() else { continue };
        let entries: Vec<&EntryRef> = changes.iter().filter_map(|change| change.entry.as_ref()).collect();
        by_part.entry((entries, part(first))).or_default().push(edit);
    }
    by_part
        .into_values()
        .map(|edits| {
            let mut findings: Vec<usize> = edits
                .iter()
                .flat_map(|edit| &edit.changes)
                .flat_map(|&change| attached.findings(change))
                .copied()
                .collect();
            findings.sort_unstable();
            let around = findings.iter().copied().filter(|finding| attached.around.contains_key(finding)).collect();
            Fact { grade: gravest(report, &findings), findings, edits, around }
        })
        .collect()
}

/// Facts of findings that are about no change: those that say the same about the same stand together.
fn without_change(report: &ChangeReport, attached: &Attached) -> Vec<Fact> {
    let loose: BTreeSet<usize> = attached.loose.iter().copied().collect();
    report
        .groups()
        .into_iter()
        .filter_map(|group| {
            let findings: Vec<usize> = group.findings.into_iter().filter(|index| loose.contains(index)).collect();
            let grade = gravest(report, &findings);
            (!findings.is_empty()).then(|| Fact { grade, findings, edits: Vec::new(), around: BTreeSet::new() })
        })
        .collect()
}

/// Brings together what nobody needs to decide about one by one.
fn merged(report: &ChangeReport, facts: Vec<Fact>, gathering: Gathering) -> Vec<Fact> {
    let mut out: Vec<Fact> = Vec::new();
    let mut positions: BTreeMap<BTreeSet<(Grade, String, String)>, usize> = BTreeMap::new();
    for fact in facts {
        let coming = |change: &&Change| matches!(change.kind, ChangeKind::EntryAdded | ChangeKind::EntryRemoved);
        let minor = fact.grade <= Grade::Notice && (!fact.edits.is_empty() || fact.findings.is_empty());
        let entries = gathering == Gathering::Overview
            && !fact.edits.is_empty()
            && fact.grade <= Grade::Review
            && fact.changes_in(report).iter().all(coming);
        if !minor && !entries {
            out.push(fact);
            continue;
        }
        let said = verdicts(report, &fact.findings);
        match positions.get(&said).and_then(|&at| out.get_mut(at)) {
            Some(other) => {
                other.findings.extend(fact.findings);
                other.findings.sort_unstable();
                other.edits.extend(fact.edits);
                other.edits.sort_by(|a, b| a.changes.cmp(&b.changes));
                other.around.extend(fact.around);
            }
            None => {
                positions.insert(said, out.len());
                out.push(fact);
            }
        }
    }
    out
}

fn gravest(report: &ChangeReport, findings: &[usize]) -> Grade {
    let grades = findings.iter().filter_map(|&index| report.findings().get(index)).map(|finding| finding.grade);
    grades.max().unwrap_or(Grade::None)
}
