//! What is gone through one by one: facts, as the renderer makes them, by what they weigh here.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_diff::EntryRef;
use mcp_pin_model::Grade;
use mcp_pin_policy::Assessed;

use super::{acknowledged::asks_for_attention, beside::rendered, subject::Subject};
use crate::{
    render::{
        Detail, View,
        report_human::{
            Novelty,
            fact::{render, said},
            facts::{Fact, Gathering, facts},
            untitled,
        },
        wrap::counted,
    },
    ui::{Role, Text, layout::shown_block},
};

/// One thing to acknowledge.
pub(super) struct Item<'a> {
    /// What it weighs here.
    pub(super) grade: Grade,
    /// One line in our words, for the list of all.
    pub(super) title: String,
    /// What is acknowledged with it.
    pub(super) fingerprints: Vec<String>,
    /// The entries that it is about.
    pub(super) entries: Vec<EntryRef>,
    facts: Vec<Fact>,
    /// Findings of what stands beside the report, and what they come from.
    beside: Vec<(&'a str, &'a Assessed<'a>)>,
    subject: &'a Subject<'a>,
}

/// The items of a subject, the gravest first. What weighs `notice` or less is one item, the last, and acknowledges
/// nothing on its own.
pub(super) fn items<'a>(subject: &'a Subject<'a>) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let mut lesser = Vec::new();
    for fact in facts(subject.report(), Gathering::Review) {
        let grade = grade(subject, &fact);
        if grade >= Grade::Review {
            let title = title(subject, &fact);
            items.push(item(subject, grade, title, vec![fact]));
        } else {
            lesser.push(fact);
        }
    }
    let mut lesser_beside = Vec::new();
    let mut groups: BTreeMap<(&str, &str, &str, Grade), Vec<&Assessed<'_>>> = BTreeMap::new();
    for (from, assessed) in subject.beside.iter().flat_map(|one| one.findings.iter().map(|found| (&one.from, found))) {
        let finding = assessed.finding;
        if assessed.grade >= Grade::Review {
            groups.entry((from, &finding.rule, &finding.message, assessed.grade)).or_default().push(assessed);
        } else {
            lesser_beside.push((from.as_str(), assessed));
        }
    }
    for ((from, _, message, grade), found) in groups {
        let mut item = item(subject, grade, format!("{from}: {message}"), Vec::new());
        item.fingerprints = found.iter().map(|assessed| assessed.finding.fingerprint.clone()).collect();
        let entries = found.iter().filter_map(|assessed| assessed.finding.location.entry.clone());
        item.entries = entries.collect::<BTreeSet<_>>().into_iter().collect();
        item.beside = found.into_iter().map(|assessed| (from, assessed)).collect();
        items.push(item);
    }
    // Stable: within a grade as the report has them.
    items.sort_by_key(|item| std::cmp::Reverse(item.grade));
    if !lesser.is_empty() || !lesser_beside.is_empty() {
        let grades = lesser.iter().map(|fact| self::grade(subject, fact));
        let grade = grades.chain(lesser_beside.iter().map(|(_, assessed)| assessed.grade)).max().unwrap_or(Grade::None);
        let count = lesser.len() + lesser_beside.len();
        let title = match lesser.as_slice() {
            [fact] if count == 1 => title(subject, fact),
            _ => format!("{}, accepted together", counted(count, "lesser fact", "lesser facts")),
        };
        let mut item = item(subject, grade, title, lesser);
        item.beside = lesser_beside;
        item.fingerprints.clear();
        items.push(item);
    }
    items
}

fn item<'a>(subject: &'a Subject<'a>, grade: Grade, title: String, facts: Vec<Fact>) -> Item<'a> {
    let assessed = facts.iter().flat_map(|fact| &fact.findings).filter_map(|&index| subject.assessed(index));
    let fingerprints = assessed.filter(|assessed| asks_for_attention(assessed));
    let fingerprints = fingerprints.map(|assessed| assessed.finding.fingerprint.clone()).collect();
    let entries: BTreeSet<&EntryRef> = facts.iter().flat_map(|fact| fact.entries(subject.report())).collect();
    let entries = entries.into_iter().cloned().collect();
    Item { grade, title, fingerprints, entries, facts, beside: Vec::new(), subject }
}

