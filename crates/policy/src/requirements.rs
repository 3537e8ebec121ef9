//! What is required, from the verifier's side.

use std::{fmt, num::NonZero, str::FromStr};

use mcp_pin_model::Grade;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Exceptions;

/// How much a change must bring before it goes live.
///
/// | approvers for | observe | relaxed | standard | strict |
/// |---|---|---|---|---|
/// | `refuse` finding | never | never | never | never |
/// | `block` finding | 0 | quorum | quorum | quorum, at least 2 |
/// | `review` finding | 0 | 1 | 1 | 2 |
/// | `notice` finding | 0 | 0, if the signer stays the same; else 1 | 1 | 1 |
/// | nothing found, update | 0 | 0 | 0 | 0 |
/// | first admission, whatever is found | 0 | 1 | 1 | 1 |
///
/// Each `block` and `review` finding has to be acknowledged by as many approvers as it takes; `notice` findings are
/// accepted with the report as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Records and stops nothing, except what cannot be locked at all and what an approver rejected.
    Observe,
    /// Wording and other small matters of the same signer pass by themselves.
    Relaxed,
    /// Nothing that the model can read goes live without a consent.
    #[default]
    Standard,
    /// What is graded `review` needs two approvers.
    Strict,
}

/// A text that names no preset.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a preset is one of `observe`, `relaxed`, `standard` and `strict`")]
pub struct UnknownPreset;

impl Preset {
    /// All presets, from the least to the most demanding.
    pub const ALL: [Self; 4] = [Self::Observe, Self::Relaxed, Self::Standard, Self::Strict];

    /// The word used in configuration, JSON and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Relaxed => "relaxed",
            Self::Standard => "standard",
            Self::Strict => "strict",
        }
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(text: &str) -> Result<Self, UnknownPreset> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == text).ok_or(UnknownPreset)
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether the publisher's own consent counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfConsent {
    /// It never does.
    #[default]
    Never,
    /// It does, because the lock is that of one's own project: who captures and signs is who decides.
    OwnProject,
}

/// What is required. It comes from the verifier's configuration only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// The preset.
    pub preset: Preset,
    /// How many distinct approvers a `block` finding takes.
    pub quorum_block: NonZero<u8>,
    /// How many a `review` finding takes, where that is not the preset's number.
    pub quorum_review: Option<NonZero<u8>>,
    /// How many a change takes in which nothing worse than `notice` is found, where that is not one. Changes that the
    /// preset lets pass by themselves take none all the same.
    pub quorum_notice: Option<NonZero<u8>>,
    /// Whether the publisher's own consent counts.
    pub self_consent: SelfConsent,
    /// Findings and rules that weigh more or less than they say themselves.
    pub exceptions: Exceptions,
}

impl Default for Requirements {
    fn default() -> Self {
        Self::new(Preset::default())
    }
}

impl Requirements {
    /// The quorum unless told otherwise: the smallest that one stolen key does not reach.
    pub const DEFAULT_QUORUM: NonZero<u8> = NonZero::<u8>::MIN.saturating_add(1);

    /// A preset with the default quorum, where nobody consents to what they published.
    #[must_use]
    pub fn new(preset: Preset) -> Self {
        Self {
            preset,
            quorum_block: Self::DEFAULT_QUORUM,
            quorum_review: None,
            quorum_notice: None,
            self_consent: SelfConsent::Never,
            exceptions: Exceptions::NONE,
        }
    }

    /// For the lock of one's own project without a registry: `standard`, but the developer who captured and signed a
    /// manifest may consent to it, and one consent is enough. What a second person sees is then the pull request.
    #[must_use]
    pub fn local() -> Self {
        Self {
            preset: Preset::Standard,
            quorum_block: NonZero::<u8>::MIN,
            quorum_review: None,
            quorum_notice: None,
            self_consent: SelfConsent::OwnProject,
            exceptions: Exceptions::NONE,
        }
    }

    /// The same, with exceptions.
    #[must_use]
    pub fn with_exceptions(self, exceptions: Exceptions) -> Self {
        Self { exceptions, ..self }
    }

    /// How many distinct approvers a change of this grade takes as a whole, once it takes any.
    pub(crate) fn as_a_whole(&self, grade: Grade) -> u8 {
        let notice = if grade >= Grade::Notice { self.quorum_notice.map_or(1, NonZero::get) } else { 1 };
        notice.max(self.acknowledgements(grade))
    }

    /// How many distinct approvers must have acknowledged a finding of this grade; none for grades that take no
    /// acknowledgement.
    pub(crate) fn acknowledgements(&self, grade: Grade) -> u8 {
        let review = match self.preset {
            Preset::Observe => return 0,
            Preset::Relaxed | Preset::Standard => 1,
            Preset::Strict => 2,
        };
        let review = self.quorum_review.map_or(review, NonZero::get);
        match grade {
            Grade::None | Grade::Notice => 0,
            Grade::Review => review,
            // Never fewer than for the lesser grade. `Refuse` is refused before anybody counts.
            Grade::Block | Grade::Refuse => self.quorum_block.get().max(review),
        }
    }
}
