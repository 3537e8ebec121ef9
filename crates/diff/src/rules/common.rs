//! What several rules need.

pub(super) mod demand;
pub(super) mod rank;
pub(super) mod shadow;

use std::{collections::BTreeSet, sync::OnceLock};

use mcp_pin_model::{
    Artifact, Grade, Provenance,
    json::{Pointer, Value},
    provenance::{self, ProvenanceChange},
};
use regex::{Captures, Match, Regex};
use unicode_normalization::UnicodeNormalization as _;

use super::Found;
use crate::{
    change::{Change, ChangeKind, Direction},
    compare::Comparison,
    fold::skeleton,
    reading::Passage,
    speech::Statement,
    walk::{Hint, server::package_of},
};

/// A pattern that is part of the program.
///
/// The edge of a word (`\b`) beyond ASCII is the one thing that the quick way of matching cannot tell, and one dash in a
/// text is enough for the slow one. Without its edges a pattern matches whatever it matches with them and more, so that
/// is tried first on such a text.
pub(super) struct Pattern {
    exact: Regex,
    without_edges: OnceLock<Regex>,
}

/// Compiles a pattern.
pub(super) fn pattern(text: &str) -> Pattern {
    Pattern { exact: compiled(text), without_edges: OnceLock::new() }
}

fn compiled(text: &str) -> Regex {
    Regex::new(text).expect("patterns are constants that the tests compile")
}

impl Pattern {
    fn may_match(&self, text: &str) -> bool {
        text.is_ascii()
            || self.without_edges.get_or_init(|| compiled(&self.exact.as_str().replace(r"\b", ""))).is_match(text)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.may_match(text) && self.exact.is_match(text)
    }

    pub(super) fn find<'t>(&self, text: &'t str) -> Option<Match<'t>> {
        if self.may_match(text) { self.exact.find(text) } else { None }
    }

    pub(super) fn find_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Match<'t>> {
        self.may_match(text).then(|| self.exact.find_iter(text)).into_iter().flatten()
    }

    pub(super) fn captures_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        self.may_match(text).then(|| self.exact.captures_iter(text)).into_iter().flatten()
    }
}

/// Whether a place is inside a tool's output schema.
pub(super) fn in_output(path: &Pointer) -> bool {
    path.tokens().nth(2).is_some_and(|token| token == "outputSchema")
        && path.tokens().next().is_some_and(|t| t == "tools")
}

/// The last token of a place.
pub(super) fn last(path: &Pointer) -> String {
    path.as_str().rsplit_once('/').map(|(_, token)| unescaped(token)).unwrap_or_default()
}

/// A token of a place as it was before it was written into one. Nearly none is written otherwise.
fn unescaped(token: &str) -> String {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~") } else { token.to_owned() }
}

/// The token before the last: the parameter that a keyword belongs to.
pub(super) fn parent(path: &Pointer) -> String {
    let above = path.as_str().rsplit_once('/').and_then(|(above, _)| above.rsplit_once('/'));
    above.map(|(_, token)| unescaped(token)).unwrap_or_default()
}

/// Whether a change brings an input parameter or argument under a name that was not there, be it in another spelling.
pub(super) fn is_input_parameter(change: &Change) -> bool {
    let is_new = match change.kind {
        ChangeKind::ParameterAdded => true,
        ChangeKind::ParameterRenamed => is_other_name(change),
        _ => false,
    };
    is_new && !in_output(&change.path)
}

/// Whether a renamed parameter has another name, and not the same one in another spelling.
pub(super) fn is_other_name(change: &Change) -> bool {
    let letters = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(|name| name_parts(name).concat());
    letters(&change.before) != letters(&change.after)
}

/// Prose: several words, or anything that names a place outside.
pub(super) fn holds_text_or_url(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.split_whitespace().nth(2).is_some()
                || text.contains(':') && (text.contains("://") || text.contains("data:"))
        }
        Value::Array(items) => items.iter().any(holds_text_or_url),
        Value::Object(object) => object.iter().any(|(name, member)| {
            name.split_whitespace().nth(2).is_some() || name.contains("://") || holds_text_or_url(member)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What a rule says about a statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) grade: Grade,
    pub(super) message: &'static str,
    /// Tells several findings of one rule about one statement apart.
    pub(super) aspect: &'static str,
}

/// What a family of rules sees in a statement.
pub(super) type Says = fn(&Passage, &Statement) -> Option<Said>;

