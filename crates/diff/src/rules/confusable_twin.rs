//! `confusable-twin`: two entries whose names look alike.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_model::{Entry, EntryKind, Grade, json::{Pointer, Value}};

use super::{Draft, common::visible};
use crate::{change::EntryRef, fold::skeleton};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "confusable-twin",
    title: "Two entries whose names look alike",
    rationale: "Which of the two a person approved, or a model calls, is decided by a glyph or a letter's case. There is no honest reason for both, so such a surface cannot be locked.",
    grade: Grade::Refuse,
    reads: "names of tools and prompts within one server, by UTS #39 skeleton and case folding",
    reference: "UTS #39, confusable detection",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"read_file","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"read_file","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"Read_File","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"read_file","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"read_file","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"read_files","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

/// How many of the names that look like one are named: of thousands of twins, each would name all others.
const MAX_TWINS_NAMED: usize = 8;

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for kind in [EntryKind::Tool, EntryKind::Prompt] {
        let entries = comparison.after.surface.section(kind).unwrap_or_default();
        // A name without change before and after was judged when it came.
        let is_new = |key: &str| {
            comparison.before.is_none_or(|before| before.surface.entry(kind, key).is_none())
        };
        let new: Vec<&str> = entries.iter().map(Entry::key).filter(|key| is_new(key)).collect();
        if new.is_empty() {
            continue;
        }
        let mut by_look: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let seen: Vec<(&str, [String; 2])> = entries.iter().map(|entry| (entry.key(), looks(entry.key()))).collect();
        for (key, looks) in &seen {
            for look in looks {
                by_look.entry(look.as_str()).or_default().insert(key);
            }
        }
        let mut by_letters: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for entry in entries {
            by_letters.entry(letters(entry.key())).or_default().insert(entry.key());
        }
        let alike: Vec<(&str, BTreeSet<&str>)> = new
            .iter()
            .map(|&key| {
                let others = by_letters.get(&letters(key)).into_iter().flatten();
                (key, others.copied().filter(|other| *other != key).take(MAX_TWINS_NAMED).collect())
            })
            .collect();
        let mut twins: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (key, looks) in seen.iter().filter(|(key, _)| is_new(key)) {
            let key = *key;
            for look in looks {
                let others = by_look.get(look.as_str()).into_iter().flatten().filter(|other| **other != key).take(MAX_TWINS_NAMED);
                twins.entry(key).or_default().extend(others);
            }
        }
        // The same name once separators and case are forgotten, as some clients do.
        for (key, others) in alike {
            let others: BTreeSet<&str> = others.into_iter().filter(|other| !twins.get(key).is_some_and(|twins| twins.contains(other))).collect();
            if others.is_empty() {
                continue;
            }
            found.draft(Draft {
                grade: Grade::Review,
                message: format!("but for separators, case or digits the name is that of another {}", kind.noun()),
                path: &Pointer::root().child(kind.section()).child(key),
                entry: Some(&EntryRef { kind, key: key.to_owned() }),
                before: None,
                after: Some(Value::Array(others.into_iter().map(Value::from).collect())),
                hint: Some("ask the publisher to rename one of them"),
                aspect: "letters",
            });
        }
        for (key, others) in twins.into_iter().filter(|(_, others)| !others.is_empty()) {
            let path = Pointer::root().child(kind.section()).child(key);
            found.draft(Draft {
                grade: Grade::Refuse,
                message: format!("the name looks like that of another {}", kind.noun()),
                path: &path,
                entry: Some(&EntryRef { kind, key: key.to_owned() }),
                before: None,
                after: Some(Value::Array(others.into_iter().map(Value::from).collect())),
                hint: Some("ask the publisher to rename one of them"),
                aspect: "",
            });
        }
    }
}

/// A name without separators and case, its digits as the letters that they look like.
fn letters(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | '/' | ' ')) {
        match c {
            '0' => out.push('o'),
            '1' => out.push('l'),
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// What a name looks like: once case is forgotten, and as the glyphs stand.
fn looks(name: &str) -> [String; 2] {
    let composed = visible(name);
    // The prefixes keep the two readings apart.
    ["glyphs ".to_owned() + &skeleton(&composed), "letters ".to_owned() + &skeleton(&composed.to_lowercase())]
}
