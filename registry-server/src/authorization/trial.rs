//! Questions as people write them down: for `policy test` and `policy explain`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::{Grade, Ring, ServerName};
use serde::Deserialize;

use super::{
    Action, Person, Policies, Resource, Subject,
    question::{Kind, VersionFacts},
};

/// When a question is asked that says no time: an ordinary Wednesday, so that a test gives the same every day.
const DEFAULT_TIME: &str = "2026-01-07T12:00:00Z";

/// A file of questions with the answers that are expected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Trial {
    /// The questions.
    pub(super) request: Vec<Question>,
}

/// A question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Question {
    /// What it is about, in words.
    #[serde(default)]
    pub(super) name: String,
    pub(super) principal: WhoWord,
    pub(super) action: String,
    #[serde(default)]
    pub(super) resource: WhatWord,
    pub(super) ring: Option<String>,
    #[serde(default)]
    pub(super) signed: bool,
    pub(super) time: Option<Timestamp>,
    /// `allow` or `deny`.
    pub(super) expect: Option<Expected>,
    /// Exactly the policies that decide, where that matters.
    pub(super) policies: Option<BTreeSet<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Expected {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum WhoWord {
    /// `anonymous` or `registry`.
    Word(String),
    Person(PersonWord),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PersonWord {
    name: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    groups: BTreeSet<String>,
    method: Option<String>,
    /// How long ago they logged in, or the token was issued.
    #[serde(default)]
    minutes_ago: u32,
    namespaces: Option<BTreeSet<String>>,
    actions: Option<Vec<String>>,
    #[serde(default)]
    granted: BTreeSet<String>,
    #[serde(default)]
    approves: BTreeSet<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WhatWord {
    namespace: Option<String>,
    server: Option<String>,
    version: Option<String>,
    publisher: Option<String>,
    submitted_by: Option<String>,
    grade: Option<Grade>,
    state: Option<String>,
    account: Option<String>,
}

/// A question that can be asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) subject: Subject,
    pub(super) action: Action,
    pub(super) resource: Resource,
    pub(super) at: Timestamp,
}

impl Asked {
    /// Asks it.
    pub(super) fn of(&self, policies: &Policies) -> Result<super::Answer, super::PolicyError> {
        policies.ask(&self.subject, self.action, &self.resource, self.at)
    }
}

impl Question {
    /// Reads the words.
    pub(super) fn read(&self) -> Result<Asked, String> {
        let at = match self.time {
            Some(at) => at,
            None => DEFAULT_TIME.parse().map_err(|error: jiff::Error| error.to_string())?,
        };
        let action = self.action.parse().map_err(|error: super::UnknownAction| error.to_string())?;
        let mut resource = self.resource.read()?;
        if let Some(ring) = &self.ring {
            resource = resource.in_ring(&ring.parse::<Ring>().map_err(|error| format!("ring: {error}"))?);
        }
        if self.signed {
            resource = resource.signed();
        }
        let subject = match &self.principal {
            WhoWord::Word(word) if word == "anonymous" => Subject::ANYONE,
            WhoWord::Word(word) if word == "registry" => Subject::System,
            WhoWord::Word(_) => {
                return Err("`principal` is `anonymous`, `registry`, or a table with a `name`".to_owned());
            }
            WhoWord::Person(person) => person.read(at)?.into(),
        };
        Ok(Asked { subject, action, resource, at })
    }
}

impl PersonWord {
    fn read(&self, at: Timestamp) -> Result<Person, String> {
        let words = |words: &[String]| words.iter().map(|word| word.parse::<Action>()).collect::<Result<_, _>>();
        let roles = self.roles.iter().map(|role| role.parse()).collect::<Result<_, _>>();
        let method = self.method.as_deref().unwrap_or("token");
        let ago = SignedDuration::from_mins(self.minutes_ago.into());
        Ok(Person {
            name: self.name.parse().map_err(|error| format!("name: {error}"))?,
            roles: roles.map_err(|error: mcp_pin_storage::PrincipalError| error.to_string())?,
            groups: self.groups.clone(),
            method: method.parse().map_err(|error: mcp_pin_storage::PrincipalError| error.to_string())?,
            authenticated_at: at.checked_sub(ago).map_err(|error| error.to_string())?,
            namespaces: self.namespaces.clone(),
            actions: self
                .actions
                .as_deref()
                .map(words)
                .transpose()
                .map_err(|error: super::UnknownAction| error.to_string())?,
            granted: self.granted.clone(),
            approves: self.approves.clone(),
        })
    }
}

impl WhatWord {
    fn read(&self) -> Result<Resource, String> {
        let alone =
            "`resource` names one of `namespace`, `server` (with `version` and what belongs to it) and `account`";
        let of_version =
            self.publisher.is_some() || self.submitted_by.is_some() || self.grade.is_some() || self.state.is_some();
        match (&self.namespace, &self.server, &self.version, &self.account) {
            (None, None, None, None) if !of_version => Ok(Resource::registry()),
            (Some(namespace), None, None, None) if !of_version => Ok(Resource::namespace(namespace)),
            (None, None, None, Some(account)) if !of_version => {
                Ok(Resource::account(&account.parse().map_err(|error| format!("account: {error}"))?))
            }
            (None, Some(server), None, None) if !of_version => Ok(Resource::server(&name(server)?)),
            (None, Some(server), Some(version), None) => {
                let server = name(server)?;
                let publisher = self.publisher.clone().unwrap_or_else(|| "publisher".to_owned());
                Ok(Resource {
                    kind: Kind::Version(Box::new(VersionFacts {
                        namespace: server.namespace().to_owned(),
                        server: server.to_string(),
                        version: version.clone(),
                        submitted_by: self.submitted_by.clone().unwrap_or_else(|| publisher.clone()),
                        publisher,
                        grade: self.grade.unwrap_or(Grade::Review),
                        state: self.state.clone().unwrap_or_else(|| "pending".to_owned()),
                        public: false,
                    })),
                    ..Resource::registry()
                })
            }
            _ => Err(alone.to_owned()),
        }
    }
}

fn name(text: &str) -> Result<ServerName, String> {
    text.parse().map_err(|error| format!("server: {error}"))
}
