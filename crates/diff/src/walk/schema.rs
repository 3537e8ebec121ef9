//! JSON Schemas, keyword by keyword, with a direction.
//!
//! A direction is said from the caller's side. For an input, allowing more is *widened* and allowing less *narrowed*;
//! for an output it is the other way round, because there more freedom for the server is less certainty for whoever
//! reads it.

use std::collections::BTreeSet;

use mcp_pin_model::json::{Object, Pointer, Value};

use super::{Collector, member_names};
use crate::change::{ChangeKind, Direction};

/// Which schema of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Input,
    Output,
}

/// How a keyword's value decides what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A bound from below: a higher number allows less.
    Lower,
    /// A bound from above: a lower number allows less.
    Upper,
    /// `true` allows less.
    Flag,
    /// Being there allows less; another value allows other things.
    Constraint,
    /// A set of allowed values: fewer allow less.
    OneOf,
    /// Type names: fewer allow less, and an integer is a number.
    Types,
    /// A schema, or a boolean: `false` allows nothing, `true` and absent everything.
    Subschema,
    /// A schema that must not match: it works the other way round.
    Negated,
    /// Alternatives: another one allows more.
    Alternatives,
    /// Schemas that must all match: another one allows less.
    Conjunction,
    /// Schemas by position.
    Positional,
    /// Schemas by name, where a name decides nothing by itself.
    Definitions,
    /// Schemas by a pattern or a name that must match where it applies: another one allows less.
    Conditional,
    /// A reference to another schema.
    Reference,
}

/// One keyword, with two of its values of which the second allows less.
pub(crate) struct Keyword {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    /// JSON texts: what allows more, what allows less. The test of the table applies them in both directions.
    #[cfg_attr(not(test), expect(dead_code, reason = "the samples are the table's own tests"))]
    pub(crate) samples: (&'static str, &'static str),
}

const fn keyword(name: &'static str, effect: Effect, samples: (&'static str, &'static str)) -> Keyword {
    Keyword { name, effect, samples }
}