/// The families that tell an attack from a description. What one of them blocks is no ordinary order.
#[derive(Clone, Copy)]
pub(super) enum Attack {
    InstructionOverride,
    Concealment,
    ConversationDelimiter,
    SensitiveAccess,
    Exfiltration,
    ToolRedirect,
    RemoteInstructions,
}

impl Attack {
    const ALL: [Self; 7] = [
        Self::InstructionOverride,
        Self::Concealment,
        Self::ConversationDelimiter,
        Self::SensitiveAccess,
        Self::Exfiltration,
        Self::ToolRedirect,
        Self::RemoteInstructions,
    ];

    /// What the family sees in a statement. That it sees nothing, as in nearly all of them, is remembered: other rules
    /// ask as well.
    fn says(self, passage: &Passage, statement: &Statement) -> Option<Said> {
        let (no_attack, bit) = (&statement.known.no_attack, 1 << self as u8);
        if no_attack.get() & bit != 0 {
            return None;
        }
        let says: Says = match self {
            Self::InstructionOverride => super::instruction_override::says,
            Self::Concealment => super::concealment::says,
            Self::ConversationDelimiter => super::conversation_delimiter::says,
            Self::SensitiveAccess => super::sensitive_access::says,
            Self::Exfiltration => super::exfiltration::says,
            Self::ToolRedirect => super::tool_redirect::says,
            Self::RemoteInstructions => super::remote_instructions::says,
        };
        let said = says(passage, statement);
        if said.is_none() {
            no_attack.set(no_attack.get() | bit);
        }
        said
    }
}

/// Whether a statement speaks to the model as an attack does.
pub(super) fn is_attack(passage: &Passage, statement: &Statement) -> bool {
    Attack::ALL.into_iter().any(|attack| attack.says(passage, statement).is_some())
}

/// Lets a family of attacks read every new statement.
pub(super) fn each_attack(comparison: &Comparison<'_>, found: &mut Found<'_>, attack: Attack) {
    each_said(comparison, found, |passage, statement| attack.says(passage, statement));
}

