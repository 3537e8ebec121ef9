//! Signs: what a statement is made of where no one phrase gives it away.
//!
//! An attack need not be an order. "Quantity is counted in lots of 100 there" is a plain statement, and so is "their label
//! is to be read as optional". What gives such a statement away is what it is about: something outside of the tool that
//! makes it, or whoever chooses among tools, or data that the call has no use for. So a family of statements is weighed:
//! each construction that it holds is worth one point or two, and [`ENOUGH`] points are a finding. A construction is made of
//! kinds of words ([`Sign`]) in an order; honest texts hold one of the weak ones now and then, and hardly ever two.
//!
//! Statements that bind the one before ("Halve them", "it has an override") are weighed together with it.

mod carry;
mod choice;
mod kinds;
mod lexicon;
mod outside;
mod phrases;
mod text;

use std::cell::LazyCell;

use mcp_pin_model::Grade;

use self::text::Text;
use super::{Found, common::name_parts};
use crate::{
    compare::Comparison,
    reading::{Passage, Role},
    speech::{Class, Statement},
};

/// So many points are a finding.
const ENOUGH: u32 = 2;

/// What a family is told beside the text: whose text it is.
pub(super) struct Whose<'p> {
    pub(super) passage: &'p Passage<'p>,
    /// The tool's own name, in lower case.
    pub(super) name: String,
    /// What the tool is about: the parts of its name, of its parameters' names and the words of its first sentence. Hardly
    /// any text makes a family ask.
    purpose: LazyCell<Vec<String>, Box<dyn FnOnce() -> Vec<String> + 'p>>,
}

impl<'p> Whose<'p> {
    fn new(passage: &'p Passage<'p>) -> Self {
        let key = passage.entry.as_ref().map(|entry| entry.key.as_str()).unwrap_or_default();
        Self { passage, name: key.to_lowercase(), purpose: LazyCell::new(Box::new(move || purpose(passage, key))) }
    }

    /// Whether a word belongs to what the tool is about.
    pub(super) fn is_about(&self, word: &str) -> bool {
        let word = word.trim_end_matches('s');
        self.purpose.iter().any(|own| own == word)
    }
}

fn purpose(passage: &Passage<'_>, key: &str) -> Vec<String> {
    let mut purpose = name_parts(key);
    purpose.extend(passage.fields.iter().flat_map(|field| name_parts(field)));
    if !passage.is_in_schema() {
        let first = passage.after.split(['.', '!', '\n']).next().unwrap_or_default().to_lowercase();
        let words = first.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3);
        purpose.extend(words.map(str::to_owned));
    }
    purpose.iter_mut().for_each(|word| word.truncate(word.trim_end_matches('s').len()));
    purpose
}

/// A family of statements that are weighed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// What a call has no use for.
    Carry,
    /// What is said to whoever chooses among tools.
    Choice,
    /// What is said about something outside of the tool.
    Outside,
}

impl Family {
    const ALL: [Self; 3] = [Self::Carry, Self::Choice, Self::Outside];

    /// Without a word of one of these kinds there is nothing to weigh.
    fn needs(self) -> Class {
        match self {
            Self::Carry | Self::Choice => Class::ANY,
            Self::Outside => outside::NEEDS,
        }
    }

    /// The points of every construction in a text.
    fn weigh(self, whose: &Whose<'_>, text: &Text<'_>) -> u32 {
        match self {
            Self::Carry => carry::weigh(whose, text),
            Self::Choice => choice::weigh(whose, text),
            Self::Outside => outside::weigh(whose, text),
        }
    }
}

/// The new statements that weigh enough, by family. The words of a statement are looked up once for all of them.
#[derive(Default)]
pub(crate) struct Weighed<'c>([Vec<(&'c Passage<'c>, &'c Statement<'c>)>; Family::ALL.len()]);

