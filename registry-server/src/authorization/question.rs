//! With what something is to be done, and under which circumstances.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Context, Entity, EntityUid, RestrictedExpression};
use jiff::{Timestamp, tz::TimeZone};
use mcp_pin_model::{Grade, Ring, ServerName};
use mcp_pin_storage::{Draft, PrincipalName, Submission};

use super::policies::{PolicyError, uid};

/// The state of what nobody signed, in policies.
const DRAFT: &str = "draft";

/// With what something is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub(super) kind: Kind,
    pub(super) ring: Option<Ring>,
    pub(super) signed: bool,
}

/// The kinds of resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Registry,
    Namespace(String),
    Server { name: String, namespace: String },
    Version(Box<VersionFacts>),
    Account(String),
}

/// What policies may ask about a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VersionFacts {
    pub(super) server: String,
    pub(super) namespace: String,
    pub(super) version: String,
    pub(super) publisher: String,
    pub(super) submitted_by: String,
    pub(super) grade: Grade,
    pub(super) state: String,
    /// Whether it is or was live.
    pub(super) public: bool,
}

impl Resource {
    fn of(kind: Kind) -> Self {
        Self { kind, ring: None, signed: false }
    }

    /// What belongs to no namespace.
    #[must_use]
    pub fn registry() -> Self {
        Self::of(Kind::Registry)
    }

    /// What stands before the slash of a name.
    #[must_use]
    pub fn namespace(namespace: &str) -> Self {
        Self::of(Kind::Namespace(namespace.to_owned()))
    }

    /// A server, whether it is there or not.
    #[must_use]
    pub fn server(name: &ServerName) -> Self {
        Self::of(Kind::Server { name: name.to_string(), namespace: name.namespace().to_owned() })
    }

    /// A submitted version.
    #[must_use]
    pub fn version(submission: &Submission) -> Self {
        Self::of(Kind::Version(Box::new(VersionFacts {
            server: submission.server.to_string(),
            namespace: submission.server.namespace().to_owned(),
            version: submission.version.to_string(),
            publisher: submission.publisher.to_string(),
            submitted_by: submission.submitted_by.to_string(),
            grade: submission.review.grade,
            state: submission.state.kind().as_str().to_owned(),
            public: submission.state.live_since().is_some(),
        })))
    }

    /// An unsigned document in quarantine: a version in the state `draft`, of whoever sent it.
    #[must_use]
    pub fn draft(draft: &Draft) -> Self {
        Self::of(Kind::Version(Box::new(VersionFacts {
            server: draft.server.to_string(),
            namespace: draft.server.namespace().to_owned(),
            version: draft.version.to_string(),
            publisher: draft.submitted_by.to_string(),
            submitted_by: draft.submitted_by.to_string(),
            grade: Grade::None,
            state: DRAFT.to_owned(),
            public: false,
        })))
    }

    /// A principal as something that is acted upon.
    #[must_use]
    pub fn account(name: &PrincipalName) -> Self {
        Self::of(Kind::Account(name.to_string()))
    }

    /// In this ring.
    #[must_use]
    pub fn in_ring(self, ring: &Ring) -> Self {
        Self { ring: Some(ring.clone()), ..self }
    }

    /// By a statement whose signature was verified.
    #[must_use]
    pub fn signed(self) -> Self {
        Self { signed: true, ..self }
    }

    /// Whether strangers are not even told that it exists.
    pub(crate) fn is_hidden_from_strangers(&self) -> bool {
        matches!(&self.kind, Kind::Version(facts) if !facts.public)
    }

    /// For the log: names only.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.kind {
            Kind::Registry => "registry".to_owned(),
            Kind::Namespace(name) => format!("namespace:{name}"),
            Kind::Server { name, .. } => format!("server:{name}"),
            Kind::Version(facts) => format!("version:{}@{}", facts.server, facts.version),
            Kind::Account(name) => format!("account:{name}"),
        }
    }

    /// The entity and those it belongs to.
    pub(super) fn entities(&self, entities: &mut Vec<Entity>) -> Result<EntityUid, PolicyError> {
        let registry = uid("Registry", "registry")?;
        match &self.kind {
            Kind::Registry => Ok(registry),
            Kind::Namespace(name) => add(entities, "Namespace", name, [("name", text(name))], &registry),
            Kind::Account(name) => add(entities, "Account", name, [("name", text(name))], &registry),
            Kind::Server { name, namespace } => server(entities, name, namespace, &registry),
            Kind::Version(facts) => {
                let parent = server(entities, &facts.server, &facts.namespace, &registry)?;
                let attributes = [
                    ("server", text(&facts.server)),
                    ("namespace", text(&facts.namespace)),
                    ("version", text(&facts.version)),
                    ("publisher", text(&facts.publisher)),
                    ("submittedBy", text(&facts.submitted_by)),
                    ("grade", text(facts.grade.as_str())),
                    ("gradeRank", RestrictedExpression::new_long(rank(facts.grade))),
                    ("state", text(&facts.state)),
                ];
                add(entities, "Version", &format!("{}@{}", facts.server, facts.version), attributes, &parent)
            }
        }
    }

    /// The circumstances, at a time.
    pub(super) fn context(&self, at: Timestamp) -> Result<Context, PolicyError> {
        let local = at.to_zoned(TimeZone::UTC);
        let weekday = local.strftime("%A").to_string().to_lowercase();
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let mut pairs = vec![
            ("time".to_owned(), datetime(at)),
            ("weekday".to_owned(), text(&weekday)),
            ("minuteOfDay".to_owned(), RestrictedExpression::new_long(minute)),
            ("signed".to_owned(), RestrictedExpression::new_bool(self.signed)),
        ];
        if let Some(ring) = &self.ring {
            pairs.push(("ring".to_owned(), text(&ring.to_string())));
        }
        Context::from_pairs(pairs).map_err(PolicyError::internal)
    }
}

fn add<const N: usize>(
    entities: &mut Vec<Entity>,
    kind: &'static str,
    id: &str,
    attributes: [(&str, RestrictedExpression); N],
    parent: &EntityUid,
) -> Result<EntityUid, PolicyError> {
    let own = uid(kind, id)?;
    let attributes: HashMap<_, _> = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let entity = Entity::new(own.clone(), attributes, HashSet::from([parent.clone()]));
    entities.push(entity.map_err(PolicyError::internal)?);
    Ok(own)
}

fn server(
    entities: &mut Vec<Entity>,
    name: &str,
    namespace: &str,
    registry: &EntityUid,
) -> Result<EntityUid, PolicyError> {
    let parent = add(entities, "Namespace", namespace, [("name", text(namespace))], registry)?;
    add(entities, "Server", name, [("name", text(name)), ("namespace", text(namespace))], &parent)
}

fn rank(grade: Grade) -> i64 {
    match grade {
        Grade::None => 0,
        Grade::Notice => 1,
        Grade::Review => 2,
        Grade::Block => 3,
        Grade::Refuse => 4,
    }
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

pub(super) fn texts<'a>(all: impl IntoIterator<Item = &'a String>) -> RestrictedExpression {
    RestrictedExpression::new_set(all.into_iter().map(|one| text(one)))
}

/// A time in the one form that Cedar reads.
pub(super) fn datetime(at: Timestamp) -> RestrictedExpression {
    RestrictedExpression::new_datetime(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}
