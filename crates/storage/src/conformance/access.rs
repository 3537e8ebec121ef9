//! Principals, tokens, grants and approvers.

use std::sync::Arc;

use mcp_pin_model::Digest;

use super::samples::{at, id, identity, key, parse, principal};
use crate::{Approver, ApproverScope, Credential, Grant, Role, Roles, StorageError, Store, Token};

fn token(number: u32, who: &str) -> Token {
    Token {
        id: id(number),
        principal: parse(who),
        roles: Roles::from([Role::Reader, Role::Admin]),
        namespaces: None,
        label: "für später ✓".to_owned(),
        hash: [u8::try_from(number).unwrap_or(0); 32],
        created_at: at(0),
        expires_at: Some(at(10)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn grant(number: u32, namespace: &str, who: &str, credential: Credential) -> Grant {
    Grant {
        id: id(number),
        namespace: namespace.to_owned(),
        principal: parse(who),
        credential,
        granted_by: parse("admin"),
        granted_at: at(1),
        withdrawn_at: None,
    }
}

fn approver(number: u32, who: &str, credential: Credential, scope: ApproverScope) -> Approver {
    Approver {
        id: id(number),
        principal: parse(who),
        credential,
        scope,
        registered_by: parse("admin"),
        registered_at: at(1),
        withdrawn_at: None,
    }
}

pub(super) async fn tokens_are_kept_and_end(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "alice").await;
    let restricted = Some(["io.example".to_owned(), "io.other".to_owned()].into());
    let (first, second) = (token(1, "alice"), Token { namespaces: restricted, ..token(2, "alice") });
    tx.insert_token(&first).await.expect("a token");
    tx.insert_token(&second).await.expect("another token");
    let same_hash = Token { id: id(3), ..first.clone() };
    assert!(matches!(tx.insert_token(&same_hash).await, Err(StorageError::Exists(_))), "a hash is stored once");
    tx.touch_token(&first.id, at(3)).await.expect("a touch");
    assert!(tx.revoke_token(&first.id, at(4)).await.expect("a revocation"), "it was in force");
    assert!(!tx.revoke_token(&first.id, at(5)).await.expect("a revocation"), "it ends once");
    assert!(!tx.revoke_token(&id(9), at(5)).await.expect("a revocation"), "there is none");
    tx.commit().await.expect("a commit");

    let mut snapshot = store.read().await.expect("a snapshot");
    let read = snapshot.token(&first.id).await.expect("an answer").expect("a token");
    assert_eq!(read, Token { revoked_at: Some(at(4)), last_used_at: Some(at(3)), ..first });
    assert!(!read.is_valid_at(at(4)), "it is revoked");
    assert_eq!(snapshot.token(&id(9)).await.expect("an answer"), None);
    assert_eq!(snapshot.tokens().await.expect("an answer"), [read, second.clone()]);
    assert!(second.is_valid_at(at(9)) && !second.is_valid_at(at(10)), "it expires");
    assert_eq!(snapshot.principal(&parse("alice")).await.expect("an answer"), Some(at(0)));
    assert_eq!(snapshot.principals().await.expect("an answer"), [parse("alice")]);
}

pub(super) async fn grants_are_unique_while_in_force(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "admin").await;
    principal(&mut *tx, "alice").await;
    let first = grant(1, "io.example", "alice", key("key"));
    tx.insert_grant(&first).await.expect("a grant");
    let again = grant(2, "io.example", "alice", key("key"));
    assert!(matches!(tx.insert_grant(&again).await, Err(StorageError::Exists(_))), "it is granted already");
    tx.insert_grant(&grant(3, "io.other", "alice", key("key"))).await.expect("another namespace");
    assert_eq!(tx.grants(Some("io.example")).await.expect("an answer"), std::slice::from_ref(&first));
    assert!(tx.withdraw_grant(&first.id, at(2)).await.expect("an answer"), "it was in force");
    assert!(!tx.withdraw_grant(&first.id, at(3)).await.expect("an answer"), "it ends once");
    assert_eq!(tx.grants(Some("io.example")).await.expect("an answer"), []);
    tx.insert_grant(&again).await.expect("a grant after the withdrawal");
    assert_eq!(tx.grants(None).await.expect("an answer").len(), 2);
    let read = tx.grant(&first.id).await.expect("an answer");
    assert_eq!(read, Some(Grant { withdrawn_at: Some(at(2)), ..first }));
}

pub(super) async fn a_key_belongs_to_one_principal(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    for name in ["admin", "alice", "bob"] {
        principal(&mut *tx, name).await;
    }
    tx.insert_grant(&grant(1, "io.example", "alice", key("key"))).await.expect("a grant");
    let theirs = approver(2, "bob", key("key"), ApproverScope::All);
    assert!(matches!(tx.insert_approver(&theirs).await, Err(StorageError::Exists(_))), "the key is Alice's");
    tx.withdraw_grant(&id(1), at(2)).await.expect("an answer");
    assert!(matches!(tx.insert_approver(&theirs).await, Err(StorageError::Exists(_))), "and stays Alice's");
    tx.insert_approver(&approver(3, "alice", key("key"), ApproverScope::All)).await.expect("Alice's own key");
    assert_eq!(tx.credential_owner("key").await.expect("an answer"), Some(parse("alice")));
    assert_eq!(tx.credential_owner("unknown").await.expect("an answer"), None);
}

pub(super) async fn an_identity_belongs_to_one_principal(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    for name in ["admin", "alice", "bob"] {
        principal(&mut *tx, name).await;
    }
    let release = identity("acme/release.yml", "production", "public-good");
    let first = grant(1, "io.example", "alice", release.clone());
    tx.insert_grant(&first).await.expect("a grant");
    let again = grant(2, "io.example", "alice", identity("acme/release.yml", "test", "private"));
    assert!(matches!(tx.insert_grant(&again).await, Err(StorageError::Exists(_))), "it is granted to that identity");
    // Neither another instance nor another environment makes it somebody else's.
    let theirs = identity("acme/release.yml", "test", "private");
    let theirs = approver(3, "bob", theirs, ApproverScope::All);
    assert!(matches!(tx.insert_approver(&theirs).await, Err(StorageError::Exists(_))), "the identity is Alice's");
    let other = approver(4, "bob", identity("acme/review.yml", "production", "private"), ApproverScope::All);
    tx.insert_approver(&other).await.expect("another workflow");
    assert_eq!(tx.credential_owner(&release.id()).await.expect("an answer"), Some(parse("alice")));
    tx.commit().await.expect("a commit");

    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.grants(None).await.expect("an answer"), [first], "it comes back as it went in");
    assert_eq!(snapshot.approvers().await.expect("an answer"), [other]);
}

