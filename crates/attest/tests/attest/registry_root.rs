//! Roots of registries: thresholds, rotation, and every way to put another root in place.

use std::num::NonZero;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::{
    SigningKey,
    registry_root::{RegistryRoot, RegistryRootError, RootPin, SignedRoot},
};
use mcp_pin_model::{
    json::Value,
    registry_root::{ROOT_TYPE, RoleKeys, RootDocument, RootDocumentError, RootKey, RootRoles},
};
use mcp_pin_test_support::keys::{key, now};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn later(by: SignedDuration) -> Timestamp {
    now().checked_add(by).unwrap()
}

fn document(version: u64, threshold: u8, holders: &[&str]) -> RootDocument {
    let keys = holders.iter().map(|name| {
        let public = key(name).public_key().clone();
        (public.id().key, RootKey { public_key: STANDARD.encode(public.spki_der()) })
    });
    let mut keyids: Vec<String> = keys.clone().map(|(id, _)| id).collect();
    keyids.sort();
    RootDocument {
        kind: ROOT_TYPE.to_owned(),
        version,
        expires: later(DAY),
        keys: keys.collect(),
        roles: RootRoles {
            root: RoleKeys { keyids, threshold: NonZero::new(threshold).unwrap() },
            log: None,
            snapshot: None,
            approver_authority: None,
        },
    }
}

fn signed(document: &RootDocument, previous: Option<&RootDocument>, by: &[&str]) -> SignedRoot {
    let mut root = SignedRoot::draft(document).unwrap();
    for name in by {
        root.sign(&key(name), previous).unwrap();
    }
    root
}

/// Version 1 by two of Ada, Bea and Cem; version 2 replaces Cem by Dov.
fn chain() -> (RootPin, Vec<Vec<u8>>) {
    let first = document(1, 2, &["ada", "bea", "cem"]);
    let second = document(2, 2, &["ada", "bea", "dov"]);
    let roots = [signed(&first, None, &["ada", "cem"]), signed(&second, Some(&first), &["ada", "bea"])];
    (roots[0].pin(), roots.map(|root| root.to_bytes()).to_vec())
}

fn refusal(known: &RootPin, chain: &[Vec<u8>]) -> RegistryRootError {
    RegistryRoot::verify_chain(known, chain, now()).unwrap_err()
}

#[test]
fn a_chain_leads_from_the_known_root_to_the_current_one() {
    let (known, chain) = chain();
    let first = RegistryRoot::verify_chain(&known, &chain[..1], now()).unwrap();
    assert_eq!(first.pin(), known);
    let second = RegistryRoot::verify_chain(&known, &chain, now()).unwrap();
    assert_eq!((second.pin().version, second.document().version), (2, 2));
    // And on from there, where Cem's old signature says nothing.
    let third = document(3, 1, &["eve"]);
    let third = signed(&third, Some(second.document()), &["bea", "dov", "eve"]).to_bytes();
    let third = RegistryRoot::verify_chain(&second.pin(), &[chain[1].clone(), third], now()).unwrap();
    assert_eq!(third.pin().version, 3);
}

#[test]
fn t66_a_root_that_came_with_the_data_is_not_the_known_one() {
    let (known, _) = chain();
    let theirs = signed(&document(1, 1, &["mallory"]), None, &["mallory"]);
    let error = refusal(&known, &[theirs.to_bytes()]);
    assert!(matches!(error, RegistryRootError::Fork { version: 1, .. }), "{error}");
}

#[test]
fn t69_thresholds_count_distinct_keys_of_the_right_version() {
    let (known, roots) = chain();
    let first = document(1, 2, &["ada", "bea", "cem"]);
    let threshold = |error: RegistryRootError, of: u64, found: usize| match error {
        RegistryRootError::Threshold { of: a, found: b, .. } => assert_eq!((a, b), (of, found)),
        other => panic!("{other}"),
    };
    // One of two.
    let alone = signed(&first, None, &["ada"]);
    threshold(refusal(&alone.pin(), &[alone.to_bytes()]), 1, 1);
    // The same key twice.
    let mut envelope = text(&roots[0]);
    let one = envelope.split("{\"keyid\"").nth(1).unwrap().trim_end_matches(',').to_owned();
    let two = envelope.split("{\"keyid\"").nth(2).unwrap().split(']').next().unwrap().to_owned();
    envelope = envelope.replace(&two, &one);
    assert!(matches!(refusal(&known, &[envelope.into_bytes()]), RegistryRootError::Malformed));
    // Enough of the new version, too few of the old: a takeover.
    let second = document(2, 1, &["mallory"]);
    let theirs = signed(&second, Some(&first), &["mallory", "ada"]);
    threshold(refusal(&known, &[roots[0].clone(), theirs.to_bytes()]), 1, 1);
    // Enough of the old, too few of the new: nobody has shown that they have the new keys.
    let second = document(2, 2, &["dov", "eve"]);
    let theirs = signed(&second, Some(&first), &["ada", "bea", "dov"]);
    threshold(refusal(&known, &[roots[0].clone(), theirs.to_bytes()]), 2, 1);
    // A threshold that the root gives itself does not lower that of the one before.
    let second = document(2, 1, &["ada"]);
    let theirs = signed(&second, Some(&first), &["ada"]);
    threshold(refusal(&known, &[roots[0].clone(), theirs.to_bytes()]), 1, 1);
}

