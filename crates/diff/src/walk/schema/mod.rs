//! JSON Schemas, keyword by keyword, with a direction.
//!
//! A direction is said from the caller's side. For an input, allowing more is *widened* and allowing less *narrowed*;
//! for an output it is the other way round, because there more freedom for the server is less certainty for whoever
//! reads it.
//!
//! Two schemas that differ always end as at least one change. Where nothing differs but the spelling, that is one
//! [`ChangeKind::Schema`] without a direction.

mod alternatives;
mod free_text;
mod keywords;
mod parameters;
mod reference;
#[cfg(test)]
mod tests;
mod view;

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
};

use mcp_pin_model::json::{Pointer, Value};

use self::{
    alternatives::OnlyBranch,
    keywords::{Effect, KEYWORDS, either, same_set},
    reference::{Document, address},
    view::View,
};
pub(crate) use self::{free_text::FreeText, parameters::required_direction, reference::REFERENCES};
use super::{Collector, member_names};
use crate::change::{ChangeKind, Direction};

/// Which schema of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Input,
    Output,
}

/// So many members of definitions are put in the place of references to them within one schema; beyond it a reference
/// that stands for an inlined schema is compared as a reference. Real schemas need a few hundred; a hostile one could
/// refer to one large definition from ten thousand places.
const MAX_INLINED_MEMBERS: usize = 20_000;

/// A place is at most so long before what a definition says is placed at the definition and no longer at its first use:
/// definitions that refer to each other in a long chain would otherwise make places as long as the chain.
const MAX_PLACE: usize = 1_024;

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
        (Some(before), Some(after)) if before == after => {}
        (Some(before), Some(after)) => {
            let (before, after) = (Document::of(before), Document::of(after));
            let moved = has_moved_target(&before, &after);
            let mut walk = Walk {
                out,
                root: path,
                before: &before,
                after: &after,
                inverted: side == Side::Output,
                moved,
                seen: BTreeSet::new(),
                pending: VecDeque::new(),
                inlined: 0,
            };
            walk.run();
        }
        _ => out.push(ChangeKind::SchemaPresence, path, before, after, None),
    }
}

/// Whether the same reference names something else than before. Then schemas that are equal to the letter may differ.
fn has_moved_target(before: &Document<'_>, after: &Document<'_>) -> bool {
    let mut compared = BTreeSet::new();
    before.references().any(|reference| match (before.resolve(reference), after.resolve(reference)) {
        (Some(old), Some(new)) => compared.insert((address(old), address(new))) && old != new,
        (old, new) => old.is_some() != new.is_some(),
    })
}

/// Two definitions that a reference names, with the first place that refers to them.
struct Target<'w> {
    path: Pointer,
    before: &'w Value,
    after: &'w Value,
    inverted: bool,
}

struct Walk<'w, 'c, 'o> {
    out: &'o mut Collector<'c>,
    root: &'w Pointer,
    before: &'w Document<'w>,
    after: &'w Document<'w>,
    inverted: bool,
    /// Whether a reference names something else than before.
    moved: bool,
    /// The pairs of definitions that were or will be compared, by address, with the direction they are read in.
    seen: BTreeSet<(usize, usize, bool)>,
    /// Definitions are compared after what refers to them: a chain of them is as long as a server likes, and a stack
    /// is not.
    pending: VecDeque<Target<'w>>,
    inlined: usize,
}

impl<'w> Walk<'w, '_, '_> {
    fn run(&mut self) {
        let (before, after) = (self.before.root(), self.after.root());
        self.seen.insert((address(before), address(after), self.inverted));
        let said = self.out.len();
        self.members_of(self.root, before, after);
        self.settle();
        self.definitions();
        self.settle();
        self.said_something(said, self.root, before, after);
    }

