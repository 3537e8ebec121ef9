//! `limiting-sentence-removed`: a sentence that limited or warned is gone.

use std::sync::LazyLock;

use mcp_pin_model::{Grade, json::Value};
use regex::Regex;

use super::{Draft, common::pattern};
use crate::{change::ChangeKind, fold};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "limiting-sentence-removed",
    title: "A sentence that limited or warned is gone",
    rationale: "The model keeps to the limits it is told. Taking \"requires confirmation\" or \"only within the workspace\" out of a description loosens what happens without a word of it being added.",
    grade: Grade::Review,
    reads: "sentences that left a description or the instructions",
    reference: "design notes: grades",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"delete","description":"Delete a record. Requires user confirmation.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"delete","description":"Delete a record.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"delete","description":"Delete a record. Requires user confirmation.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"delete","description":"Delete one record. User confirmation is required.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

static LIMITS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:only|never|not|cannot|must|requires?|required|confirm|confirmation|confirmed|consent|approval|permission|allowed|restricted|limited|read-only|caution|warning|irreversible|dangerous|sandbox(?:ed)?|within)\b|n't\b",
    )
});

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if !matches!(change.kind, ChangeKind::Text | ChangeKind::Instructions) {
            continue;
        }
        let Some(before) = change.before.as_ref().and_then(Value::as_str) else { continue };
        let after = change.after.as_ref().and_then(Value::as_str).unwrap_or_default();
        let limits = |text: &str| -> Vec<String> {
            fold::statements(text).into_iter().filter(|statement| LIMITS.is_match(&fold::fold(statement))).collect()
        };
        let (old, new) = (limits(before), limits(after));
        // Reworded limits are still limits; fewer of them are fewer.
        if new.len() >= old.len() {
            continue;
        }
        for statement in old.iter().filter(|statement| !new.contains(statement)) {
            found.draft(Draft {
                grade: Grade::Review,
                message: "a sentence that limits or warns was removed".to_owned(),
                path: &change.path,
                entry: change.entry.as_ref(),
                before: Some(statement.as_str().into()),
                after: None,
                hint: None,
                aspect: "",
            });
        }
    }
}
