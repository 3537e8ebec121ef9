//! Policies of an organisation, over whole decisions.

use super::harness::{SERVER, TestRegistry};
use crate::{
    authorization::{Action, Policies, PolicySource, Preset},
    service::{ServiceError, StateKind, Steering},
};

/// The preset `standard` and this.
fn with(text: &str) -> Policies {
    let texts = [("standard", Preset::Standard.text()), ("own", text)];
    Policies::new(texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into()).unwrap()
}

#[tokio::test]
async fn a_policy_holds_a_version_that_has_every_consent() {
    let registry = TestRegistry::staffed().await;
    let freeze = with(
        "@id(\"freeze\") forbid (principal, action == Action::\"go-live\", resource)
         when { resource.namespace == \"io.example\" && context has ring && context.ring == \"stable\" };",
    );
    registry.service.adopt_policies(freeze).await.unwrap();
    let mut submission = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    for name in ["alice", "bob"] {
        let consented = registry.approve(name, &submission).await.unwrap();
        assert!(consented.created);
        submission = consented.submission;
    }
    assert_eq!(submission.state.kind(), StateKind::Approved, "the freeze holds it");
    assert_eq!(registry.live(SERVER), None);
    registry.service.sweep().await.unwrap();
    assert_eq!(registry.state(&submission).await, StateKind::Approved, "and goes on holding it");

    // A push does not get past it, and says by what it is held.
    let pushed =
        registry.service.steer(&registry.admin, &submission.manifest, Steering::Promote { to: None }, "now").await;
    let refused = pushed.unwrap_err();
    assert_eq!(refused.to_string(), "`go-live` is forbidden by `own/freeze`");

    registry.service.adopt_policies(Policies::default()).await.unwrap();
    registry.service.sweep().await.unwrap();
    assert_eq!(registry.state(&submission).await, StateKind::Live, "the next look at what is due finds it free");
}

#[tokio::test]
async fn a_freeze_ends_by_itself_when_its_time_is_over() {
    let registry = TestRegistry::staffed().await;
    let end = registry.service.now().checked_add(jiff::SignedDuration::from_hours(2)).unwrap();
    let freeze = with(&format!(
        "@id(\"freeze\") forbid (principal, action == Action::\"go-live\", resource)
         when {{ context.time < datetime(\"{}\") }};",
        end.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    ));
    registry.service.adopt_policies(freeze).await.unwrap();
    let submission = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    for name in ["alice", "bob"] {
        registry.approve(name, &submission).await.unwrap();
    }
    registry.service.sweep().await.unwrap();
    assert_eq!(registry.state(&submission).await, StateKind::Approved);
    registry.clock.advance(jiff::SignedDuration::from_secs(2 * 3600 + 1));
    registry.service.sweep().await.unwrap();
    assert_eq!(registry.state(&submission).await, StateKind::Live);
}

#[tokio::test]
async fn a_forbid_is_named_to_whoever_asked_and_changes_of_policy_are_events() {
    let registry = TestRegistry::staffed().await;
    let policies =
        with("@id(\"no-alice\") forbid (principal == Principal::\"alice\", action == Action::\"approve\", resource);");
    registry.service.replace_policies(&registry.admin, policies.clone()).await.unwrap();
    assert_eq!(registry.log().await.last().map(String::as_str), Some("policy-changed"));
    registry.service.replace_policies(&registry.admin, policies).await.unwrap();
    let changes = registry.log().await.iter().filter(|kind| *kind == "policy-changed").count();
    assert_eq!(changes, 1, "the same policies again are no change");

    let submission = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    let refused = registry.approve("alice", &submission).await.unwrap_err();
    assert_eq!(refused.to_string(), "`approve` is forbidden by `own/no-alice`");
    assert!(registry.approve("bob", &submission).await.is_ok());
    let refused = registry.service.replace_policies(registry.caller("alice"), Policies::default()).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { action: Action::ManagePolicies, .. })));
}

/// Whatever policies permit: signatures, registrations and separation of duties are not theirs.
#[tokio::test]
async fn no_policy_makes_a_consent_count() {
    let registry = TestRegistry::staffed().await;
    let everything = with("@id(\"all\") permit (principal, action, resource);");
    registry.service.adopt_policies(everything).await.unwrap();
    let submission = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    let own = registry.approve("acme", &submission).await;
    assert!(matches!(own, Err(ServiceError::NotAnApprover)), "{own:?}");
    let person = registry.person("acme");
    registry.register("acme", person, crate::service::ApproverScope::All).await.unwrap();
    let own = registry.approve("acme", &submission).await;
    assert!(matches!(own, Err(ServiceError::PublisherCannotApprove(_))), "{own:?}");
    assert_eq!(registry.state(&submission).await, StateKind::Pending);
}

#[tokio::test]
async fn a_closed_registry_shows_nothing_to_strangers() {
    let registry = TestRegistry::staffed().await;
    let live = registry.publish("1.0.0", "Gives the forecast of a city.").await;
    assert!(registry.service.is_open());
    let strict = PolicySource { preset: Preset::Strict, directory: None, closed: false }.load().unwrap();
    registry.service.adopt_policies(strict).await.unwrap();
    assert!(!registry.service.is_open());
    let refused = registry.service.manifest(None, &live.manifest).await;
    assert!(matches!(refused, Err(ServiceError::NotFound(_))));
    assert!(registry.service.manifest(Some(registry.caller("alice")), &live.manifest).await.is_ok());
}