impl<'c> Weighed<'c> {
    /// Weighs every new statement, alone and with the one that it is bound to.
    fn of(passages: &'c [Passage<'c>]) -> Self {
        let mut weighed = Self::default();
        for passage in passages.iter().filter(|passage| matches!(passage.role, Role::Prose | Role::Title)) {
            let whose = Whose::new(passage);
            let mut previous = None;
            for statement in &passage.fresh {
                let read = is_read(passage, statement).then_some(statement);
                let before = std::mem::replace(&mut previous, read);
                if read.is_some() {
                    weighed.add(&whose, before.filter(|_| binds(statement)), passage, statement);
                }
            }
        }
        weighed
    }

    fn add(
        &mut self,
        whose: &Whose<'_>,
        before: Option<&'c Statement<'c>>,
        passage: &'c Passage<'c>,
        statement: &'c Statement<'c>,
    ) {
        let alone = (statement.len() > 2).then(|| Text::new(&[statement]));
        let bound = before.map(|before| Text::new(&[before, statement]));
        for (family, heavy) in Family::ALL.into_iter().zip(&mut self.0) {
            let needs = family.needs();
            let has_needs = |statement: &Statement<'_>| needs == Class::ANY || statement.has(needs);
            let alone = alone.as_ref().filter(|_| has_needs(statement));
            let bound = bound.as_ref().filter(|_| has_needs(statement) || before.is_some_and(has_needs));
            if [alone, bound].into_iter().flatten().any(|text| family.weigh(whose, text) >= ENOUGH) {
                heavy.push((passage, statement));
            }
        }
    }
}

/// Reports the new statements in which a family finds enough.
pub(super) fn report(comparison: &Comparison<'_>, found: &mut Found<'_>, family: Family, message: &'static str) {
    let Weighed(by_family) = comparison.weighed.get_or_init(|| Weighed::of(comparison.passages));
    for (passage, statement) in
        Family::ALL.iter().zip(by_family).filter(|(one, _)| **one == family).flat_map(|(_, heavy)| heavy)
    {
        found.passage(Grade::Review, passage, &statement.shown, message, "");
    }
}

/// Prose, and not where a tool says what it is.
fn is_read(passage: &Passage, statement: &Statement) -> bool {
    (!statement.is_first || passage.is_in_schema()) && is_plain(statement)
}

/// A statement longer than this lists things.
const LONGEST: usize = 48;

/// Prose: neither code nor a list of names, which say what a program takes and gives.
fn is_plain(statement: &Statement) -> bool {
    statement.len() <= LONGEST && statement.each(Class::IDENTIFIER).take(4).count() < 4 && !is_code(&statement.folded)
}

/// Brackets of objects, arrows, emphasis, many parentheses, `name(argument)` or `name=value`.
fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut parentheses = 0;
    // One look at each byte: nearly every one is none of these.
    for (at, &byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied();
        let is_given = || {
            at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphanumeric)
                && next.is_some_and(|next| !next.is_ascii_whitespace() && next != b')' && next != b'"')
        };
        let is_code = match byte {
            b'{' | b'}' | b'|' => true,
            b'*' => next == Some(b'*'),
            b':' => next == Some(b'"'),
            b'-' => next == Some(b'>'),
            b'=' => next == Some(b'>') || is_given(),
            b'(' => {
                parentheses += 1;
                parentheses >= 3 || is_given()
            }
            _ => false,
        };
        if is_code {
            return true;
        }
    }
    !text.is_ascii() && text.contains('→')
}

/// Whether a statement speaks of what the one before it named: it begins with an order, or soon has a pronoun.
fn binds(statement: &Statement) -> bool {
    statement.class(0).has(Class::BASE)
        || (0..6).any(|word| {
            matches!(
                statement.text(word),
                "it" | "its"
                    | "they"
                    | "them"
                    | "their"
                    | "those"
                    | "these"
                    | "that"
                    | "there"
                    | "one"
                    | "ones"
                    | "this"
            )
        })
}
