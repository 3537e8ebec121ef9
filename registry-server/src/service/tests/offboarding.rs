//! Somebody leaves, and what they could do ends with it.

use jiff::SignedDuration;
use mcp_pin_model::revocation::RevocationScope;
use mcp_pin_test_support::keys::Person;

use super::harness::{SERVER, TestRegistry};
use crate::{
    authorization::Action,
    service::{ApproverScope, Clock as _, Keys, Method, NewToken, Offboarding, Role, ServiceError, StateKind},
};

#[tokio::test]
async fn everything_ends_at_once_and_only_what_was_theirs() {
    let mut registry = TestRegistry::staffed().await;
    registry.publisher("other", "io.other").await;
    let live = registry.publish("1.0.0", "Gives the forecast of a city.").await;
    let pending = registry.submit("1.1.0", "Gives the forecast of a town.").await;
    registry.register("acme", &Person::new("acme approves"), ApproverScope::All).await.unwrap();
    let (service, admin) = (&registry.service, &registry.admin);
    let acme = "acme".parse().unwrap();
    let before = registry.log().await;

    let plan = service.plan_offboarding(admin, &acme, Keys::Kept).await.unwrap();
    assert_eq!((plan.tokens.len(), plan.grants.len(), plan.approvers.len(), plan.pending.len()), (1, 1, 1, 1));
    assert_eq!(registry.log().await, before, "a plan changes nothing");

    let ended = service.offboard(admin, &acme, Keys::Kept, "left").await.unwrap();
    assert_eq!(ended, plan);
    let log = registry.log().await;
    let new: Vec<&str> = log[before.len()..].iter().map(String::as_str).collect();
    assert_eq!(new, ["token-revoked", "approver-withdrawn", "namespace-withdrawn", "rejected", "revoked"]);
    assert_eq!(registry.state(&live).await, StateKind::Live, "what is live stays live");
    assert_eq!(registry.state(&pending).await, StateKind::Rejected);
    assert!(service.grants(admin, None).await.unwrap().iter().all(|grant| grant.principal != acme));
    assert_eq!(service.grants(admin, None).await.unwrap().len(), 1, "somebody else's stays");
    let refused = service.tokens(registry.caller("acme")).await;
    assert!(refused.is_ok(), "a caller that was authenticated before reads on, and decides nothing:");
    let refused = registry.submit_as("acme", &mcp_pin_test_support::keys::manifest(SERVER, "2.0.0", [], None)).await;
    assert!(matches!(refused, Err(ServiceError::TokenEnded)));

    let again = service.offboard(admin, &acme, Keys::Kept, "left").await.unwrap();
    assert_eq!(again, Offboarding { already: true, ..Offboarding::default() });
    assert_eq!(registry.log().await, log, "again, it does nothing");
}

#[tokio::test]
async fn nothing_is_given_to_somebody_who_left_until_they_are_back() {
    let registry = TestRegistry::staffed().await;
    let (service, admin) = (&registry.service, &registry.admin);
    let alice = "alice".parse().unwrap();
    service.offboard(admin, &alice, Keys::Kept, "left").await.unwrap();
    let token = || NewToken {
        principal: "alice".parse().unwrap(),
        roles: [Role::Reader].into(),
        namespaces: None,
        actions: None,
        method: Method::Token,
        label: String::new(),
        expires_at: None,
    };
    let offboarded = |error| matches!(error, Some(ServiceError::Offboarded(_)));
    assert!(offboarded(service.issue_token(admin, token()).await.err()));
    assert!(offboarded(registry.grant("io.more", "alice", &Person::new("new")).await.err()));
    assert!(offboarded(registry.register("alice", &Person::new("new"), ApproverScope::All).await.err()));
    service.reinstate(admin, &alice).await.unwrap();
    assert!(service.issue_token(admin, token()).await.is_ok());
    let approvers = service.approvers(admin).await.unwrap();
    assert!(approvers.iter().all(|approver| approver.principal != alice), "nothing that ended comes back");
}

#[tokio::test]
async fn compromised_keys_are_revoked_with_what_rests_on_them() {
    let registry = TestRegistry::staffed().await;
    let live = registry.publish("1.0.0", "Gives the forecast of a city.").await;
    let (service, admin) = (&registry.service, &registry.admin);
    let ended = service.offboard(admin, &"acme".parse().unwrap(), Keys::Compromised, "laptop stolen").await.unwrap();
    let key = registry.person("acme").public_key().id().key;
    assert_eq!(ended.revocations, [(RevocationScope::Signer, key)]);
    assert_eq!(registry.state(&live).await, StateKind::Revoked);
    assert_eq!(registry.live(SERVER), None);

    let registry = TestRegistry::staffed().await;
    let live = registry.publish("1.0.0", "Gives the forecast of a city.").await;
    for approver in ["alice", "bob"] {
        let principal = approver.parse().unwrap();
        registry.service.offboard(&registry.admin, &principal, Keys::Compromised, "stolen").await.unwrap();
    }
    assert_eq!(registry.state(&live).await, StateKind::Revoked, "its consents count no longer");
}

