//! `version-step-too-small`: the version step is smaller than the changes ask for.

use mcp_pin_model::{Grade, json::Pointer};

use super::Draft;
use crate::bump::{self, Bump};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "version-step-too-small",
    title: "The version step is smaller than the changes ask for",
    rationale: "Who relies on semantic versions updates without looking. A breaking change in a patch breaks them; most servers get this wrong now and then.",
    grade: Grade::Notice,
    reads: "the required step against the declared one",
    reference: "Semantic Versioning 2.0.0",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fetch","description":"Fetch a page.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.0"}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.1"}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fetch","description":"Fetch a page.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.0"}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"2.0.0"}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    let versions = comparison.before.and_then(|before| before.version).zip(comparison.after.version);
    let Some((before, after)) = versions else { return };
    let (declared, required) = (Bump::between(before.semver(), after.semver()), bump::required(comparison.changes));
    // A version that did not rise at all has findings of its own.
    if declared != Bump::None && declared < required {
        found.draft(Draft {
            grade: Grade::Notice,
            message: format!("the changes ask for a {required} version step, and the step is {declared}"),
            path: &Pointer::root().child("version"),
            entry: None,
            before: Some(before.to_string().into()),
            after: Some(after.to_string().into()),
            hint: None,
            aspect: "",
        });
    }
}
