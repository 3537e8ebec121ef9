//! The keywords of JSON Schema that decide what is allowed, each with its direction.

use std::collections::BTreeSet;

use mcp_pin_model::json::Value;

use crate::change::Direction;

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
    /// A divisor: a multiple of it allows less.
    Divisor,
    /// Members that others require, by name: more of them allow less.
    Dependents,
    /// A schema that some item must match: there must be such an item, whatever the schema is.
    Contains,
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
    /// A question that decides which other schema holds; nobody can tell which way another question points.
    Question,
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
    keyword("multipleOf", Effect::Divisor, ("2", "4")),
    keyword("const", Effect::Constraint, ("", "1")),
    keyword("contentEncoding", Effect::Constraint, ("", "\"base64\"")),
    keyword("contentMediaType", Effect::Constraint, ("", "\"text/plain\"")),
    keyword("dependentRequired", Effect::Dependents, ("{\"a\":[\"b\"]}", "{\"a\":[\"b\",\"c\"]}")),
    keyword("enum", Effect::OneOf, ("[1,2]", "[1]")),
    keyword("type", Effect::Types, ("[\"string\",\"null\"]", "\"string\"")),
    keyword("additionalProperties", Effect::Subschema, ("true", "false")),
    keyword("unevaluatedProperties", Effect::Subschema, ("true", "false")),
    keyword("additionalItems", Effect::Subschema, ("true", "false")),
    keyword("unevaluatedItems", Effect::Subschema, ("true", "false")),
    keyword("items", Effect::Subschema, ("{}", "{\"type\":\"string\"}")),
    keyword("contains", Effect::Contains, ("", "{}")),
    keyword("propertyNames", Effect::Subschema, ("", "{\"pattern\":\"^a\"}")),
    keyword("contentSchema", Effect::Subschema, ("", "{\"type\":\"string\"}")),
    keyword("if", Effect::Question, ("", "{\"required\":[\"a\"]}")),
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

pub(super) fn same_set(a: &[Value], b: &[Value]) -> bool {
    set(a) == set(b)
}

fn set(values: &[Value]) -> BTreeSet<String> {
    values.iter().map(Value::to_canonical_string).collect()
}

/// What is there now and was not allows less; what is gone allowed less.
pub(super) fn presence(appeared: bool) -> Direction {
    if appeared { Direction::Narrowed } else { Direction::Widened }
}

pub(super) fn either(was: Option<&Value>, is: Option<&Value>) -> Direction {
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
        Effect::Divisor => match (was.and_then(Value::as_number), is.and_then(Value::as_number)) {
            (Some(old), Some(new)) if is_multiple(new.get(), old.get()) => Direction::Narrowed,
            (Some(old), Some(new)) if is_multiple(old.get(), new.get()) => Direction::Widened,
            _ => either(was, is),
        },
        Effect::Dependents => match (dependents(was), dependents(is)) {
            (Some(old), Some(new)) if old == new => return None,
            (Some(old), Some(new)) if old.is_subset(&new) => Direction::Narrowed,
            (Some(old), Some(new)) if new.is_subset(&old) => Direction::Widened,
            _ => Direction::Altered,
        },
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
        Effect::Constraint
        | Effect::Contains
        | Effect::Negated
        | Effect::Positional
        | Effect::Conditional
        | Effect::Reference => either(was, is),
        Effect::Question => Direction::Altered,
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

fn is_multiple(number: f64, of: f64) -> bool {
    of > 0.0 && (number / of).fract() == 0.0
}

/// Who requires whom.
fn dependents(value: Option<&Value>) -> Option<BTreeSet<(&str, &str)>> {
    let Some(value) = value else { return Some(BTreeSet::new()) };
    let mut out = BTreeSet::new();
    for (name, required) in value.as_object()?.iter() {
        for other in required.as_array()? {
            out.insert((name, other.as_str()?));
        }
    }
    Some(out)
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

pub(super) fn types(value: &Value) -> Option<BTreeSet<String>> {
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
