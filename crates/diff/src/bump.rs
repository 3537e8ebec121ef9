//! The version step that the changes ask for, and the one that was made.

use serde::{Deserialize, Serialize};

use crate::change::{Change, ChangeKind, Direction};

/// A step between two semantic versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Bump {
    /// The same version, a lower one, or only other build metadata.
    #[default]
    None,
    /// `1.4.2` to `1.4.3`, or between pre-releases.
    Patch,
    /// `1.4.2` to `1.5.0`.
    Minor,
    /// `1.4.2` to `2.0.0`; below 1.0.0 also `0.4.2` to `0.5.0`.
    Major,
}

impl Bump {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// The step from one version to another. Below 1.0.0 the second number is the breaking one, as semantic
    /// versioning's users agree.
    #[must_use]
    pub fn between(before: &semver::Version, after: &semver::Version) -> Self {
        if after.cmp_precedence(before).is_le() {
            Self::None
        } else if after.major != before.major || (after.major == 0 && after.minor != before.minor) {
            Self::Major
        } else if after.minor != before.minor || (after.major == 0 && after.patch != before.patch) {
            Self::Minor
        } else {
            Self::Patch
        }
    }
}

impl std::fmt::Display for Bump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The step that the changes ask for: whoever calls what was there before must know.
pub(crate) fn required(changes: &[Change]) -> Bump {
    changes.iter().map(Change::required_bump).max().unwrap_or_default()
}

impl Change {
    /// The step that this change asks for by itself.
    #[must_use]
    pub fn required_bump(&self) -> Bump {
        of_change(self.kind, self.direction)
    }
}

fn of_change(kind: ChangeKind, direction: Option<Direction>) -> Bump {
    match (kind, direction) {
        (ChangeKind::Version | ChangeKind::Signer | ChangeKind::Provenance | ChangeKind::Reordered, _) => Bump::None,
        (ChangeKind::EntryRemoved | ChangeKind::EntryRenamed | ChangeKind::SectionVanished, _)
        | (ChangeKind::ParameterRemoved | ChangeKind::ParameterRenamed, _)
        | (ChangeKind::ParameterAdded | ChangeKind::Nullable, Some(Direction::Narrowed))
        | (ChangeKind::Schema | ChangeKind::Required, Some(Direction::Narrowed | Direction::Altered))
        | (ChangeKind::Protocol, Some(Direction::Narrowed))
        | (ChangeKind::Name, _) => Bump::Major,
        (ChangeKind::EntryAdded | ChangeKind::SectionAppeared | ChangeKind::ParameterAdded, _)
        | (ChangeKind::Schema | ChangeKind::Required | ChangeKind::Nullable, Some(Direction::Widened))
        | (ChangeKind::Capability | ChangeKind::SchemaPresence | ChangeKind::Default, _) => Bump::Minor,
        _ => Bump::Patch,
    }
}
