//! Kinds of words, and sets of them.

use std::ops::{BitOr, BitOrAssign};

/// Kinds of words, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class(u128);

impl Class {
    pub(crate) const NONE: Self = Self(0);
    /// Whatever it is.
    pub(crate) const ANY: Self = Self(u128::MAX);

    // The form of a verb.
    pub(crate) const BASE: Self = Self(1);
    pub(crate) const THIRD: Self = Self(1 << 1);
    pub(crate) const GERUND: Self = Self(1 << 2);
    pub(crate) const PAST: Self = Self(1 << 3);

    // Verbs.
    /// Gets at something: read, open, collect.
    pub(crate) const READ: Self = Self(1 << 4);
    /// Moves something away: send, upload, forward.
    pub(crate) const SEND: Self = Self(1 << 5);
    /// Puts something into what is written: include, append, pass.
    pub(crate) const PUT: Self = Self(1 << 6);
    /// Stops heeding: ignore, disregard, forget.
    pub(crate) const IGNORE: Self = Self(1 << 7);
    /// Gets around, which programs do too: override, bypass, skip.
    pub(crate) const BYPASS: Self = Self(1 << 8);
    /// Runs: call, use, invoke.
    pub(crate) const CALL: Self = Self(1 << 9);
    /// Makes something else of it: change, replace, swap.
    pub(crate) const CHANGE: Self = Self(1 << 10);
    /// Lets somebody know: tell, mention, notify.
    pub(crate) const TELL: Self = Self(1 << 11);
    /// Keeps from view: hide, conceal, omit.
    pub(crate) const HIDE: Self = Self(1 << 12);
    /// Does as told: follow, obey.
    pub(crate) const FOLLOW: Self = Self(1 << 13);
    /// Looks for attacks or writes about them: detect, flag, explain.
    pub(crate) const DESCRIBE: Self = Self(1 << 14);
    /// Takes one thing over another: prefer, choose, prioritise.
    pub(crate) const PREFER: Self = Self(1 << 15);

    // Nouns.
    /// What a model was told: instructions, rules, prompts.
    pub(crate) const INSTRUCTION: Self = Self(1 << 16);
    /// Whoever sits in front: user, human, anyone.
    pub(crate) const USER: Self = Self(1 << 17);
    /// The one addressed: you, assistant, agent, model.
    pub(crate) const MODEL: Self = Self(1 << 18);
    /// Credentials and keys.
    pub(crate) const SECRET: Self = Self(1 << 19);
    /// Conversation, history, transcript.
    pub(crate) const CONVERSATION: Self = Self(1 << 20);
    /// Messages, turns, outputs, prompts: conversation if something before says so.
    pub(crate) const UTTERANCE: Self = Self(1 << 21);
    /// A way out: parameter, field, header, response.
    pub(crate) const CHANNEL: Self = Self(1 << 22);
    /// Tools, servers, functions.
    pub(crate) const TOOL: Self = Self(1 << 23);
    /// Where money or mail goes: recipient, payee, account.
    pub(crate) const DESTINATION: Self = Self(1 << 24);
    /// What a call gives back or takes: result, value, output.
    pub(crate) const RESULT: Self = Self(1 << 25);
    /// Words for attacks: injection, payload, phishing.
    pub(crate) const ATTACK: Self = Self(1 << 26);
    /// Contents, files, data.
    pub(crate) const CONTENT: Self = Self(1 << 27);

    // Small words.
    /// Not, never, without.
    pub(crate) const NEGATION: Self = Self(1 << 28);
    /// Must, always, please, first.
    pub(crate) const ORDER: Self = Self(1 << 29);
    /// Previous, above, all, your: which instructions.
    pub(crate) const WHICH: Self = Self(1 << 30);
    /// Previous, prior, above, earlier: those that came before.
    pub(crate) const EARLIER: Self = Self(1 << 31);
    /// Before, after, when, whenever.
    pub(crate) const WHEN: Self = Self(1 << 32);
    /// Other, others, another, alternative.
    pub(crate) const OTHER: Self = Self(1 << 33);
    /// All, any, every, each.
    pub(crate) const EVERY: Self = Self(1 << 34);
    /// Silently, secretly.
    pub(crate) const SILENT: Self = Self(1 << 35);
    /// This, it, that, them.
    pub(crate) const THIS: Self = Self(1 << 36);
    /// To, into, via.
    pub(crate) const TO: Self = Self(1 << 37);
    /// And, then, also.
    pub(crate) const AND: Self = Self(1 << 38);
    /// Or, nor.
    pub(crate) const OR: Self = Self(1 << 39);
    /// What turns a denial into an order: never forget, not only.
    pub(crate) const INSIST: Self = Self(1 << 40);
    /// But, instead, however.
    pub(crate) const SHIFT: Self = Self(1 << 41);
    /// Best, most, official, only.
    pub(crate) const SUPERIOR: Self = Self(1 << 42);
    /// Broken, unsafe, deprecated.
    pub(crate) const INFERIOR: Self = Self(1 << 43);
    /// The commonest English words.
    pub(crate) const COMMON: Self = Self(1 << 44);
    /// Example, such, like.
    pub(crate) const EXAMPLE: Self = Self(1 << 45);
    /// Answers, replies, recommendations.
    pub(crate) const ANSWER: Self = Self(1 << 46);
    /// Fails, crashes, lost: what is threatened.
    pub(crate) const THREAT: Self = Self(1 << 47);
    /// Public, masked, redacted: what takes the danger out of a secret.
    pub(crate) const HARMLESS: Self = Self(1 << 48);
    /// Is, are, was, be.
    pub(crate) const BE: Self = Self(1 << 49);
    /// From.
    pub(crate) const FROM: Self = Self(1 << 50);
    /// Summary, log, interface: where a user would see it.
    pub(crate) const VIEW: Self = Self(1 << 51);