pub(super) async fn an_identity_token_is_spent_once(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let (issuer, token) = ("https://issuer.example", Digest::of(b"token"));
    assert!(tx.spend_identity_token(issuer, &token, at(10), at(0)).await.expect("an answer"), "it is new");
    assert!(tx.spend_identity_token("https://other.example", &token, at(10), at(0)).await.expect("an answer"));
    tx.commit().await.expect("a commit");
    let mut tx = store.begin().await.expect("a transaction");
    assert!(!tx.spend_identity_token(issuer, &token, at(10), at(9)).await.expect("an answer"), "it was spent");
    assert!(!tx.spend_identity_token(issuer, &token, at(10), at(10)).await.expect("an answer"), "until its end");
    assert!(tx.spend_identity_token(issuer, &token, at(30), at(11)).await.expect("an answer"), "then it is forgotten");
}

pub(super) async fn approvers_stay_readable_after_withdrawal(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "admin").await;
    principal(&mut *tx, "alice").await;
    let all = approver(1, "alice", key("key"), ApproverScope::All);
    let one = approver(2, "alice", key("key"), ApproverScope::Namespace("io.example".to_owned()));
    tx.insert_approver(&all).await.expect("an approver");
    tx.insert_approver(&one).await.expect("another scope");
    let again = Approver { id: id(3), ..one.clone() };
    assert!(matches!(tx.insert_approver(&again).await, Err(StorageError::Exists(_))), "it is registered already");
    assert!(tx.withdraw_approver(&all.id, at(2)).await.expect("an answer"), "it was in force");
    assert!(!tx.withdraw_approver(&all.id, at(3)).await.expect("an answer"), "it ends once");
    let withdrawn = Approver { withdrawn_at: Some(at(2)), ..all };
    assert_eq!(tx.approvers().await.expect("an answer"), [withdrawn.clone(), one]);
    assert_eq!(tx.approver(&withdrawn.id).await.expect("an answer"), Some(withdrawn));
}

pub(super) async fn what_refers_to_nobody_is_refused(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    assert!(tx.insert_token(&token(1, "nobody")).await.is_err(), "a token needs its principal");
    drop(tx);
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.tokens().await.expect("an answer"), []);
}

pub(super) async fn nodes_agree_once(store: Arc<dyn Store>) {
    let agree = async |value: &'static str| {
        let mut tx = store.begin().await.expect("a turn");
        let agreed = tx.agree("key", value).await.expect("an answer");
        tx.commit().await.expect("a commit");
        agreed
    };
    let (one, two) = futures_util::join!(agree("one"), agree("two"));
    assert_eq!(one, two);
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.agreement("key").await.expect("an answer"), Some(one));
    assert_eq!(snapshot.agreement("other").await.expect("an answer"), None);
}