#[test]
fn t70_a_signature_is_over_one_root() {
    let (known, roots) = chain();
    // The signatures of version 1 under another version 1.
    let envelope = text(&roots[0]);
    let other =
        signed(&RootDocument { expires: later(DAY * 365), ..document(1, 2, &["ada", "bea", "cem"]) }, None, &[]);
    let payload = |text: &str| text.split("\"payload\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let forged = envelope.replace(&payload(&envelope), &payload(&text(&other.to_bytes())));
    let pin = SignedRoot::from_bytes(forged.as_bytes()).unwrap().pin();
    assert!(matches!(refusal(&known, &[forged.clone().into_bytes()]), RegistryRootError::Fork { .. }));
    assert!(matches!(refusal(&pin, &[forged.into_bytes()]), RegistryRootError::BadSignature { .. }));
}

#[test]
fn t71_an_older_root_a_missing_version_and_a_fork_are_refused() {
    let (known, roots) = chain();
    let second = SignedRoot::from_bytes(&roots[1]).unwrap().pin();
    let rollback = refusal(&second, &roots[..1]);
    assert!(matches!(rollback, RegistryRootError::Rollback { known: 2, found: 1 }), "{rollback}");
    let skipped = refusal(&known, &roots[1..]);
    assert!(matches!(skipped, RegistryRootError::Skipped { expected: 1, found: 2 }), "{skipped}");
    let first = document(1, 2, &["ada", "bea", "cem"]);
    let third = signed(&document(3, 1, &["ada"]), Some(&first), &["ada", "bea"]).to_bytes();
    let skipped = refusal(&known, &[roots[0].clone(), third]);
    assert!(matches!(skipped, RegistryRootError::Skipped { expected: 2, found: 3 }), "{skipped}");
    let again = refusal(&known, &[roots[0].clone(), roots[0].clone()]);
    assert!(matches!(again, RegistryRootError::Skipped { expected: 2, found: 1 }), "{again}");
    // Signed by the same people, and another: what a registry shows to one victim.
    let fork = signed(
        &RootDocument { expires: later(DAY * 2), ..document(2, 2, &["ada", "bea", "dov"]) },
        Some(&first),
        &["ada", "bea"],
    );
    let fork = refusal(&second, &[fork.to_bytes()]);
    assert!(matches!(fork, RegistryRootError::Fork { version: 2, .. }), "{fork}");
    assert!(matches!(refusal(&known, &[]), RegistryRootError::Nothing));
    let endless = vec![roots[0].clone(); 257];
    assert!(matches!(refusal(&known, &endless), RegistryRootError::TooLong));
}

#[test]
fn t76_the_current_root_expires_and_those_before_it_may_have() {
    let first = RootDocument { expires: now(), ..document(1, 1, &["ada"]) };
    let second = document(2, 1, &["ada"]);
    let roots = [signed(&first, None, &["ada"]), signed(&second, Some(&first), &["ada"])];
    let (known, chain) = (roots[0].pin(), roots.map(|root| root.to_bytes()));
    assert!(matches!(refusal(&known, &chain[..1]), RegistryRootError::Expired { version: 1, .. }));
    RegistryRoot::verify_chain(&known, &chain, now()).unwrap();
    let after = RegistryRoot::verify_chain(&known, &chain, later(DAY)).unwrap_err();
    assert!(matches!(after, RegistryRootError::Expired { version: 2, .. }));
}

#[test]
fn t75_keys_of_the_root_are_p256_and_have_no_other_role() {
    let mut root = document(1, 1, &["ada", "bea"]);
    let ada = key("ada").public_key().id().key;
    root.roles.log = Some(RoleKeys { keyids: vec![ada], threshold: NonZero::new(1).unwrap() });
    let refused = SignedRoot::draft(&root).unwrap_err();
    assert!(matches!(refused, RegistryRootError::Document(RootDocumentError::TwoRoles(_))), "{refused}");
    // An Ed25519 key in the role `root`.
    let spki = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), &[9; 32]].concat();
    let id = STANDARD.encode(mcp_pin_model::Digest::of(&spki).as_bytes());
    let mut root = document(1, 1, &[]);
    root.keys.insert(id.clone(), RootKey { public_key: STANDARD.encode(spki) });
    root.roles.root.keyids = vec![id];
    assert!(matches!(SignedRoot::draft(&root).unwrap_err(), RegistryRootError::Key(_)));
    // Nor may somebody without a say sign.
    let mut draft = SignedRoot::draft(&document(1, 1, &["ada"])).unwrap();
    let stranger = SigningKey::generate().unwrap();
    assert!(matches!(draft.sign(&stranger, None).unwrap_err(), RegistryRootError::NotASigner(_)));
}

