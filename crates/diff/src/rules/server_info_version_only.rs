//! `server-info-version-only`: the version that the server reports.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "server-info-version-only",
    title: "The version that the server reports",
    rationale: "Most servers report the version of their framework here, so it proves nothing either way.",
    grade: Grade::None,
    reads: "`serverInfo.version`",
    reference: "measured on real servers",
    fires: Example {
        before: Some(r##"{"tools":[],"initialize":{"serverInfo":{"name":"a","version":"1"}}}"##),
        after: r##"{"tools":[],"initialize":{"serverInfo":{"name":"a","version":"2"}}}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"initialize":{"serverInfo":{"name":"a","version":"1"}}}"##),
        after: r##"{"tools":[],"initialize":{"serverInfo":{"name":"b","version":"1"}}}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::ServerInfo && change.path.as_str() == "/serverInfo/version" && !comparison.is_first() {
            found.change(Grade::None, change, "serverInfo.version");
        }
    }
}