/// Every member of one of these names in a value, at any depth, with its place.
pub(super) fn members(
    value: &Value,
    path: &Pointer,
    wanted: &dyn Fn(&str) -> bool,
    hit: &mut dyn FnMut(&Pointer, &Value),
) {
    /// A place on the way down; it becomes a pointer only where something is found.
    struct Step<'s> {
        above: Option<&'s Step<'s>>,
        token: Token<'s>,
    }
    enum Token<'s> {
        Name(&'s str),
        Item(usize),
    }
    fn pointer(step: Option<&Step<'_>>, base: &Pointer) -> Pointer {
        let Some(step) = step else { return base.clone() };
        let above = pointer(step.above, base);
        match step.token {
            Token::Name(name) => above.child(name),
            Token::Item(index) => above.item(index),
        }
    }
    // The parser bounds the depth.
    fn walk(
        value: &Value,
        step: Option<&Step<'_>>,
        base: &Pointer,
        wanted: &dyn Fn(&str) -> bool,
        hit: &mut dyn FnMut(&Pointer, &Value),
    ) {
        match value {
            Value::Object(object) => {
                for (name, member) in object.iter() {
                    let step = Step { above: step, token: Token::Name(name) };
                    if wanted(name) {
                        hit(&pointer(Some(&step), base), member);
                    }
                    walk(member, Some(&step), base, wanted, hit);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, Some(&Step { above: step, token: Token::Item(index) }), base, wanted, hit);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if wanted(&last(path)) {
        hit(path, value);
    }
    walk(value, None, path, wanted, hit);
}

/// Lets a family read every new statement.
pub(super) fn each_statement(comparison: &Comparison<'_>, found: &mut Found<'_>, says: Says) {
    each_said(comparison, found, says);
}

fn each_said(comparison: &Comparison<'_>, found: &mut Found<'_>, says: impl Fn(&Passage, &Statement) -> Option<Said>) {
    for &(passage, statement) in &comparison.speaking {
        if let Some(said) = says(passage, statement) {
            found.passage(lifted(comparison, said), passage, &statement.shown, said.message, said.aspect);
        }
    }
}

/// What an honest tool may say when it comes, and has no reason to begin saying later.
const LIFTED: [&str; 5] = ["call", "standing", "consent", "held", "aside"];

/// The grade of what is said: graver where an update brings it.
fn lifted(comparison: &Comparison<'_>, said: Said) -> Grade {
    if !comparison.is_first() && LIFTED.contains(&said.aspect) { said.grade.max(Grade::Block) } else { said.grade }
}

/// Lets a family read two new statements that follow each other, where neither says anything alone.
pub(super) fn each_two(
    comparison: &Comparison<'_>,
    found: &mut Found<'_>,
    says: Says,
    said: Said,
    together: impl Fn(&Passage, &Statement, &Statement) -> bool,
) {
    for passage in comparison.passages {
        for two in passage.fresh.windows(2) {
            let [first, second] = two else { continue };
            if together(passage, first, second) && says(passage, first).is_none() && says(passage, second).is_none() {
                found.passage(said.grade, passage, &second.shown, said.message, said.aspect);
            }
        }
    }
}

/// Whether what stands at these bytes of a statement is described or denied, rather than said.
pub(super) fn is_described(statement: &Statement, start: usize, end: usize) -> bool {
    statement.words_within(start, end).any(|word| statement.is_described(word) || statement.is_denied(word))
}

/// The parts of a name: at separators and at a change from lower to upper case, in lower case.
pub(super) fn name_parts(name: &str) -> Vec<String> {
    let (mut parts, mut part, mut lower) = (Vec::new(), String::new(), false);
    for c in name.chars() {
        if (!c.is_alphanumeric() || lower && c.is_uppercase()) && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        lower = c.is_lowercase();
        if c.is_ascii_alphanumeric() {
            part.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() {
            part.extend(c.to_lowercase());
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// The word for the entry of a change.
pub(super) fn noun(change: &Change) -> &'static str {
    change.entry.as_ref().map_or("entry", |entry| entry.kind.noun())
}

/// The hint changes that point one way.
pub(super) fn hint_changes<'c>(
    comparison: &'c Comparison<'_>,
    direction: Direction,
) -> impl Iterator<Item = (&'c Change, &'static Hint)> {
    comparison
        .changes
        .iter()
        .filter(move |change| change.kind == ChangeKind::Annotation && change.direction == Some(direction))
        .filter_map(|change| Some((change, Hint::of(&last(&change.path))?)))
}

/// "openWorldHint true → false", by effective values.
pub(super) fn hint_values(change: &Change, hint: &Hint) -> String {
    let (before, after) = (hint.effective(change.before.as_ref()), hint.effective(change.after.as_ref()));
    let by_default = |value: &Option<Value>| if value.is_none() { " (by default)" } else { "" };
    format!("{} {before}{} → {after}{}", hint.name, by_default(&change.before), by_default(&change.after))
}

/// The files of a package, as an artifact change has them.
pub(super) fn files(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (one, many) = match value {
        Some(Value::Array(files)) => (None, files.as_slice()),
        one => (one, &[][..]),
    };
    one.into_iter().chain(many)
}

/// The versions of a package that an artifact change has, whichever files of them.
pub(super) fn versions(value: Option<&Value>) -> BTreeSet<String> {
    files(value)
        .filter_map(|file| file.get("purl").and_then(Value::as_str))
        .map(|purl| purl.split("?file_name=").next().unwrap_or(purl).to_owned())
        .collect()
}

/// What became of the provenance of each package that both sides run, with the change that says so. Each file after is
/// held against the one before that it is nearest to.
pub(super) fn provenance_changes<'c>(comparison: &'c Comparison<'_>) -> Vec<(&'c Change, Vec<ProvenanceChange>)> {
    let Some(before) = comparison.before else { return Vec::new() };
    let base = Pointer::root().child("artifacts");
    let place = |artifact: &Artifact| base.child(&package_of(&artifact.purl)).child("provenance");
    comparison
        .changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Provenance)
        .map(|change| {
            let known: Vec<&Provenance> = before
                .artifacts
                .iter()
                .filter(|artifact| place(artifact) == change.path)
                .filter_map(|artifact| artifact.provenance.as_ref())
                .collect();
            let after = comparison.after.artifacts.iter().filter(|artifact| place(artifact) == change.path);
            let mut changes: Vec<ProvenanceChange> = after
                .flat_map(|artifact| {
                    let nearest = known
                        .iter()
                        .map(|known| provenance::compare(Some(known), artifact.provenance.as_ref()))
                        .min_by_key(Vec::len);
                    nearest.unwrap_or_default()
                })
                .collect();
            changes.sort_unstable();
            changes.dedup();
            (change, changes)
        })
        .collect()
}

/// A name in compatibility forms (NFKC), which those of ASCII are, without invisible characters.
pub(super) fn visible(name: &str) -> String {
    let is_visible = |c: &char| !mcp_pin_model::json::is_hidden(*c);
    if name.is_ascii() { name.chars().filter(is_visible).collect() } else { name.nfkc().filter(is_visible).collect() }
}

/// What a name looks like, separators forgotten: as its glyphs stand, where a capital I is an l, and as its letters are
/// read, where it is an i. Names that share one of the two are taken for each other.
pub(super) fn looks(name: &str) -> [String; 2] {
    let visible = visible(name);
    let joined = |text: String| {
        let parts = text.split(['_', '-', ' ']).filter(|part| !part.is_empty());
        parts.collect::<Vec<&str>>().join("_")
    };
    [joined(skeleton(&visible).to_lowercase()), joined(skeleton(&visible.to_lowercase()))]
}

/// A name longer than this is compared as a whole only.
const LONGEST_NEAR: usize = 64;
/// In a shorter name one letter makes another word.
const SHORTEST_NEAR: usize = 6;

/// Forms of which two names share one if they are one letter apart, so that one can be found in a map of many; and they
/// may share one without being so, see [`is_one_letter_apart`].
pub(super) fn near_forms(name: &str) -> BTreeSet<String> {
    let chars: Vec<char> = name.to_lowercase().chars().collect();
    if !(SHORTEST_NEAR..=LONGEST_NEAR).contains(&chars.len()) {
        return BTreeSet::new();
    }
    let without = |index: usize| chars.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, c)| c).collect();
    let mut forms: BTreeSet<String> = (0..chars.len()).map(without).collect();
    forms.insert(chars.iter().collect());
    forms
}

