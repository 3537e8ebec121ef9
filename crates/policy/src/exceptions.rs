//! What a project excepts from the rules: single findings that somebody looked at, and rules that weigh more or less here.
//!
//! Exceptions are part of the verifier's configuration, like [`Requirements`](crate::Requirements): they never come from
//! anything that was signed, nor from what is being checked. They say how much attention a finding takes, and hide none.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mcp_pin_diff::rules;
use mcp_pin_model::{Grade, ServerName};
use thiserror::Error;

/// How far ahead an exception may end: a year and a day, so that whoever renews one looks at it again before people have
/// forgotten why it is there.
pub const MAX_EXCEPTION_AHEAD: SignedDuration = SignedDuration::from_hours(366 * 24);

/// What an exempted finding takes at most: a consent to the whole, without an acknowledgement of its own.
pub const EXEMPTED_GRADE: Grade = Grade::Notice;

/// Characters of a fingerprint: 128 bits as hexadecimal digits.
const FINGERPRINT_DIGITS: usize = 32;

/// The longest reason or author. Long enough for a sentence and a link; they are repeated in reports.
const MAX_WORDS_BYTES: usize = 1000;

/// Whether an exception counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    InForce,
    /// It has ended.
    Expired,
    /// It would hold for longer than any may, so it does not count at all.
    TooFarAhead,
}

impl Standing {
    fn at(expires: Timestamp, now: Timestamp) -> Self {
        if expires <= now {
            Self::Expired
        } else if now.checked_add(MAX_EXCEPTION_AHEAD).is_ok_and(|latest| expires > latest) {
            Self::TooFarAhead
        } else {
            Self::InForce
        }
    }
}

/// Why an exception is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExceptionError {
    /// The fingerprint is not one.
    #[error("a fingerprint is {FINGERPRINT_DIGITS} hexadecimal digits, as findings show it")]
    Fingerprint,
    /// A reason or author says nothing, or more than anybody reads.
    #[error("`{0}` is empty, longer than {MAX_WORDS_BYTES} bytes, or holds characters that cannot be seen")]
    Words(&'static str),
    /// No rule has this id.
    #[error("there is no rule `{rule}`{}", similar(.near))]
    UnknownRule {
        /// The id.
        rule: String,
        /// Ids that may have been meant.
        near: Vec<&'static str>,
    },
    /// The rule refuses.
    #[error("`{0}` finds what cannot be locked at all, which no exception lowers")]
    LowersRefuse(&'static str),
    /// The override would let something pass without anybody.
    #[error("`none` would let it pass unseen: the least that an override gives is `notice`")]
    ToNone,
    /// The override lowers what a rule says and has no end.
    #[error("`{rule}` gives `{gravest}`: an override to `{grade}` lowers that, and so needs an end (`expires`)")]
    WithoutEnd {
        /// The rule.
        rule: &'static str,
        /// The gravest grade that it gives.
        gravest: Grade,
        /// What it is to give.
        grade: Grade,
    },
    /// Two exceptions of one thing.
    #[error("there is another exception for the same")]
    Doubled,
}

fn similar(near: &[&'static str]) -> String {
    if near.is_empty() { String::new() } else { format!("; similar: {}", near.join(", ")) }
}

/// A finding that somebody looked at and that is to take less attention, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    fingerprint: String,
    server: Option<ServerName>,
    reason: String,
    author: String,
    expires: Timestamp,
}

impl Exemption {
    /// An exemption of one finding, of whichever server.
    ///
    /// # Errors
    /// When the fingerprint is none, or a text says nothing.
    pub fn new(
        fingerprint: impl Into<String>,
        reason: impl Into<String>,
        author: impl Into<String>,
        expires: Timestamp,
    ) -> Result<Self, ExceptionError> {
        let fingerprint = fingerprint.into();
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if fingerprint.len() != FINGERPRINT_DIGITS || !fingerprint.bytes().all(is_digit) {
            return Err(ExceptionError::Fingerprint);
        }
        let (reason, author) = (words("reason", reason.into())?, words("author", author.into())?);
        Ok(Self { fingerprint, server: None, reason, author, expires })
    }

    /// The same for one server only.
    #[must_use]
    pub fn of_server(self, server: ServerName) -> Self {
        Self { server: Some(server), ..self }
    }

    /// Which finding.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Of which server; of any where none is named.
    #[must_use]
    pub fn server(&self) -> Option<&ServerName> {
        self.server.as_ref()
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Who decided that.
    #[must_use]
    pub fn author(&self) -> &str {
        &self.author
    }

    /// When it ends, in UTC.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether it counts.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        Standing::at(self.expires, now)
    }

    /// Whether it is about this finding.
    pub(crate) fn is_of(&self, fingerprint: &str, server: Option<&ServerName>) -> bool {
        self.fingerprint == fingerprint && (self.server.is_none() || self.server.as_ref() == server)
    }
}

/// A rule that weighs more or less here than it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    rule: &'static str,
    grade: Grade,
    reason: String,
    expires: Option<Timestamp>,
}

