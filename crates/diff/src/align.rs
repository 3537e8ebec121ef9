//! Which entry before is which entry after.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_model::{
    Digest, Entry,
    json::{Object, Value},
};

/// How the entries of one list belong together.
#[derive(Default)]
pub(crate) struct Alignment<'a> {
    /// Under the same key in both.
    pub(crate) same: Vec<(&'a Entry, &'a Entry)>,
    /// The same entry under another key.
    pub(crate) renamed: Vec<(&'a Entry, &'a Entry)>,
    /// Only after.
    pub(crate) added: Vec<&'a Entry>,
    /// Only before.
    pub(crate) removed: Vec<&'a Entry>,
}

/// At most this many pairs are weighed by similarity; beyond it only entries that are equal but for their key are
/// recognised as renamed. 4,096 pairs are 64 removed entries against 64 added ones, far more than any real update,
/// and cost a few milliseconds.
const MAX_WEIGHED_PAIRS: usize = 4_096;

/// How alike two descriptions must be, of 1000, for entries with the same parameters to count as renamed.
const MIN_TEXT_LIKENESS: usize = 600;

/// How alike two parameter lists must be, of 1000.
const MIN_SHAPE_LIKENESS: usize = 800;

pub(crate) fn align<'a>(before: &'a [Entry], after: &'a [Entry]) -> Alignment<'a> {
    let mut out = Alignment::default();
    let old: BTreeMap<&str, &Entry> = before.iter().map(|entry| (entry.key(), entry)).collect();
    let new: BTreeSet<&str> = after.iter().map(Entry::key).collect();
    for entry in after {
        match old.get(entry.key()) {
            Some(previous) => out.same.push((previous, entry)),
            None => out.added.push(entry),
        }
    }
    out.removed = before.iter().filter(|entry| !new.contains(entry.key())).collect();
    pair_renamed(&mut out);
    out
}

fn pair_renamed(out: &mut Alignment<'_>) {
    if out.removed.is_empty() || out.added.is_empty() {
        return;
    }
    // (likeness, removed, added): the best first, ties by position, which is by name.
    let mut candidates: Vec<(usize, usize, usize)> = Vec::new();
    if out.removed.len().saturating_mul(out.added.len()) <= MAX_WEIGHED_PAIRS {
        let old: Vec<Features> = out.removed.iter().map(|entry| Features::of(entry)).collect();
        let new: Vec<Features> = out.added.iter().map(|entry| Features::of(entry)).collect();
        for (i, a) in old.iter().enumerate() {
            for (j, b) in new.iter().enumerate() {
                if let Some(likeness) = a.likeness(b) {
                    candidates.push((likeness, i, j));
                }
            }
        }
    } else {
        let mut by_content: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
        for (j, entry) in out.added.iter().enumerate() {
            by_content.entry(content_digest(entry)).or_default().push(j);
        }
        for (i, entry) in out.removed.iter().enumerate() {
            if let Some(j) = by_content.get_mut(&content_digest(entry)).and_then(Vec::pop) {
                candidates.push((2_000, i, j));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut used_old, mut used_new) = (BTreeSet::new(), BTreeSet::new());
    for (_, i, j) in candidates {
        if used_old.contains(&i) || used_new.contains(&j) {
            continue;
        }
        if let (Some(a), Some(b)) = (out.removed.get(i), out.added.get(j)) {
            out.renamed.push((a, b));
            used_old.insert(i);
            used_new.insert(j);
        }
    }
    out.renamed.sort_by(|a, b| a.1.key().cmp(b.1.key()));
    retain_unused(&mut out.removed, &used_old);
    retain_unused(&mut out.added, &used_new);
}

fn retain_unused(entries: &mut Vec<&Entry>, used: &BTreeSet<usize>) {
    let mut index = 0;
    entries.retain(|_| {
        index += 1;
        !used.contains(&(index - 1))
    });
}

fn content_digest(entry: &Entry) -> Digest {
    let mut value: Object = entry.value().clone();
    value.remove(entry.kind().key_member());
    Digest::of_canonical(&Value::Object(value))
}

/// What decides whether two entries are one under two names.
struct Features {
    content: Digest,
    words: BTreeSet<String>,
    shape: BTreeSet<String>,
}

impl Features {
    fn of(entry: &Entry) -> Self {
        let description = entry.value().get("description").and_then(Value::as_str).unwrap_or_default();
        let words = words(description);
        let mut shape = BTreeSet::new();
        if let Some(properties) =
            entry.value().get("inputSchema").and_then(|schema| schema.get("properties")).and_then(Value::as_object)
        {
            shape.extend(properties.iter().map(|(name, _)| name.to_owned()));
        }
        if let Some(arguments) = entry.value().get("arguments").and_then(Value::as_array) {
            shape.extend(arguments.iter().filter_map(|argument| argument.get("name")?.as_str().map(str::to_owned)));
        }
        Self { content: content_digest(entry), words, shape }
    }

    fn likeness(&self, other: &Self) -> Option<usize> {
        if self.content == other.content {
            return Some(2_000);
        }
        let (text, shape) = (jaccard(&self.words, &other.words), jaccard(&self.shape, &other.shape));
        // Entries that say nothing are not alike for saying nothing.
        let says_something = !self.words.is_empty() && !other.words.is_empty();
        (says_something && text >= MIN_TEXT_LIKENESS && shape >= MIN_SHAPE_LIKENESS).then_some((text + shape) / 2)
    }
}

/// The words of a text, each once.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Shared items of all items, of 1000.
pub(crate) fn jaccard(a: &BTreeSet<String>, b: &BTreeSet<String>) -> usize {
    let shared = a.intersection(b).count();
    let all = a.len() + b.len() - shared;
    (shared * 1_000).checked_div(all).unwrap_or(1_000)
}
