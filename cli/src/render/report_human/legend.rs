//! What the signs of a report mean, said where they are used.

use crate::{
    render::wrap::wrapped,
    ui::{Role, Text},
};

/// Adds the lines that explain what stands above them: marks, gutters, and what was left out.
pub(super) fn explain(out: &mut Text, columns: usize) {
    let mut sentences = Vec::new();
    let has = |role: &dyn Fn(Role) -> bool, sign: &str| {
        out.spans().iter().any(|(span, text)| role(*span) && text.contains(sign))
    };
    let marked = |role: Role| matches!(role, Role::Added | Role::Removed);
    if has(&marked, "{+") || has(&marked, "[-") {
        sentences.push("gone: [-words-], new: {+words+}");
    }
    if has(&|role| role == Role::Dim, "│") {
        sentences.push("a line of the server's text starts with │; ┊ continues it, ┊+ within a word");
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
