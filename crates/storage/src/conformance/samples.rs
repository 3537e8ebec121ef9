//! Records and signed statements to store.

use std::{collections::BTreeSet, str::FromStr};

use jiff::Timestamp;
use mcp_pin_attest::{IdentityPolicy, InstanceName, SigningKey, Trust, Verified, sign, verify_with_keys_only};
use mcp_pin_model::{
    Consent, Digest, Grade, Launch, Manifest, Ring,
    consent::Decision,
    json::{self, Object, Value},
    launch::StdioLaunch,
    manifest::Capture,
    server_json,
    statement::Statement,
    surface::SurfaceParts,
};

use crate::{Credential, PrincipalName, Review, State, Submission, Transaction};

/// A moment: so many seconds after an arbitrary one.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_767_323_045_678 + 1_000 * seconds).expect("a time in this century")
}

/// An id that ends in this number.
pub(super) fn id<I: FromStr<Err: std::fmt::Debug>>(number: u32) -> I {
    format!("{number:026}").parse().expect("26 digits")
}

pub(super) fn parse<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a valid text")
}

/// A key with this id.
pub(super) fn key(id: &str) -> Credential {
    Credential::Key { id: id.to_owned(), public_key: "pem".to_owned() }
}

/// The tags of a workflow, built in an environment, as an instance vouches for them.
pub(super) fn identity(workflow: &str, environment: &str, instance: &str) -> Credential {
    let policy = format!(
        r#"{{"issuer":"https://issuer.example","subject":"https://forge.example/{workflow}@refs/tags/*","environment":"{environment}"}}"#
    );
    let policy: IdentityPolicy =
        json::from_value(&json::parse(policy.as_bytes()).expect("JSON")).expect("an acceptable policy");
    Credential::Identity { policy, instance: parse::<InstanceName>(instance) }
}

/// Signs with a new key of this principal and verifies.
pub(super) fn verified<T: Statement>(principal: &str, statement: &T) -> Verified<T> {
    let key = SigningKey::generate().expect("randomness");
    let mut trust = Trust::new();
    trust.add_key(principal, key.public_key().clone());
    verify_with_keys_only(&sign(statement, &key).expect("an acceptable statement"), &trust).expect("its own key")
}

/// A manifest of a server without tools, signed by `publisher`.
pub(super) fn manifest(server: &str, version: &str) -> Verified<Manifest> {
    let document = Object::from_iter([
        ("$schema", Value::from(server_json::CURRENT_SCHEMA)),
        ("name", Value::from(server)),
        ("description", Value::from("A sample.")),
        ("version", Value::from(version)),
    ]);
    let launch =
        Launch::Stdio(StdioLaunch { command: "sample".to_owned(), args: Vec::new(), env: Vec::new(), cwd: None });
    let capture = Capture {
        at: at(0),
        by: "conformance".to_owned(),
        transport: "stdio".to_owned(),
        protocol_version: "2025-11-25".to_owned(),
        auth_profile: None,
        placeholders: Vec::new(),
    };
    let surface = SurfaceParts::default().into_surface().expect("an empty surface");
    let manifest = Manifest::new(document, surface, launch, Vec::new(), capture, None).expect("an acceptable name");
    verified("publisher", &manifest)
}

/// A consent about a manifest by an approver.
pub(super) fn consent(approver: &str, submission: &Submission, decision: Decision) -> Verified<Consent> {
    verified(
        approver,
        &Consent {
            manifest: submission.manifest,
            decision,
            server: submission.server.clone(),
            version: submission.version.clone(),
            replaces: submission.review.replaces,
            changes: submission.review.changes,
            acknowledged: Vec::new(),
            rings: vec![Ring::stable()],
            reason: "a sample".to_owned(),
            at: at(1),
            expires: None,
            by: approver.to_owned(),
            baseline: None,
        },
    )
}

pub(super) async fn principal(tx: &mut dyn Transaction, name: &str) -> PrincipalName {
    let name = parse(name);
    tx.ensure_principal(&name, at(0)).await.expect("a principal");
    name
}

/// The record of a manifest that waits for consent.
pub(super) fn submission(number: u32, manifest: &Verified<Manifest>, changes: Digest) -> Submission {
    let statement = manifest.statement();
    Submission {
        id: id(number),
        server: statement.name().clone(),
        version: statement.version().clone(),
        manifest: manifest.digest(),
        attestation: manifest.attestation().digest(),
        server_json: Value::Object(statement.server.clone()).to_canonical_string(),
        publisher: parse("publisher"),
        signer: manifest.signer().clone(),
        credential: Credential::Key { id: manifest.signer().id(), public_key: "pem".to_owned() },
        submitted_by: parse("publisher"),
        submitted_at: at(2),
        review: Review { replaces: None, changes, grade: Grade::Notice, change_count: 3 },
        state: State::Pending,
        revision: 0,
    }
}

/// Stores a version that waits for consent.
pub(super) async fn submitted(tx: &mut dyn Transaction, number: u32, server: &str, version: &str) -> Submission {
    let manifest = manifest(server, version);
    principal(tx, "publisher").await;
    let changes = tx.insert_change_report(b"{}").await.expect("a document");
    let submission = submission(number, &manifest, changes);
    tx.insert_submission(&submission, &BTreeSet::from([server.to_owned()]), &manifest).await.expect("a new version");
    submission
}
