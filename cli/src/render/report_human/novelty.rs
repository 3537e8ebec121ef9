//! Which words only one edit brings (threat T56).
//!
//! A release that rewords sixty descriptions repeats itself: the same few words come and go. The one edit that was made
//! for another purpose speaks of something that none of the others does, and that is where to look first.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_diff::{Change, ChangeReport, SegmentKind, text_diff};
use mcp_pin_model::json::Value;

use crate::{
    render::wrap::wrapped,
    ui::{Role, Text, sanitize},
};

/// With fewer edits of texts than this, a reader sees at once which is the odd one.
const LEAST_EDITS: usize = 4;
/// Words that are named; the rest is counted.
const NAMED: usize = 12;
/// A longer word is shown from its beginning.
const WORD_COLUMNS: usize = 40;

/// The words that each edit brings, and how many edits bring them.
#[derive(Default)]
pub(crate) struct Novelty {
    /// By word: how many distinct edits bring it. Empty where there is nothing to tell apart.
    edits: BTreeMap<String, usize>,
}

impl Novelty {
    /// Reads a report.
    pub(crate) fn of(report: &ChangeReport) -> Self {
        let distinct: BTreeSet<(&str, &str)> = report.changes().iter().filter_map(reworded).collect();
        if distinct.len() < LEAST_EDITS {
            return Self::default();
        }
        let mut edits: BTreeMap<String, usize> = BTreeMap::new();
        for (before, after) in distinct {
            for word in brought(before, after) {
                *edits.entry(word).or_default() += 1;
            }
        }
        Self { edits }
    }

    /// The words that nothing but this edit brings.
    fn only_here(&self, change: &Change) -> Vec<String> {
        if self.edits.is_empty() {
            return Vec::new();
        }
        let Some((before, after)) = reworded(change) else { return Vec::new() };
        brought(before, after).into_iter().filter(|word| self.edits.get(word) == Some(&1)).collect()
    }

    /// How far an edit stands out: for the order within a fact.
    pub(crate) fn weight(&self, change: &Change) -> usize {
        self.only_here(change).len()
    }

    /// The line that names them; empty where there are none.
    pub(crate) fn line(&self, change: &Change, indent: usize, columns: usize) -> Text {
        let mut out = Text::new();
        let words = self.only_here(change);
        if words.is_empty() {
            return out;
        }
        let named: Vec<String> = words.iter().take(NAMED).map(|word| sanitize::name(&sanitized(word))).collect();
        let mut sentence = format!("words that only this edit brings: {}", named.join(", "));
        if words.len() > NAMED {
            sentence.push_str(&format!(" and {} more", words.len() - NAMED));
        }
        for line in wrapped(&sentence, columns, indent + 2) {
            out.push(Role::Warning, format!("{}* {line}", " ".repeat(indent)));
            out.newline();
        }
        out
    }
}

/// The beginning of a long word; words are letters and digits only.
fn sanitized(word: &str) -> String {
    word.chars().take(WORD_COLUMNS).collect()
}

/// Both texts, where one text became another.
fn reworded(change: &Change) -> Option<(&str, &str)> {
    match (&change.before, &change.after) {
        (Some(Value::String(before)), Some(Value::String(after))) => Some((before, after)),
        _ => None,
    }
}

/// The words that are new in an edit, in small letters.
fn brought(before: &str, after: &str) -> BTreeSet<String> {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let old = words(before);
    text_diff(before, after)
        .hunks
        .iter()
        .flat_map(|hunk| &hunk.segments)
        .filter(|segment| segment.kind == SegmentKind::Added)
        .flat_map(|segment| words(&segment.text))
        .filter(|word| !old.contains(word))
        .collect()
}
