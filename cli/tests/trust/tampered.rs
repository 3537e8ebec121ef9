//! Locks that somebody tampered with although the signatures in them may hold.

use mcp_pin_model::{Consent, Digest, statement::Statement as _};
use mcp_pin_test_support::{
    keys::{Person, manifest, now},
    sigstore::with_member,
};
use serde_json::json;

use crate::world::{NAME, World, approver, approver_with_key, email, publisher, signer, workflow};

/// A lock with one consent by alex, altered before it was signed.
fn with_consent(alter: impl FnOnce(&mut Consent)) -> World {
    let alex = Person::new("alex");
    let world = World::new();
    world.trust(&[publisher(""), approver_with_key("alex", &alex), approver("ben")]);
    let mut consent = world.consent();
    alter(&mut consent);
    world.lock(&world.published(), &signer(&workflow()), &[world.signed_with_key(&alex, &consent)]);
    world
}

#[test]
fn what_was_not_altered_passes() {
    with_consent(|_| {}).run(&["verify", "--frozen"]).expect(0);
}

#[test]
fn t65_a_stripped_signature_is_refused() {
    let world = with_consent(|_| {});
    for signatures in [json!([]), json!(null), json!([{"sig": ""}]), json!([{}])] {
        let published = with_member(&world.published(), "/dsseEnvelope/signatures", signatures);
        world.write(&attestation(&world), &published);
        world.run(&["verify"]).expect(1);
    }
}

#[test]
fn t65_an_extra_signature_is_refused() {
    let world = with_consent(|_| {});
    let payload = world.manifest.to_payload();
    let published =
        world.sigstore.signer(&workflow(), now()).with_further_signature(b"another").sign_statement(&payload);
    world.write(&attestation(&world), &published);
    world.run(&["verify"]).expect(1).says("exactly one signature");
}

fn attestation(world: &World) -> String {
    format!(".mcp-pin/attestations/{}.sigstore.json", world.manifest.digest().to_hex())
}

/// Locks another payload as the manifest, signed by the right workflow.
fn with_payload(edit: impl FnOnce(&mut serde_json::Value)) -> World {
    let world = with_consent(|_| {});
    let mut statement: serde_json::Value = String::from_utf8(world.manifest.to_payload()).unwrap().parse().unwrap();
    edit(&mut statement);
    let payload = mcp_pin_model::json::to_value(&statement).unwrap().to_canonical_bytes();
    let published = world.signed_by(&payload, &workflow());
    world.lock_payload(Digest::of(&payload), &published, &signer(&workflow()), &[]);
    world
}

#[test]
fn t68_two_subjects_are_refused() {
    let world = with_payload(|statement| {
        let subjects = statement["subject"].as_array_mut().unwrap();
        let mut second = subjects[0].clone();
        second["name"] = json!("com.example/other@1.0.0");
        subjects.push(second);
    });
    world.run(&["verify"]).expect(1).says("the manifest is not accepted");
}

#[test]
fn t68_another_predicate_type_is_refused() {
    for kind in ["https://slsa.dev/provenance/v1", mcp_pin_model::Consent::PREDICATE_TYPE] {
        let world = with_payload(|statement| statement["predicateType"] = json!(kind));
        world.run(&["verify"]).expect(1).says("the manifest is not accepted");
    }
}

#[test]
fn t68_a_subject_that_is_not_the_predicates_is_refused() {
    let world = with_payload(|statement| statement["subject"][0]["name"] = json!("com.example/other@1.0.0"));
    world.run(&["verify"]).expect(1).says("the manifest is not accepted");
}

#[test]
fn a_manifest_in_place_of_a_consent_is_refused() {
    let world = with_consent(|_| {});
    let other = manifest(NAME, "1.0.1", [], None);
    let signed = world.signed_by(&other.to_payload(), &email("ben"));
    world.lock(&world.published(), &signer(&workflow()), &[(other.digest(), signed)]);
    world.run(&["verify"]).expect(1).says("a consent is not accepted");
}

#[test]
fn t70_a_consent_to_another_digest_is_refused() {
    with_consent(|consent| consent.manifest = Digest::of(b"other"))
        .run(&["verify"])
        .expect(1)
        .says("about another manifest");
}

#[test]
fn t70_a_consent_for_another_server_is_refused() {
    let world = with_consent(|consent| consent.server = "com.example/other".parse().unwrap());
    world.run(&["verify"]).expect(1).says("for another server");
}

#[test]
fn t70_a_consent_for_another_version_is_refused() {
    let world = with_consent(|consent| consent.version = "1.0.1".parse().unwrap());
    world.run(&["verify"]).expect(1).says("for another version");
}