/// Every keyword that decides what is allowed, of drafts 4 to 2020-12, except `properties` and `required`, which are
/// compared by parameter.
pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("minimum", Effect::Lower, ("1", "2")),
    keyword("exclusiveMinimum", Effect::Lower, ("1", "2")),
    keyword("minLength", Effect::Lower, ("1", "2")),
    keyword("minItems", Effect::Lower, ("1", "2")),
    keyword("minProperties", Effect::Lower, ("1", "2")),
    keyword("minContains", Effect::Lower, ("1", "2")),
    keyword("maximum", Effect::Upper, ("2", "1")),
    keyword("exclusiveMaximum", Effect::Upper, ("2", "1")),
    keyword("maxLength", Effect::Upper, ("2", "1")),
    keyword("maxItems", Effect::Upper, ("2", "1")),
    keyword("maxProperties", Effect::Upper, ("2", "1")),
    keyword("maxContains", Effect::Upper, ("2", "1")),
    keyword("uniqueItems", Effect::Flag, ("false", "true")),
    keyword("pattern", Effect::Constraint, ("", "\"^/data/\"")),
    keyword("format", Effect::Constraint, ("", "\"email\"")),
    keyword("multipleOf", Effect::Constraint, ("", "2")),
    keyword("const", Effect::Constraint, ("", "1")),
    keyword("contentEncoding", Effect::Constraint, ("", "\"base64\"")),
    keyword("contentMediaType", Effect::Constraint, ("", "\"text/plain\"")),
    keyword("dependentRequired", Effect::Constraint, ("", "{\"a\":[\"b\"]}")),
    keyword("enum", Effect::OneOf, ("[1,2]", "[1]")),
    keyword("type", Effect::Types, ("[\"string\",\"null\"]", "\"string\"")),
    keyword("additionalProperties", Effect::Subschema, ("true", "false")),
    keyword("unevaluatedProperties", Effect::Subschema, ("true", "false")),
    keyword("additionalItems", Effect::Subschema, ("true", "false")),
    keyword("unevaluatedItems", Effect::Subschema, ("true", "false")),
    keyword("items", Effect::Subschema, ("{}", "{\"type\":\"string\"}")),
    keyword("contains", Effect::Subschema, ("", "{\"type\":\"string\"}")),
    keyword("propertyNames", Effect::Subschema, ("", "{\"pattern\":\"^a\"}")),
    keyword("contentSchema", Effect::Subschema, ("", "{\"type\":\"string\"}")),
    keyword("then", Effect::Subschema, ("", "{\"required\":[\"a\"]}")),
    keyword("else", Effect::Subschema, ("", "{\"required\":[\"a\"]}")),
    keyword("not", Effect::Negated, ("{\"type\":\"string\"}", "{}")),
    keyword("anyOf", Effect::Alternatives, ("[{\"const\":1},{\"const\":2}]", "[{\"const\":1}]")),
    keyword("oneOf", Effect::Alternatives, ("[{\"const\":1},{\"const\":2}]", "[{\"const\":1}]")),
    keyword("allOf", Effect::Conjunction, ("[{\"minimum\":1}]", "[{\"minimum\":1},{\"maximum\":9}]")),
    keyword("prefixItems", Effect::Positional, ("[{}]", "[{\"type\":\"string\"}]")),
    keyword("patternProperties", Effect::Conditional, ("{}", "{\"^a\":{\"type\":\"string\"}}")),
    keyword("dependentSchemas", Effect::Conditional, ("{}", "{\"a\":{\"required\":[\"b\"]}}")),
    keyword("dependencies", Effect::Conditional, ("{}", "{\"a\":{\"required\":[\"b\"]}}")),
    keyword("$defs", Effect::Definitions, ("{\"A\":{}}", "{\"A\":{\"type\":\"string\"}}")),
    keyword("definitions", Effect::Definitions, ("{\"A\":{}}", "{\"A\":{\"type\":\"string\"}}")),
    keyword("$ref", Effect::Reference, ("", "\"#/$defs/A\"")),
    keyword("$dynamicRef", Effect::Reference, ("", "\"#a\"")),
    keyword("$recursiveRef", Effect::Reference, ("", "\"#\"")),
];

/// The keywords that hold a reference.
pub(crate) const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Compares one schema member of a tool.
pub(crate) fn compare(
    out: &mut Collector<'_>,
    path: &Pointer,
    before: Option<&Value>,
    after: Option<&Value>,
    side: Side,
) {
    match (before, after) {
        (None, None) => {}
        (Some(before), Some(after)) => {
            Walk { out, before_root: before, after_root: after, inverted: side == Side::Output }
                .schema(path, before, after);
        }
        _ => out.push(ChangeKind::SchemaPresence, path, before, after, None),
    }
}

/// A parameter that becomes required narrows, one that becomes optional widens.
pub(crate) fn required_direction(before: bool, after: bool) -> Option<Direction> {
    match (before, after) {
        (false, true) => Some(Direction::Narrowed),
        (true, false) => Some(Direction::Widened),
        _ => None,
    }
}

struct Walk<'w, 'c> {
    out: &'w mut Collector<'c>,
    before_root: &'w Value,
    after_root: &'w Value,
    inverted: bool,
}

impl Walk<'_, '_> {
    fn push(
        &mut self,
        kind: ChangeKind,
        path: &Pointer,
        before: Option<&Value>,
        after: Option<&Value>,
        direction: Option<Direction>,
    ) {
        let direction = direction.map(|direction| if self.inverted { direction.mirrored() } else { direction });
        self.out.push(kind, path, before, after, direction);
    }

    fn schema(&mut self, path: &Pointer, before: &Value, after: &Value) {
        if before == after {
            return;
        }
        let (Value::Object(old), Value::Object(new)) = (before, after) else {
            let direction = direction(Effect::Subschema, Some(before), Some(after));
            self.push(ChangeKind::Schema, path, Some(before), Some(after), direction);
            return;
        };
        for name in member_names(old, new) {
            let (was, is) = (old.get(name), new.get(name));
            if was != is {
                self.keyword(path, name, was, is);
            }
        }
    }