    // What is no word.
    /// A file or place that holds secrets.
    pub(crate) const SECRET_FILE: Self = Self(1 << 52);
    /// Another path.
    pub(crate) const PATH: Self = Self(1 << 53);
    pub(crate) const ADDRESS: Self = Self(1 << 54);
    /// `like_this` or `like.this()`: the name of a tool or a parameter.
    pub(crate) const IDENTIFIER: Self = Self(1 << 55);
    pub(crate) const NUMBER: Self = Self(1 << 56);
    /// Stands in quotes or backticks.
    pub(crate) const QUOTED: Self = Self(1 << 57);
    /// The first word of a clause.
    pub(crate) const CLAUSE: Self = Self(1 << 58);
    /// A program, a flag or an operator of a shell.
    pub(crate) const SHELL: Self = Self(1 << 59);
    /// Tests, logs, audits, checks: what keeps watch.
    pub(crate) const GUARD: Self = Self(1 << 60);
    /// A file that starts programs: `.bashrc`, crontab, `authorized_keys`.
    pub(crate) const STARTUP_FILE: Self = Self(1 << 61);
    /// A file that often holds secrets and is often named: `.env`.
    pub(crate) const WEAK_FILE: Self = Self(1 << 62);

    // What a demand, a waiver or a claim is made of.
    /// What only the machine or its user holds: clipboard, mailbox, environment.
    pub(crate) const HELD: Self = Self(1 << 63);
    /// No longer in force: lifted, obsolete, suspended.
    pub(crate) const ENDED: Self = Self(1 << 64);
    /// Consent and what asks for it: confirmation, approval, go-ahead.
    pub(crate) const CONSENT: Self = Self(1 << 65);
    /// Not called for: unnecessary, waived, implied.
    pub(crate) const NEEDLESS: Self = Self(1 << 66);
    /// Leaves the choice: can, may, optionally.
    pub(crate) const PERMIT: Self = Self(1 << 67);
    /// In this very place.
    pub(crate) const HERE: Self = Self(1 << 68);
    /// Out of service or not to be believed: broken, faulty, out of order.
    pub(crate) const FAULTY: Self = Self(1 << 69);
    /// Takes something for something: treat, regard, consider.
    pub(crate) const TAKE_FOR: Self = Self(1 << 70);
    /// When a side effect is to happen: setup, afterwards, finished.
    pub(crate) const SETUP: Self = Self(1 << 71);
    /// Says, types, discusses: what a conversation is made of.
    pub(crate) const SPOKEN: Self = Self(1 << 72);
    /// Has a turn with a rival: precedence, ahead, over.
    pub(crate) const RANK: Self = Self(1 << 73);
    /// Words of English that no neighbour language shares.
    pub(crate) const ENGLISH: Self = Self(1 << 74);
    /// Small words of French, German, Spanish, Portuguese and Italian.
    pub(crate) const LATIN: Self = Self(1 << 75);
    /// An act of any other kind.
    pub(crate) const ACT: Self = Self(1 << 77);
    /// A product or a program that other tools speak to.
    pub(crate) const PRODUCT: Self = Self(1 << 79);
    /// A word that a claim of rank turns on.
    pub(crate) const CLAIM: Self = Self(1 << 80);
    /// What a place is that another tool has: connector, scanner, client.
    pub(crate) const DEVICE: Self = Self(1 << 81);
    /// What models do with tools in general: mails, payments, files.
    pub(crate) const DEED: Self = Self(1 << 82);
    /// `likeThis`: the name of a tool or a parameter in another style.
    pub(crate) const CAMEL: Self = Self(1 << 78);
    /// Keeps, leaves, stays: with "out of" or "unmentioned".
    pub(crate) const KEEP: Self = Self(1 << 76);

    /// The kind of this number.
    #[cfg(test)]
    pub(crate) fn bit(number: u32) -> Self {
        Self(1 << number)
    }

    pub(crate) fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub(crate) fn has_all(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Class {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl BitOrAssign for Class {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}
