//! Findings: a rule's judgement.

use mcp_pin_model::{
    Grade,
    json::{Pointer, Value},
};
use serde::{Deserialize, Serialize};

use crate::change::{EntryRef, present};

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Location {
    /// A pointer into the comparison, entries named by key. Hostile text.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub path: Pointer,
    /// The entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryRef>,
}

/// What a rule says about a change or an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// How much attention it takes.
    pub grade: Grade,
    /// What was found, in our words only.
    pub message: String,
    /// Where.
    pub location: Location,
    /// What stood there before, or the part of it that matters. Hostile.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::change::serde_json_value::Any>"))]
    pub before: Option<Value>,
    /// What stands there now, or the part of it that matters. Hostile.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::change::serde_json_value::Any>"))]
    pub after: Option<Value>,
    /// What to look at, in our words only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What a consent acknowledges: stable over re-runs and unrelated edits, different for different content.
    pub fingerprint: String,
}
