//! Kinds of words that constructions are made of.

use std::ops::{BitOr, BitOrAssign};

/// Kinds of words, as a set. Where a phrase is of a kind, its first word is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sign(u64);

macro_rules! signs {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl Sign {
            $($(#[$doc])* pub(super) const $name: Self = Self(1 << $bit);)*
        }
    };
}

signs! {
    /// A verb in its base form.
    BASE = 0;
    /// Takes one among several: choose, adopt, rely.
    CHOOSE = 1;
    /// Makes use of: call, go, start.
    USE = 2;
    /// Puts something somewhere: send, attach, accompany.
    MOVE = 3;
    /// Gets at something: read, gather, infer.
    GET = 4;
    /// Makes something else of it: halve, replace, leave.
    ALTER = 5;
    /// What is done to results that are not to count: drop, downgrade, ignore.
    DROP = 6;
    /// Does harm or goes wrong: leaks, rejects, mixes.
    FAULT = 7;
    /// Believes or does not: trust, confirm, waive.
    TRUST = 8;
    /// Bars: forbid, penalise.
    FORBID = 9;
    /// Says what something means: means, stands, is counted.
    MEAN = 10;
    /// Must, should, is expected.
    OBLIGED = 11;
    /// Every, any, always, no matter.
    UNIVERSAL = 12;
    /// Not, never, without.
    NOT = 13;
    /// If, unless, in case.
    IF = 14;
    /// Other, another, competing, lesser.
    OTHER = 15;
    /// Tools and what holds them: tool, connector, gateway.
    KIND = 16;
    /// The same, several of them.
    KINDS = 17;
    /// Models in the third person: agents, assistants.
    AGENTS = 18;
    /// People: the user, customers, they.
    PERSON = 19;
    /// What nobody but its owner should hold: passwords, salaries, the clipboard.
    HARD = 20;
    /// What a call has no use for as a rule: the conversation, addresses, contacts.
    SOFT = 21;
    /// Parameters and what they are called: argument, recipient, amount.
    PARAMETER = 22;
    /// What a tool gives: results, warnings, figures.
    RESULT = 23;
    /// Put down: deprecated, unreliable, run by amateurs.
    BAD = 24;
    /// Put up: certified, mandatory, safest.
    GOOD = 25;
    /// Only, sole, alone.
    ONLY = 26;
    /// What is threatened or owed: penalty, liability, blame.
    PRESSURE = 27;
    /// Whose opinion is borrowed: experts, hospitals, reviews.
    SOCIAL = 28;
    /// Consent and what asks for it.
    CONSENT = 29;
    /// Choice, stop, precedence.
    RANK = 30;
    /// A value that switches something: true, blank, off.
    VALUE = 31;
    /// It, them, those.
    PRONOUN = 32;
    /// Before, unless, prior: what makes one thing wait for another.
    GATE = 33;
    /// Turns what was known around: despite the name, no longer, used to be.
    DESPITE = 34;
    /// Where data comes from that is none of the call's: came up earlier, that you remember.
    ORIGIN = 35;
    /// Keeps out of sight: unnoticed, without announcing, no need to bother.
    CONCEAL = 36;
    /// Makes something look like something else: as if, should read, tell them that.
    FALSE = 37;
    /// Goes on: from here on, for the duration of the session.
    LASTING = 38;
    /// Waits for a word or a time: whenever the word.
    TRIGGER = 39;
    /// Takes text for an order: as coming from the user, count as the owner's.
    PROMOTE = 40;
    /// What is said to make it look needed: for quality purposes, is wrong without it.
    PRETEXT = 41;
    /// In place of: rather than, instead of, over it.
    INSTEAD = 42;
    /// No matter what: even for, however clearly, when in doubt.
    CONCESSION = 43;
    /// Speaks to feelings: a kindness, on your conscience, would be odd.
    FEELING = 44;
    /// Law and policy that is claimed.
    LAW = 45;
    /// Approval by somebody: certified, accredited, audited.
    APPROVED = 46;
    /// By hand, yourself, on its own.
    OWN_HANDS = 47;
    /// Waives: need not, redundant, without hesitation.
    WAIVED = 48;
    /// May, can, optional.
    PERMIT = 49;
    /// Reply, answer, summary.
    REPLY = 50;
    /// Hands itself the choice: hand it over, go straight here, stay with.
    TURN = 51;
    /// A choice made for everyone: first choice of, reserved slot, the tie is broken.
    SETTLED = 52;
    /// What is said with a result that did not happen: passed, destroyed, hardened.
    OUTCOME = 53;
    /// This tool, me, here.
    ME = 54;
    /// No other, nothing else.
    NOTHING_ELSE = 55;
    /// Comparing, looking elsewhere.
    COMPARE = 56;
    /// Copy, copies.
    COPY = 57;
    /// An example.
    EXAMPLE = 58;
    /// Not using it: not choosing, going elsewhere.
    ABSTAIN = 59;
}

impl Sign {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Sign {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl BitOrAssign for Sign {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}
