//! `artifact-changed`: the bytes that are run changed.

use mcp_pin_model::{Grade, json::Value};

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "artifact-changed",
    title: "The bytes that are run changed",
    rationale: "The same version of a package never has other bytes unless somebody replaced them. Another version is what an update is.",
    grade: Grade::Block,
    reads: "the artifacts of the two manifests",
    reference: "SLSA, dependency threats",
    fires: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind != ChangeKind::Artifact {
            continue;
        }
        let member = |value: &Option<Value>, name: &str| {
            value.as_ref().and_then(|value| value.get(name)).and_then(Value::as_str).map(str::to_owned)
        };
        let same_version = member(&change.before, "purl") == member(&change.after, "purl");
        let (before, after) = (member(&change.before, "digest"), member(&change.after, "digest"));
        let (grade, message) = match (&change.before, &change.after) {
            (None, _) => (Grade::Block, "another package is run"),
            (_, None) => (Grade::Review, "a package is no longer run"),
            _ if same_version && before.is_none() => (Grade::Notice, "the bytes of a package are known now"),
            _ if after.is_none() => (Grade::Review, "the bytes of a package are not known"),
            _ if same_version => (Grade::Block, "the same version of a package has other bytes"),
            _ => (Grade::Notice, "another version of a package"),
        };
        found.change(grade, change, message);
    }
}