fn grade(subject: &Subject<'_>, fact: &Fact) -> Grade {
    let assessed = fact.findings.iter().filter_map(|&index| subject.assessed(index));
    assessed.map(|assessed| assessed.grade).max().unwrap_or(Grade::None)
}

fn title(subject: &Subject<'_>, fact: &Fact) -> String {
    match said(subject.report(), fact).as_slice() {
        [] => untitled(subject.report()).to_owned(),
        [said] => said.title.clone(),
        [said, others @ ..] => format!("{}, and {} more", said.title, others.len()),
    }
}

impl Item<'_> {
    /// All of it. Where much of a long text did not change, what changed stands first, and then all of it again.
    pub(super) fn whole(&self, columns: usize, page: usize) -> Text {
        let full = self.text(Detail::Full, columns);
        let length = full.lines().len();
        if length > page {
            let changed = self.text(Detail::Changed, columns);
            if changed.lines().len() < length {
                let mut out = changed;
                out.newline();
                out.push(Role::Strong, "the same, with everything around it that did not change:");
                out.newline();
                out.newline();
                return out.then(full);
            }
        }
        full
    }

    fn text(&self, detail: Detail, columns: usize) -> Text {
        let report = self.subject.report();
        let view = View { columns, detail, subject: None };
        let novelty = Novelty::of(report);
        let mut out = Text::new();
        for (index, fact) in self.facts.iter().enumerate() {
            if index > 0 {
                out.newline();
            }
            out.append(render(report, fact, untitled(report), &view, &novelty));
            let assessed = fact.findings.iter().filter_map(|&index| self.subject.assessed(index));
            for sentence in exceptions(assessed) {
                out.append(shown_block(&sentence, Role::Warning, 2, columns));
            }
        }
        for from in self.beside.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((heading, _)) = from.first() else { continue };
            if !out.is_empty() {
                out.newline();
            }
            out.push(Role::Strong, format!("{heading}:\n"));
            let findings: Vec<_> = from.iter().map(|(_, assessed)| assessed.finding).collect();
            out.append(rendered(&findings, &view));
            for sentence in exceptions(from.iter().map(|(_, assessed)| *assessed)) {
                out.append(shown_block(&sentence, Role::Warning, 2, columns));
            }
        }
        out
    }
}

/// What `mcp-pin.toml` says about findings, each once.
fn exceptions<'a>(findings: impl Iterator<Item = &'a Assessed<'a>>) -> BTreeSet<String> {
    let mut sentences = BTreeSet::new();
    for assessed in findings {
        let finding = assessed.finding;
        if let Some(exemption) = assessed.exempted_by {
            sentences.insert(format!(
                "exempted by mcp-pin.toml: {} of `{}` weighs `{}` here until {}; {}: {}",
                finding.grade,
                finding.rule,
                assessed.grade,
                exemption.expires(),
                exemption.author(),
                exemption.reason()
            ));
        }
        if let Some(weighs) = assessed.overridden_by {
            let end = weighs.expires().map_or_else(String::new, |expires| format!(" until {expires}"));
            sentences.insert(format!(
                "overridden by mcp-pin.toml: what `{}` finds weighs `{}` here{end}: {}",
                finding.rule,
                weighs.grade(),
                weighs.reason()
            ));
        }
        if let Some(exemption) = assessed.expired {
            sentences.insert(format!(
                "an exemption in mcp-pin.toml ended at {} and counts no longer; {}: {}",
                exemption.expires(),
                exemption.author(),
                exemption.reason()
            ));
        }
    }
    sentences
}
