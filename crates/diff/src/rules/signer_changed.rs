//! `signer-changed`: somebody else signed.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "signer-changed",
    title: "Somebody else signed",
    rationale: "The surface may be the same to the letter; who vouches for it is not.",
    grade: Grade::Block,
    reads: "the signers of the two manifests",
    reference: "design notes: grades",
    fires: Example {
        before: Some(r##"{"tools":[],"signer":{"key":"AAAA"}}"##),
        after: r##"{"tools":[],"signer":{"key":"BBBB"}}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[]}"##),
        after: r##"{"tools":[],"signer":{"key":"BBBB"}}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Signer {
            found.change(Grade::Block, change, "signed by another identity");
        }
    }
}
