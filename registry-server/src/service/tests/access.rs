//! Tokens, grants and approvers.

use jiff::SignedDuration;
use mcp_pin_model::revocation::RevocationScope;
use mcp_pin_test_support::keys::Person;

use super::harness::TestRegistry;
use crate::service::{
    ApproverScope, Clock as _, NewApprover, NewCredential, NewGrant, NewToken, Role, Roles, ServiceError,
};

fn new_token(principal: &str, roles: &[Role]) -> NewToken {
    NewToken {
        principal: principal.parse().unwrap(),
        roles: roles.iter().copied().collect(),
        namespaces: None,
        actions: None,
        method: crate::service::Method::Token,
        label: "laptop".to_owned(),
        expires_at: None,
    }
}

#[tokio::test]
async fn right_after_the_start_nothing_is_visible_and_only_the_administrator_exists() {
    let registry = TestRegistry::empty().await;
    assert!(registry.service.live().is_empty());
    assert_eq!(registry.admin.principal().as_str(), "admin");
    assert_eq!(registry.admin.roles(), &Roles::from([Role::Admin]));
    assert!(registry.service.bootstrap().await.unwrap().is_none(), "the administrator's token is made once");
    assert_eq!(registry.service.tokens(&registry.admin).await.unwrap().len(), 1);
    assert_eq!(registry.log().await, ["token-issued"]);
}

#[tokio::test]
async fn a_token_is_its_exact_text_and_is_stored_hashed() {
    let registry = TestRegistry::empty().await;
    let issued = registry.service.issue_token(&registry.admin, new_token("alice", &[Role::Reader])).await.unwrap();
    let secret = issued.secret.as_str().to_owned();
    assert!(secret.starts_with("mcpp_"));
    let caller = registry.service.authenticate(&secret).await.unwrap().unwrap();
    assert_eq!(caller.principal().as_str(), "alice");
    assert!(caller.roles().contains(&Role::Reader) && !caller.roles().contains(&Role::Admin));

    let swapped = secret.replace(issued.token.id.as_str(), registry.admin.token().unwrap().as_str());
    let (without_first, mut shorter) = (secret.strip_prefix('m').unwrap(), secret.clone());
    shorter.pop();
    let mut flipped = secret.clone();
    flipped.replace_range(secret.len() - 1.., if secret.ends_with('0') { "1" } else { "0" });
    for wrong in ["", "mcpp_", without_first, &shorter, &swapped, &flipped, &secret.to_uppercase()] {
        assert!(registry.service.authenticate(wrong).await.unwrap().is_none(), "{wrong}");
    }
    let random = secret.rsplit('_').next().unwrap();
    registry.service.close().await;
    let bytes = std::fs::read(registry.file()).unwrap();
    assert!(!bytes.windows(random.len()).any(|window| window == random.as_bytes()), "the secret is not in the file");
}

#[tokio::test]
async fn tokens_expire_and_are_revoked_at_once() {
    let registry = TestRegistry::empty().await;
    let expires_at = Some(registry.clock.now().checked_add(SignedDuration::from_mins(10)).unwrap());
    let short = NewToken { expires_at, ..new_token("alice", &[Role::Reader]) };
    let short = registry.service.issue_token(&registry.admin, short).await.unwrap();
    let long = registry.service.issue_token(&registry.admin, new_token("alice", &[Role::Reader])).await.unwrap();
    let alice = registry.service.authenticate(&long.secret).await.unwrap().unwrap();
    assert!(registry.service.authenticate(&short.secret).await.unwrap().is_some());
    registry.clock.advance(SignedDuration::from_mins(10));
    assert!(registry.service.authenticate(&short.secret).await.unwrap().is_none(), "it expired");

    registry.service.revoke_token(&alice, &long.token.id).await.unwrap();
    assert!(registry.service.authenticate(&long.secret).await.unwrap().is_none(), "it is revoked");
    let past = NewToken { expires_at, ..new_token("alice", &[Role::Reader]) };
    let refused = registry.service.issue_token(&registry.admin, past).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { member: "expires_at", .. })));
    let refused = registry.service.issue_token(&registry.admin, new_token("alice", &[])).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { member: "roles", .. })));
}

