//! Parameters: `properties` and `required` together, by name.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_model::json::{Object, Pointer, Value};

use super::{Walk, view::View};
use crate::{
    align::{jaccard, words},
    change::{ChangeKind, Direction},
    walk::member_names,
};

/// At most this many pairs of a parameter that is gone and a new one are weighed; beyond it only names that are the same
/// word in another spelling are matched. Real updates rename a handful.
const MAX_WEIGHED_PAIRS: usize = 1_024;

/// How alike two descriptions must be, of 1000, for parameters of one schema to count as one under two names.
const MIN_TEXT_LIKENESS: usize = 600;

/// A parameter that becomes required narrows, one that becomes optional widens.
pub(crate) fn required_direction(before: bool, after: bool) -> Option<Direction> {
    match (before, after) {
        (false, true) => Some(Direction::Narrowed),
        (true, false) => Some(Direction::Widened),
        _ => None,
    }
}

impl Walk<'_, '_, '_> {
    pub(super) fn parameters(&mut self, path: &Pointer, old: &View<'_>, new: &View<'_>) {
        let empty = Object::new();
        let (was, is) = (old.get("properties"), new.get("properties"));
        let (before, after) = match (object(was, &empty), object(is, &empty)) {
            (Some(before), Some(after)) => (before, after),
            _ => {
                if was != is {
                    self.push(ChangeKind::Schema, &path.child("properties"), was, is, Some(Direction::Altered));
                }
                (&empty, &empty)
            }
        };
        let (required_was, required_is) = (old.get("required"), new.get("required"));
        let (Some(required_before), Some(required_after)) = (names(required_was), names(required_is)) else {
            if required_was != required_is {
                self.push(
                    ChangeKind::Schema,
                    &path.child("required"),
                    required_was,
                    required_is,
                    Some(Direction::Altered),
                );
            }
            self.properties(&path.child("properties"), before, after, &BTreeSet::new(), &BTreeSet::new());
            return;
        };
        if was != is && before == after {
            // `{}` for an absent member.
            self.push(ChangeKind::SchemaNote, &path.child("properties"), was, is, None);
        }
        let told = self.properties(&path.child("properties"), before, after, &required_before, &required_after);
        let required = path.child("required");
        if required_before == required_after {
            if required_was != required_is {
                // Another order, a doubled name, or an empty list for an absent one.
                let both = required_was.is_some() && required_is.is_some();
                let kind = if both { ChangeKind::Reordered } else { ChangeKind::SchemaNote };
                self.push(kind, &required, required_was, required_is, None);
            }
            return;
        }
        for name in required_before.symmetric_difference(&required_after) {
            if !told.contains(*name) {
                let (before, after) = (required_before.contains(name), required_after.contains(name));
                self.required(&required.child(name), before, after);
            }
        }
    }

    fn required(&mut self, path: &Pointer, before: bool, after: bool) {
        let direction = required_direction(before, after);
        self.push(ChangeKind::Required, path, Some(&before.into()), Some(&after.into()), direction);
    }

    /// Compares parameters by name; gives back the names of which the change says already whether they are required.
    fn properties(
        &mut self,
        path: &Pointer,
        before: &Object,
        after: &Object,
        required_before: &BTreeSet<&str>,
        required_after: &BTreeSet<&str>,
    ) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        if before == after && !self.moved {
            return told;
        }
        let renamed = renamed(before, after);
        let gone: BTreeSet<&str> = renamed.values().copied().collect();
        for name in member_names(before, after) {
            let path = path.child(name);
            match (before.get(name), after.get(name)) {
                (Some(was), Some(is)) => self.schema(&path, was, is),
                (None, Some(is)) => {
                    let required = required_after.contains(name);
                    if let Some((old_name, was)) = renamed.get(name).and_then(|old| Some((*old, before.get(old)?))) {
                        self.push(
                            ChangeKind::ParameterRenamed,
                            &path,
                            Some(&old_name.into()),
                            Some(&name.into()),
                            None,
                        );
                        self.schema(&path, was, is);
                        let was_required = required_before.contains(old_name);
                        if was_required != required && !required_before.contains(name) {
                            self.required(&path.child("required"), was_required, required);
                        }
                        told.extend([old_name.to_owned(), name.to_owned()]);
                    } else {
                        let newly = required && !required_before.contains(name);
                        self.push(
                            ChangeKind::ParameterAdded,
                            &path,
                            None,
                            Some(is),
                            newly.then_some(Direction::Narrowed),
                        );
                        told.insert(name.to_owned());
                    }
                }
                (was, None) if !gone.contains(name) => {
                    self.push(ChangeKind::ParameterRemoved, &path, was, None, None);
                    if !required_after.contains(name) {
                        told.insert(name.to_owned());
                    }
                }
                _ => {}
            }
        }
        told
    }
}

fn object<'v>(value: Option<&'v Value>, empty: &'v Object) -> Option<&'v Object> {
    value.map_or(Some(empty), Value::as_object)
}

fn names(value: Option<&Value>) -> Option<BTreeSet<&str>> {
    match value {
        None => Some(BTreeSet::new()),
        Some(value) => value.as_array()?.iter().map(Value::as_str).collect(),
    }
}

/// New names of parameters that are the same as ones that are gone: the same words in another spelling, or the same
/// limits with much the same description. Parameters that say nothing are not alike for saying nothing.
fn renamed<'v>(before: &'v Object, after: &'v Object) -> BTreeMap<&'v str, &'v str> {
    let only = |of: &'v Object, not_in: &'v Object| -> Vec<(&'v str, &'v Value)> {
        of.iter().filter(|(name, _)| !not_in.contains(name)).collect()
    };
    let (gone, come) = (only(before, after), only(after, before));
    let mut out = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let spelled: BTreeMap<String, &str> = gone.iter().map(|(name, _)| (letters(name), *name)).collect();
    for (name, is) in &come {
        if let Some(old) = spelled.get(&letters(name))
            && before.get(old).is_some_and(|was| was.get("type") == is.get("type"))
            && taken.insert(*old)
        {
            out.insert(*name, *old);
        }
    }
    if gone.len().saturating_mul(come.len()) > MAX_WEIGHED_PAIRS {
        return out;
    }
    let mut candidates: Vec<(usize, &str, &str)> = Vec::new();
    for (old, was) in gone.iter().filter(|(old, _)| !taken.contains(old)) {
        for (new, is) in come.iter().filter(|(new, _)| !out.contains_key(new)) {
            let likeness = jaccard(&described(was), &described(is));
            if !described(was).is_empty() && likeness >= MIN_TEXT_LIKENESS && limits(was) == limits(is) {
                candidates.push((likeness, old, new));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    for (_, old, new) in candidates {
        if !out.contains_key(new) && taken.insert(old) {
            out.insert(new, old);
        }
    }
    out
}

/// A name without case and separators.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn described(schema: &Value) -> BTreeSet<String> {
    words(schema.get("description").and_then(Value::as_str).unwrap_or_default())
}

/// A schema without what is said about it.
fn limits(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(object) = &mut schema {
        object.remove("title");
        object.remove("description");
    }
    schema
}
