//! The part of the configuration file that says what it takes to go live, and in which order.
//!
//! ```toml
//! [policy]
//! preset = "standard"
//! block = 2
//! pending-days = 30
//!
//! [[ring]]
//! name = "canary"
//! share = 10
//! soak = "24h"
//!
//! [[ring]]
//! name = "stable"
//! block = 3
//! ```

use std::num::NonZero;

use jiff::SignedDuration;
use mcp_pin_model::Ring;
use mcp_pin_policy::Preset;
use serde::Deserialize;
use thiserror::Error;

use crate::service::{Quorum, RingSettings, Rings, RingsError, Settings, Start};

/// The longest that a submission may wait: what nobody looked at for a year is not what it was.
const MAX_PENDING_DAYS: u16 = 366;

/// The longest cool-down: a version that may not go live for a month is not wanted.
const MAX_COOL_DOWN: SignedDuration = SignedDuration::from_hours(24 * 31);

/// The longest break-glass: a week without consents is a policy, not an emergency.
const MAX_BREAK_GLASS_HOURS: u8 = 168;

/// What cannot be decided by.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyConfigError {
    /// Rings that cannot be served.
    #[error(transparent)]
    Rings(#[from] RingsError),
    /// Not a time.
    #[error("`{key}` is a duration such as \"90s\", \"24h\" or \"2d\", not negative{limit}")]
    Duration {
        /// Which key.
        key: String,
        /// The limit, in words.
        limit: &'static str,
    },
    /// A share that is none.
    #[error("the `share` of `{0}` is a whole number of percent, 0 to 100")]
    Share(Ring),
    /// Out of range.
    #[error("`policy.pending-days` is 1 to {MAX_PENDING_DAYS}")]
    PendingDays,
    /// Out of range.
    #[error("`policy.break-glass-hours` is 1 to {MAX_BREAK_GLASS_HOURS}")]
    BreakGlassHours,
}

/// `[policy]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicySection {
    preset: Option<Preset>,
    notice: Option<NonZero<u8>>,
    review: Option<NonZero<u8>>,
    block: Option<NonZero<u8>>,
    pending_days: Option<u16>,
    cool_down: Option<String>,
    break_glass_hours: Option<u8>,
}

/// `[rollout]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RolloutSection {
    drift_reports: Option<NonZero<u32>>,
    error_budget: Option<NonZero<u32>>,
}

/// `[[ring]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RingSection {
    name: Ring,
    #[serde(default)]
    share: u8,
    soak: Option<String>,
    #[serde(default)]
    start: StartWord,
    notice: Option<NonZero<u8>>,
    review: Option<NonZero<u8>>,
    block: Option<NonZero<u8>>,
}

/// How versions reach a ring.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StartWord {
    #[default]
    Automatic,
    Manual,
}

/// What the file says about all of it.
#[derive(Clone, Debug, Default)]
pub struct PolicyConfig {
    /// `[policy]`.
    pub policy: PolicySection,
    /// `[rollout]`.
    pub rollout: RolloutSection,
    /// `[[ring]]`, in order.
    pub rings: Vec<RingSection>,
}

fn duration(
    key: &str,
    text: &str,
    most: SignedDuration,
    limit: &'static str,
) -> Result<SignedDuration, PolicyConfigError> {
    let error = || PolicyConfigError::Duration { key: key.to_owned(), limit };
    // Days have no fixed length to the parser, and 24 hours to everybody who writes a soak.
    let duration = match text.strip_suffix('d').map(|days| days.trim().parse::<u16>()) {
        Some(Ok(days)) => SignedDuration::from_hours(24 * i64::from(days)),
        _ => text.parse().map_err(|_| error())?,
    };
    if duration.is_negative() || duration > most { Err(error()) } else { Ok(duration) }
}

impl PolicyConfig {
    /// The settings that follow, from these on.
    ///
    /// # Errors
    /// See [`PolicyConfigError`].
    pub fn apply(&self, settings: Settings) -> Result<Settings, PolicyConfigError> {
        let Self { policy, rollout, rings } = self;
        let pending_lifetime = match policy.pending_days {
            None => settings.pending_lifetime,
            Some(days) if (1..=MAX_PENDING_DAYS).contains(&days) => SignedDuration::from_hours(24 * i64::from(days)),
            Some(_) => return Err(PolicyConfigError::PendingDays),
        };
        let break_glass_limit = match policy.break_glass_hours {
            None => settings.break_glass_limit,
            Some(hours) if (1..=MAX_BREAK_GLASS_HOURS).contains(&hours) => SignedDuration::from_hours(hours.into()),
            Some(_) => return Err(PolicyConfigError::BreakGlassHours),
        };
        let cool_down = match &policy.cool_down {
            None => settings.cool_down,
            Some(text) => duration("policy.cool-down", text, MAX_COOL_DOWN, ", at most 31 days")?,
        };
        let rings = if rings.is_empty() {
            settings.rings
        } else {
            Rings::new(rings.iter().map(RingSection::settings).collect::<Result<_, _>>()?)?
        };
        Ok(Settings {
            preset: policy.preset.unwrap_or(settings.preset),
            quorum_block: policy.block.unwrap_or(settings.quorum_block),
            quorum_review: policy.review.or(settings.quorum_review),
            quorum_notice: policy.notice.or(settings.quorum_notice),
            rings,
            pending_lifetime,
            cool_down,
            break_glass_limit,
            drift_reports: rollout.drift_reports.unwrap_or(settings.drift_reports),
            error_budget: rollout.error_budget.unwrap_or(settings.error_budget),
            ..settings
        })
    }
}

