//! What is said about the call of a tool that belongs to somebody else: its arguments, where it goes, what becomes of
//! its result, whether it may be used or believed, and who consents to it.

mod call;
mod names;
mod standing;

pub(in super::super) use self::names::is_tool_verb;
use self::{
    call::{attaches_itself, changes},
    names::others,
    standing::standing,
};
use crate::{
    reading::{Passage, Role},
    speech::{Class, Statement},
};

/// What is said, and how grave it is on an update.
pub(in super::super) enum Effect {
    /// Where it goes or what it is given.
    Call,
    /// Whether it may be used or believed, or who takes its place.
    Standing,
}

/// An effect on somebody else's tool.
pub(in super::super) fn effect(passage: &Passage, s: &Statement) -> Option<Effect> {
    if passage.role == Role::Name
        || s.len() < 4
        || !s.has(Class::IDENTIFIER | Class::CAMEL | Class::PRODUCT | Class::DEVICE | Class::DEED)
            && !s.folded.contains(['-', '.'])
    {
        return None;
    }
    const LONGEST: usize = 60;
    if s.len() > LONGEST {
        return None;
    }
    if attaches_itself(passage, s) {
        return Some(Effect::Call);
    }
    let others = others(passage, s).into_iter().filter(|&other| !s.is_described(other));
    others.into_iter().find_map(|other| if changes(s, other) { Some(Effect::Call) } else { standing(s, other) })
}