    fn keyword(&mut self, parent: &Pointer, name: &str, was: Option<&Value>, is: Option<&Value>) {
        let path = &parent.child(name);
        match name {
            "properties" => self.properties(path, was, is),
            "required" => self.required(path, was, is),
            "description" => self.push(ChangeKind::Text, path, was, is, None),
            "title" => self.push(ChangeKind::Title, path, was, is, None),
            "default" => self.push(ChangeKind::Default, path, was, is, None),
            _ => match KEYWORDS.iter().find(|keyword| keyword.name == name) {
                Some(keyword) => self.known(path, keyword.effect, was, is),
                None => self.out.generic(ChangeKind::SchemaNote, path, was, is),
            },
        }
    }

    fn known(&mut self, path: &Pointer, effect: Effect, was: Option<&Value>, is: Option<&Value>) {
        match (effect, was, is) {
            (Effect::Subschema, Some(Value::Object(_)), Some(Value::Object(_))) => {
                if let (Some(was), Some(is)) = (was, is) {
                    self.schema(path, was, is);
                }
            }
            (Effect::Negated, Some(was @ Value::Object(_)), Some(is @ Value::Object(_))) => {
                self.inverted = !self.inverted;
                self.schema(path, was, is);
                self.inverted = !self.inverted;
            }
            (
                Effect::Alternatives | Effect::Conjunction | Effect::Positional,
                Some(Value::Array(old)),
                Some(Value::Array(new)),
            ) if old.len() == new.len() => {
                if effect != Effect::Positional && same_set(old, new) {
                    self.push(ChangeKind::Reordered, path, was, is, None);
                    return;
                }
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    self.schema(&path.item(index), old, new);
                }
            }
            (Effect::Conditional | Effect::Definitions, Some(Value::Object(old)), Some(Value::Object(new))) => {
                for name in member_names(old, new) {
                    let path = path.child(name);
                    match (old.get(name), new.get(name)) {
                        (Some(was), Some(is)) => self.schema(&path, was, is),
                        (was, is) => {
                            let direction = (effect == Effect::Conditional).then_some(presence(was.is_none()));
                            let kind = if direction.is_some() { ChangeKind::Schema } else { ChangeKind::SchemaNote };
                            self.push(kind, &path, was, is, direction);
                        }
                    }
                }
            }
            (Effect::OneOf | Effect::Types, Some(Value::Array(old)), Some(Value::Array(new))) if same_set(old, new) => {
                self.push(ChangeKind::Reordered, path, was, is, None);
            }
            (Effect::Reference, _, _) => {
                let (old, new) = (resolved(was, self.before_root), resolved(is, self.after_root));
                let same = old.is_some() && old == new;
                let kind = if same { ChangeKind::SchemaNote } else { ChangeKind::Schema };
                self.push(kind, path, was, is, (!same).then(|| either(was, is)));
            }
            _ => self.push(ChangeKind::Schema, path, was, is, direction(effect, was, is)),
        }
    }

    fn properties(&mut self, path: &Pointer, was: Option<&Value>, is: Option<&Value>) {
        let empty = Object::new();
        let (Some(old), Some(new)) = (members(was, &empty), members(is, &empty)) else {
            self.push(ChangeKind::Schema, path, was, is, Some(Direction::Altered));
            return;
        };
        if old == new {
            // `{}` for an absent member.
            self.push(ChangeKind::SchemaNote, path, was, is, None);
            return;
        }
        for name in member_names(old, new) {
            let path = path.child(name);
            match (old.get(name), new.get(name)) {
                (Some(was), Some(is)) => self.schema(&path, was, is),
                (None, Some(is)) => self.push(ChangeKind::ParameterAdded, &path, None, Some(is), None),
                (was, None) => self.push(ChangeKind::ParameterRemoved, &path, was, None, None),
            }
        }
    }

    fn required(&mut self, path: &Pointer, was: Option<&Value>, is: Option<&Value>) {
        let (Some(old), Some(new)) = (names(was), names(is)) else {
            self.push(ChangeKind::Schema, path, was, is, Some(Direction::Altered));
            return;
        };
        if old == new {
            // Another order, a doubled name, or an empty list for an absent one.
            let kind = if was.is_some() && is.is_some() { ChangeKind::Reordered } else { ChangeKind::SchemaNote };
            self.push(kind, path, was, is, None);
            return;
        }
        for name in old.symmetric_difference(&new) {
            let (before, after) = (old.contains(name), new.contains(name));
            self.push(
                ChangeKind::Required,
                &path.child(name),
                Some(&before.into()),
                Some(&after.into()),
                required_direction(before, after),
            );
        }
    }
}