/// Whether two names have one letter more, less or different. Plurals, numbers and separators make other names.
pub(super) fn is_one_letter_apart(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let head = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let rest = one.len().min(other.len()) - head;
    let tail = one.iter().rev().zip(other.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let middle = |name: &[char]| name.get(head..name.len() - tail).unwrap_or_default().to_vec();
    let (mine, theirs) = (middle(&one), middle(&other));
    let is_letter = |middle: &[char]| middle.iter().all(|c| c.is_alphabetic());
    let is_plural = |middle: &[char], name: &[char]| {
        middle == ['s'] && name.get(name.len() - tail..).unwrap_or_default().first().is_none_or(|next| *next == '_')
    };
    let one_each = mine.len().max(theirs.len()) == 1 && is_letter(&mine) && is_letter(&theirs);
    one_each && !is_plural(&mine, &one) && !is_plural(&theirs, &other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_the_same_beyond_ascii() {
        let text = r"\bcat\b|\b(?:dogs?|c)\w*\b: \bx|^owl\b";
        let (pattern, regex) = (pattern(text), compiled(text));
        let around = ["", " ", "é", "–", " é", "é ", "ж", "-"];
        let mut hits = 0;
        for (before, after) in around.iter().flat_map(|before| around.iter().map(move |after| (before, after))) {
            for middle in ["cat", "dog: x", "cow", "owl", "dogé: x", "cat cat"] {
                let text = format!("{before}{middle}{after}");
                let all: Vec<_> = regex.find_iter(&text).map(|hit| hit.range()).collect();
                assert_eq!(pattern.find_iter(&text).map(|hit| hit.range()).collect::<Vec<_>>(), all, "{text}");
                assert_eq!(pattern.find(&text).map(|hit| hit.range()), all.first().cloned(), "{text}");
                assert_eq!(pattern.is_match(&text), !all.is_empty(), "{text}");
                assert_eq!(pattern.captures_iter(&text).count(), all.len(), "{text}");
                hits += all.len();
            }
        }
        assert!(hits > 100, "{hits}");
    }

    #[test]
    fn names_are_cut_at_separators_and_capitals() {
        for (name, parts) in [
            ("getHTTPPage_2", &["get", "httppage", "2"][..]),
            ("__a--b", &["a", "b"]),
            ("", &[]),
            ("ÄrgerÖl", &["ärger", "öl"]),
        ] {
            assert_eq!(name_parts(name), parts, "{name}");
        }
    }
}
