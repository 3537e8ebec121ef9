//! What the signs of a report mean, said where they are used.

use crate::{
    render::wrap::wrapped,
    ui::{Role, Text},
};

const MARKS: &str = "gone: [-words-], new: {+words+}";
const GUTTERS: &str = "a line of the server's text starts with │; ┊ continues it, ┊+ within a word";

/// Adds the lines that explain marks and gutters, whether or not there are any yet.
pub(super) fn signs(out: &mut Text, columns: usize) {
    for line in [MARKS, GUTTERS].iter().flat_map(|sentence| wrapped(sentence, columns, 0)) {
        out.push(Role::Dim, line);
        out.newline();
    }
}

/// Adds the lines that explain what stands above them: marks, gutters, and what was left out.
pub(super) fn explain(out: &mut Text, columns: usize) {
    let mut sentences = Vec::new();
    let has = |role: &dyn Fn(Role) -> bool, sign: &str| {
        out.spans().iter().any(|(span, text)| role(*span) && text.contains(sign))
    };
    let marked = |role: Role| matches!(role, Role::Added | Role::Removed);
    if has(&marked, "{+") || has(&marked, "[-") {
        sentences.push(MARKS);
    }
    if has(&|role| role == Role::Dim, "│") {
        sentences.push(GUTTERS);
    }
    // Hostile text is never of this role.
    if has(&|role| role == Role::Warning, "…") {
        sentences.push("what is left out is counted after …; --expand shows everything");
    }
    if sentences.is_empty() {
        return;
    }
    out.newline();
    for sentence in sentences {
        for line in wrapped(sentence, columns, 0) {
            out.push(Role::Dim, line);
            out.newline();
        }
    }
}
