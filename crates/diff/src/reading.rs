//! What is new to read: every string that a change brought, with the part of it that was not there before.

use std::{borrow::Cow, collections::BTreeSet, rc::Rc};

use mcp_pin_model::{
    EntryKind, Surface,
    json::{Pointer, Value},
};

use crate::{
    change::{Change, ChangeKind, EntryRef},
    fold,
    speech::Statement,
};

/// What a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A description or the server's instructions: prose for the model.
    Prose,
    /// A title.
    Title,
    /// The name of an entry, a parameter or a member.
    Name,
    /// Any other value.
    Value,
}

/// One string that is new or changed.
pub(crate) struct Passage<'c> {
    pub(crate) path: Pointer,
    pub(crate) entry: Option<&'c EntryRef>,
    pub(crate) role: Role,
    /// Whether the whole entry is new, so that it is looked at anyway.
    pub(crate) in_new_entry: bool,
    /// What stood at this very place before.
    pub(crate) before: Option<&'c str>,
    pub(crate) after: Cow<'c, str>,
    /// The statements that were not in `before`, then what they hold encoded.
    pub(crate) fresh: Vec<Statement<'c>>,
    /// The statements of `before` that are not in `after`.
    pub(crate) gone: Vec<Cow<'c, str>>,
    /// The names of all tools of the same server, in lower case.
    pub(crate) own: Rc<BTreeSet<String>>,
    /// The names of the parameters of the same tool, in lower case.
    pub(crate) fields: Rc<BTreeSet<String>>,
    place: Place,
}

/// What the place of a string says about it. Every rule asks, so the place is read once.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    in_input: bool,
    in_output: bool,
    is_example: bool,
    is_icon: bool,
    is_default: bool,
}

impl Place {
    /// Tokens are read as they are written: `/` inside of one is escaped, and no word looked for has any.
    fn of(path: &Pointer) -> Self {
        let mut place = Self::default();
        for (depth, token) in path.as_str().split('/').skip(1).enumerate() {
            match token {
                "inputSchema" | "arguments" => place.in_input |= depth == 2,
                "outputSchema" => place.in_output |= depth == 2,
                "examples" | "example" => place.is_example = true,
                "icons" => place.is_icon = true,
                _ => {}
            }
            place.is_default = token == "default";
        }
        place
    }
}

impl Passage<'_> {
    /// Whether it stands inside an input or output schema.
    pub(crate) fn is_in_schema(&self) -> bool {
        self.place.in_input || self.place.in_output
    }

    /// Whether it is the description of an input parameter or of an argument: it says what to fill in.
    pub(crate) fn is_parameter_text(&self) -> bool {
        self.role == Role::Prose && self.place.in_input
    }

    /// Whether it is an example of a value.
    pub(crate) fn is_example(&self) -> bool {
        self.place.is_example
    }

    /// Whether it stands in a list of icons, which a rule of its own reads.
    pub(crate) fn is_icon(&self) -> bool {
        self.place.is_icon
    }

    /// Whether it is the default of a value.
    pub(crate) fn is_default(&self) -> bool {
        self.place.is_default
    }
}

/// What becomes of plain words: most strings of a schema are names and values of one short word of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// They are passages like others: the name of another server's tool is such a word.
    Read,
    /// They are left out: no rule about one server's passages says anything about one.
    PassedOver,
}

/// Every credential and every assignment of one is longer.
const LONGEST_PLAIN: usize = 14;

