//! Policies that were checked, and their answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
    sync::{Arc, LazyLock},
};

use cedar_policy::{
    ActionConstraint, Authorizer, Decision, Effect, Entities, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, PrincipalConstraint, Request, Schema, ValidationMode, Validator,
};
use jiff::Timestamp;
use mcp_pin_model::Digest;
use thiserror::Error;

use super::{Action, Resource, Subject};

/// What policies may talk about.
pub const SCHEMA: &str = include_str!("registry.cedarschema");

/// In force beside every set.
const GUARDS: &str = include_str!("policies/guards.cedar");

/// The name of the guards in the ids of policies.
pub(super) const GUARD: &str = "guard";

/// The id in answers that the token's own limits gave.
const TOKEN_ACTIONS: &str = "guard/token-actions";

/// The most policies of a set: every question asks each of them.
const MAX_POLICIES: usize = 1_000;

static PARSED_SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::from_str(SCHEMA).expect("the schema that this program was built with is one"));

/// Why policies are not put in force, or could not be asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not Cedar.
    #[error("`{file}` holds no policies: {problem}")]
    Syntax {
        /// Where.
        file: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// A policy that nobody could name.
    #[error("policy {number} of `{file}` needs an `@id(\"…\")` of small letters, digits and `-`")]
    NoId {
        /// Where.
        file: String,
        /// Which one, from 1.
        number: usize,
    },
    /// Two policies of one name.
    #[error("two policies are named `{0}`")]
    IdTwice(String),
    /// A policy with a hole in it.
    #[error("`{0}` holds a template (`?principal`, `?resource`), and nothing here fills it in")]
    Template(String),
    /// A policy that the schema does not allow.
    #[error("the policies do not fit the schema: {}", .0.join("; "))]
    Schema(Vec<String>),
    /// Too many.
    #[error("more than {MAX_POLICIES} policies")]
    TooMany,
    /// A file that cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// Which one.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file or directory that is not what it should be.
    #[error("`{path}` {problem}")]
    File {
        /// Which one.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A question that cannot be asked.
    #[error("a question to the policies cannot be asked: {0}")]
    Internal(String),
}

impl PolicyError {
    /// A question that cannot be asked.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

/// What the policies answer, and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is permitted.
    pub allowed: bool,
    /// The policies that decided, sorted; none where nothing permits it.
    pub policies: BTreeSet<String>,
}

/// A set of policies that fits the schema. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Policies(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    set: PolicySet,
    digest: Digest,
    /// The files it was made of, by name.
    texts: BTreeMap<String, String>,
    actions: Entities,
}

