//! What is the same schema written otherwise.
//!
//! Generators write one meaning in many ways, and an upgrade of one changes all schemas of a server at once. A view is a
//! schema object on which such spellings were undone, always towards how the other side is written, so that two schemas
//! that are written alike are compared as they are.
//!
//! Nothing that a model could read is lost on the way: a spelling is undone only where what disappears is the keyword
//! itself, never a text beside it.

use std::{borrow::Cow, collections::BTreeMap};

use mcp_pin_model::json::{Number, Object, Value};

use super::keywords::types;

/// The members of a schema object, some of them rewritten.
pub(super) struct View<'v> {
    members: BTreeMap<&'v str, Cow<'v, Value>>,
    /// Whether `null` is allowed beside what the members say.
    pub(super) nullable: bool,
}

/// A chain of wrappers in wrappers longer than this is compared as it is written; generators make chains of two.
const MAX_ROUNDS: usize = 6;

/// What says nothing about what is allowed. A definition's own may be hidden by the ones beside a reference to it.
const ANNOTATIONS: [&str; 9] =
    ["title", "description", "default", "examples", "example", "$comment", "deprecated", "readOnly", "writeOnly"];

/// The two sides, with the spellings undone in which they differ.
pub(super) fn pair<'v>(old: &'v Object, new: &'v Object) -> (View<'v>, View<'v>) {
    let (mut old, mut new) = (View::of(old), View::of(new));
    align(&mut old, &mut new);
    (old, new)
}

/// Undoes spellings on both sides until nothing changes.
pub(super) fn align(old: &mut View<'_>, new: &mut View<'_>) {
    for _ in 0..MAX_ROUNDS {
        if old.null_form() != new.null_form() {
            old.take_null();
            new.take_null();
        }
        let changed = old.approach(new) | new.approach(old);
        if !changed {
            break;
        }
    }
    // What has no limit at all takes `null` as it takes everything.
    old.nullable |= new.nullable && old.is_unlimited();
    new.nullable |= old.nullable && new.is_unlimited();
}