#[test]
fn a_document_that_is_none_is_refused() {
    let good = document(1, 2, &["ada", "bea"]);
    let changed: Vec<(&str, RootDocument)> = vec![
        ("type", RootDocument { kind: "urn:mcp-pin:root:v2".to_owned(), ..good.clone() }),
        ("version", RootDocument { version: 0, ..good.clone() }),
        ("threshold", {
            let mut root = good.clone();
            root.roles.root.threshold = NonZero::new(3).unwrap();
            root
        }),
        ("order", {
            let mut root = good.clone();
            root.roles.root.keyids.reverse();
            root
        }),
        ("twice", {
            let mut root = good.clone();
            root.roles.root.keyids[1] = root.roles.root.keyids[0].clone();
            root
        }),
        ("unknown", {
            let mut root = good.clone();
            root.keys.pop_last();
            root
        }),
        ("no role", {
            let mut root = good.clone();
            root.roles.root =
                RoleKeys { keyids: vec![root.roles.root.keyids[0].clone()], threshold: NonZero::new(1).unwrap() };
            root
        }),
        ("other id", {
            let mut root = good.clone();
            let id = root.roles.root.keyids[0].clone();
            root.keys.insert(id, RootKey { public_key: "AAAA".to_owned() });
            root
        }),
    ];
    for (name, document) in changed {
        assert!(SignedRoot::draft(&document).is_err(), "{name}");
    }
    for bytes in ["", "{}", r#"{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}"#] {
        assert!(SignedRoot::from_bytes(bytes.as_bytes()).is_err(), "{bytes}");
    }
    // Not in canonical form: two texts of one root would have two digests.
    let payload = Value::to_canonical_string(&mcp_pin_model::json::to_value(&good).unwrap()).replacen('{', "{ ", 1);
    assert!(matches!(RootDocument::from_payload(payload.as_bytes()), Err(RootDocumentError::NotCanonical)));
    assert!(matches!(SignedRoot::from_bytes(&[b' '; (64 << 10) + 1]), Err(RegistryRootError::TooLarge)));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The vectors for other implementations, without the code that wrote them.
#[test]
fn vectors() {
    let vectors = mcp_pin_model::json::parse(include_bytes!("../../../../tests/vectors/registry-roots.json")).unwrap();
    let member = |vector: &Value, name: &str| vector.get(name).unwrap().as_str().unwrap().to_owned();
    let vectors = vectors.as_array().unwrap();
    assert!(vectors.len() >= 10);
    for vector in vectors {
        let known = vector.get("known").unwrap();
        let version = known.get("version").unwrap().as_number().unwrap().as_u64().unwrap();
        let known = RootPin { version, digest: member(known, "digest").parse().unwrap() };
        let chain = vector.get("chain").unwrap().as_array().unwrap();
        let chain: Vec<Vec<u8>> = chain.iter().map(|root| root.as_str().unwrap().as_bytes().to_vec()).collect();
        let result = RegistryRoot::verify_chain(&known, &chain, member(vector, "at").parse().unwrap());
        match (result, member(vector, "outcome").as_str()) {
            (Ok(root), "trusted") => assert_eq!(root.pin().digest.to_string(), member(vector, "current")),
            (Err(RegistryRootError::Rollback { .. }), "rollback")
            | (Err(RegistryRootError::Fork { .. }), "fork")
            | (Err(RegistryRootError::Skipped { .. }), "skipped")
            | (Err(RegistryRootError::Threshold { .. }), "threshold")
            | (Err(RegistryRootError::BadSignature { .. }), "bad-signature")
            | (Err(RegistryRootError::Malformed), "malformed")
            | (Err(RegistryRootError::Expired { .. }), "expired") => {}
            (result, outcome) => panic!("{}: {outcome}, and found {result:?}", member(vector, "what")),
        }
    }
}
