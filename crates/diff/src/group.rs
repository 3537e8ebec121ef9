//! Groups: findings as people read them.

use mcp_pin_model::{Grade, json::Value};

use crate::change::EntryRef;

/// Identical findings of several entries, as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The grade of its findings.
    pub grade: Grade,
    /// The rule.
    pub rule: String,
    /// One line in our words: "13 tools: openWorldHint true → false, claims less reach".
    pub title: String,
    /// The entries, sorted; empty where the finding is about the server. Hostile keys.
    pub entries: Vec<EntryRef>,
    /// What stood there before, where it is the same in all of them. Hostile.
    pub before: Option<Value>,
    /// What stands there now, where it is the same in all of them. Hostile.
    pub after: Option<Value>,
    /// Indexes into the report's findings.
    pub findings: Vec<usize>,
}

pub(crate) fn groups(_report: &crate::ChangeReport) -> Vec<Group> {
    Vec::new()
}
