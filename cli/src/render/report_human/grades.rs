//! Grades for people.

use mcp_pin_model::Grade;

use crate::ui::Role;

/// The word that a grade has in human output.
#[must_use]
pub fn grade_word(grade: Grade) -> &'static str {
    match grade {
        Grade::None => "NONE",
        Grade::Notice => "NOTICE",
        Grade::Review => "REVIEW",
        Grade::Block => "BLOCK",
        Grade::Refuse => "REFUSE",
    }
}

/// How a grade looks.
#[must_use]
pub fn grade_role(grade: Grade) -> Role {
    match grade {
        Grade::None => Role::Good,
        Grade::Notice => Role::Strong,
        Grade::Review => Role::Warning,
        Grade::Block | Grade::Refuse => Role::Bad,
    }
}

/// What a grade asks for.
pub(super) fn attention(grade: Grade) -> &'static str {
    match grade {
        Grade::None => "representation only: passes and is noted",
        Grade::Notice => "one approver; may be accepted as a whole",
        Grade::Review => "one approver, who reads it item by item",
        Grade::Block => "in a registry a quorum of approvers; the approver types the server's name",
        Grade::Refuse => "cannot be locked or approved at all",
    }
}
