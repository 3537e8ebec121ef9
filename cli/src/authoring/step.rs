//! Whether the step between two versions is as large as the changes ask for, and which version would do.

use mcp_pin_diff::Bump;
use semver::{Prerelease, Version};
use serde::Serialize;

/// By what the step is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Semantic Versioning; below 1.0.0 the second number is the breaking one.
    Semantic,
    /// Years, such as 2026.8.31. The numbers promise nothing about compatibility: any later one will do.
    Calendar,
    /// From a pre-release to another one, or to its release: nobody was promised anything, so any later one will do.
    PreRelease,
}

impl Scheme {
    /// The scheme of two versions.
    #[must_use]
    pub fn of(before: &Version, after: &Version) -> Self {
        let core = |version: &Version| (version.major, version.minor, version.patch);
        if is_calendar(before) && is_calendar(after) {
            Self::Calendar
        } else if !before.pre.is_empty() && core(before) == core(after) {
            Self::PreRelease
        } else {
            Self::Semantic
        }
    }
}

/// Whether the first number is a year. Semantic versions do not get there.
fn is_calendar(version: &Version) -> bool {
    (1990..=9999).contains(&version.major)
}

/// A step, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// By what.
    pub scheme: Scheme,
    /// What the changes ask for.
    pub required: Bump,
    /// What was made.
    pub declared: Bump,
    /// Whether that is enough.
    pub is_enough: bool,
    /// The next version that would do, where it is not enough.
    pub next: Option<Version>,
}

impl Step {
    /// Judges a step.
    #[must_use]
    pub fn of(before: &Version, after: &Version, required: Bump) -> Self {
        let scheme = Scheme::of(before, after);
        let declared = Bump::between(before, after);
        let later = after.cmp_precedence(before).is_gt();
        let is_enough = required == Bump::None
            || match scheme {
                Scheme::Semantic => declared >= required,
                Scheme::Calendar | Scheme::PreRelease => later,
            };
        let next = if is_enough { None } else { next(before, required) };
        Self { scheme, required, declared, is_enough, next }
    }
}

/// The lowest version after one that makes a step; none where a number has no room.
fn next(before: &Version, step: Bump) -> Option<Version> {
    let mut next = Version { pre: Prerelease::EMPTY, build: semver::BuildMetadata::EMPTY, ..before.clone() };
    // The release of a pre-release is later than it, and nobody was promised anything in between.
    if !before.pre.is_empty() {
        return Some(next);
    }
    let step = match step {
        // One number less counts below 1.0.0.
        Bump::Major if before.major == 0 => Bump::Minor,
        Bump::Minor if before.major == 0 => Bump::Patch,
        // A year is not raised for a change.
        _ if is_calendar(before) => Bump::Patch,
        other => other,
    };
    match step {
        Bump::None => {}
        Bump::Patch => next.patch = next.patch.checked_add(1)?,
        Bump::Minor => (next.minor, next.patch) = (next.minor.checked_add(1)?, 0),
        Bump::Major => (next.major, next.minor, next.patch) = (next.major.checked_add(1)?, 0, 0),
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(before: &str, after: &str, required: Bump) -> Step {
        Step::of(&before.parse().unwrap(), &after.parse().unwrap(), required)
    }

    #[test]
    fn each_step_is_enough_for_what_it_promises_and_not_for_more() {
        for (before, after, most) in [
            ("1.4.2", "1.4.2", Bump::None),
            ("1.4.2", "1.4.2+build.7", Bump::None),
            ("1.4.2", "1.4.1", Bump::None),
            ("1.4.2", "1.4.3", Bump::Patch),
            ("1.4.2", "1.5.0", Bump::Minor),
            ("1.4.2", "2.0.0", Bump::Major),
            ("1.4.2", "2.0.0-rc.1", Bump::Major),
            ("1.4.2", "1.5.0-rc.1", Bump::Minor),
            ("0.4.2", "0.4.3", Bump::Minor),
            ("0.4.2", "0.5.0", Bump::Major),
            ("0.4.2", "1.0.0", Bump::Major),
            ("0.0.3", "0.0.4", Bump::Minor),
            ("2.0.0-rc.1", "2.0.0-rc.2", Bump::Major),
            ("2.0.0-rc.1", "2.0.0", Bump::Major),
            ("2.0.0-rc.1", "2.0.1", Bump::Patch),
            ("2.0.0-rc.2", "2.0.0-rc.1", Bump::None),
            ("2026.1.14", "2026.8.31", Bump::Major),
            ("2026.1.14", "2026.1.14", Bump::None),
            ("2026.8.31", "2026.1.14", Bump::None),
            // From calendar to semantic or back, the numbers mean what they mean to semver.
            ("2.0.0", "2026.1.0", Bump::Major),
            ("2026.1.0", "3.0.0", Bump::None),
        ] {
            for required in [Bump::None, Bump::Patch, Bump::Minor, Bump::Major] {
                let step = step(before, after, required);
                assert_eq!(step.is_enough, required <= most, "{before} -> {after}, {required}");
                assert_eq!(step.next.is_none(), step.is_enough, "{before} -> {after}, {required}");
            }
        }
    }

    #[test]
    fn the_next_version_is_the_lowest_that_will_do() {
        for (before, required, next) in [
            ("1.4.2", Bump::Patch, "1.4.3"),
            ("1.4.2", Bump::Minor, "1.5.0"),
            ("1.4.2+x", Bump::Major, "2.0.0"),
            ("0.4.2", Bump::Patch, "0.4.3"),
            ("0.4.2", Bump::Minor, "0.4.3"),
            ("0.4.2", Bump::Major, "0.5.0"),
            ("2.0.0-rc.1", Bump::Major, "2.0.0"),
            ("2026.1.14", Bump::Major, "2026.1.15"),
        ] {
            assert_eq!(step(before, before, required).next.unwrap().to_string(), next, "{before}, {required}");
        }
        let last = format!("{}.0.0", u64::MAX);
        let step = step(&last, &last, Bump::Major);
        assert_eq!((step.is_enough, step.next), (false, None));
    }

    proptest! {
        #[test]
        fn the_next_version_is_enough(major in 0u64..3000, minor in 0u64..9, patch in 0u64..9, pre in 0u8..2, step in 1u8..4) {
            let pre = if pre == 0 { "" } else { "-rc.1" };
            let before: Version = format!("{major}.{minor}.{patch}{pre}").parse().unwrap();
            let required = [Bump::None, Bump::Patch, Bump::Minor, Bump::Major][usize::from(step)];
            let next = Step::of(&before, &before, required).next.unwrap();
            prop_assert!(Step::of(&before, &next, required).is_enough, "{before} -> {next}");
        }
    }
}