#[test]
fn t70_a_consent_for_another_ring_does_not_count() {
    let world = with_consent(|consent| consent.rings = vec!["canary".parse().unwrap()]);
    world.run(&["verify"]).expect(4).says("does not hold for this ring");
}

#[test]
fn t70_a_consent_relative_to_another_predecessor_is_never_a_pass() {
    let world = with_consent(|consent| consent.replaces = Some(Digest::of(b"other")));
    world.run(&["verify"]).expect(3).says("missing");
}

#[test]
fn t68_a_consent_after_another_report_is_never_a_pass() {
    let world = with_consent(|consent| consent.changes = Digest::of(b"other"));
    world.run(&["verify"]).expect(3).says("the change report");
}

#[test]
fn t68_consents_after_two_reports_are_refused() {
    let alex = Person::new("alex");
    let world = World::new();
    world.trust(&[publisher(""), approver_with_key("alex", &alex), approver("ben")]);
    let mut other = world.consent();
    other.changes = Digest::of(b"other");
    let (honest, odd) = (world.consented_by(&email("ben")), world.signed_with_key(&alex, &other));
    world.lock(&world.published(), &signer(&workflow()), &[honest, odd]);
    assert_ne!(world.run(&["verify"]).code, 0);
}

#[test]
fn t76_an_expired_consent_does_not_count() {
    let world = with_consent(|consent| consent.expires = Some(now()));
    world.run(&["verify"]).expect(4).says("it has expired");
}

#[test]
fn t76_a_consent_from_the_future_does_not_count() {
    let world = with_consent(|consent| consent.at = "2999-01-01T00:00:00Z".parse().unwrap());
    world.run(&["verify"]).expect(4).says("dated in the future");
}

#[test]
fn t69_a_consent_by_the_publisher_is_refused() {
    let acme = Person::new("acme");
    let world = World::new();
    let key = acme.public_key().to_spki_pem();
    world.trust(&[
        format!("[[trust.publisher]]\nnames = [\"com.example/weather\"]\nkey = '''{key}'''\n"),
        approver_with_key("acme", &acme),
        approver("ben"),
    ]);
    let published = acme.sign(&world.manifest);
    let signer = acme.signed(&world.manifest).signer().clone();
    world.lock(published.as_bytes(), &signer, &[world.consented_with_key(&acme)]);
    world.run(&["verify"]).expect(1).says("it is by the publisher of the manifest");
    // Not even beside a good one: mcp-pin would not have locked it.
    let mut bens = world.consent();
    bens.reason = "by ben".to_owned();
    let bens = bens.to_payload();
    let bens = (Digest::of(&bens), world.signed_by(&bens, &email("ben")));
    world.lock(published.as_bytes(), &signer, &[world.consented_with_key(&acme), bens.clone()]);
    world.run(&["verify"]).expect(1).says("it is by the publisher of the manifest");
    world.lock(published.as_bytes(), &signer, &[bens]);
    world.run(&["verify"]).expect(0);
}

#[test]
fn t69_a_consent_listed_twice_is_refused() {
    let world = with_consent(|_| {});
    let lock = world.read("mcp-pin.lock");
    let line = lock.lines().find(|line| line.trim_start().starts_with("\"sha256:")).unwrap();
    let doubled = lock.replacen(line, &format!("{line}\n{line}"), 1);
    assert_ne!(lock, doubled);
    world.write("mcp-pin.lock", doubled);
    world.run(&["verify"]).expect(3).says("the lock is refused");
}

#[test]
fn a_signer_in_the_lock_that_did_not_sign_is_refused() {
    let world = with_consent(|_| {});
    for (from, to) in [("release.yml", "build.yml"), ("token.actions", "token.acti0ns")] {
        let lock = world.read("mcp-pin.lock");
        assert!(lock.contains(from), "{lock}");
        world.write("mcp-pin.lock", lock.replace(from, to));
        world.run(&["verify"]).expect(1).says("`signer` in the lock");
        world.write("mcp-pin.lock", lock);
    }
}

#[test]
fn attestations_that_nothing_names_are_told() {
    let world = with_consent(|_| {});
    let mut eves = world.consent();
    eves.reason = "by eve".to_owned();
    let stray = world.signed_by(&eves.to_payload(), &email("eve"));
    world.write(&format!(".mcp-pin/attestations/{}.sigstore.json", eves.digest().to_hex()), &stray);
    world.write(".mcp-pin/attestations/notes\u{1b}[2K.txt", "x");
    world.write(".mcp-pin/attestations/.mcp-pin-abc.tmp", "x");
    let said = world.run(&["verify"]).expect(0).says("2 files in .mcp-pin/attestations belong to nothing");
    assert!(!said.out.contains('\u{1b}'));
    world.run(&["verify", "--format", "json"]).expect(0).says("belong to nothing that is locked");
}
