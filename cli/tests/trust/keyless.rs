//! Locks whose manifests and consents are signed by identities.

use mcp_pin_model::statement::Statement as _;
use mcp_pin_test_support::{
    keys::{Person, now},
    sigstore::{TestClaims, TestSigstore, TestSubject},
};

use crate::world::{SUBJECT, World, approver, approver_with_key, email, publisher, signer, workflow};

/// Published by the workflow, consented to by anna.
fn locked() -> World {
    let world = World::new();
    world.trust(&[publisher(""), approver("anna")]);
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_by(&email("anna"))]);
    world
}

#[test]
fn a_lock_signed_by_identities_verifies_and_says_why() {
    let world = locked();
    world.run(&["verify", "--frozen"]).expect(0).says("1 passed");
    insta::with_settings!({filters => [("sha256:[0-9a-f]{64}", "sha256:[DIGEST]")]}, {
        insta::assert_snapshot!("verify-verbose", world.run(&["verify", "--verbose"]).expect(0).out);
        insta::assert_snapshot!("why-verbose", world.run(&["why", "weather", "--verbose"]).expect(0).out);
    });
    let json = world.run(&["why", "weather", "--format", "json"]).expect(0);
    for part in ["\"trustedBy\"", "\"chain\"", "\"quorum\"", "release.yml@refs/tags/v1.0.0", "anna@example.com"] {
        assert!(json.out.contains(part), "{part}: {}", json.out);
    }
}

#[test]
fn t67_a_signer_that_only_resembles_the_trusted_one_is_refused() {
    let other_issuer =
        TestClaims { issuer: "https://token.actions.githubusercontent.com.evil.example".to_owned(), ..workflow() };
    let pull_request_target = TestClaims { build_trigger: Some("pull_request_target".to_owned()), ..workflow() };
    for claims in [
        TestClaims::github("acme-evil", "weather", "release.yml", "refs/tags/v1.0.0"),
        TestClaims::github("acme", "weather-evil", "release.yml", "refs/tags/v1.0.0"),
        TestClaims::github("acme", "weather", "release.yml", "refs/heads/main"),
        TestClaims::github("acme", "weather", "test.yml", "refs/tags/v1.0.0"),
        TestClaims::bare(TestClaims::GITHUB_ISSUER, TestSubject::Uri(format!("x{SUBJECT}"))),
        other_issuer,
        pull_request_target,
    ] {
        let world = locked();
        let published = world.signed_by(&world.manifest.to_payload(), &claims);
        world.lock(&published, &signer(&claims), &[world.consented_by(&email("anna"))]);
        world.run(&["verify"]).expect(1).says("the manifest is not accepted");
    }
}

#[test]
fn an_identity_is_held_to_everything_that_is_asked_of_it() {
    for (more, code) in [
        ("repository-id = \"1\"", 1),
        ("owner-id = \"1\"", 1),
        ("environment = \"release\"", 1),
        ("runner = \"self-hosted\"", 1),
        ("ref = \"refs/heads/*\"", 1),
        ("workflow = \"https://github.com/acme/weather/.github/workflows/other.yml@refs/tags/*\"", 1),
        ("runner = \"github-hosted\"\nref = \"refs/tags/v*\"", 0),
    ] {
        let world = locked();
        world.trust(&[publisher(more), approver("anna")]);
        world.run(&["verify"]).expect(code);
    }
}

#[test]
fn another_instance_vouches_for_nobody_here() {
    // Certificates of an instance with other keys, for the same identity.
    let world = locked();
    let other = TestSigstore::new("evil").sign_statement(&world.manifest.to_payload(), &workflow(), now());
    world.lock(&other, &signer(&workflow()), &[world.consented_by(&email("anna"))]);
    world.run(&["verify"]).expect(1).says("the manifest is not accepted");
    // The public one does not know ours either.
    let world = locked();
    world.trust(&[publisher("").replace("instance = \"ours\"\n", ""), approver("anna")]);
    world.run(&["verify"]).expect(1).says("the manifest is not accepted");
}