#[tokio::test]
async fn the_last_administrator_stays_and_strangers_offboard_nobody() {
    let registry = TestRegistry::staffed().await;
    let (service, admin) = (&registry.service, &registry.admin);
    let last = service.offboard(admin, admin.principal(), Keys::Kept, "left").await;
    assert!(matches!(last, Err(ServiceError::LastAdministrator)));
    for caller in ["acme", "alice"] {
        let refused = service.offboard(registry.caller(caller), &"bob".parse().unwrap(), Keys::Kept, "no").await;
        assert!(matches!(refused, Err(ServiceError::Forbidden { action: Action::Offboard, .. })), "{caller}");
    }
    let unknown = service.offboard(admin, &"nobody".parse().unwrap(), Keys::Kept, "left").await;
    assert!(matches!(unknown, Err(ServiceError::NotFound("principal"))));
    registry.token("second", [Role::Admin]).await;
    assert!(service.offboard(admin, admin.principal(), Keys::Kept, "left").await.is_ok());
}

#[tokio::test]
async fn a_token_is_rotated_without_gaining_time() {
    let registry = TestRegistry::staffed().await;
    let (service, admin) = (&registry.service, &registry.admin);
    let end = registry.clock.now().checked_add(SignedDuration::from_hours(10)).unwrap();
    let new = NewToken {
        principal: "bot".parse().unwrap(),
        roles: [Role::Publisher].into(),
        namespaces: Some(["io.example".to_owned()].into()),
        actions: Some([Action::Submit, Action::RevokeToken].into()),
        method: Method::Robot,
        label: "nightly".to_owned(),
        expires_at: Some(end),
    };
    let first = service.issue_token(admin, new).await.unwrap();
    let bot = service.authenticate(&first.secret).await.unwrap().unwrap();
    registry.clock.advance(SignedDuration::from_hours(4));
    let second = service.rotate_token(&bot, &first.token.id, SignedDuration::from_mins(5)).await.unwrap();
    assert_eq!(second.token.expires_at, Some(end), "its owner gains no time");
    assert_eq!(
        (&second.token.namespaces, &second.token.actions, &second.token.roles, second.token.method),
        (&first.token.namespaces, &first.token.actions, &first.token.roles, Method::Robot)
    );
    assert!(service.authenticate(&first.secret).await.unwrap().is_some(), "both are good for a while");
    registry.clock.advance(SignedDuration::from_mins(5));
    assert!(service.authenticate(&first.secret).await.unwrap().is_none());
    let ended = service.rotate_token(&bot, &first.token.id, SignedDuration::ZERO).await;
    assert!(matches!(ended, Err(ServiceError::TokenEnded)));

    let third = service.rotate_token(admin, &second.token.id, SignedDuration::ZERO).await.unwrap();
    let lifetime = third.token.expires_at.unwrap().duration_since(third.token.created_at);
    assert_eq!(lifetime, second.token.expires_at.unwrap().duration_since(second.token.created_at));
    assert!(service.authenticate(&second.secret).await.unwrap().is_none(), "without an overlap it ends at once");
    let refused = service.rotate_token(registry.caller("alice"), &third.token.id, SignedDuration::ZERO).await;
    assert!(matches!(refused, Err(ServiceError::NotFound("token"))));
}

#[tokio::test]
async fn limits_of_a_token_are_limits_and_no_wishes() {
    let registry = TestRegistry::staffed().await;
    let (service, admin) = (&registry.service, &registry.admin);
    let new = || NewToken {
        principal: "acme".parse().unwrap(),
        roles: [Role::Admin].into(),
        namespaces: Some(["io.example".to_owned()].into()),
        actions: None,
        method: Method::Robot,
        label: String::new(),
        expires_at: None,
    };
    let issued = service.issue_token(admin, new()).await.unwrap();
    let limited = service.authenticate(&issued.secret).await.unwrap().unwrap();
    let unlimited = service.issue_token(&limited, NewToken { namespaces: None, ..new() }).await;
    assert!(matches!(unlimited, Err(ServiceError::Forbidden { .. })), "it makes itself no better token");
    assert_eq!(service.tokens(&limited).await.unwrap().len(), 1, "and sees no other");
    for bad in [
        NewToken { namespaces: Some(Default::default()), ..new() },
        NewToken { namespaces: Some(["io example".to_owned()].into()), ..new() },
        NewToken { actions: Some(Default::default()), ..new() },
        NewToken { method: Method::Session, ..new() },
        NewToken { method: Method::Operator, ..new() },
    ] {
        assert!(matches!(service.issue_token(admin, bad).await, Err(ServiceError::Invalid { .. })));
    }
}