fn resolved<'v>(reference: Option<&Value>, root: &'v Value) -> Option<&'v Value> {
    resolve(root, reference?.as_str()?)
}

fn members<'v>(value: Option<&'v Value>, empty: &'v Object) -> Option<&'v Object> {
    value.map_or(Some(empty), Value::as_object)
}

fn names(value: Option<&Value>) -> Option<BTreeSet<&str>> {
    match value {
        None => Some(BTreeSet::new()),
        Some(value) => value.as_array()?.iter().map(Value::as_str).collect(),
    }
}

fn same_set(a: &[Value], b: &[Value]) -> bool {
    set(a) == set(b)
}

fn set(values: &[Value]) -> BTreeSet<String> {
    values.iter().map(Value::to_canonical_string).collect()
}

/// The schema that a reference names, inside the document only.
pub(crate) fn resolve<'v>(root: &'v Value, reference: &str) -> Option<&'v Value> {
    let fragment = reference.strip_prefix('#')?;
    let mut pointer = Pointer::root();
    for token in fragment.split('/').skip(1) {
        pointer = pointer.child(&token.replace("~1", "/").replace("~0", "~"));
    }
    pointer.resolve(root)
}

fn presence(appeared: bool) -> Direction {
    if appeared { Direction::Narrowed } else { Direction::Widened }
}

fn either(was: Option<&Value>, is: Option<&Value>) -> Direction {
    match (was, is) {
        (None, Some(_)) => Direction::Narrowed,
        (Some(_), None) => Direction::Widened,
        _ => Direction::Altered,
    }
}

/// Which way a keyword's change points, on an input.
pub(crate) fn direction(effect: Effect, was: Option<&Value>, is: Option<&Value>) -> Option<Direction> {
    let direction = match effect {
        Effect::Lower => bound(was, is, false),
        Effect::Upper => bound(was, is, true),
        Effect::Flag => {
            let flag = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or(false);
            if flag(was) == flag(is) { return None } else { presence(flag(is)) }
        }
        Effect::OneOf => subset(was, is, |value| value.as_array().map(set)),
        Effect::Types => {
            if was.is_some() && was.and_then(types) == is.and_then(types) {
                // A list of one for the name itself.
                return None;
            }
            subset(was, is, types)
        }
        Effect::Subschema => {
            let (old, new) = (openness(was), openness(is));
            match old.cmp(&new) {
                std::cmp::Ordering::Less => Direction::Widened,
                std::cmp::Ordering::Greater => Direction::Narrowed,
                std::cmp::Ordering::Equal if old == 1 => Direction::Altered,
                // `true` for an absent member, or `{}` for `true`.
                std::cmp::Ordering::Equal => return None,
            }
        }
        Effect::Alternatives => subset(was, is, |value| value.as_array().map(set)),
        Effect::Conjunction => match (was, is) {
            (Some(Value::Array(old)), Some(Value::Array(new))) => {
                let (old, new) = (set(old), set(new));
                if old.is_subset(&new) {
                    Direction::Narrowed
                } else if new.is_subset(&old) {
                    Direction::Widened
                } else {
                    Direction::Altered
                }
            }
            _ => either(was, is),
        },
        Effect::Constraint | Effect::Negated | Effect::Positional | Effect::Conditional | Effect::Reference => {
            either(was, is)
        }
        Effect::Definitions => return None,
    };
    Some(direction)
}

