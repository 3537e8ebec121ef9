//! `parameter-added`: a new constrained parameter.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::{is_free_text, is_input_parameter};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

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
    for change in comparison.changes {
        if is_input_parameter(change) && change.kind == ChangeKind::ParameterAdded && !change.after.as_ref().is_some_and(is_free_text) {
            found.change(Grade::Notice, change, "a new constrained parameter");
        }
    }
}