#[test]
fn a_signature_without_its_evidence_is_refused() {
    let world = locked();
    let payload = world.manifest.to_payload();
    let sign = || world.sigstore.signer(&workflow(), now());
    for published in [
        sign().without_log_entry().sign_statement(&payload),
        sign().without_certificate_timestamp().sign_statement(&payload),
        sign().with_expired_certificate().sign_statement(&payload),
        sign().with_future_certificate().sign_statement(&payload),
        sign().with_signature(b"x").sign_statement(&payload),
    ] {
        world.lock(&published, &signer(&workflow()), &[world.consented_by(&email("anna"))]);
        world.run(&["verify"]).expect(1).says("the manifest is not accepted");
    }
}

#[test]
fn a_root_that_is_gone_is_could_not_check() {
    let world = locked();
    std::fs::remove_file(world.root().join("sigstore/root.json")).unwrap();
    world.run(&["verify"]).expect(3).says("`sigstore/root.json` is missing").says("mcp-pin.toml:9");
}

#[test]
fn t69_one_person_with_a_key_and_an_identity_is_one_of_the_quorum() {
    let key = Person::new("anna's key");
    let world = World::dangerous();
    let trust = [publisher(""), approver("anna"), approver_with_key("anna", &key), approver("ben")];
    world.trust(&trust);
    let published = world.published();
    let twice = [world.consented_by(&email("anna")), world.consented_with_key(&key)];
    // The statement is the same, so one file would stand for both: the second says something else about itself.
    let mut other = world.consent();
    other.reason = "read it again".to_owned();
    let twice = [twice[0].clone(), world.signed_with_key(&key, &other)];
    world.lock(&published, &signer(&workflow()), &twice);
    world.run(&["verify"]).expect(4).says("1 of 2 consents");
    world.run(&["verify", "--verbose"]).expect(4).says("1 of 2 approvers that it takes: anna");

    let mut bens = world.consent();
    bens.reason = "read by ben".to_owned();
    let bens = bens.to_payload();
    let bens = (mcp_pin_model::Digest::of(&bens), world.signed_by(&bens, &email("ben")));
    world.lock(&published, &signer(&workflow()), &[twice[0].clone(), bens]);
    world.run(&["verify", "--verbose"]).expect(0).says("2 of 2 approvers that it takes: anna, ben");
}

#[test]
fn t69_a_publisher_who_consents_by_another_identity_is_refused() {
    let world = World::new();
    world.trust(&[publisher("principal = \"anna\""), approver("anna"), approver("ben")]);
    let published = world.published();
    world.lock(&published, &signer(&workflow()), &[world.consented_by(&email("anna"))]);
    world.run(&["verify"]).expect(1).says("it is by the publisher of the manifest");
    world.lock(&published, &signer(&workflow()), &[world.consented_by(&email("ben"))]);
    world.run(&["verify"]).expect(0);
}

#[test]
fn t69_a_publisher_who_falls_under_an_approvers_policy_too_is_refused() {
    // Two policies that are not the same and both fit the workflow: its own consent is still its own.
    let wider = format!(
        "[[trust.approver]]\nname = \"alex\"\nissuer = \"{}\"\nsubject = \"{}\"\ninstance = \"ours\"\n",
        TestClaims::GITHUB_ISSUER,
        SUBJECT.replace("release.yml", "*")
    );
    let world = World::new();
    world.trust(&[publisher("principal = \"acme\""), wider]);
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_by(&workflow())]);
    world.run(&["verify"]).expect(1).says("it is by the publisher of the manifest");
    // Nor under another ref, where the signer's name is not the same.
    let later = TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.0.1");
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_by(&later)]);
    world.run(&["verify"]).expect(1).says("it is by the publisher of the manifest");
}

#[test]
fn t69_an_identity_of_two_people_counts_for_neither() {
    let wider = |name: &str, pattern: &str| {
        format!(
            "[[trust.approver]]\nname = \"{name}\"\nissuer = \"{}\"\nsubject = \"https://github.com/acme/reviews/.github/workflows/{pattern}@refs/heads/main\"\ninstance = \"ours\"\n",
            TestClaims::GITHUB_ISSUER
        )
    };
    let world = World::new();
    world.trust(&[publisher(""), wider("anna", "*"), wider("ben", "approve.yml")]);
    let claims = TestClaims::github("acme", "reviews", "approve.yml", "refs/heads/main");
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_by(&claims)]);
    world.run(&["verify"]).expect(1).says("is claimed by `anna` and by `ben`");
}
