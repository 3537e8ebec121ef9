//! `server-name-changed`: the server's registry name changed.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "server-name-changed",
    title: "The server's registry name changed",
    rationale: "The name is the identity that a namespace was granted for. Another name is another server, whoever says otherwise.",
    grade: Grade::Block,
    reads: "the names of the two manifests",
    reference: "design notes: grades",
    fires: Example {
        before: Some(r##"{"tools":[],"name":"io.github.acme/weather"}"##),
        after: r##"{"tools":[],"name":"io.github.acrne/weather"}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"name":"io.github.acme/weather"}"##),
        after: r##"{"tools":[],"name":"io.github.acme/weather","version":"1.0.0"}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Name {
            found.change(Grade::Block, change, "the server has another name");
        }
    }
}