pub(super) fn uid(kind: &'static str, id: &str) -> Result<EntityUid, PolicyError> {
    let kind = EntityTypeName::from_str(kind).map_err(PolicyError::internal)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

impl Policies {
    /// Checks texts of policies, by the names of their files, with the guards beside them.
    ///
    /// # Errors
    /// See [`PolicyError`]; nothing is in force then.
    pub fn new(texts: BTreeMap<String, String>) -> Result<Self, PolicyError> {
        let mut set = PolicySet::new();
        let guards = (GUARD.to_owned(), GUARDS.to_owned());
        for (file, text) in texts.iter().chain([(&guards.0, &guards.1)]) {
            for policy in read(file, text)? {
                let id = policy.id().to_string();
                set.add(policy).map_err(|_| PolicyError::IdTwice(id))?;
            }
        }
        if set.num_of_policies() > MAX_POLICIES {
            return Err(PolicyError::TooMany);
        }
        let result = Validator::new(PARSED_SCHEMA.clone()).validate(&set, ValidationMode::Strict);
        let errors = result.validation_errors().map(ToString::to_string);
        // A warning is a policy that can never apply, or a text that looks like another: a forbid of either kind
        // protects nothing while its author thinks that it does.
        let problems: BTreeSet<String> = errors.chain(result.validation_warnings().map(ToString::to_string)).collect();
        if !problems.is_empty() {
            return Err(PolicyError::Schema(problems.into_iter().collect()));
        }
        let canonical: String = texts.iter().map(|(file, text)| format!("{file}\n{}\n{text}\n", text.len())).collect();
        let digest = Digest::of(format!("{canonical}{GUARDS}").as_bytes());
        let actions = PARSED_SCHEMA.action_entities().map_err(PolicyError::internal)?;
        Ok(Self(Arc::new(Inner { set, digest, texts, actions })))
    }

    /// The digest of everything that is in force, guards too.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The files, by name.
    #[must_use]
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.0.texts
    }

    /// The ids of all policies with the words that say what they are for, sorted.
    #[must_use]
    pub fn ids(&self) -> BTreeMap<String, String> {
        let of = |policy: &Policy| (policy.id().to_string(), policy.annotation("doc").unwrap_or_default().to_owned());
        self.0.set.policies().map(of).collect()
    }

    /// One policy as it was written.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<String> {
        self.0.set.policy(&PolicyId::new(id)).map(ToString::to_string)
    }

    /// Asks.
    ///
    /// # Errors
    /// When the question cannot be asked, which is no answer; a caller must treat it as a denial.
    pub fn ask(
        &self,
        subject: &Subject,
        action: Action,
        resource: &Resource,
        at: Timestamp,
    ) -> Result<Answer, PolicyError> {
        if !subject.leaves(action) {
            return Ok(Answer { allowed: false, policies: BTreeSet::from([TOKEN_ACTIONS.to_owned()]) });
        }
        let mut entities = Vec::with_capacity(4);
        let principal = subject.entities(&mut entities)?;
        let target = resource.entities(&mut entities)?;
        let request = Request::new(
            principal,
            uid("Action", action.as_str())?,
            target,
            resource.context(at)?,
            Some(&PARSED_SCHEMA),
        );
        let request = request.map_err(PolicyError::internal)?;
        let entities = self.0.actions.clone().add_entities(entities, None).map_err(PolicyError::internal)?;
        let response = Authorizer::new().is_authorized(&request, &self.0.set, &entities);
        let errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        let policies = response.diagnostics().reason().map(ToString::to_string).collect();
        if errors.is_empty() {
            return Ok(Answer { allowed: response.decision() == Decision::Allow, policies });
        }
        // Cedar leaves a policy out that fails, and a forbid that is left out forbids nothing.
        tracing::error!(authorization.errors = ?errors, authorization.action = %action, "a policy could not be evaluated");
        Ok(Answer { allowed: false, policies })
    }

    /// Whether any policy could permit somebody the action on anything at all: for saying no before the work that it
    /// takes to know on what. Never `false` for what [`Policies::ask`] permits.
    #[must_use]
    pub fn could(&self, subject: &Subject, action: Action) -> bool {
        let Ok(action_uid) = uid("Action", action.as_str()) else { return false };
        let in_group = |group: &EntityUid| *group == action_uid || self.0.actions.is_ancestor_of(group, &action_uid);
        subject.leaves(action)
            && self.0.set.policies().filter(|policy| policy.effect() == Effect::Permit).any(|policy| {
                let acts = match policy.action_constraint() {
                    ActionConstraint::Any => true,
                    ActionConstraint::In(groups) => groups.iter().any(in_group),
                    ActionConstraint::Eq(one) => one == action_uid,
                };
                let is = |kind: &EntityTypeName| kind.basename() == subject.kind();
                acts && match policy.principal_constraint() {
                    PrincipalConstraint::Any => true,
                    PrincipalConstraint::In(group) | PrincipalConstraint::Eq(group) => subject.is_in(&group),
                    PrincipalConstraint::Is(kind) => is(&kind),
                    PrincipalConstraint::IsIn(kind, group) => is(&kind) && subject.is_in(&group),
                }
            })
    }
}

/// Reads one file; its policies are named `<file>/<id>`.
fn read(file: &str, text: &str) -> Result<Vec<Policy>, PolicyError> {
    let syntax = |error: cedar_policy::ParseErrors| PolicyError::Syntax {
        file: file.to_owned(),
        problem: error.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    let set = PolicySet::from_str(text).map_err(syntax)?;
    if set.num_of_templates() > 0 {
        return Err(PolicyError::Template(file.to_owned()));
    }
    let mut policies: Vec<&Policy> = set.policies().collect();
    // `policy0`, `policy1` …: in the order of the file.
    policies.sort_by_key(|policy| number(policy));
    let mut named = Vec::new();
    for (index, policy) in policies.into_iter().enumerate() {
        let id = policy.annotation("id").filter(|id| is_word(id));
        let id = id.ok_or_else(|| PolicyError::NoId { file: file.to_owned(), number: index + 1 })?;
        named.push(policy.new_id(PolicyId::new(format!("{file}/{id}"))));
    }
    Ok(named)
}

fn number(policy: &Policy) -> usize {
    policy.id().to_string().trim_start_matches("policy").parse().unwrap_or(usize::MAX)
}

/// Whether a text can stand in logs and answers as it is.
pub(super) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
#[path = "policies_tests.rs"]
mod tests;
