//! `anyOf` and `oneOf`: branches as a set, matched by what they are.

use std::collections::BTreeMap;

use mcp_pin_model::json::{Object, Pointer, Value};

use super::{Walk, view::View};
use crate::change::{ChangeKind, Direction};

/// What one side says in place where the other has alternatives: the only branch, so to say.
pub(super) struct OnlyBranch {
    /// Whether it is the side before that says it in place.
    is_before: bool,
    limits: Object,
}

impl OnlyBranch {
    /// None where both sides have alternatives, or the one that has them also limits what the other side does not.
    pub(super) fn of(old: &View<'_>, new: &View<'_>) -> Option<Self> {
        let has = |view: &View<'_>| view.get("anyOf").is_some() || view.get("oneOf").is_some();
        let (is_before, plain, with) = match (has(old), has(new)) {
            (true, false) => (false, new, old),
            (false, true) => (true, old, new),
            _ => return None,
        };
        let mut limits = plain.limits();
        for (name, value) in with.limits().iter().filter(|(name, _)| !matches!(*name, "anyOf" | "oneOf")) {
            if limits.get(name) != Some(value) {
                return None;
            }
            limits.remove(name);
        }
        (!limits.is_empty()).then_some(Self { is_before, limits })
    }

    /// Whether a keyword is part of it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.limits.contains(name)
    }
}

impl Walk<'_, '_, '_> {
    pub(super) fn alternatives(&mut self, path: &Pointer, old: &View<'_>, new: &View<'_>, only: Option<OnlyBranch>) {
        let (only_before, only_after): (Vec<Value>, Vec<Value>) = match only {
            Some(OnlyBranch { is_before: true, limits }) => (vec![Value::Object(limits)], Vec::new()),
            Some(OnlyBranch { is_before: false, limits }) => (Vec::new(), vec![Value::Object(limits)]),
            None => (Vec::new(), Vec::new()),
        };
        for name in ["anyOf", "oneOf"] {
            let (was, is) = (old.get(name), new.get(name));
            let place = path.child(name);
            match (was, is) {
                (None, None) => {}
                (Some(old), Some(new)) if old == new => {
                    if self.moved {
                        self.equal(&place, old, new);
                    }
                }
                (Some(Value::Array(old)), Some(Value::Array(new))) => self.branches(&place, old, new),
                (Some(Value::Array(branches)), None) if !only_after.is_empty() => {
                    self.branches(&place, branches, &only_after);
                }
                (None, Some(Value::Array(branches))) if !only_before.is_empty() => {
                    self.branches(&place, &only_before, branches);
                }
                (was, is) => self.push(ChangeKind::Schema, &place, was, is, Some(super::either(was, is))),
            }
        }
    }

    fn branches(&mut self, path: &Pointer, old: &[Value], new: &[Value]) {
        // Equal ones first, wherever they stand.
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, branch) in old.iter().enumerate().rev() {
            places.entry(branch.to_canonical_string()).or_default().push(index);
        }
        let (mut matched, mut rest) = (vec![false; old.len()], Vec::new());
        let mut in_order = old.len() == new.len();
        for (index, branch) in new.iter().enumerate() {
            match places.get_mut(&branch.to_canonical_string()).and_then(Vec::pop) {
                Some(place) => {
                    in_order &= place == index;
                    matched.get_mut(place).into_iter().for_each(|slot| *slot = true);
                    if self.moved
                        && let Some(was) = old.get(place)
                    {
                        self.equal(&path.item(index), was, branch);
                    }
                }
                None => rest.push((index, branch)),
            }
        }
        let gone = matched.iter().enumerate().filter(|(_, matched)| !**matched);
        let mut gone: Vec<(usize, &Value)> = gone.filter_map(|(index, _)| Some((index, old.get(index)?))).collect();
        if gone.is_empty() && rest.is_empty() {
            if !in_order {
                let list = |branches: &[Value]| Value::Array(branches.to_vec());
                self.push(ChangeKind::Reordered, path, Some(&list(old)), Some(&list(new)), None);
            }
            return;
        }
        // As many as before: each in its place. Otherwise by what they are, and what finds no match came or went.
        if gone.len() == rest.len() {
            for ((_, was), (index, is)) in gone.into_iter().zip(rest) {
                self.schema(&path.item(index), was, is);
            }
            return;
        }
        let mut by_kind: BTreeMap<String, Vec<(usize, &Value)>> = BTreeMap::new();
        gone.reverse();
        for (index, branch) in gone {
            by_kind.entry(kind_of(branch)).or_default().push((index, branch));
        }
        for (index, is) in rest {
            match by_kind.get_mut(&kind_of(is)).and_then(Vec::pop) {
                Some((_, was)) => self.schema(&path.item(index), was, is),
                None => self.push(ChangeKind::Schema, &path.item(index), None, Some(is), Some(Direction::Widened)),
            }
        }
        for (index, was) in by_kind.into_values().flatten() {
            self.push(ChangeKind::Schema, &path.item(index), Some(was), None, Some(Direction::Narrowed));
        }
    }
}

/// What a branch is about: its type, what it refers to, its title and the names of its parameters.
fn kind_of(branch: &Value) -> String {
    let member = |name: &str| branch.get(name).map(Value::to_canonical_string).unwrap_or_default();
    let names: Vec<Value> = branch
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|object| object.iter().map(|(name, _)| name.into()))
        .collect();
    let values = branch.get("enum").is_some() || branch.get("const").is_some();
    Value::Array(vec![
        member("type").into(),
        member("$ref").into(),
        member("title").into(),
        Value::Array(names),
        values.into(),
    ])
    .to_canonical_string()
}
