use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_storage::Role;
use proptest::prelude::*;

use super::*;
use crate::authorization::{Anonymous, Method, Person, PolicySource, Preset, trial::Trial};

fn with(text: &str) -> Result<Policies, PolicyError> {
    Policies::new(BTreeMap::from([("own".to_owned(), text.to_owned())]))
}

fn person(name: &str, roles: &[Role]) -> Person {
    Person {
        name: name.parse().unwrap(),
        roles: roles.iter().copied().collect(),
        groups: BTreeSet::new(),
        method: Method::Token,
        authenticated_at: "2026-01-07T11:59:00Z".parse().unwrap(),
        namespaces: None,
        actions: None,
        granted: BTreeSet::new(),
        approves: BTreeSet::new(),
    }
}

fn now() -> Timestamp {
    "2026-01-07T12:00:00Z".parse().unwrap()
}

#[test]
fn the_schema_has_every_action_and_role_and_no_other() {
    let groups = ["reads", "decisions", "rollout", "revocations", "administration", "operations"];
    let named: BTreeSet<&str> = PARSED_SCHEMA.actions().map(|action| action.id().unescaped()).collect();
    let ours: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).chain(groups).collect();
    assert_eq!(named, ours);
    for action in Action::ALL {
        assert_eq!(action.as_str().parse(), Ok(*action));
    }
    for role in Role::ALL {
        let text = format!("@id(\"x\") permit (principal in Role::\"{role}\", action, resource);");
        assert!(with(&text).is_ok(), "{role}");
    }
    let reads = uid("Action", "reads").unwrap();
    let actions = PARSED_SCHEMA.action_entities().unwrap();
    for action in Action::ALL {
        assert_eq!(
            actions.is_ancestor_of(&reads, &uid("Action", action.as_str()).unwrap()),
            action.is_read(),
            "{action}: the group and the name say the same"
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (text, why) in [
        ("permit (principal, action", "no Cedar"),
        ("permit (principal, action, resource);", "no id"),
        ("@id(\"Big Words\") permit (principal, action, resource);", "an id that is none"),
        ("@id(\"x\") permit (principal in Role::\"amdin\", action, resource);", "a role that is none"),
        ("@id(\"x\") permit (principal, action == Action::\"aprove\", resource);", "an action that is none"),
        ("@id(\"x\") permit (principal is User, action, resource);", "a type that is none"),
        (
            "@id(\"x\") forbid (principal, action == Action::\"approve\", resource) when { resource.grad == \"block\" };",
            "an attribute that is none",
        ),
        (
            "@id(\"x\") forbid (principal, action == Action::\"promote\", resource) when { context.ring == \"stable\" };",
            "an attribute that may be missing",
        ),
        (
            "@id(\"x\") forbid (principal, action, resource) when { context.minuteOfDay == \"12\" };",
            "numbers are no texts",
        ),
        ("@id(\"x\") forbid (principal, action == Action::\"submit\", resource is Version);", "it could never apply"),
        ("@id(\"x\") permit (principal == ?principal, action, resource);", "a template"),
        (
            "@id(\"x\") permit (principal, action, resource); @id(\"x\") forbid (principal, action, resource);",
            "two of one name",
        ),
    ] {
        assert!(with(text).is_err(), "{why}: {text}");
    }
    assert!(with("@id(\"x\") permit (principal in Role::\"admin\", action == Action::\"approve\", resource);").is_ok());
}

#[test]
fn nothing_is_permitted_by_itself() {
    let none = PolicySource { preset: Preset::None, directory: None, closed: false }.load().unwrap();
    let somebody = Subject::from(person("ann", &Role::ALL));
    for (subject, action) in [(&somebody, Action::ReadCatalogue), (&Subject::ANYONE, Action::ReadCatalogue)] {
        let answer = none.ask(subject, action, &Resource::registry(), now()).unwrap();
        assert_eq!(answer, Answer { allowed: false, policies: BTreeSet::new() });
    }
}

#[test]
fn a_forbid_wins_over_every_permit_and_is_named() {
    let policies = with(
        "@id(\"all\") permit (principal, action, resource);
         @id(\"never\") forbid (principal, action == Action::\"manage-webhooks\", resource);",
    )
    .unwrap();
    let somebody = Subject::from(person("ann", &[]));
    let answer = policies.ask(&somebody, Action::ManageWebhooks, &Resource::registry(), now()).unwrap();
    assert_eq!(answer, Answer { allowed: false, policies: BTreeSet::from(["own/never".to_owned()]) });
    let answer = policies.ask(&somebody, Action::ManagePolicies, &Resource::registry(), now()).unwrap();
    assert_eq!(answer, Answer { allowed: true, policies: BTreeSet::from(["own/all".to_owned()]) });
}

/// Cedar leaves out a policy that fails; here that is a denial.
#[test]
fn a_policy_that_fails_denies() {
    let policies = with(
        "@id(\"all\") permit (principal, action, resource);
         @id(\"overflows\") forbid (principal, action, resource)
         when { context.minuteOfDay * 9000000000000000000 > 1 };",
    )
    .unwrap();
    let somebody = Subject::from(person("ann", &[]));
    let answer = policies.ask(&somebody, Action::ManageWebhooks, &Resource::registry(), now()).unwrap();
    assert!(!answer.allowed);
    let midnight = "2026-01-07T00:00:00Z".parse().unwrap();
    assert!(policies.ask(&somebody, Action::ManageWebhooks, &Resource::registry(), midnight).unwrap().allowed);
}

#[test]
fn a_question_that_the_schema_does_not_know_is_no_answer() {
    let policies = with("@id(\"all\") permit (principal, action, resource);").unwrap();
    let somebody = Subject::from(person("ann", &[]));
    assert!(policies.ask(&somebody, Action::Approve, &Resource::registry(), now()).is_err());
    assert!(policies.ask(&Subject::ANYONE, Action::ManageWebhooks, &Resource::registry(), now()).is_err());
    assert!(policies.ask(&Subject::Anonymous(Anonymous), Action::ReadCatalogue, &Resource::registry(), now()).is_ok());
}

#[test]
fn no_policy_widens_a_limited_token() {
    let policies = with("@id(\"all\") permit (principal, action, resource);").unwrap();
    let mut limited = person("ci", &Role::ALL);
    limited.namespaces = Some(["io.example".to_owned()].into());
    let limited = Subject::from(limited);
    let allowed = |action, resource: &Resource| policies.ask(&limited, action, resource, now()).unwrap().allowed;
    let server = |name: &str| Resource::server(&name.parse().unwrap());
    let account = |name: &str| Resource::account(&name.parse().unwrap());
    assert!(allowed(Action::Submit, &server("io.example/weather")));
    assert!(!allowed(Action::Submit, &server("io.example.more/weather")));
    assert!(allowed(Action::GrantNamespace, &Resource::namespace("io.example")));
    assert!(!allowed(Action::GrantNamespace, &Resource::namespace("io.exampl")));
    assert!(allowed(Action::ReadEvents, &Resource::registry()));
    assert!(!allowed(Action::ManagePolicies, &Resource::registry()));
    assert!(allowed(Action::RevokeToken, &account("ci")));
    assert!(!allowed(Action::RevokeToken, &account("ann")));
    assert!(!allowed(Action::IssueToken, &account("ci")), "it makes no token that is not limited");

    let mut narrow = person("ann", &Role::ALL);
    narrow.actions = Some([Action::ReadEvents].into());
    let narrow = Subject::from(narrow);
    assert!(policies.ask(&narrow, Action::ReadEvents, &Resource::registry(), now()).unwrap().allowed);
    let answer = policies.ask(&narrow, Action::ManageWebhooks, &Resource::registry(), now()).unwrap();
    assert_eq!(answer, Answer { allowed: false, policies: BTreeSet::from(["guard/token-actions".to_owned()]) });
    assert!(!policies.could(&narrow, Action::ManageWebhooks));
}

#[test]
fn the_presets_answer_as_they_should() {
    for preset in Preset::ALL {
        let policies = PolicySource { preset, directory: None, closed: false }.load().unwrap();
        let text = match preset {
            Preset::Standard => include_str!("trials/standard.toml"),
            Preset::Strict => include_str!("trials/strict.toml"),
            _ => include_str!("trials/small-team.toml"),
        };
        let trial: Trial = toml::from_str(text).unwrap();
        for question in &trial.request {
            let answer = question.read().unwrap().of(&policies).unwrap();
            let expected = question.expect == Some(crate::authorization::trial::Expected::Allow);
            assert_eq!(answer.allowed, expected, "{}: {}: {answer:?}", preset.as_str(), question.name);
            if let Some(wanted) = &question.policies {
                assert_eq!(&answer.policies, wanted, "{}: {}", preset.as_str(), question.name);
            }
        }
    }
}

#[test]
fn a_directory_is_read_as_a_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let source =
        || PolicySource { preset: Preset::Standard, directory: Some(directory.path().to_owned()), closed: false };
    assert!(source().load().is_err(), "an empty directory protects nothing");
    let good = "@id(\"weekend\") forbid (principal, action == Action::\"go-live\", resource) when { context.weekday == \"saturday\" };";
    std::fs::write(directory.path().join("freeze.cedar"), good).unwrap();
    let loaded = source().load().unwrap();
    assert!(loaded.ids().contains_key("freeze/weekend") && loaded.ids().contains_key("standard/own-tokens"));
    assert_ne!(loaded.digest(), Policies::default().digest());
    for (name, text) in
        [("standard.cedar", good), ("guard.cedar", good), ("With Space.cedar", good), ("bad.cedar", "permit")]
    {
        std::fs::write(directory.path().join(name), text).unwrap();
        assert!(source().load().is_err(), "{name}");
        std::fs::remove_file(directory.path().join(name)).unwrap();
    }
    std::fs::write(directory.path().join("large.cedar"), " ".repeat(300 << 10)).unwrap();
    assert!(source().load().is_err(), "too large");
}

static PRESETS: LazyLock<Vec<Policies>> = LazyLock::new(|| {
    Preset::ALL
        .iter()
        .map(|preset| PolicySource { preset: *preset, directory: None, closed: false }.load().unwrap())
        .collect()
});

fn anybody() -> impl Strategy<Value = Subject> {
    let roles = proptest::collection::btree_set(proptest::sample::select(Role::ALL.to_vec()), 0..3);
    let method = proptest::sample::select(Method::ALL.to_vec());
    (roles, method, any::<bool>(), any::<bool>(), any::<bool>(), 0_i64..2000).prop_map(
        |(roles, method, limited, granted, approves, minutes)| {
            let own = || BTreeSet::from(["io.example".to_owned()]);
            let some = |yes: bool| if yes { own() } else { BTreeSet::new() };
            Subject::from(Person {
                roles,
                method,
                authenticated_at: now().checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap(),
                namespaces: limited.then(own),
                granted: some(granted),
                approves: some(approves),
                ..person("ann", &[])
            })
        },
    )
}

fn anything() -> impl Strategy<Value = Resource> {
    prop_oneof![
        Just(Resource::registry()),
        Just(Resource::namespace("io.example")),
        Just(Resource::namespace("io.other")),
        Just(Resource::server(&"io.example/weather".parse().unwrap())),
        Just(Resource::server(&"io.other/weather".parse().unwrap()).signed()),
        Just(Resource::account(&"ann".parse().unwrap())),
        Just(Resource::account(&"bob".parse().unwrap())),
    ]
}

proptest! {
    /// What is refused before the work is done would have been refused after it.
    #[test]
    fn what_could_not_be_is_never_permitted(
        subject in anybody(), action in proptest::sample::select(Action::ALL.to_vec()), resource in anything(),
    ) {
        for policies in PRESETS.iter() {
            if let Ok(answer) = policies.ask(&subject, action, &resource, now()) {
                prop_assert!(!answer.allowed || policies.could(&subject, action));
            }
        }
    }
}
