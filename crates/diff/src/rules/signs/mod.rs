//! Signs: what a statement is made of where no one phrase gives it away.
//!
//! An attack need not be an order. "Quantity is counted in lots of 100 there" is a plain statement, and so is "their label
//! is to be read as optional". What gives such a statement away is what it is about: something outside of the tool that
//! makes it, or whoever chooses among tools, or data that the call has no use for. So a family of statements is weighed:
//! each construction that it holds is worth one point or two, and [`ENOUGH`] points are a finding. A construction is made of
//! kinds of words ([`Sign`]) in an order; honest texts hold one of the weak ones now and then, and hardly ever two.
//!
//! Statements that bind the one before ("Halve them", "it has an override") are weighed together with it.

pub(super) mod carry;
pub(super) mod choice;
mod kinds;
mod lexicon;
pub(super) mod outside;
mod phrases;
mod text;

use mcp_pin_model::Grade;

pub(super) use self::text::Text;
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
    /// What the tool is about: the parts of its name, of its parameters' names and the words of its first sentence.
    purpose: Vec<String>,
}

impl<'p> Whose<'p> {
    fn new(passage: &'p Passage<'p>) -> Self {
        let key = passage.entry.as_ref().map(|entry| entry.key.as_str()).unwrap_or_default();
        let mut purpose = name_parts(key);
        purpose.extend(passage.fields.iter().flat_map(|field| name_parts(field)));
        if !passage.is_in_schema() {
            let first = passage.after.split(['.', '!', '\n']).next().unwrap_or_default().to_lowercase();
            let words = first.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3);
            purpose.extend(words.map(str::to_owned));
        }
        purpose.iter_mut().for_each(|word| word.truncate(word.trim_end_matches('s').len()));
        Self { passage, name: key.to_lowercase(), purpose }
    }

    /// Whether a word belongs to what the tool is about.
    pub(super) fn is_about(&self, word: &str) -> bool {
        let word = word.trim_end_matches('s');
        self.purpose.iter().any(|own| own == word)
    }
}

/// What a family makes of a text: the points of every construction in it.
pub(super) type Weighs = fn(&Whose<'_>, &Text<'_>) -> u32;

/// Lets a family weigh every new statement, alone and with the one that it is bound to.
pub(super) fn weigh(
    comparison: &Comparison<'_>,
    found: &mut Found<'_>,
    needs: Class,
    weighs: Weighs,
    message: &'static str,
) {
    for passage in comparison.passages {
        if !matches!(passage.role, Role::Prose | Role::Title) {
            continue;
        }
        let mut whose = None;
        for (index, statement) in passage.fresh.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| passage.fresh.get(index));
            if !is_read(passage, statement) || statement.len() < 3 && before.is_none() {
                continue;
            }
            let before = before.filter(|before| is_read(passage, before) && binds(statement));
            if needs != Class::ANY && !statement.has(needs) && !before.is_some_and(|before| before.has(needs)) {
                continue;
            }
            let whose: &Whose<'_> = whose.get_or_insert_with(|| Whose::new(passage));
            let enough = |text: Text<'_>| weighs(whose, &text) >= ENOUGH;
            let alone =
                statement.len() > 2 && (needs == Class::ANY || statement.has(needs)) && enough(Text::new(&[statement]));
            if alone || before.is_some_and(|before| enough(Text::new(&[before, statement]))) {
                found.passage(Grade::Review, passage, &statement.shown, message, "");
            }
        }
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
    let text = statement.folded.as_str();
    let names = statement.each(Class::IDENTIFIER).take(4).count();
    statement.len() <= LONGEST
        && names < 4
        && !text.contains(['{', '}', '|', '→'])
        && text.bytes().filter(|&byte| byte == b'(').take(3).count() < 3
        && !text.contains(":\"")
        && !text.contains("=>")
        && !text.contains("->")
        && !text.contains("**")
        && !has_call(text)
}

/// `name(argument)` or `name=value`.
fn has_call(text: &str) -> bool {
    text.as_bytes().windows(3).any(|three| {
        matches!(three, [a, b'(' | b'=', c] if a.is_ascii_alphanumeric() && !c.is_ascii_whitespace() && *c != b')' && *c != b'"')
    })
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