/// A request that dawdles over its body was authenticated when its head came.
#[tokio::test]
async fn a_token_that_ended_meanwhile_decides_nothing() {
    let registry = TestRegistry::staffed().await;
    let submission = registry.submit("1.0.0", "Gives the forecast of a city.").await;
    let leaked = registry.token("admin", [Role::Admin]).await;
    registry.service.revoke_token(&registry.admin, leaked.token().unwrap()).await.unwrap();
    let before = registry.log().await;

    let ended = |result: Result<(), ServiceError>| assert!(matches!(result, Err(ServiceError::TokenEnded)));
    let service = &registry.service;
    let successor = new_token("admin", &[Role::Admin]);
    ended(service.issue_token(&leaked, successor).await.map(drop));
    ended(service.revoke_token(&leaked, registry.admin.token().unwrap()).await);
    let key = Person::new("evil").public_key().to_spki_pem();
    let grant = NewGrant {
        namespace: "io.evil".to_owned(),
        principal: "evil".parse().unwrap(),
        credential: NewCredential::Key(key.clone()),
    };
    ended(service.grant_namespace(&leaked, grant).await.map(drop));
    let approver = NewApprover {
        principal: "evil".parse().unwrap(),
        credential: NewCredential::Key(key),
        scope: ApproverScope::All,
    };
    ended(service.register_approver(&leaked, approver).await.map(drop));
    ended(service.reject(&leaked, &submission.id, "no").await.map(drop));
    let server = RevocationScope::Server;
    ended(service.revoke_ordered(&leaked, server, super::harness::SERVER, "no", None).await.map(drop));
    let consent = registry.person("alice").sign(&registry.approval_of(&submission).await).as_bytes().to_vec();
    ended(service.consent(&leaked, consent).await.map(drop));
    assert_eq!(registry.log().await, before);
}

#[tokio::test]
async fn the_last_administrator_cannot_be_locked_out() {
    let registry = TestRegistry::empty().await;
    let first = registry.admin.token().unwrap().clone();
    let expires_at = Some(registry.clock.now().checked_add(SignedDuration::from_mins(10)).unwrap());
    let short = NewToken { expires_at, ..new_token("admin", &[Role::Admin]) };
    registry.service.issue_token(&registry.admin, short).await.unwrap();
    registry.clock.advance(SignedDuration::from_mins(10));
    let refused = registry.service.revoke_token(&registry.admin, &first).await;
    assert!(matches!(refused, Err(ServiceError::LastAdministrator)), "the other one has expired");
    let successor = registry.token("root", [Role::Admin]).await;
    registry.service.revoke_token(&registry.admin, &first).await.unwrap();
    registry.service.revoke_token(&successor, &first).await.expect("what is revoked already is no error");
}

/// Reading waited for whoever was deciding, because the time of last use was to be written.
#[tokio::test]
async fn a_decision_under_way_keeps_nobody_from_reading() {
    let registry = TestRegistry::empty().await;
    let issued = registry.service.issue_token(&registry.admin, new_token("alice", &[Role::Reader])).await.unwrap();
    let deciding = registry.service.deciding().await.unwrap();
    registry.clock.advance(SignedDuration::from_hours(1));
    let waiting = registry.service.authenticate(&issued.secret);
    let alice = tokio::time::timeout(std::time::Duration::from_secs(2), waiting).await.expect("it does not wait");
    assert!(alice.unwrap().is_some());
    drop(deciding);
}

