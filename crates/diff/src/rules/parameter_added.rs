//! `parameter-added`: a new constrained parameter.

use mcp_pin_model::Grade;

use crate::change::{Change, ChangeKind};
use super::common::in_output;
use super::{Example, Found, Rule};
use crate::{change::EntryRef, compare::Comparison, walk::FreeText};

pub(super) const RULE: Rule = Rule {
    id: "parameter-added",
    title: "A new constrained parameter",
    rationale: "It says how a call may be shaped and can carry little else.",
    grade: Grade::Notice,
    reads: "new input parameters at every depth",
    reference: "JSON Schema 2020-12",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"},"limit":{"type":"integer"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"},"note":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for (change, is_free_text) in added(comparison) {
        if !is_free_text {
            let required = change.direction.is_some();
            let message = if required { "a new constrained parameter, required" } else { "a new constrained parameter" };
            found.change(Grade::Notice, change, message);
        }
    }
}

/// The input parameters and arguments that are new or have another name, and whether they take any text.
pub(super) fn added<'c>(comparison: &'c Comparison<'_>) -> Vec<(&'c Change, bool)> {
    let mut out = Vec::new();
    // Changes are sorted by place, so those of one schema follow each other and its references are collected once.
    let mut judge: Option<(&EntryRef, FreeText<'_>)> = None;
    for change in comparison.changes {
        let Some(entry) = change.entry.as_ref().filter(|_| change.kind == ChangeKind::ParameterAdded) else { continue };
        if in_output(&change.path) {
            continue;
        }
        if judge.as_ref().is_none_or(|(known, _)| *known != entry) {
            let root = comparison.entry_after(entry).and_then(|after| after.value().get("inputSchema"));
            judge = Some((entry, FreeText::of(root)));
        }
        if let (Some((_, judge)), Some(schema)) = (&mut judge, &change.after) {
            out.push((change, judge.is(schema)));
        }
    }
    out
}