/// How a schema says that `null` is allowed.
#[derive(PartialEq, Eq)]
enum NullForm {
    None,
    Type,
    Enum,
    Branch(&'static str, usize),
}

impl<'v> View<'v> {
    fn of(object: &'v Object) -> Self {
        Self { members: object.iter().map(|(name, value)| (name, Cow::Borrowed(value))).collect(), nullable: false }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).map(Cow::as_ref)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'v str> + '_ {
        self.members.keys().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    fn array(&self, name: &str) -> Option<&[Value]> {
        self.get(name).and_then(Value::as_array)
    }

    fn is_unlimited(&self) -> bool {
        self.members.keys().all(|name| ANNOTATIONS.contains(name))
    }

    /// What limits, without what is said about it: one branch of alternatives.
    pub(super) fn limits(&self) -> Object {
        let limits = self.members.iter().filter(|(name, _)| !ANNOTATIONS.contains(name) && !is_about_document(name));
        limits.map(|(name, value)| (*name, value.clone().into_owned())).collect()
    }

    fn null_form(&self) -> NullForm {
        match self.get("type") {
            Some(Value::Array(names)) if names.len() > 1 && names.iter().any(is_null_name) => return NullForm::Type,
            Some(_) => return NullForm::None,
            None => {}
        }
        if self.array("enum").is_some_and(|values| values.len() > 1 && values.contains(&Value::Null)) {
            return NullForm::Enum;
        }
        for name in ["anyOf", "oneOf"] {
            if let Some(branches) = self.array(name)
                && branches.len() > 1
                && branches.iter().any(is_null_branch)
            {
                return NullForm::Branch(name, branches.len());
            }
        }
        NullForm::None
    }

    fn take_null(&mut self) {
        match self.null_form() {
            NullForm::None => return,
            NullForm::Type => {
                self.keep("type", |name| !is_null_name(name));
                if let Some(names) = self.array("type").filter(|names| names.len() == 1).map(<[Value]>::to_vec) {
                    self.members.extend(names.into_iter().map(|name| ("type", Cow::Owned(name))));
                }
                self.keep("enum", |value| *value != Value::Null);
            }
            NullForm::Enum => self.keep("enum", |value| *value != Value::Null),
            NullForm::Branch(name, _) => self.keep(name, |branch| !is_null_branch(branch)),
        }
        self.nullable = true;
    }

    fn keep(&mut self, name: &'static str, keep: impl Fn(&Value) -> bool) {
        if let Some(items) = self.array(name) {
            let kept: Vec<Value> = items.iter().filter(|item| keep(item)).cloned().collect();
            self.members.insert(name, Cow::Owned(Value::Array(kept)));
        }
    }

    /// Undoes spellings that the other side does not use; says whether there was one.
    fn approach(&mut self, other: &View<'_>) -> bool {
        let before = self.members.len();
        let mut changed = self.unwrap(other);
        changed |= self.one_of_values(other);
        changed |= self.renamed(other);
        changed |= self.numbers(other);
        self.neutral(other);
        changed || before != self.members.len()
    }

    /// A wrapper around a single schema.
    fn unwrap(&mut self, other: &View<'_>) -> bool {
        let mut changed = false;
        for name in ["anyOf", "oneOf", "allOf"] {
            // Two lists are compared as lists.
            if other.has(name) {
                continue;
            }
            match self.members.get(name) {
                Some(Cow::Borrowed(Value::Array(branches))) => {
                    if let [Value::Object(branch)] = &branches[..]
                        && self.fits(branch, Some(name))
                    {
                        self.members.remove(name);
                        self.members.extend(branch.iter().map(|(name, value)| (name, Cow::Borrowed(value))));
                        changed = true;
                    }
                }
                Some(Cow::Owned(Value::Array(branches))) => {
                    // Names of a value that is owned here do not live long enough, so only known ones move up.
                    if let [Value::Object(branch)] = &branches[..]
                        && self.fits(branch, Some(name))
                        && branch.iter().all(|(name, _)| known(name).is_some())
                    {
                        let branch = branch.clone();
                        self.members.remove(name);
                        let up =
                            branch.iter().filter_map(|(name, value)| Some((known(name)?, Cow::Owned(value.clone()))));
                        self.members.extend(up);
                        changed = true;
                    }
                }
                _ => {}
            }
        }
        changed
    }

    /// Whether the members of a schema can stand beside these without saying anything else.
    fn fits(&self, branch: &Object, instead_of: Option<&str>) -> bool {
        branch.iter().all(|(name, value)| instead_of == Some(name) || self.get(name).is_none_or(|own| own == value))
    }

    /// Puts the schema that `$ref` names in its place. What stands beside a reference hides the definition's own words,
    /// which are compared where the definition is.
    pub(super) fn inline(&mut self, target: &'v Object) -> bool {
        let apart = target
            .iter()
            .all(|(name, value)| ANNOTATIONS.contains(&name) || self.get(name).is_none_or(|own| own == value));
        if !apart || target.contains("$ref") {
            return false;
        }
        self.members.remove("$ref");
        for (name, value) in target.iter() {
            self.members.entry(name).or_insert(Cow::Borrowed(value));
        }
        true
    }

    /// `const` for a list of one value, alternatives that are values, and the type that values have anyway.
    fn one_of_values(&mut self, other: &View<'_>) -> bool {
        let mut changed = false;
        if !self.has("enum")
            && other.has("enum")
            && let Some(value) = self.members.remove("const")
        {
            self.members.insert("enum", Cow::Owned(Value::Array(vec![value.into_owned()])));
            changed = true;
        }
        for name in ["anyOf", "oneOf"] {
            let same = self.array(name) == other.array(name);
            if let Some(branches) = self.array(name).filter(|_| !same)
                && let Some(joined) = flattened(name, branches).or_else(|| joined(branches))
            {
                self.members.insert(name, Cow::Owned(Value::Array(joined)));
                changed = true;
            }
        }
        if !self.has("type")
            && let (Some(own), Some(theirs)) = (self.array("enum"), other.get("type"))
            && let (Some(Value::String(name)), true) =
                (own.first().map(|value| Value::from(type_of(value))), theirs.as_str().is_some())
            && own.iter().all(|value| type_of(value) == name)
            && theirs.as_str() == Some(name.as_str())
        {
            self.members.insert("type", Cow::Owned(Value::String(name)));
            changed = true;
        }
        changed
    }

    /// Keywords that newer drafts call otherwise.
    fn renamed(&mut self, other: &View<'_>) -> bool {
        let mut changed = false;
        for (old, new) in [("definitions", "$defs"), ("id", "$id")] {
            if self.has(old)
                && !self.has(new)
                && other.has(new)
                && !other.has(old)
                && let Some(value) = self.members.remove(old)
            {
                self.members.insert(new, value);
                changed = true;
            }
        }
        if other.has("anyOf")
            && !other.has("oneOf")
            && !self.has("anyOf")
            && self.array("oneOf").is_some_and(are_disjoint)
            && let Some(branches) = self.members.remove("oneOf")
        {
            self.members.insert("anyOf", branches);
            changed = true;
        }
        if other.has("prefixItems") && !self.has("prefixItems") && self.array("items").is_some() {
            if let Some(items) = self.members.remove("items") {
                self.members.insert("prefixItems", items);
            }
            if let Some(rest) = self.members.remove("additionalItems") {
                self.members.insert("items", rest);
            }
            changed = true;
        }
        let split = other.has("dependentRequired") || other.has("dependentSchemas");
        if split
            && !other.has("dependencies")
            && !self.has("dependentRequired")
            && !self.has("dependentSchemas")
            && let Some(Value::Object(both)) = self.get("dependencies")
        {
            let (names, schemas): (Vec<_>, Vec<_>) = both
                .iter()
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .partition(|(_, value)| value.as_array().is_some());
            self.members.remove("dependencies");
            for (name, list) in [("dependentRequired", names), ("dependentSchemas", schemas)] {
                if !list.is_empty() {
                    self.members.insert(name, Cow::Owned(Value::Object(list.into_iter().collect())));
                }
            }
            changed = true;
        }
        changed
    }

    /// Bounds of draft 4, bounds of integers, and integers.
    fn numbers(&mut self, other: &View<'_>) -> bool {
        let mut changed = false;
        for (bound, exclusive, step) in [("minimum", "exclusiveMinimum", 1.0), ("maximum", "exclusiveMaximum", -1.0)] {
            match self.get(exclusive) {
                Some(Value::Bool(flag)) if other.get(exclusive).is_none_or(|value| value.as_bool().is_none()) => {
                    let flag = *flag;
                    self.members.remove(exclusive);
                    if flag && let Some(limit) = self.members.remove(bound) {
                        self.members.insert(exclusive, limit);
                    }
                    changed = true;
                }
                Some(Value::Number(limit))
                    if self.is_integer() && !self.has(bound) && other.has(bound) && !other.has(exclusive) =>
                {
                    let nearest = if step > 0.0 { limit.get().floor() } else { limit.get().ceil() };
                    // Beyond the exact integers there is no next one, and the number is refused.
                    if let Ok(limit) = Number::from_f64(nearest + step) {
                        self.members.remove(exclusive);
                        self.members.insert(bound, Cow::Owned(Value::Number(limit)));
                        changed = true;
                    }
                }
                _ => {}
            }
        }
        let one = |value: Option<&Value>| value.and_then(Value::as_number).is_some_and(|number| number.get() == 1.0);
        if self.get("type").and_then(Value::as_str) == Some("number")
            && one(self.get("multipleOf"))
            && other.get("type").and_then(Value::as_str) == Some("integer")
            && !other.has("multipleOf")
        {
            self.members.remove("multipleOf");
            self.members.insert("type", Cow::Owned(Value::from("integer")));
            changed = true;
        }
        changed
    }

    fn is_integer(&self) -> bool {
        self.get("type").and_then(types).is_some_and(|names| names.len() == 1 && names.contains("integer"))
    }

    /// Drops what limits nothing and is not on the other side at all.
    fn neutral(&mut self, other: &View<'_>) {
        self.members.retain(|name, value| other.has(name) || !is_neutral(name, value));
    }
}

/// What stands at a root and belongs to the document.
fn is_about_document(name: &str) -> bool {
    matches!(name, "$schema" | "$id" | "id" | "$defs" | "definitions" | "$vocabulary")
}

fn is_neutral(name: &str, value: &Value) -> bool {
    match value {
        Value::Number(number) => match name {
            "minLength" | "minItems" | "minProperties" => number.get() == 0.0,
            "minContains" => number.get() == 1.0,
            _ => false,
        },
        Value::String(text) => name == "pattern" && matches!(text.as_str(), "" | ".*" | "^.*"),
        Value::Object(object) => {
            object.is_empty()
                && matches!(
                    name,
                    "patternProperties"
                        | "dependentRequired"
                        | "dependentSchemas"
                        | "dependencies"
                        | "$defs"
                        | "definitions"
                )
        }
        _ => false,
    }
}

fn is_null_name(value: &Value) -> bool {
    value.as_str() == Some("null")
}

/// A branch that allows `null` and says nothing else.
fn is_null_branch(branch: &Value) -> bool {
    let Some(object) = branch.as_object() else { return false };
    object.len() == 1
        && (object.get("type").is_some_and(is_null_name)
            || object.get("const") == Some(&Value::Null)
            || object.get("enum").and_then(Value::as_array) == Some(&[Value::Null]))
}

/// Alternatives inside alternatives, as alternatives of one list.
fn flattened(name: &str, branches: &[Value]) -> Option<Vec<Value>> {
    let inner = |branch: &Value| -> Option<Vec<Value>> {
        let object = branch.as_object().filter(|object| object.len() == 1 && name == "anyOf")?;
        Some(object.get("anyOf")?.as_array()?.to_vec())
    };
    branches
        .iter()
        .any(|branch| inner(branch).is_some())
        .then(|| branches.iter().flat_map(|branch| inner(branch).unwrap_or_else(|| vec![branch.clone()])).collect())
}

/// Alternatives that are nothing but values of one type, as one list of values.
fn joined(branches: &[Value]) -> Option<Vec<Value>> {
    let values = |branch: &Value| -> Option<Vec<Value>> {
        let object = branch.as_object()?;
        let values = match (object.get("const"), object.get("enum")) {
            (Some(value), None) => vec![value.clone()],
            (None, Some(Value::Array(values))) => values.clone(),
            _ => return None,
        };
        let typed = |name: &Value| values.iter().all(|value| name.as_str() == Some(type_of(value)));
        let plain =
            object.iter().all(|(name, value)| matches!(name, "const" | "enum") || (name == "type" && typed(value)));
        plain.then_some(values)
    };
    let (lists, rest): (Vec<_>, Vec<_>) =
        branches.iter().map(|branch| (branch, values(branch))).partition(|(_, list)| list.is_some());
    if lists.len() < 2 {
        return None;
    }
    let all: Vec<Value> = lists.into_iter().filter_map(|(_, list)| list).flatten().collect();
    let mut one = Object::new();
    let name = all.first().map(type_of)?;
    if all.iter().all(|value| type_of(value) == name) {
        one.insert("type", name);
    }
    one.insert("enum", Value::Array(all));
    let mut out = vec![Value::Object(one)];
    out.extend(rest.into_iter().map(|(branch, _)| branch.clone()));
    Some(out)
}

/// Whether no value can be of two of the branches, so that exactly one is as good as any.
fn are_disjoint(branches: &[Value]) -> bool {
    let mut names: Vec<&str> = Vec::new();
    branches.iter().all(|branch| {
        let name = match branch.get("type").and_then(Value::as_str) {
            Some("integer") => "number",
            Some(name) => name,
            None => return false,
        };
        let is_new = !names.contains(&name);
        names.push(name);
        is_new
    })
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_i64().is_some() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The keywords that generators put into the branch of a wrapper.
fn known(name: &str) -> Option<&'static str> {
    super::keywords::KEYWORDS
        .iter()
        .map(|keyword| keyword.name)
        .chain(ANNOTATIONS)
        .chain(["properties", "required", "$schema"])
        .find(|keyword| *keyword == name)
}
