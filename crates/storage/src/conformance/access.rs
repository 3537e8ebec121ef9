//! Principals, tokens, grants and approvers.

use std::{collections::BTreeSet, sync::Arc};

use mcp_pin_model::Digest;

use super::samples::{at, id, identity, key, parse, principal};
use crate::{
    Approver, ApproverScope, Credential, Grant, Identity, Method, PrincipalName, Role, Roles, StorageError, Store,
    Token,
};

pub(super) fn token(number: u32, who: &str) -> Token {
    Token {
        id: id(number),
        principal: parse(who),
        roles: Roles::from([Role::Reader, Role::Admin]),
        namespaces: None,
        actions: None,
        groups: BTreeSet::new(),
        method: Method::Token,
        authenticated_at: None,
        idle: None,
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
    let second = Token {
        namespaces: restricted,
        actions: Some(["read-events".to_owned(), "submit".to_owned()].into()),
        groups: ["Ein Team: \"x\"".to_owned(), "b".to_owned()].into(),
        method: Method::Session,
        authenticated_at: Some(at(-5)),
        idle: Some(jiff::SignedDuration::from_mins(20)),
        ..token(2, "alice")
    };
    let first = token(1, "alice");
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

pub(super) async fn tokens_are_found_by_whose_they_are(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    for (number, who) in [(1, "alice"), (2, "bob"), (3, "alice")] {
        principal(&mut *tx, who).await;
        tx.insert_token(&token(number, who)).await.expect("a token");
    }
    let of_alice = tx.tokens_of(&parse("alice")).await.expect("a list");
    assert_eq!(of_alice.iter().map(|token| &token.id).collect::<Vec<_>>(), [&id(1), &id(3)]);
    for (number, end, then) in [(1, 20, 10), (1, 5, 5), (1, 7, 5)] {
        tx.shorten_token(&id(number), at(end)).await.expect("an end");
        let token = tx.token(&id(number)).await.expect("a look-up").expect("it is there");
        assert_eq!(token.expires_at, Some(at(then)), "a token is never made to last");
    }
    let endless = Token { expires_at: None, ..token(4, "bob") };
    tx.insert_token(&endless).await.expect("a token");
    tx.shorten_token(&endless.id, at(6)).await.expect("an end");
    assert_eq!(tx.token(&endless.id).await.expect("a look-up").expect("it is there").expires_at, Some(at(6)));
    assert!(tx.tokens_of(&parse("nobody")).await.expect("a list").is_empty(), "nobody has none");
}

pub(super) async fn somebody_of_a_provider_is_one_principal(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "alice").await;
    principal(&mut *tx, "bob").await;
    let identity = |subject: &str, who: &str| Identity {
        issuer: "https://id.example".to_owned(),
        subject: subject.to_owned(),
        principal: parse(who),
        linked_by: "admin".to_owned(),
        linked_at: at(1),
    };
    let (alice, bob) = (identity("Sub 1", "alice"), identity("sub 1", "bob"));
    tx.link_identity(&alice).await.expect("a link");
    tx.link_identity(&bob).await.expect("a subject that differs by case is another one");
    let again = tx.link_identity(&identity("Sub 1", "bob")).await;
    assert!(matches!(again, Err(StorageError::Exists(_))), "a subject is one principal");
    assert_eq!(tx.identity("https://id.example", "Sub 1").await.expect("a look-up"), Some(alice.clone()));
    assert_eq!(tx.identity("https://id.example/", "Sub 1").await.expect("a look-up"), None, "the issuer is exact");
    let who: PrincipalName = parse("alice");
    assert_eq!(tx.identities(Some(&who)).await.expect("a list"), std::slice::from_ref(&alice));
    assert_eq!(tx.identities(None).await.expect("a list").len(), 2);
    assert!(tx.unlink_identity("https://id.example", "Sub 1").await.expect("an end"));
    assert!(!tx.unlink_identity("https://id.example", "Sub 1").await.expect("an end"), "it ends once");
    assert!(matches!(tx.link_identity(&identity("x", "nobody")).await, Err(StorageError::Unavailable(_))));
}

pub(super) async fn a_login_comes_back_once_and_in_time(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let [first, second, third] = ["1", "2", "3"].map(|text| Digest::of(text.as_bytes()));
    tx.begin_login(&first, "{}", at(10), at(0)).await.expect("a login");
    tx.begin_login(&second, "{\"a\":1}", at(10), at(0)).await.expect("a login");
    assert_eq!(tx.pending_logins(at(9)).await.expect("a count"), 2);
    assert_eq!(tx.pending_logins(at(10)).await.expect("a count"), 0, "their time is over");
    assert_eq!(tx.take_login(&second, at(9)).await.expect("a login").as_deref(), Some("{\"a\":1}"));
    assert_eq!(tx.take_login(&second, at(9)).await.expect("none"), None, "once");
    assert_eq!(tx.take_login(&first, at(10)).await.expect("none"), None, "in time");
    tx.begin_login(&second, "{}", at(30), at(20)).await.expect("a login");
    assert_eq!(tx.pending_logins(at(0)).await.expect("a count"), 1, "those whose time is over are forgotten");
    assert_eq!(tx.take_login(&third, at(1)).await.expect("none"), None, "never begun");
}

pub(super) async fn who_left_and_which_policies_hold_is_kept(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let who = principal(&mut *tx, "alice").await;
    assert_eq!(tx.offboarded(&who).await.expect("a look-up"), None);
    tx.set_offboarded(&who, Some(at(3))).await.expect("an end");
    tx.ensure_principal(&who, at(4)).await.expect("a principal");
    assert_eq!(tx.offboarded(&who).await.expect("a look-up"), Some(at(3)));
    tx.set_offboarded(&who, None).await.expect("a return");
    assert_eq!(tx.offboarded(&who).await.expect("a look-up"), None);
    assert_eq!(tx.offboarded(&parse("nobody")).await.expect("a look-up"), None);

    assert_eq!(tx.last_policy_change().await.expect("a look-up"), None);
    tx.note_policy_change("sha256:b", at(2)).await.expect("a note");
    tx.note_policy_change("sha256:a", at(1)).await.expect("a note, whatever the clock says");
    assert_eq!(tx.last_policy_change().await.expect("a look-up").as_deref(), Some("sha256:a"));
}