    /// Two schemas that differ and of which nothing was said are the same schema written otherwise.
    fn said_something(&mut self, said: usize, path: &Pointer, before: &Value, after: &Value) {
        if said == self.out.len() {
            self.push(ChangeKind::Schema, path, Some(before), Some(after), None);
        }
    }

    /// Compares the definitions that were referred to so far.
    fn settle(&mut self) {
        while let Some(target) = self.pending.pop_front() {
            let inverted = mem::replace(&mut self.inverted, target.inverted);
            self.schema(&target.path, target.before, target.after);
            self.inverted = inverted;
        }
    }

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
            if self.moved {
                self.equal(path, before, after);
            }
            return;
        }
        let said = self.out.len();
        self.members_of(path, before, after);
        self.said_something(said, path, before, after);
    }

    fn members_of(&mut self, path: &Pointer, before: &Value, after: &Value) {
        let (Value::Object(old), Value::Object(new)) = (before, after) else {
            let direction = keywords::direction(Effect::Subschema, Some(before), Some(after));
            self.push(ChangeKind::Schema, path, Some(before), Some(after), direction);
            return;
        };
        let (mut old, mut new) = view::pair(old, new);
        self.follow(&mut old, &mut new);
        self.members(path, &old, &new);
    }

    /// In schemas that are equal to the letter, whatever the references in them name.
    fn equal(&mut self, path: &Pointer, before: &Value, after: &Value) {
        let mut open = vec![(path.clone(), before, after)];
        while let Some((path, before, after)) = open.pop() {
            match (before, after) {
                (Value::Array(old), Value::Array(new)) => {
                    open.extend(old.iter().zip(new).enumerate().map(|(i, (old, new))| (path.item(i), old, new)));
                }
                (Value::Object(old), Value::Object(new)) => {
                    for ((name, old), (_, new)) in old.iter().zip(new.iter()) {
                        match old {
                            Value::String(reference) if REFERENCES.contains(&name) => {
                                self.target(&path, reference, reference);
                            }
                            // Definitions have their own turn.
                            Value::Object(_) if matches!(name, "$defs" | "definitions") => {}
                            Value::Object(_) | Value::Array(_) => open.push((path.child(name), old, new)),
                            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Compares what two references name, once, at the first place that has them.
    fn target(&mut self, path: &Pointer, was: &str, is: &str) -> bool {
        let (Some(old), Some(new)) = (self.before.resolve(was), self.after.resolve(is)) else { return false };
        if self.seen.insert((address(old), address(new), self.inverted)) {
            let path = if path.as_str().len() > self.root.as_str().len() + MAX_PLACE {
                reference::pointer(is.trim_start_matches('#'))
                    .tokens()
                    .fold(self.root.clone(), |path, token| path.child(&token))
            } else {
                path.clone()
            };
            self.pending.push_back(Target { path, before: old, after: new, inverted: self.inverted });
        }
        true
    }

    /// Where one side refers to a definition and the other says it in place, puts the definition there.
    fn follow<'v>(&mut self, old: &mut View<'v>, new: &mut View<'v>)
    where
        'w: 'v,
    {
        for _ in 0..2 {
            let reference = |view: &View<'_>| view.get("$ref").and_then(Value::as_str).map(str::to_owned);
            let inlined = match (reference(old), reference(new)) {
                (Some(reference), None) if !new.is_empty() => self.inline(self.before, old, &reference),
                (None, Some(reference)) if !old.is_empty() => self.inline(self.after, new, &reference),
                _ => false,
            };
            if !inlined {
                break;
            }
            view::align(old, new);
        }
    }

    fn inline<'v>(&mut self, document: &'w Document<'w>, view: &mut View<'v>, reference: &str) -> bool
    where
        'w: 'v,
    {
        let Some(Value::Object(target)) = document.resolve(reference) else { return false };
        self.inlined = self.inlined.saturating_add(target.len());
        self.inlined <= MAX_INLINED_MEMBERS && view.inline(target)
    }

    fn members(&mut self, path: &Pointer, old: &View<'_>, new: &View<'_>) {
        if old.nullable != new.nullable {
            let direction = if new.nullable { Direction::Widened } else { Direction::Narrowed };
            let (was, is) = (old.nullable.into(), new.nullable.into());
            self.push(ChangeKind::Nullable, path, Some(&was), Some(&is), Some(direction));
        }
        let only = OnlyBranch::of(old, new);
        let names: BTreeSet<&str> = old
            .names()
            .chain(new.names())
            .filter(|name| !matches!(*name, "anyOf" | "oneOf" | "properties" | "required"))
            .filter(|name| only.as_ref().is_none_or(|only| !only.has(name)))
            .collect();
        if only.as_ref().is_none_or(|only| !only.has("properties") && !only.has("required")) {
            self.parameters(path, old, new);
        } else if self.moved
            && let (Some(was), Some(is)) = (old.get("properties"), new.get("properties"))
        {
            self.equal(&path.child("properties"), was, is);
        }
        self.alternatives(path, old, new, only);
        for name in names {
            let (was, is) = (old.get(name), new.get(name));
            if was != is {
                self.keyword(path, name, was, is);
            } else if self.moved
                && let (Some(was), Some(is)) = (was, is)
            {
                self.equal_member(path, name, was, is);
            }
        }
    }

    fn equal_member(&mut self, path: &Pointer, name: &str, was: &Value, is: &Value) {
        match was {
            Value::String(reference) if REFERENCES.contains(&name) => {
                self.target(path, reference, reference);
            }
            Value::Object(_) if matches!(name, "$defs" | "definitions") => {}
            Value::Object(_) | Value::Array(_) => self.equal(&path.child(name), was, is),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn keyword(&mut self, parent: &Pointer, name: &str, was: Option<&Value>, is: Option<&Value>) {
        let path = &parent.child(name);
        match name {
            "description" => self.push(ChangeKind::Text, path, was, is, None),
            "title" => self.push(ChangeKind::Title, path, was, is, None),
            "default" => self.push(ChangeKind::Default, path, was, is, None),
            _ => match KEYWORDS.iter().find(|keyword| keyword.name == name) {
                Some(keyword) => self.known(parent, path, keyword.effect, was, is),
                None => self.out.generic(ChangeKind::SchemaNote, path, was, is),
            },
        }
    }

    fn known(&mut self, parent: &Pointer, path: &Pointer, effect: Effect, was: Option<&Value>, is: Option<&Value>) {
        match (effect, was, is) {
            (Effect::Subschema | Effect::Contains, Some(was @ Value::Object(_)), Some(is @ Value::Object(_))) => {
                self.schema(path, was, is);
            }
            (Effect::Negated, Some(was @ Value::Object(_)), Some(is @ Value::Object(_))) => {
                self.inverted = !self.inverted;
                self.schema(path, was, is);
                self.inverted = !self.inverted;
            }
            (Effect::Conjunction | Effect::Positional, Some(Value::Array(old)), Some(Value::Array(new)))
                if old.len() == new.len() =>
            {
                if effect != Effect::Positional && same_set(old, new) {
                    self.push(ChangeKind::Reordered, path, was, is, None);
                    return;
                }
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    self.schema(&path.item(index), old, new);
                }
            }
            // Definitions at the root decide nothing where they stand: they are compared where they are used, and in the
            // end.
            (Effect::Definitions, ..) if parent.as_str() == self.root.as_str() => {}
            (Effect::Definitions, Some(Value::Object(old)), Some(Value::Object(new))) => {
                for name in member_names(old, new) {
                    match (old.get(name), new.get(name)) {
                        (Some(was), Some(is)) => self.schema(&path.child(name), was, is),
                        (was, is) => self.push(ChangeKind::SchemaNote, &path.child(name), was, is, None),
                    }
                }
            }
            (Effect::Definitions, ..) => self.push(ChangeKind::SchemaNote, path, was, is, None),
            (Effect::Conditional, Some(Value::Object(old)), Some(Value::Object(new))) => {
                for name in member_names(old, new) {
                    let path = path.child(name);
                    match (old.get(name), new.get(name)) {
                        (Some(was), Some(is)) => self.schema(&path, was, is),
                        (was, is) => {
                            self.push(ChangeKind::Schema, &path, was, is, Some(keywords::presence(was.is_none())));
                        }
                    }
                }
            }
            (Effect::OneOf | Effect::Types, Some(Value::Array(old)), Some(Value::Array(new))) if same_set(old, new) => {
                self.push(ChangeKind::Reordered, path, was, is, None);
            }
            (Effect::Reference, Some(Value::String(old)), Some(Value::String(new)))
                if self.target(parent, old, new) =>
            {
                // Another name for a definition; whatever differs in it is said where it is first used.
                self.push(ChangeKind::SchemaNote, path, was, is, None);
            }
            (Effect::Reference, ..) => self.push(ChangeKind::Schema, path, was, is, Some(either(was, is))),
            _ => self.push(ChangeKind::Schema, path, was, is, keywords::direction(effect, was, is)),
        }
    }

    /// The definitions at the root, as far as they were not compared where they are used.
    fn definitions(&mut self) {
        let (old, new) = (self.before.root(), self.after.root());
        if old.get("$defs") == new.get("$defs") && old.get("definitions") == new.get("definitions") {
            return;
        }
        let members = |root: &'w Value, name| root.get(name).and_then(Value::as_object);
        let (old_targets, new_targets) = (self.before.targets(), self.after.targets());
        let compared: BTreeSet<usize> = self.seen.iter().flat_map(|(old, new, _)| [*old, *new]).collect();
        for keyword in ["$defs", "definitions"] {
            let path = self.root.child(keyword);
            let (was, is) = (old.get(keyword), new.get(keyword));
            let (Some(before), Some(after)) = (members(old, keyword), members(new, keyword)) else {
                // All of them came or went; each is named, so that its text is read.
                match (was, is) {
                    (Some(Value::Object(gone)), None) => {
                        for (name, value) in gone.iter() {
                            let kind = definition_kind(&old_targets, value);
                            self.push(kind, &path.child(name), Some(value), None, None);
                        }
                    }
                    (None, Some(Value::Object(come))) => {
                        for (name, value) in come.iter() {
                            let kind = definition_kind(&new_targets, value);
                            self.push(kind, &path.child(name), None, Some(value), None);
                        }
                    }
                    (None, None) => {}
                    (was, is) => self.push(ChangeKind::SchemaNote, &path, was, is, None),
                }
                continue;
            };
            for name in member_names(before, after) {
                let path = path.child(name);
                match (before.get(name), after.get(name)) {
                    (Some(was), Some(is)) if was == is => {}
                    (Some(was), Some(is)) => {
                        let pair = |inverted| (address(was), address(is), inverted);
                        if !self.seen.contains(&pair(true)) && !self.seen.contains(&pair(false)) {
                            self.schema(&path, was, is);
                        }
                    }
                    (None, Some(is)) => {
                        let kind = definition_kind(&new_targets, is);
                        self.push(kind, &path, None, Some(is), None);
                    }
                    (was, _) => {
                        let known = was
                            .is_some_and(|was| compared.contains(&address(was)) || old_targets.contains(&address(was)));
                        let kind = if known { ChangeKind::Definition } else { ChangeKind::SchemaNote };
                        self.push(kind, &path, was, None, None);
                    }
                }
            }
        }
    }
}

/// What nothing refers to is not a definition but a note.
fn definition_kind(targets: &BTreeSet<usize>, value: &Value) -> ChangeKind {
    if targets.contains(&address(value)) { ChangeKind::Definition } else { ChangeKind::SchemaNote }
}