impl RingSection {
    fn settings(&self) -> Result<RingSettings, PolicyConfigError> {
        if self.share > 100 {
            return Err(PolicyConfigError::Share(self.name.clone()));
        }
        let soak = match &self.soak {
            None => SignedDuration::ZERO,
            // The limit is that of the rings.
            Some(text) => duration("ring.soak", text, SignedDuration::MAX, "")?,
        };
        Ok(RingSettings {
            ring: self.name.clone(),
            share: self.share,
            soak,
            start: match self.start {
                StartWord::Automatic => Start::Automatic,
                StartWord::Manual => Start::Manual,
            },
            quorum: Quorum { notice: self.notice, review: self.review, block: self.block },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        policy: PolicySection,
        #[serde(default)]
        rollout: RolloutSection,
        #[serde(default)]
        ring: Vec<RingSection>,
    }

    fn settings(text: &str) -> Result<Settings, PolicyConfigError> {
        let File { policy, rollout, ring } = toml::from_str(text).unwrap();
        PolicyConfig { policy, rollout, rings: ring }.apply(Settings::default())
    }

    #[test]
    fn everything_that_is_said_is_done() {
        let read = settings(
            "[policy]\npreset = \"strict\"\nnotice = 1\nreview = 2\nblock = 3\npending-days = 30\ncool-down = \"2d\"\n\
             break-glass-hours = 8\n[rollout]\ndrift-reports = 2\nerror-budget = 9\n[[ring]]\nname = \"early\"\n\
             share = 25\nsoak = \"90s\"\nreview = 1\n[[ring]]\nname = \"stable\"\nstart = \"manual\"\nblock = 4\n",
        )
        .unwrap();
        assert_eq!((read.preset, read.quorum_block.get()), (Preset::Strict, 3));
        assert_eq!(read.quorum_review.map(NonZero::get), Some(2));
        assert_eq!(read.quorum_notice.map(NonZero::get), Some(1));
        assert_eq!(read.pending_lifetime, SignedDuration::from_hours(720));
        assert_eq!(read.cool_down, SignedDuration::from_hours(48));
        assert_eq!(read.break_glass_limit, SignedDuration::from_hours(8));
        assert_eq!((read.drift_reports.get(), read.error_budget.get()), (2, 9));
        let rings: Vec<_> = read.rings.iter().collect();
        assert_eq!((rings[0].ring.as_str(), rings[0].share), ("early", 25));
        assert_eq!((rings[0].soak, rings[0].start), (SignedDuration::from_secs(90), Start::Automatic));
        assert_eq!((rings[0].quorum.review.map(NonZero::get), rings[0].quorum.block), (Some(1), None));
        assert_eq!((rings[1].start, rings[1].quorum.block.map(NonZero::get)), (Start::Manual, Some(4)));
    }

    #[test]
    fn nothing_said_is_canary_for_a_day_and_then_everybody() {
        let read = settings("").unwrap();
        let rings: Vec<_> = read.rings.iter().map(|one| (one.ring.as_str(), one.share, one.soak.as_hours())).collect();
        assert_eq!(rings, [("canary", 10, 24), ("stable", 0, 0)]);
        assert_eq!((read.quorum_block.get(), read.drift_reports.get(), read.error_budget.get()), (2, 1, 5));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "[policy]\npending-days = 0",
            "[policy]\npending-days = 9999",
            "[policy]\nbreak-glass-hours = 0",
            "[policy]\nbreak-glass-hours = 200",
            "[policy]\ncool-down = \"soon\"",
            "[policy]\ncool-down = \"-1h\"",
            "[policy]\ncool-down = \"60d\"",
            "[[ring]]\nname = \"a\"\nshare = 101\n[[ring]]\nname = \"b\"",
            "[[ring]]\nname = \"a\"\nsoak = \"1 fortnight\"\n[[ring]]\nname = \"b\"",
            "[[ring]]\nname = \"a\"\n[[ring]]\nname = \"a\"",
            "[[ring]]\nname = \"a\"\nsoak = \"1h\"",
        ] {
            assert!(settings(text).is_err(), "{text}");
        }
        for text in ["[policy]\nblock = 0", "[policy]\nself-approval = true", "[[ring]]\nname = \"A\""] {
            assert!(toml::from_str::<File>(text).is_err(), "{text}");
        }
    }
}
