//! `parameter-renamed`: a parameter has another name.

use mcp_pin_model::Grade;

use super::{
    Example, Found, Rule,
    common::{in_output, is_other_name},
};
use crate::{change::ChangeKind, compare::Comparison};

pub(super) const RULE: Rule = Rule {
    id: "parameter-renamed",
    title: "A parameter has another name",
    rationale: "The name of a parameter tells the model what to put there: the same free text under another name can ask for something else. The same name in another spelling is a matter of style.",
    grade: Grade::Review,
    reads: "input parameters at every depth that are gone, against new ones",
    reference: "design notes: threats T17",
    fires: Example {
        before: Some(
            r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","description":"What to look for in the docs."}}}}]}"##,
        ),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"notes":{"type":"string","description":"What to look for in the docs."}}}}]}"##,
    },
    silent: Example {
        before: Some(
            r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","description":"What to look for in the docs."}}}}]}"##,
        ),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"limit":{"type":"integer","description":"How many results to return."}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes.iter().filter(|change| change.kind == ChangeKind::ParameterRenamed) {
        if in_output(&change.path) {
            continue;
        }
        if is_other_name(change) {
            found.change(Grade::Review, change, "a parameter has another name");
        } else {
            found.change(Grade::Notice, change, "the name of a parameter is spelled otherwise");
        }
    }
}
