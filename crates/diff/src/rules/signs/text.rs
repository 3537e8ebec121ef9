//! One statement or two, as words with their signs.

use super::{kinds::Sign, lexicon::known};
use crate::speech::{Class, Statement, is_one_of};

/// A word.
#[derive(Clone, Copy)]
pub(super) struct Token<'s> {
    pub(super) text: &'s str,
    pub(super) sign: Sign,
    /// How and where it stands.
    pub(super) class: Class,
    /// Whether it was followed by `'s`.
    pub(super) owns: bool,
    statement: &'s Statement<'s>,
    at: usize,
}

/// One statement, or two of which the second is bound to the first.
pub(super) struct Text<'s> {
    tokens: Vec<Token<'s>>,
    all: Sign,
}

impl<'s> Text<'s> {
    pub(super) fn new(statements: &[&'s Statement<'s>]) -> Self {
        let mut tokens: Vec<Token<'s>> = Vec::with_capacity(statements.iter().map(|statement| statement.len()).sum());
        for &statement in statements {
            for at in 0..statement.len() {
                let class = statement.class(at);
                let text = statement.text(at);
                let rest = statement.folded.as_bytes().get(statement.place(at).end..);
                let owns = rest.is_some_and(|rest| rest.starts_with(b"'s"));
                tokens.push(Token { text, sign: Sign::NONE, class, owns, statement, at });
            }
        }
        let mut all = Sign::NONE;
        for index in 0..tokens.len() {
            let Some(token) = tokens.get(index) else { break };
            // Names and places are no words.
            if token.class.has(Class::IDENTIFIER | Class::CAMEL | Class::ADDRESS | Class::PATH) {
                continue;
            }
            let Some(known) = known(token.text) else { continue };
            let mut sign = known.sign;
            for (rest, phrase) in &known.phrases {
                let goes_on = |(step, word): (usize, &&str)| {
                    *word == "*" || tokens.get(index + 1 + step).is_some_and(|token| token.text == *word)
                };
                if rest.iter().enumerate().all(goes_on) {
                    sign |= *phrase;
                }
            }
            all |= sign;
            if let Some(token) = tokens.get_mut(index) {
                token.sign = sign;
            }
        }
        Self { tokens, all }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn has(&self, sign: Sign) -> bool {
        self.all.has(sign)
    }

    /// Whether there is a word of each of these kinds.
    pub(super) fn has_each(&self, signs: &[Sign]) -> bool {
        signs.iter().all(|&sign| self.all.has(sign))
    }

    pub(super) fn is(&self, index: usize, sign: Sign) -> bool {
        self.tokens.get(index).is_some_and(|token| token.sign.has(sign))
    }

    pub(super) fn class(&self, index: usize) -> Class {
        self.tokens.get(index).map(|token| token.class).unwrap_or_default()
    }

    pub(super) fn word(&self, index: usize) -> &'s str {
        self.tokens.get(index).map(|token| token.text).unwrap_or_default()
    }

    pub(super) fn owns(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.owns)
    }

    /// Where words of a kind stand.
    pub(super) fn each(&self, sign: Sign) -> impl Iterator<Item = usize> {
        let tokens = if self.has(sign) { self.tokens.as_slice() } else { &[] };
        tokens.iter().enumerate().filter(move |(_, token)| token.sign.has(sign)).map(|(index, _)| index)
    }

    /// How many different words of a kind there are.
    pub(super) fn several(&self, sign: Sign) -> bool {
        let mut words = self.each(sign).map(|index| self.word(index));
        words.next().is_some_and(|first| words.any(|word| word != first))
    }

    /// The first word of a kind among the `reach` words after one.
    pub(super) fn after(&self, index: usize, reach: usize, sign: Sign) -> Option<usize> {
        if !self.has(sign) {
            return None;
        }
        (index + 1..(index + 1 + reach).min(self.len())).find(|&next| self.is(next, sign))
    }

    /// The last word of a kind among the `reach` words before one.
    pub(super) fn before(&self, index: usize, reach: usize, sign: Sign) -> Option<usize> {
        if !self.has(sign) {
            return None;
        }
        (index.saturating_sub(reach)..index).rev().find(|&earlier| self.is(earlier, sign))
    }

    /// Whether there is a word of a kind within `reach` words on either side.
    pub(super) fn near(&self, index: usize, reach: usize, sign: Sign) -> bool {
        self.after(index, reach, sign).or_else(|| self.before(index, reach, sign)).is_some()
    }

    /// Whether one of these words stands among the `reach` words after one.
    pub(super) fn after_word(&self, index: usize, reach: usize, words: &[&str]) -> bool {
        (index + 1..(index + 1 + reach).min(self.len())).any(|next| is_one_of(self.word(next), words))
    }

    /// Whether one of these words stands among the `reach` words before one.
    pub(super) fn before_word(&self, index: usize, reach: usize, words: &[&str]) -> bool {
        (index.saturating_sub(reach)..index).any(|earlier| is_one_of(self.word(earlier), words))
    }

    pub(super) fn has_word(&self, words: &[&str]) -> bool {
        self.tokens.iter().any(|token| is_one_of(token.text, words))
    }

    /// Whether a verb is an order: in its base form, where an order begins or after what orders.
    pub(super) fn is_order(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        if !token.sign.has(Sign::BASE) {
            return false;
        }
        index == 0
            || token.at == 0
            || token.class.has(Class::CLAUSE)
            || matches!(
                self.word(index - 1),
                "and"
                    | "then"
                    | "please"
                    | "must"
                    | "should"
                    | "to"
                    | "so"
                    | "also"
                    | "not"
                    | "never"
                    | "always"
                    | "just"
                    | "kindly"
                    | "will"
                    | "shall"
                    | "or"
                    | "simply"
            )
    }

    /// Where something is ordered of a kind.
    pub(super) fn orders(&self, sign: Sign) -> impl Iterator<Item = usize> {
        self.each(sign).filter(|&index| self.is_order(index))
    }

    /// Whether a word is denied within its clause.
    pub(super) fn is_denied(&self, index: usize) -> bool {
        self.before(index, 4, Sign::NOT).is_some()
    }

    /// Whether a tool about attacks describes it.
    pub(super) fn is_described(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.statement.is_described(token.at))
    }

    /// Whether a word and the next are one: `tool-server`.
    pub(super) fn is_joined(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.statement.is_joined(token.at))
    }

    /// Whether a word stands in quotes.
    pub(super) fn is_quoted(&self, index: usize) -> bool {
        self.class(index).has(Class::QUOTED)
    }

    /// Where something is put literally: an address, a path, a long number.
    pub(super) fn literals(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|&index| self.is_literal(index))
    }

    fn is_literal(&self, index: usize) -> bool {
        let class = self.class(index);
        class.has(Class::ADDRESS | Class::PATH) || class.has(Class::NUMBER) && self.word(index).len() > 3
    }
}

/// "Checkers", "planners": who does something, in the plural.
pub(super) fn is_agent(word: &str) -> bool {
    word.len() > 5 && (word.ends_with("ers") || word.ends_with("ors"))
}