#[tokio::test]
async fn the_time_of_last_use_is_kept() {
    let registry = TestRegistry::empty().await;
    let issued = registry.service.issue_token(&registry.admin, new_token("alice", &[Role::Reader])).await.unwrap();
    registry.clock.advance(SignedDuration::from_hours(1));
    let alice = registry.service.authenticate(&issued.secret).await.unwrap().unwrap();
    let [own] = registry.service.tokens(&alice).await.unwrap().try_into().unwrap();
    assert_eq!(own.last_used_at, Some(registry.clock.now()), "and nobody sees the tokens of others");
}

#[tokio::test]
async fn t87_administration_takes_the_role_admin() {
    let mut registry = TestRegistry::staffed().await;
    registry.approver("dave", ApproverScope::All).await;
    let key = Person::new("somebody").public_key().to_spki_pem();
    let grant = registry.service.grants(&registry.admin, None).await.unwrap().remove(0);
    let approver = registry.service.approvers(&registry.admin).await.unwrap().remove(0);
    for name in ["acme", "dave"] {
        let caller = registry.caller(name);
        let principal = name.parse().unwrap();
        let new = NewGrant { namespace: "io.other".to_owned(), principal, credential: NewCredential::Key(key.clone()) };
        let service = &registry.service;
        let refused = [
            service.issue_token(caller, new_token(name, &[Role::Admin])).await.map(drop),
            service.grant_namespace(caller, new).await.map(drop),
            service.withdraw_grant(caller, "io.example", &grant.id).await,
            service.withdraw_approver(caller, &approver.id).await,
        ];
        assert!(refused.iter().all(|result| matches!(result, Err(ServiceError::Forbidden { .. }))), "{refused:?}");
        let others = service.revoke_token(caller, registry.admin.token().unwrap()).await;
        assert!(matches!(others, Err(ServiceError::NotFound("token"))), "the tokens of others do not exist");
    }
}

#[tokio::test]
async fn t69_a_key_belongs_to_one_person() {
    let registry = TestRegistry::staffed().await;
    let acme = registry.person("acme");
    let as_approver = registry.register("mallory", acme, ApproverScope::All).await;
    assert!(matches!(as_approver, Err(ServiceError::KeyTaken)), "a publisher's key under another name");
    let alice = registry.person("alice");
    assert!(matches!(registry.grant("io.other", "mallory", alice).await, Err(ServiceError::KeyTaken)));
    registry.grant("io.other", "acme", acme).await.unwrap();
    assert!(matches!(registry.grant("io.other", "acme", acme).await, Err(ServiceError::Exists(_))));
}

#[tokio::test]
async fn t87_namespaces_are_exact_and_never_the_local_one() {
    let registry = TestRegistry::empty().await;
    let person = Person::new("acme");
    for wrong in ["", "*", "io.example/", "io.*", "io example", "../etc", "io.exämple", "local", "Local", "x"] {
        let refused = registry.grant(wrong, "acme", &person).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { member: "namespace", .. })), "{wrong}");
    }
    registry.grant("io.example", "acme", &person).await.unwrap();
    let new = NewGrant {
        namespace: "io.example".to_owned(),
        principal: "acme".parse().unwrap(),
        credential: NewCredential::Key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned()),
    };
    let refused = registry.service.grant_namespace(&registry.admin, new).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { member: "public_key", .. })));
}

#[tokio::test]
async fn every_change_of_access_is_logged() {
    let registry = TestRegistry::empty().await;
    let person = Person::new("acme");
    let grant = registry.grant("io.example", "acme", &person).await.unwrap();
    let approver = registry.register("alice", &Person::new("alice"), ApproverScope::All).await.unwrap();
    registry.service.withdraw_grant(&registry.admin, "io.example", &grant.id).await.unwrap();
    registry.service.withdraw_approver(&registry.admin, &approver.id).await.unwrap();
    let again = registry.service.withdraw_grant(&registry.admin, "io.example", &grant.id).await;
    assert!(matches!(again, Err(ServiceError::NotFound("grant"))));
    let expected =
        ["token-issued", "namespace-granted", "approver-granted", "namespace-withdrawn", "approver-withdrawn"];
    assert_eq!(registry.log().await, expected);
}