fn is_plain(text: &str) -> bool {
    text.len() <= LONGEST_PLAIN && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// Everything new to read in the changes, in their order.
pub(crate) fn passages<'c>(changes: &'c [Change], surface: &Surface, plain: Plain) -> Vec<Passage<'c>> {
    let tools = surface.section(EntryKind::Tool).unwrap_or_default();
    let own: Rc<BTreeSet<String>> = Rc::new(tools.iter().map(|tool| tool.key().to_lowercase()).collect());
    let mut out = Vec::new();
    let mut fields: (Option<&EntryRef>, Rc<BTreeSet<String>>) = (None, Rc::default());
    for change in changes {
        // What people or tools of the publisher chose and the model never reads.
        if matches!(
            change.kind,
            ChangeKind::Name
                | ChangeKind::Version
                | ChangeKind::Signer
                | ChangeKind::Protocol
                | ChangeKind::Launch
                | ChangeKind::Artifact
                | ChangeKind::Provenance
                | ChangeKind::Reordered
                | ChangeKind::EntryRemoved
                | ChangeKind::ParameterRemoved
                | ChangeKind::SectionAppeared
                | ChangeKind::SectionVanished
        ) {
            continue;
        }
        let Some(after) = &change.after else { continue };
        let known: BTreeSet<&str> = match &change.before {
            // A list of another length is one change: what it held before is not new.
            Some(before @ (Value::Array(_) | Value::Object(_))) => strings(before),
            _ => BTreeSet::new(),
        };
        if change.entry.is_some() && change.entry.as_ref() != fields.0 {
            fields = (change.entry.as_ref(), Rc::new(parameters(change.entry.as_ref(), surface)));
        }
        let none = Rc::default();
        let fields = if change.entry.is_some() { &fields.1 } else { &none };
        let mut reader = Reader { change, known, own: &own, fields, plain, out: &mut out };
        let role = role_of(change);
        if matches!(
            change.kind,
            ChangeKind::ParameterAdded
                | ChangeKind::Member
                | ChangeKind::Meta
                | ChangeKind::SchemaNote
                | ChangeKind::Definition
        ) && change.before.is_none()
            && let Some(name) = change.path.tokens().last()
        {
            reader.passage(change.path.clone(), Role::Name, None, Cow::Owned(name));
        }
        let before = change.before.as_ref().and_then(Value::as_str);
        reader.value(change.path.clone(), role, before, after);
    }
    out
}

/// The names of what a tool takes.
fn parameters(entry: Option<&EntryRef>, surface: &Surface) -> BTreeSet<String> {
    let Some(entry) = entry.filter(|entry| entry.kind == EntryKind::Tool) else { return BTreeSet::new() };
    let tool = surface.entry(EntryKind::Tool, &entry.key);
    let properties = tool.and_then(|tool| tool.value().get("inputSchema")?.get("properties")?.as_object());
    properties.into_iter().flat_map(mcp_pin_model::json::Object::iter).map(|(name, _)| name.to_lowercase()).collect()
}

fn role_of(change: &Change) -> Role {
    match change.kind {
        ChangeKind::Text | ChangeKind::Instructions => Role::Prose,
        ChangeKind::Title => Role::Title,
        ChangeKind::EntryRenamed | ChangeKind::ParameterRenamed => Role::Name,
        _ => Role::Value,
    }
}

