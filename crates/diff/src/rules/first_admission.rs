//! `first-admission`: nothing was locked before: everything is new.

use mcp_pin_model::{Grade, json::Pointer};

use super::Draft;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "first-admission",
    title: "Nothing was locked before: everything is new",
    rationale: "The first look is the only one that has nothing to compare with. Entries are not listed one by one as new; the rules read all of their content.",
    grade: Grade::Review,
    reads: "comparisons without a side before",
    reference: "design notes: trust on first use",
    fires: Example {
        before: None,
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    if comparison.is_first() {
        found.draft(Draft {
            grade: Grade::Review,
            message: "first admission: nothing was locked before".to_owned(),
            path: &Pointer::root(),
            entry: None,
            before: None,
            after: Some(comparison.after.surface.digest().into()),
            hint: Some("read what the model will read before you accept it"),
            aspect: "",
        });
    }
}