fn bound(was: Option<&Value>, is: Option<&Value>, upper: bool) -> Direction {
    match (was.and_then(Value::as_number), is.and_then(Value::as_number)) {
        (Some(old), Some(new)) => presence((new.get() > old.get()) != upper),
        _ => either(was, is),
    }
}

/// How much a subschema allows: nothing, something, everything.
fn openness(value: Option<&Value>) -> u8 {
    match value {
        None | Some(Value::Bool(true)) => 2,
        Some(Value::Object(object)) if object.is_empty() => 2,
        Some(Value::Bool(false)) => 0,
        Some(_) => 1,
    }
}

fn types(value: &Value) -> Option<BTreeSet<String>> {
    let mut names: BTreeSet<String> = match value {
        Value::String(name) => [name.clone()].into(),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        _ => return None,
    };
    if names.contains("number") {
        names.insert("integer".to_owned());
    }
    Some(names)
}

fn subset(was: Option<&Value>, is: Option<&Value>, set_of: impl Fn(&Value) -> Option<BTreeSet<String>>) -> Direction {
    let (Some(old), Some(new)) = (was, is) else { return either(was, is) };
    match (set_of(old), set_of(new)) {
        (Some(old), Some(new)) if old == new => Direction::Altered,
        (Some(old), Some(new)) if old.is_subset(&new) => Direction::Widened,
        (Some(old), Some(new)) if new.is_subset(&old) => Direction::Narrowed,
        _ => Direction::Altered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str) -> Option<Value> {
        (!text.is_empty()).then(|| mcp_pin_model::json::parse(text.as_bytes()).expect("a sample is JSON"))
    }

    fn directions(keyword: &Keyword, was: Option<Value>, is: Option<Value>, side: Side) -> Vec<Option<Direction>> {
        let schema = |value: Option<Value>| {
            let mut schema = Object::new();
            if let Some(value) = value {
                schema.insert(keyword.name, value);
            }
            Value::Object(schema)
        };
        let mut changes = Vec::new();
        compare(&mut Collector::new(&mut changes, None), &Pointer::root(), Some(&schema(was)), Some(&schema(is)), side);
        changes.iter().map(|change| change.direction).collect()
    }

    #[test]
    fn every_keyword_has_its_mirror() {
        let mut counted = 0;
        for keyword in KEYWORDS {
            let (loose, tight) = (sample(keyword.samples.0), sample(keyword.samples.1));
            for (was, is, input, output) in [
                (&loose, &tight, Direction::Narrowed, Direction::Widened),
                (&tight, &loose, Direction::Widened, Direction::Narrowed),
            ] {
                assert_eq!(
                    directions(keyword, was.clone(), is.clone(), Side::Input),
                    [Some(input)],
                    "{} of an input",
                    keyword.name
                );
                assert_eq!(
                    directions(keyword, was.clone(), is.clone(), Side::Output),
                    [Some(output)],
                    "{} of an output",
                    keyword.name
                );
                counted += 1;
            }
        }
        assert_eq!(counted, 2 * KEYWORDS.len());
        assert_eq!(KEYWORDS.len(), 45);
    }

    #[test]
    fn keywords_are_listed_once() {
        let names: BTreeSet<&str> = KEYWORDS.iter().map(|keyword| keyword.name).collect();
        assert_eq!(names.len(), KEYWORDS.len());
    }

    #[test]
    fn an_integer_is_a_number() {
        let [integer, number] = [sample("\"integer\""), sample("\"number\"")];
        assert_eq!(direction(Effect::Types, integer.as_ref(), number.as_ref()), Some(Direction::Widened));
        assert_eq!(direction(Effect::Types, number.as_ref(), integer.as_ref()), Some(Direction::Narrowed));
    }
}
