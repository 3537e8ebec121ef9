//! Which identities are accepted.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{IdentityClaims, IdentityMismatch, PatternError, ReferencePattern, SubjectPattern};

/// GitHub's event that runs the workflow of the base branch with secrets while the head of a stranger's pull request may
/// be checked out. Nothing that was signed in such a run says what it seems to say.
const UNTRUSTED_TRIGGER: &str = "pull_request_target";

/// Which identities are accepted: the issuer exactly and the subject by an anchored pattern, always both; and whatever
/// else of a workload is to hold.
///
/// The one form of a policy in `mcp-pin.toml`, in the registry's interface and in its database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
// Behind a pointer: it stands beside a key in many enums, and is ten times as large.
pub struct IdentityPolicy(Box<Members>);

/// What a policy asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Members {
    issuer: String,
    subject: SubjectPattern,
    repository: Option<String>,
    repository_id: Option<String>,
    owner_id: Option<String>,
    workflow: Option<SubjectPattern>,
    reference: Option<ReferencePattern>,
    environment: Option<String>,
    runner: Option<String>,
}

/// Why a policy is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityPolicyError {
    /// The issuer is not the address of one.
    #[error("`issuer` must be the exact `https://` address of an OIDC issuer")]
    Issuer,
    /// A pattern is none.
    #[error("`{member}`: {error}")]
    Pattern {
        /// Which one.
        member: &'static str,
        /// Why.
        error: PatternError,
    },
    /// A member that is compared exactly is empty or holds what no identity holds.
    #[error("`{member}` must be the exact text, not empty, without `*`, white space and hidden characters")]
    Exact {
        /// Which one.
        member: &'static str,
    },
    /// An id that is not a number: ids are what makes a policy survive renaming, so a name in its place is a mistake.
    #[error("`{member}` must be the provider's numeric id")]
    Id {
        /// Which one.
        member: &'static str,
    },
}

/// The members as they are written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Table {
    issuer: String,
    subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(default, alias = "repository-id", skip_serializing_if = "Option::is_none")]
    repository_id: Option<String>,
    #[serde(default, alias = "owner-id", skip_serializing_if = "Option::is_none")]
    owner_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workflow: Option<String>,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runner: Option<String>,
}

