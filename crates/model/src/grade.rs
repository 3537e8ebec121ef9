//! Grades: how much attention a finding takes.

use serde::{Deserialize, Serialize};

/// From the least to the most attention. The order of the variants is the order of severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Grade {
    /// Representation only: passes and is noted.
    #[default]
    None,
    /// One approver; may be accepted as a group.
    Notice,
    /// One approver, item by item.
    Review,
    /// A quorum of approvers and typed confirmation.
    Block,
    /// Not lockable at all.
    Refuse,
}

impl Grade {
    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Notice => "notice",
            Self::Review => "review",
            Self::Block => "block",
            Self::Refuse => "refuse",
        }
    }
}

impl std::fmt::Display for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
