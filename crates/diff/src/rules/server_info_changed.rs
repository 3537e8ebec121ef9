//! `server-info-changed`: what the server calls itself changed.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "server-info-changed",
    title: "What the server calls itself changed",
    rationale: "A new name is another identity as people and clients see it; titles, descriptions and addresses are shown beside it.",
    grade: Grade::Review,
    reads: "`serverInfo` except its version",
    reference: "design notes: threats T12",
    fires: Example {
        before: Some(r##"{"tools":[],"initialize":{"serverInfo":{"name":"a","version":"1"}}}"##),
        after: r##"{"tools":[],"initialize":{"serverInfo":{"name":"b","version":"1"}}}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"initialize":{"serverInfo":{"name":"a","version":"1"}}}"##),
        after: r##"{"tools":[],"initialize":{"serverInfo":{"name":"a","version":"2"}}}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let path = change.path.as_str();
        if change.kind != ChangeKind::ServerInfo || path == "/serverInfo/version" || comparison.is_first() {
            continue;
        }
        if path == "/serverInfo/name" || path == "/serverInfo" {
            found.change(Grade::Review, change, "the server calls itself otherwise");
        } else if !change.path.tokens().any(|token| token == "icons") {
            found.change(Grade::Notice, change, "what the server says about itself changed");
        }
    }
}
