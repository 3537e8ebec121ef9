//! Who asks, as policies see them.

use std::collections::{BTreeSet, HashMap, HashSet};

use cedar_policy::{Entity, EntityUid, RestrictedExpression};
use jiff::Timestamp;
use mcp_pin_storage::{Method, PrincipalName, Role, Roles};

use super::{
    Action,
    policies::{PolicyError, uid},
    question::{datetime, texts},
};

/// Somebody who proved who they are, and everything that policies may ask about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub name: PrincipalName,
    /// What they carry.
    pub roles: Roles,
    /// What an identity provider says they belong to.
    pub groups: BTreeSet<String>,
    /// How they proved it.
    pub method: Method,
    /// Since when.
    pub authenticated_at: Timestamp,
    /// The namespaces that their token is limited to; none when it is not.
    pub namespaces: Option<BTreeSet<String>>,
    /// The actions that their token is limited to; none when it is not.
    pub actions: Option<BTreeSet<Action>>,
    /// The namespaces that are granted to them.
    pub granted: BTreeSet<String>,
    /// What they are registered for as approvers.
    pub approves: BTreeSet<String>,
}

/// Whoever sends no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anonymous;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Nobody in particular.
    Anonymous(Anonymous),
    /// Somebody.
    Person(Box<Person>),
    /// The registry itself.
    System,
}

impl From<Person> for Subject {
    fn from(person: Person) -> Self {
        Self::Person(Box::new(person))
    }
}

impl Subject {
    /// Whoever sends no token.
    pub const ANYONE: Self = Self::Anonymous(Anonymous);

    /// Whether the token's own limits leave the action to it.
    pub(super) fn leaves(&self, action: Action) -> bool {
        match self {
            Self::Person(person) => person.actions.as_ref().is_none_or(|actions| actions.contains(&action)),
            Self::Anonymous(_) | Self::System => true,
        }
    }

    /// Whether somebody is a member of what a policy names: a role, a group, or themselves.
    pub(super) fn is_in(&self, entity: &EntityUid) -> bool {
        let (kind, id) = (entity.type_name().basename(), entity.id().unescaped());
        match self {
            Self::Anonymous(_) => kind == "Anonymous",
            Self::System => kind == "System",
            Self::Person(person) => match kind {
                "Role" => person.roles.iter().any(|role| role.as_str() == id),
                "Group" => person.groups.contains(id),
                "Principal" => person.name.as_str() == id,
                _ => false,
            },
        }
    }

    /// The name of the type in the schema.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous(_) => "Anonymous",
            Self::System => "System",
            Self::Person(_) => "Principal",
        }
    }

    /// For the log.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous(_) => "anyone",
            Self::System => PrincipalName::REGISTRY,
            Self::Person(person) => person.name.as_str(),
        }
    }

    /// The entity and those it belongs to.
    pub(super) fn entities(&self, entities: &mut Vec<Entity>) -> Result<EntityUid, PolicyError> {
        let person = match self {
            Self::Anonymous(_) => return uid("Anonymous", "anyone"),
            Self::System => return uid("System", "registry"),
            Self::Person(person) => person,
        };
        let me = uid("Principal", person.name.as_str())?;
        let mut parents = HashSet::new();
        for role in &person.roles {
            parents.insert(uid("Role", role.as_str())?);
        }
        for group in &person.groups {
            parents.insert(uid("Group", group)?);
        }
        let namespaces = person.namespaces.iter().flatten();
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let attributes = HashMap::from([
            ("name".to_owned(), text(person.name.as_str())),
            ("method".to_owned(), text(person.method.as_str())),
            ("authenticatedAt".to_owned(), datetime(person.authenticated_at)),
            ("restricted".to_owned(), RestrictedExpression::new_bool(person.namespaces.is_some())),
            ("namespaces".to_owned(), texts(namespaces)),
            ("granted".to_owned(), texts(&person.granted)),
            ("approves".to_owned(), texts(&person.approves)),
        ]);
        entities.push(Entity::new(me.clone(), attributes, parents).map_err(PolicyError::internal)?);
        Ok(me)
    }
}

// A new role needs its word in the schema.
const _: () = assert!(Role::ALL.len() == 7);
