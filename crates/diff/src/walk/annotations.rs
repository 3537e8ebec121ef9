//! Behaviour hints by their effective value.

use mcp_pin_model::json::{Pointer, Value};

use super::{Collector, member_names};
use crate::change::{ChangeKind, Direction};

/// A behaviour hint of the specification (`ToolAnnotations`).
pub(crate) struct Hint {
    /// The member.
    pub(crate) name: &'static str,
    /// What a client must assume where the member is absent.
    pub(crate) default: bool,
    /// The value that claims less danger.
    pub(crate) safe: bool,
    /// What the safe value claims, in words.
    pub(crate) claims: &'static str,
    /// Whether clients skip a confirmation on the safe value.
    pub(crate) skips_confirmation: bool,
}

/// The hints with the defaults of the specification.
pub(crate) const HINTS: [Hint; 4] = [
    Hint {
        name: "readOnlyHint",
        default: false,
        safe: true,
        claims: "claims to change nothing",
        skips_confirmation: true,
    },
    Hint {
        name: "destructiveHint",
        default: true,
        safe: false,
        claims: "claims to destroy nothing",
        skips_confirmation: true,
    },
    Hint {
        name: "idempotentHint",
        default: false,
        safe: true,
        claims: "claims that repeating it does no harm",
        skips_confirmation: false,
    },
    Hint { name: "openWorldHint", default: true, safe: false, claims: "claims less reach", skips_confirmation: false },
];

impl Hint {
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        HINTS.iter().find(|hint| hint.name == name)
    }

    /// The value that a client acts on. A value of another type is no claim, so the default holds.
    pub(crate) fn effective(&self, value: Option<&Value>) -> bool {
        value.and_then(Value::as_bool).unwrap_or(self.default)
    }

    /// Which way a change points; none where the effective value stays.
    pub(crate) fn direction(&self, before: Option<&Value>, after: Option<&Value>) -> Option<Direction> {
        let (old, new) = (self.effective(before), self.effective(after));
        match (old == new, new == self.safe) {
            (true, _) => None,
            (false, true) => Some(Direction::Safer),
            (false, false) => Some(Direction::Riskier),
        }
    }
}

pub(super) fn compare(out: &mut Collector<'_>, path: &Pointer, before: Option<&Value>, after: Option<&Value>) {
    if before == after {
        return;
    }
    let empty = mcp_pin_model::json::Object::new();
    let object = |value: Option<&'_ Value>| match value {
        None => Some(None),
        Some(Value::Object(object)) => Some(Some(object.clone())),
        Some(_) => None,
    };
    let (Some(old), Some(new)) = (object(before), object(after)) else {
        out.push(ChangeKind::Member, path, before, after, None);
        return;
    };
    if old.as_ref().is_none_or(mcp_pin_model::json::Object::is_empty)
        && new.as_ref().is_none_or(mcp_pin_model::json::Object::is_empty)
    {
        // `{}` and absent say the same and are different bytes.
        out.push(ChangeKind::Annotation, path, before, after, None);
        return;
    }
    let (old, new) = (old.unwrap_or_else(|| empty.clone()), new.unwrap_or(empty));
    for name in member_names(&old, &new) {
        let (was, is) = (old.get(name), new.get(name));
        if was == is {
            continue;
        }
        let path = path.child(name);
        match Hint::of(name) {
            Some(hint) => out.push(ChangeKind::Annotation, &path, was, is, hint.direction(was, is)),
            None if name == "title" => out.push(ChangeKind::Title, &path, was, is, None),
            None => out.generic(ChangeKind::Member, &path, was, is),
        }
    }
}