impl Override {
    /// Gives all findings of a rule this grade, other than those of grade `refuse`, which are only ever raised.
    ///
    /// # Errors
    /// When there is no such rule, it refuses, or it would be lowered without end or to nothing.
    pub fn new(
        rule: &str,
        grade: Grade,
        reason: impl Into<String>,
        expires: Option<Timestamp>,
    ) -> Result<Self, ExceptionError> {
        let Some(known) = rules::find(rule) else {
            return Err(ExceptionError::UnknownRule { rule: rule.to_owned(), near: rules::nearest(rule) });
        };
        if grade == Grade::None {
            return Err(ExceptionError::ToNone);
        }
        if grade < known.grade {
            if known.grade == Grade::Refuse {
                return Err(ExceptionError::LowersRefuse(known.id));
            }
            if expires.is_none() {
                return Err(ExceptionError::WithoutEnd { rule: known.id, gravest: known.grade, grade });
            }
        }
        Ok(Self { rule: known.id, grade, reason: words("reason", reason.into())?, expires })
    }

    /// Which rule.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What its findings are graded as.
    #[must_use]
    pub fn grade(&self) -> Grade {
        self.grade
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When it ends, in UTC. One that lowers always ends.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Whether it counts.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        self.expires.map_or(Standing::InForce, |expires| Standing::at(expires, now))
    }
}

/// Everything that is excepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    exemptions: Vec<Exemption>,
    overrides: Vec<Override>,
}

impl Exceptions {
    /// Nothing.
    pub const NONE: Self = Self { exemptions: Vec::new(), overrides: Vec::new() };

    /// Adds an exemption.
    ///
    /// # Errors
    /// When the same finding is exempted already: which of two ends and reasons counts would be anybody's guess.
    pub fn exempt(&mut self, exemption: Exemption) -> Result<(), ExceptionError> {
        let is_same = |other: &Exemption| {
            other.fingerprint == exemption.fingerprint
                && (other.server == exemption.server || other.server.is_none() || exemption.server.is_none())
        };
        if self.exemptions.iter().any(is_same) {
            return Err(ExceptionError::Doubled);
        }
        self.exemptions.push(exemption);
        Ok(())
    }

    /// Adds an override.
    ///
    /// # Errors
    /// When the same rule is overridden already.
    pub fn override_rule(&mut self, weighs: Override) -> Result<(), ExceptionError> {
        if self.overrides.iter().any(|other| other.rule == weighs.rule) {
            return Err(ExceptionError::Doubled);
        }
        self.overrides.push(weighs);
        Ok(())
    }

    /// The exemptions, in the order in which they were added.
    #[must_use]
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// The overrides, in the order in which they were added.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Whether nothing is excepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exemptions.is_empty() && self.overrides.is_empty()
    }

    /// The fingerprints and rules of what no longer counts.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> BTreeSet<&str> {
        let exemptions = self.exemptions.iter().map(|one| (one.standing(now), one.fingerprint()));
        let overrides = self.overrides.iter().map(|one| (one.standing(now), one.rule()));
        exemptions
            .chain(overrides)
            .filter(|(standing, _)| *standing == Standing::Expired)
            .map(|(_, what)| what)
            .collect()
    }
}

fn words(member: &'static str, text: String) -> Result<String, ExceptionError> {
    let hidden = |c: char| c != ' ' && mcp_pin_model::json::is_hidden(c);
    if text.trim().is_empty() || text.len() > MAX_WORDS_BYTES || text.chars().any(hidden) {
        return Err(ExceptionError::Words(member));
    }
    Ok(text)
}
