//! Events in the Open Cybersecurity Schema Framework, version 1.3.0.
//!
//! Two of its classes say what a registry does: *Entity Management* (3004) for versions, policies, keys and whatever else
//! is managed, *User Access Management* (3005) for what somebody may do. The leaf stands whole in `unmapped`.

use mcp_pin_model::leaf::{Leaf, LeafType};
use serde::Serialize;

/// The version of the schema that is written.
pub const SCHEMA_VERSION: &str = "1.3.0";

/// `Identity & Access Management`, the category of both classes.
const CATEGORY: u32 = 3;

/// The activity that has no number of its own; its name says which.
const OTHER: u32 = 99;

/// A class of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Entity Management.
    Entity,
    /// User Access Management.
    Access,
}

impl Class {
    fn uid(self) -> u32 {
        match self {
            Self::Entity => 3004,
            Self::Access => 3005,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Entity => "Entity Management",
            Self::Access => "User Access Management",
        }
    }
}

/// How grave an event is (`severity_id`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Informational = 1,
    Low = 2,
    Medium = 3,
    High = 4,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }
}

/// What a kind of leaf is in the schema.
struct Mapping {
    class: Class,
    activity: (u32, &'static str),
    severity: Severity,
    /// What was managed, or what the access is to.
    subject: &'static str,
    message: &'static str,
}

/// Every kind has its line here; one that is forgotten does not compile.
fn mapping(kind: LeafType) -> Mapping {
    use Class::{Access, Entity};
    use Severity::{High, Informational, Low, Medium};
    let (class, activity, severity, subject, message) = match kind {
        LeafType::Submitted => (Entity, (1, "Create"), Informational, "server version", "a version was submitted"),
        LeafType::Verified => (Entity, (OTHER, "Verify"), Informational, "server version", "a version was verified"),
        LeafType::Rejected => (Entity, (OTHER, "Reject"), Low, "server version", "a version was rejected"),
        LeafType::Consented => (Entity, (OTHER, "Consent"), Informational, "server version", "an approver decided"),
        LeafType::Approved => {
            (Entity, (OTHER, "Approve"), Informational, "server version", "a version has its consents")
        }
        LeafType::Lapsed => (Entity, (OTHER, "Lapse"), Low, "server version", "the consents to a version ended"),
        LeafType::Expired => (Entity, (OTHER, "Expire"), Informational, "server version", "a submission expired"),
        LeafType::RolloutPaused => (Entity, (12, "Suspend"), Low, "server version", "a rollout was paused"),
        LeafType::RolloutResumed => (Entity, (13, "Resume"), Low, "server version", "a rollout was resumed"),
        LeafType::RolloutHalted => (Entity, (12, "Suspend"), High, "server version", "a rollout was halted"),
        LeafType::RolledBack => (Entity, (11, "Deactivate"), High, "server version", "a version was rolled back"),
        LeafType::BreakGlass => {
            (Entity, (10, "Activate"), High, "server version", "a version is live without the consents that it takes")
        }
        LeafType::BreakGlassEnded => {
            (Entity, (11, "Deactivate"), Medium, "server version", "being live without consents ended")
        }
        LeafType::DriftReported => (Entity, (OTHER, "Report"), Medium, "server version", "a client reported drift"),
        LeafType::RingMoved => (Entity, (10, "Activate"), Informational, "server version", "a version moved to a ring"),
        LeafType::Superseded => (Entity, (11, "Deactivate"), Informational, "server version", "a version was replaced"),
        LeafType::Revoked => (Entity, (9, "Disable"), High, "revocation", "trust was revoked"),
        LeafType::PolicyChanged => (Entity, (3, "Update"), Medium, "policy", "the policy changed"),
        LeafType::NamespaceGranted => {
            (Access, (1, "Assign Privileges"), Medium, "namespace", "a namespace was granted")
        }
        LeafType::NamespaceWithdrawn => (Access, (2, "Revoke Privileges"), Low, "namespace", "a grant was withdrawn"),
        LeafType::ApproverGranted => {
            (Access, (1, "Assign Privileges"), Medium, "approval", "an approver was registered")
        }
        LeafType::ApproverWithdrawn => (Access, (2, "Revoke Privileges"), Low, "approval", "an approver was withdrawn"),
        LeafType::TokenIssued => (Access, (1, "Assign Privileges"), Low, "token", "a token was issued"),
        LeafType::TokenRevoked => (Access, (2, "Revoke Privileges"), Low, "token", "a token was revoked"),
        LeafType::WebhookAdded => (Entity, (1, "Create"), Medium, "webhook", "a webhook was added"),
        LeafType::WebhookRemoved => (Entity, (4, "Delete"), Medium, "webhook", "a webhook was removed"),
        LeafType::WebhookDisabled => (Entity, (9, "Disable"), Medium, "webhook", "a webhook was disabled"),
        LeafType::WebhookEnabled => (Entity, (8, "Enable"), Low, "webhook", "a webhook was enabled"),
        LeafType::WebhookRotated => (Entity, (3, "Update"), Low, "webhook", "a webhook got a new secret"),
        LeafType::Drafted => {
            (Entity, (1, "Create"), Informational, "draft", "an unsigned document was put into quarantine")
        }
        LeafType::DraftEnded => (Entity, (4, "Delete"), Informational, "draft", "a draft ended"),
        LeafType::StatusChanged => (Entity, (3, "Update"), Low, "server version", "the status of a version changed"),
        LeafType::StateCommitted => (Entity, (3, "Update"), Informational, "state", "the log committed to the state"),
        LeafType::KeyRotated => (Entity, (3, "Update"), Medium, "key", "a key of the registry was replaced"),
    };
    Mapping { class, activity, severity, subject, message }
}

/// An event of one of the two classes.
#[derive(Debug, Serialize)]
pub struct OcsfEvent {
    activity_id: u32,
    activity_name: &'static str,
    actor: Actor,
    category_name: &'static str,
    category_uid: u32,
    class_name: &'static str,
    class_uid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<ManagedEntity>,
    message: &'static str,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    privileges: Option<[String; 1]>,
    severity: &'static str,
    severity_id: u32,
    status: &'static str,
    status_id: u32,
    time: i64,
    type_name: String,
    type_uid: u32,
    unmapped: Unmapped,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
}

#[derive(Debug, Serialize)]
struct Actor {
    user: User,
}

#[derive(Debug, Serialize)]
struct User {
    name: String,
    type_id: u32,
}

impl User {
    fn named(name: &str) -> Self {
        // Of anybody but the registry itself the log does not say whether it is a person.
        let type_id = if name == mcp_pin_storage::PrincipalName::REGISTRY { 3 } else { 0 };
        Self { name: name.to_owned(), type_id }
    }
}

#[derive(Debug, Serialize)]
struct ManagedEntity {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    type_id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    event_code: String,
    log_name: &'static str,
    product: Product,
    sequence: u64,
    uid: String,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Unmapped {
    leaf: Leaf,
}

/// The word of a kind of leaf, as the log writes it.
#[must_use]
pub fn word(kind: LeafType) -> String {
    // A unit variant is a string in every serialiser.
    serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Makes the document of an event.
#[must_use]
pub fn document(sequence: u64, leaf: &Leaf) -> OcsfEvent {
    let Mapping { class, activity: (activity_id, activity_name), severity, subject, message } = mapping(leaf.kind);
    let target = leaf.target.as_deref().unwrap_or_default();
    let (entity, user, privileges) = match class {
        Class::Entity => (Some(entity(leaf, subject)), None, None),
        // `<what> <whose> …`, see where these leaves are written.
        Class::Access => {
            let mut words = target.split(' ');
            let what = words.next().unwrap_or_default();
            let whose = words.next().filter(|word| !word.is_empty()).unwrap_or(&leaf.actor);
            (None, Some(User::named(whose)), Some([format!("{subject} {what}").trim_end().to_owned()]))
        }
    };
    OcsfEvent {
        activity_id,
        activity_name,
        actor: Actor { user: User::named(&leaf.actor) },
        category_name: "Identity & Access Management",
        category_uid: CATEGORY,
        class_name: class.name(),
        class_uid: class.uid(),
        entity,
        message,
        metadata: Metadata {
            event_code: word(leaf.kind),
            log_name: "events",
            product: Product { name: "mcp-pin-registry", vendor_name: "mcp-pin", version: env!("CARGO_PKG_VERSION") },
            sequence,
            uid: sequence.to_string(),
            version: SCHEMA_VERSION,
        },
        privileges,
        severity: severity.name(),
        severity_id: severity as u32,
        status: "Success",
        status_id: 1,
        time: leaf.time.as_millisecond(),
        type_name: format!("{}: {}", class.name(), if activity_id == OTHER { "Other" } else { activity_name }),
        type_uid: class.uid() * 100 + activity_id,
        unmapped: Unmapped { leaf: leaf.clone() },
        user,
    }
}

/// What was managed: a version of a server where the leaf names one, else what its target says.
fn entity(leaf: &Leaf, subject: &'static str) -> ManagedEntity {
    let type_id = if leaf.kind == LeafType::PolicyChanged { 5 } else { OTHER };
    let name = match (&leaf.server, &leaf.target) {
        (Some(server), _) => server.to_string(),
        (None, Some(target)) => target.clone(),
        (None, None) => subject.to_owned(),
    };
    ManagedEntity {
        name,
        kind: if leaf.server.is_some() { "server version" } else { subject },
        type_id,
        uid: leaf.manifest.map(|digest| digest.to_string()),
        version: leaf.version.as_ref().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;

    /// Every kind there is: each word that deserialises.
    fn kinds() -> Vec<LeafType> {
        let schema = include_str!("../../../schemas/leaf.schema.json");
        let schema = serde_json::to_value(mcp_pin_model::json::parse(schema.as_bytes()).unwrap()).unwrap();
        let mut words = Vec::new();
        collect(&schema["$defs"]["LeafType"], &mut words);
        assert!(words.len() >= 15, "{words:?}");
        words.into_iter().map(|word| serde_json::from_value(word).unwrap()).collect()
    }

    fn collect(schema: &Value, words: &mut Vec<Value>) {
        match schema {
            Value::Object(members) => {
                for (name, member) in members {
                    if name == "const" {
                        words.push(member.clone());
                    } else {
                        collect(member, words);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
            _ => {}
        }
    }

    /// What the schema requires of the two classes and of the objects in them (version 1.3.0), with the values it knows.
    fn check(event: &Value) {
        let number = |name: &str| event[name].as_u64().unwrap_or_else(|| panic!("`{name}` is required: {event:#}"));
        let (class, activity) = (number("class_uid"), number("activity_id"));
        assert_eq!(number("category_uid"), 3);
        assert_eq!(number("type_uid"), class * 100 + activity);
        assert!((1..=4).contains(&number("severity_id")));
        assert!(event["time"].is_i64() || event["time"].is_u64(), "milliseconds since 1970");
        assert_eq!(event["metadata"]["version"], "1.3.0");
        assert!(event["metadata"]["product"]["vendor_name"].is_string());
        assert!(event["metadata"]["product"]["name"].is_string());
        let user = |user: &Value| assert!(user["name"].as_str().is_some_and(|name| !name.is_empty()), "{event:#}");
        user(&event["actor"]["user"]);
        if activity == 99 {
            assert!(event["activity_name"].is_string(), "an activity without a number needs a name");
        }
        match class {
            3004 => {
                assert!(activity <= 13 || activity == 99, "{activity}");
                let entity = &event["entity"];
                assert!(entity["name"].is_string() || entity["uid"].is_string(), "one of both is required: {event:#}");
                let kind = entity["type_id"].as_u64().unwrap();
                assert!(kind <= 6 || kind == 99, "{kind}");
                assert!(kind != 99 || entity["type"].is_string(), "a type without a number needs a name");
            }
            3005 => {
                assert!(activity <= 2 || activity == 99, "{activity}");
                user(&event["user"]);
                assert!(event["privileges"].as_array().is_some_and(|privileges| !privileges.is_empty()), "{event:#}");
            }
            other => panic!("class {other}"),
        }
    }

    #[test]
    fn every_kind_of_event_has_what_its_class_requires() {
        for kind in kinds() {
            let mut leaf = Leaf::new(kind, Timestamp::UNIX_EPOCH, "anna");
            check(&serde_json::to_value(document(1, &leaf)).unwrap());
            leaf.target = Some("io.github.acme ben key".to_owned());
            check(&serde_json::to_value(document(2, &leaf)).unwrap());
        }
    }

    #[test]
    fn who_got_what_is_said() {
        let mut leaf = Leaf::new(LeafType::NamespaceGranted, Timestamp::UNIX_EPOCH, "admin");
        leaf.target = Some("io.github.acme paula c2hhMjU2".to_owned());
        let event = serde_json::to_value(document(3, &leaf)).unwrap();
        assert_eq!(event["user"]["name"], "paula");
        assert_eq!(event["privileges"][0], "namespace io.github.acme");
        assert_eq!(event["actor"]["user"]["name"], "admin");
        assert_eq!(event["unmapped"]["leaf"]["target"], "io.github.acme paula c2hhMjU2");
        assert_eq!(event["metadata"]["sequence"], 3);
    }
}
