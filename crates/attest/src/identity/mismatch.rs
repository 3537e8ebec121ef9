//! Why an identity does not fall under a policy.

use mcp_pin_model::hostile;
use thiserror::Error;

/// The first member of an identity that a policy does not accept, what the policy wants there, and what was found.
///
/// What was found is foreign text; `Display` shows it without its power.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the signer's {member} is {}, and {expected} is wanted", shown(.found))]
pub struct IdentityMismatch {
    /// Which member.
    pub member: &'static str,
    /// What the policy wants, in its own words.
    pub expected: String,
    /// What the authority says.
    pub found: Option<String>,
}

fn shown(found: &Option<String>) -> String {
    found.as_deref().map_or_else(|| "not stated".to_owned(), |text| format!("`{}`", hostile::visible(text)))
}