impl IdentityPolicy {
    /// A policy of an issuer and a subject.
    ///
    /// # Errors
    /// See [`IdentityPolicyError`].
    pub fn new(issuer: impl Into<String>, subject: &str) -> Result<Self, IdentityPolicyError> {
        let issuer = issuer.into();
        if !is_issuer(&issuer) {
            return Err(IdentityPolicyError::Issuer);
        }
        Ok(Self(Box::new(Members {
            issuer,
            subject: pattern("subject", subject)?,
            repository: None,
            repository_id: None,
            owner_id: None,
            workflow: None,
            reference: None,
            environment: None,
            runner: None,
        })))
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The subject's pattern.
    #[must_use]
    pub fn subject(&self) -> &SubjectPattern {
        &self.0.subject
    }

    /// Whether an identity falls under this policy.
    ///
    /// # Errors
    /// The first member that does not.
    pub fn check(&self, claims: &IdentityClaims) -> Result<(), IdentityMismatch> {
        exact("issuer", Some(&self.0.issuer), claims.issuer.as_ref())?;
        matching("subject", Some(self.0.subject.as_str()), claims.subject.as_ref(), |text| {
            self.0.subject.matches(text)
        })?;
        exact("repository", self.0.repository.as_ref(), claims.repository.as_ref())?;
        exact("repository id", self.0.repository_id.as_ref(), claims.repository_id.as_ref())?;
        exact("owner id", self.0.owner_id.as_ref(), claims.owner_id.as_ref())?;
        if let Some(workflow) = &self.0.workflow {
            matching("workflow", Some(workflow.as_str()), claims.workflow.as_ref(), |text| workflow.matches(text))?;
        }
        if let Some(reference) = &self.0.reference {
            matching("ref", Some(reference.as_str()), claims.reference.as_ref(), |text| reference.matches(text))?;
        }
        exact("environment", self.0.environment.as_ref(), claims.environment.as_ref())?;
        exact("runner", self.0.runner.as_ref(), claims.runner.as_ref())?;
        match &claims.trigger {
            Some(trigger) if trigger == UNTRUSTED_TRIGGER => Err(IdentityMismatch {
                member: "trigger",
                expected: format!("anything but `{UNTRUSTED_TRIGGER}`"),
                found: claims.trigger.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for IdentityPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.0.subject, self.0.issuer)?;
        let members = [
            ("repository", &self.0.repository),
            ("repository id", &self.0.repository_id),
            ("owner id", &self.0.owner_id),
            ("environment", &self.0.environment),
            ("runner", &self.0.runner),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                write!(f, ", {name} {value}")?;
            }
        }
        if let Some(workflow) = &self.0.workflow {
            write!(f, ", workflow {workflow}")?;
        }
        if let Some(reference) = &self.0.reference {
            write!(f, ", ref {reference}")?;
        }
        Ok(())
    }
}

fn exact(member: &'static str, expected: Option<&String>, found: Option<&String>) -> Result<(), IdentityMismatch> {
    matching(member, expected.map(String::as_str), found, |text| expected.is_some_and(|expected| expected == text))
}

fn matching(
    member: &'static str,
    expected: Option<&str>,
    found: Option<&String>,
    holds: impl FnOnce(&str) -> bool,
) -> Result<(), IdentityMismatch> {
    match (expected, found) {
        (None, _) => Ok(()),
        (Some(_), Some(found)) if holds(found) => Ok(()),
        (Some(expected), found) => {
            Err(IdentityMismatch { member, expected: format!("`{expected}`"), found: found.cloned() })
        }
    }
}

/// An `https` address; plain `http` on this machine only, for tests.
fn is_issuer(text: &str) -> bool {
    let is_address = match text.split_once("://") {
        Some(("https", rest)) => !rest.is_empty() && !rest.starts_with('/'),
        Some(("http", rest)) => matches!(rest.split([':', '/']).next(), Some("localhost" | "127.0.0.1")),
        _ => false,
    };
    is_address && is_exact(text)
}

fn is_exact(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= super::MAX_PATTERN_BYTES
        && !text.chars().any(|c| c == '*' || c.is_whitespace() || mcp_pin_model::json::is_hidden(c))
}

fn pattern<T: std::str::FromStr<Err = PatternError>>(
    member: &'static str,
    text: &str,
) -> Result<T, IdentityPolicyError> {
    text.parse().map_err(|error| IdentityPolicyError::Pattern { member, error })
}

fn checked(member: &'static str, text: Option<String>) -> Result<Option<String>, IdentityPolicyError> {
    match text {
        Some(text) if !is_exact(&text) => Err(IdentityPolicyError::Exact { member }),
        text => Ok(text),
    }
}

fn id(member: &'static str, text: Option<String>) -> Result<Option<String>, IdentityPolicyError> {
    match text {
        Some(text) if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(IdentityPolicyError::Id { member })
        }
        text => Ok(text),
    }
}

impl TryFrom<Table> for IdentityPolicy {
    type Error = IdentityPolicyError;

    fn try_from(table: Table) -> Result<Self, IdentityPolicyError> {
        let Self(members) = Self::new(table.issuer, &table.subject)?;
        Ok(Self(Box::new(Members {
            repository: checked("repository", table.repository)?,
            repository_id: id("repository-id", table.repository_id)?,
            owner_id: id("owner-id", table.owner_id)?,
            workflow: table.workflow.as_deref().map(|text| pattern("workflow", text)).transpose()?,
            reference: table.reference.as_deref().map(|text| pattern("ref", text)).transpose()?,
            environment: checked("environment", table.environment)?,
            runner: checked("runner", table.runner)?,
            ..*members
        })))
    }
}

impl From<IdentityPolicy> for Table {
    fn from(policy: IdentityPolicy) -> Self {
        let policy = *policy.0;
        Self {
            issuer: policy.issuer,
            subject: policy.subject.to_string(),
            repository: policy.repository,
            repository_id: policy.repository_id,
            owner_id: policy.owner_id,
            workflow: policy.workflow.map(|pattern| pattern.to_string()),
            reference: policy.reference.map(|pattern| pattern.to_string()),
            environment: policy.environment,
            runner: policy.runner,
        }
    }
}
