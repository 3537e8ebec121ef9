//! Short texts that callers give: labels and reasons.

use mcp_pin_model::json::is_hidden;

use super::{MAX_LABEL_LENGTH, ServiceError};

/// A text that may be empty.
pub(super) fn optional(member: &'static str, text: &str) -> Result<String, ServiceError> {
    let text = text.trim();
    let problem = if text.chars().count() > MAX_LABEL_LENGTH {
        "is longer than 500 characters"
    } else if text.chars().any(|c| c.is_control() || is_hidden(c)) {
        "holds control or invisible characters"
    } else {
        return Ok(text.to_owned());
    };
    Err(ServiceError::Invalid { member, problem: problem.to_owned() })
}

/// A text that may not.
pub(super) fn required(member: &'static str, text: &str) -> Result<String, ServiceError> {
    let text = optional(member, text)?;
    if text.is_empty() { Err(ServiceError::Invalid { member, problem: "is empty".to_owned() }) } else { Ok(text) }
}