fn strings(value: &Value) -> BTreeSet<&str> {
    let mut out = BTreeSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                out.insert(text.as_str());
            }
            Value::Array(items) => open.extend(items),
            Value::Object(object) => {
                for (name, member) in object.iter() {
                    out.insert(name);
                    open.push(member);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    out
}

struct Reader<'r, 'c> {
    change: &'c Change,
    known: BTreeSet<&'c str>,
    own: &'r Rc<BTreeSet<String>>,
    fields: &'r Rc<BTreeSet<String>>,
    plain: Plain,
    out: &'r mut Vec<Passage<'c>>,
}

impl<'c> Reader<'_, 'c> {
    fn value(&mut self, path: Pointer, role: Role, before: Option<&'c str>, value: &'c Value) {
        match value {
            Value::String(text) => self.passage(path, role, before, Cow::Borrowed(text)),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if self.passes_over(role, item) {
                        continue;
                    }
                    self.value(path.item(index), role, None, item);
                }
            }
            Value::Object(object) => {
                for (name, member) in object.iter() {
                    if name == "type" && is_type_name(member) {
                        continue;
                    }
                    let role = match (name, member) {
                        ("description", Value::String(_)) => Role::Prose,
                        ("title", Value::String(_)) => Role::Title,
                        ("name" | "uri" | "uriTemplate", Value::String(_)) => Role::Name,
                        _ => Role::Value,
                    };
                    let passed_over = self.plain == Plain::PassedOver && is_plain(name);
                    let speaks = !passed_over && !is_vocabulary(name);
                    // Places are made where something stands at them.
                    if !speaks && self.passes_over(role, member) {
                        continue;
                    }
                    let path = path.child(name);
                    if speaks {
                        self.passage(path.clone(), Role::Name, None, Cow::Borrowed(name));
                    }
                    self.value(path, role, None, member);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether nothing in a value without a predecessor is a passage.
    fn passes_over(&self, role: Role, value: &Value) -> bool {
        match value {
            Value::String(text) => self.plain == Plain::PassedOver && role != Role::Prose && is_plain(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
            Value::Array(_) | Value::Object(_) => false,
        }
    }

    fn passage(&mut self, path: Pointer, role: Role, before: Option<&'c str>, text: Cow<'c, str>) {
        if self.known.contains(&*text) {
            return;
        }
        let is_prose_without_purpose = role == Role::Prose && has_no_purpose(&path);
        let (fresh, gone) = match &text {
            Cow::Borrowed(text) => read(text, before, is_prose_without_purpose),
            // The name of a member, which had none before.
            Cow::Owned(text) => {
                let (fresh, _) = read(text, None, is_prose_without_purpose);
                (fresh.into_iter().map(Statement::into_owned).collect(), Vec::new())
            }
        };
        self.out.push(Passage {
            place: Place::of(&path),
            path,
            entry: self.change.entry.as_ref(),
            role,
            in_new_entry: self.change.kind == ChangeKind::EntryAdded,
            before,
            after: text,
            fresh,
            gone,
            own: Rc::clone(self.own),
            fields: Rc::clone(self.fields),
        });
    }
}

/// The statements of a text that were not in the one before, and those that were only there.
fn read<'t>(text: &'t str, before: Option<&'t str>, has_no_purpose: bool) -> (Vec<Statement<'t>>, Vec<Cow<'t, str>>) {
    let (old, new) = before.map_or(("", text), |before| fold::differing(before, text));
    let is_start = std::ptr::eq(new.as_ptr(), text.as_ptr()) && !has_no_purpose;
    let statements = fold::statements(new);
    let (is_new, gone) = match before {
        // Everything is new.
        None => (None, Vec::new()),
        Some(before) => {
            let old_statements = fold::statements(old);
            let known: BTreeSet<&str> = old_statements.iter().map(|statement| &**statement).collect();
            let mut elsewhere = Elsewhere::new(before, old);
            let is_new: Vec<bool> = statements
                .iter()
                .map(|statement| !known.contains(&**statement) && !elsewhere.says(statement))
                .collect();
            let kept: BTreeSet<&str> = statements.iter().map(|statement| &**statement).collect();
            let mut elsewhere = Elsewhere::new(text, new);
            let mut is_gone = |statement: &str| !kept.contains(statement) && !elsewhere.says(statement);
            let gone = old_statements.iter().filter(|statement| is_gone(statement)).cloned().collect();
            (Some(is_new), gone)
        }
    };
    let mut fresh = Vec::with_capacity(statements.len());
    let mut encoded = Vec::new();
    for (index, text) in statements.into_iter().enumerate() {
        if is_new.as_ref().is_some_and(|is_new| is_new.get(index) == Some(&false)) {
            continue;
        }
        encoded.extend(fold::decoded(&text));
        encoded.extend(fold::unescaped_place(&text).filter(|text| names_secrets(text)));
        let mut is_first = is_start && index == 0;
        pieces(text, |text| {
            let mut statement = Statement::of(text);
            statement.is_first = std::mem::take(&mut is_first);
            encoded.extend(turned(&statement));
            fresh.push(statement);
        });
    }
    // What a page does not show and a model reads: each statement of a comment on its own.
    for comment in comments(text).filter(|comment| !before.is_some_and(|before| before.contains(comment))) {
        for text in fold::statements(comment) {
            pieces(text, |text| {
                let mut statement = Statement::of(text);
                statement.in_comment = true;
                fresh.push(statement);
            });
        }
    }
    for text in encoded.iter().flat_map(|text| fold::statements(text)) {
        pieces(text, |text| {
            let mut statement = Statement::of(text).into_owned();
            statement.was_encoded = true;
            fresh.push(statement);
        });
    }
    (fresh, gone)
}

/// The statements of a text outside of a part of it: what was moved or said twice is not new. Read when one may be there.
struct Elsewhere<'t> {
    text: &'t str,
    is_part: bool,
    statements: Option<BTreeSet<Cow<'t, str>>>,
}

impl<'t> Elsewhere<'t> {
    fn new(text: &'t str, part: &str) -> Self {
        Self { text, is_part: part.len() < text.len(), statements: None }
    }

    fn says(&mut self, statement: &str) -> bool {
        // Standing inside of a longer sentence is not being said.
        self.is_part
            && self.text.contains(statement)
            && self
                .statements
                .get_or_insert_with(|| fold::statements(self.text).into_iter().collect())
                .contains(statement)
    }
}

/// What a statement says with its letters turned or backwards: tried where hardly a word is known, and taken where
/// several are then.
fn turned(statement: &Statement<'_>) -> Option<String> {
    if statement.len() < SEVERAL || !statement.folded.is_ascii() {
        return None;
    }
    if statement.known_words() <= FEW {
        return turn(&statement.folded);
    }
    // What is announced: "read backwards: …".
    let (head, tail) = statement.folded.split_once(": ")?;
    let announced = ["back", "reverse", "rot", "caesar", "mirror", "shift", "turn", "follow", "decod", "decipher"];
    if tail.len() < SEVERAL * 4 || !announced.iter().any(|word| head.contains(word)) {
        return None;
    }
    (Statement::new(Cow::Borrowed(""), tail.to_owned()).known_words() <= FEW).then(|| turn(tail)).flatten()
}

/// So few known words say nothing.
const FEW: usize = 1;
/// So many say something.
const SEVERAL: usize = 3;

fn turn(folded: &str) -> Option<String> {
    let read = |text: String| Statement::new(Cow::Owned(text.clone()), text);
    let readings = fold::turned(folded).map(read);
    readings.into_iter().find(|reading| reading.known_words() >= SEVERAL).map(|reading| reading.folded)
}

/// Whether a text names a place that holds secrets.
fn names_secrets(text: &str) -> bool {
    use crate::speech::Class;
    Statement::new(Cow::Borrowed(""), fold::fold(text)).has(Class::SECRET_FILE | Class::WEAK_FILE)
}

/// A statement longer than this is read in pieces, so that looking around in one costs the same everywhere; the longest
/// sentence of 1,053 real tools is shorter.
const PIECE: usize = 1_600;
/// Pieces share this much, more than any rule looks around a word.
const SHARED: usize = 320;

/// Takes a statement in pieces that overlap; nearly every one is one piece.
fn pieces<'t>(statement: Cow<'t, str>, mut take: impl FnMut(Cow<'t, str>)) {
    if statement.len() <= PIECE {
        return take(statement);
    }
    // At a space if there is one near, or between any two characters.
    let cut = |near: usize| -> usize {
        let near = (near..statement.len()).find(|&at| statement.is_char_boundary(at)).unwrap_or(statement.len());
        let space = statement.get(near..).and_then(|rest| rest.char_indices().take(64).find(|(_, c)| *c == ' '));
        near + space.map_or(0, |(at, _)| at)
    };
    let mut start = 0;
    loop {
        let end = if start + PIECE < statement.len() { cut(start + PIECE) } else { statement.len() };
        if let Some(piece) = statement.get(start..end) {
            take(Cow::Owned(piece.trim().to_owned()));
        }
        if end >= statement.len() {
            return;
        }
        start = cut(end - SHARED).min(end);
    }
}

/// The contents of the HTML comments in a text; one that is not closed goes on to the end.
fn comments(text: &str) -> impl Iterator<Item = &str> {
    let marked = if text.as_bytes().contains(&b'<') { text } else { "" };
    marked.split("<!--").skip(1).map(|rest| rest.split("-->").next().unwrap_or(rest))
}

/// Where prose begins with no purpose of a program's own: the server's instructions, and prompts.
fn has_no_purpose(path: &Pointer) -> bool {
    matches!(path.as_str().split('/').nth(1), Some("instructions" | "prompts"))
}

/// The type names of JSON Schema say nothing to a model that a person does not see; they are half of all values.
fn is_type_name(value: &Value) -> bool {
    const NAMES: [&str; 7] = ["string", "object", "integer", "number", "boolean", "array", "null"];
    value.as_str().is_some_and(|name| NAMES.contains(&name))
}

/// Member names of the protocol and of JSON Schema: words of the format, not of the server.
fn is_vocabulary(name: &str) -> bool {
    const WORDS: [&str; 22] = [
        "name",
        "title",
        "description",
        "inputSchema",
        "outputSchema",
        "annotations",
        "properties",
        "required",
        "type",
        "enum",
        "default",
        "items",
        "anyOf",
        "oneOf",
        "allOf",
        "$schema",
        "$ref",
        "$defs",
        "format",
        "additionalProperties",
        "_meta",
        "icons",
    ];
    WORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use mcp_pin_model::json::{Object, Pointer};

    use super::*;
    use crate::{
        Side,
        compare::{Comparison, changes},
        load, rules, speech,
    };

    /// What the rules say about a surface that is new, plain words read or passed over.
    fn said(surface: &Surface, plain: Plain) -> Vec<(String, Pointer)> {
        let side = Side::of_surface(surface);
        let changes = changes(None, &side);
        let passages = passages(&changes, surface, plain);
        let findings = rules::run(&Comparison::new(None, &side, &[], &changes, &passages));
        findings.into_iter().map(|finding| (finding.rule, finding.location.path)).collect()
    }

    #[test]
    fn no_rule_says_anything_about_a_plain_word() {
        let words: Vec<&str> = speech::known_words().filter(|word| is_plain(word)).collect();
        assert!(words.len() > 1_000, "{}", words.len());
        let one = |member: &str, value: Value| Value::Object(Object::from_iter([(member.to_owned(), value)]));
        let tools = words.iter().enumerate().flat_map(|(n, &word)| {
            let text = Value::from(word);
            [
                ("enum", Value::Array(vec![text.clone(), "x".into()])),
                ("default", text.clone()),
                ("examples", Value::Array(vec![text.clone()])),
                ("title", text.clone()),
                (word, text),
            ]
            .into_iter()
            .enumerate()
            .map(move |(at, (member, value))| {
                let schema = one("properties", one("shelf", one(member, value)));
                let name = Value::from(format!("get_{n}_{at}"));
                Value::Object(Object::from_iter([("name", name), ("inputSchema", schema)]))
            })
        });
        let document = Value::Array(tools.collect()).to_canonical_string();
        let surface = load::surface_document(document.as_bytes()).unwrap();
        assert_eq!(said(&surface, Plain::Read), said(&surface, Plain::PassedOver));
    }

    #[test]
    fn other_words_are_read() {
        for text in
            ["AKIAIOSFODNN7EXAMPLE", "password=hunter2x", "naïve", "two words", "a.b", "x{", "averyveryverylongword"]
        {
            assert!(!is_plain(text), "{text}");
        }
    }
}
