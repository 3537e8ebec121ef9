//! `dormant-tool`: a tool that says it is not to be called.

use mcp_pin_model::Grade;
use super::common::{Said, each_statement};
use crate::{reading::{Passage, Role}, speech::{Class, Statement}};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "dormant-tool",
    title: "A tool that says it is not to be called",
    rationale: "A tool that nobody should call need not be declared. Its description is still read with every request: it is there to be read, not to be used. Conditions (\"not for bulk deletes\") and hints for apps do not count.",
    grade: Grade::Review,
    reads: "new statements of tool descriptions",
    reference: "MCP tool shadowing",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs. This tool should never be invoked.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs. This tool should not be called for bulk deletes or more than twice.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    each_statement(comparison, found, says);
}


const REVIEW: Said = Said { grade: Grade::Review, message: "the tool says that it is not to be called", aspect: "" };

pub(super) fn says(passage: &Passage, statement: &Statement) -> Option<Said> {
    let s = statement;
    if passage.role != Role::Prose || passage.is_in_schema() || !s.has_all(&[Class::CALL, Class::NEGATION]) {
        return None;
    }
    for call in s.each(Class::CALL).filter(|&call| s.class(call).has(Class::PAST)) {
        let subject = s.before(call, 8, Class::TOOL | Class::THIS | Class::IDENTIFIER).is_some() || s.before_text(call, 8, &["helper", "validator"]).is_some();
        let passive = s.before(call, 1, Class::BE).is_some() && s.before_text(call, 5, &["should", "must", "needs", "need", "to", "may"]).is_some();
        let denied = s.before(call, 5, Class::NEGATION).is_some();
        // A condition makes it advice: "not for …", "unless …", "more than twice".
        let rest: Vec<&str> = (call + 1..s.len()).map(|word| s.text(word)).collect();
        let conditional = rest.first().is_some_and(|word| !matches!(*word, "directly" | "by" | "during" | "under" | "and" | "or" | "manually"))
            || rest.iter().any(|word| matches!(*word, "unless" | "if" | "when" | "without" | "before" | "until" | "with" | "for" | "more" | "alone" | "concurrently") && rest.len() > 1 && !(*word == "for" && rest.contains(&"internal")));
        if subject && passive && denied && !conditional {
            return Some(REVIEW);
        }
    }
    None
}
