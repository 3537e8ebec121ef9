//! Signing as a person or a CI job does it: with an identity, an encrypted key, an external signer.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::{fs, path::Path};

use jiff::Timestamp;
use mcp_pin::{
    cli::{Command as Action, Format},
    commands::{self, key},
    context::{Context, Environment},
    error::Status,
    state::key::KeyFile,
    ui::{ScriptedPrompter, Ui},
};
use mcp_pin_attest::{
    Attestation, IdentityPolicy, InstanceName, PublicKey, RequiredEvidence, Roots, Trust, TrustedRoot, verify,
    verify_with_keys_only,
};
use mcp_pin_model::{Launch, Manifest};
use mcp_pin_test_support::{
    fake::{Scenario, fake_mcp_server, fake_signer},
    keys,
    sigstore::{TestClaims, TestSigstore, TestSigstoreServer, token},
};
use serde_json::json;

use crate::support::{Ran, Sandbox, program, ran};

const SERVER_JSON: &str = r#"{"$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    "name": "io.github.acme/weather", "description": "Weather for tests.", "version": "1.0.0"}"#;

/// A project with a `server.json`, and a Sigstore instance on this machine that its options name.
struct Publisher {
    sandbox: Sandbox,
    sigstore: TestSigstoreServer,
}

impl Publisher {
    fn new() -> Self {
        let now: Timestamp = "2026-11-01T12:00:00Z".parse().unwrap();
        let sigstore = TestSigstoreServer::start(TestSigstore::new("acme"), now).unwrap();
        let sandbox = Sandbox::with_weather(&Scenario::weather());
        sandbox.write("server.json", SERVER_JSON);
        sandbox.write("trusted_root.json", &sigstore.sigstore().trusted_root_json());
        sandbox.write("signing_config.json", &sigstore.signing_config_json());
        Self { sandbox, sigstore }
    }

    /// `mcp-pin manifest sign weather`, keyless.
    fn sign(&self, more: &[&str]) -> Ran {
        let mut arguments = vec!["manifest", "sign", "weather", "--server-json", "server.json"];
        arguments.extend(["--output", "manifest.sigstore.json", "--keyless"]);
        arguments.extend(["--trusted-root", "trusted_root.json", "--signing-config", "signing_config.json"]);
        arguments.extend(more);
        self.sandbox.run(&arguments)
    }

    fn attestation(&self) -> Attestation {
        Attestation::from_bytes(fs::read(self.sandbox.path("manifest.sigstore.json")).unwrap()).unwrap()
    }

    #[track_caller]
    fn wrote_nothing(&self) {
        assert!(!self.sandbox.path("manifest.sigstore.json").exists());
    }
}

fn workflow() -> TestClaims {
    TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.0.0")
}

/// Verifies as a consumer who trusts an identity of the instance.
fn publisher_of(attestation: &Attestation, issuer: &str, subject: &str) -> String {
    let instance = InstanceName::Private("acme".to_owned());
    let root = TestSigstore::new("acme").trusted_root_json();
    let mut roots = Roots::none();
    roots.insert(TrustedRoot::from_json(instance.clone(), root.as_bytes(), RequiredEvidence::Log).unwrap());
    let mut trust = Trust::new();
    trust.add_identity("acme", IdentityPolicy::new(issuer, subject).unwrap(), instance);
    verify::<Manifest>(attestation, &trust, &roots).unwrap().principal().to_owned()
}

#[test]
fn a_manifest_is_signed_with_a_token_however_it_comes() {
    let mut publisher = Publisher::new();
    let token = TestClaims::email("anna@acme.example").token();

    let ran_ = publisher.sign(&["--identity-token", &token]).expect(0).says("signed as `anna@acme.example`");
    assert!(!ran_.out.contains(&token) && !ran_.err.contains(&token));
    let email =
        |publisher: &Publisher| publisher_of(&publisher.attestation(), TestClaims::EMAIL_ISSUER, "anna@acme.example");
    assert_eq!(email(&publisher), "acme");

    // On standard input, with the line end that `echo` adds.
    publisher.sandbox.write("token", &format!("{token}\n"));
    fs::remove_file(publisher.sandbox.path("manifest.sigstore.json")).unwrap();
    let input = fs::File::open(publisher.sandbox.path("token")).unwrap();
    ran(publisher
        .sandbox
        .command(program())
        .args(["manifest", "sign", "weather", "--server-json", "server.json", "--output", "manifest.sigstore.json"])
        .args(["--keyless", "--trusted-root", "trusted_root.json", "--signing-config", "signing_config.json"])
        .args(["--identity-token", "-"])
        .stdin(input))
    .expect(0);
    assert_eq!(email(&publisher), "acme");

    // In our variable.
    publisher.sandbox.set("MCP_PIN_IDENTITY_TOKEN", &token);
    publisher.sign(&[]).expect(0);
    assert_eq!(email(&publisher), "acme");
}

#[test]
fn a_gitlab_job_needs_no_option_for_its_token() {
    let mut publisher = Publisher::new();
    publisher.sandbox.set("GITLAB_CI", "true");
    publisher.sign(&[]).expect(2).says("SIGSTORE_ID_TOKEN");
    publisher.sandbox.set("SIGSTORE_ID_TOKEN", &workflow().token());
    publisher.sign(&[]).expect(0);
    let subject = "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1.0.0";
    assert_eq!(publisher_of(&publisher.attestation(), TestClaims::GITHUB_ISSUER, subject), "acme");
}

#[test]
fn a_github_job_without_the_permission_is_told_which() {
    let mut publisher = Publisher::new();
    publisher.sandbox.set("GITHUB_ACTIONS", "true");
    publisher.sign(&[]).expect(2).says("id-token: write");
    publisher.wrote_nothing();
}

#[test]
fn without_a_token_and_a_terminal_the_ways_to_get_one_are_named() {
    let publisher = Publisher::new();
    let ran = publisher.sign(&[]).expect(2).says("there is no identity token");
    for way in ["GitHub Actions", "GitLab", "Buildkite", "CircleCI", "--identity-token -", "MCP_PIN_IDENTITY_TOKEN"] {
        assert!(ran.err.contains(way), "{way}: {}", ran.err);
    }
    publisher.wrote_nothing();
}

#[test]
fn an_expired_or_damaged_token_is_refused_before_it_is_sent_and_not_repeated() {
    let publisher = Publisher::new();
    let expired = token(&json!({"iss": "https://i.example", "sub": "s", "exp": 1_700_000_000}));
    publisher.sign(&["--identity-token", &expired]).expect(2).says("expired at 2023-11-14");
    let ran = publisher.sign(&["--identity-token", "topsecret"]).expect(2).says("not a JSON Web Token");
    assert!(!ran.err.contains("topsecret"));
    publisher.wrote_nothing();
}

#[test]
fn t66_what_the_services_sign_is_refused_unless_the_root_is_theirs() {
    let publisher = Publisher::new();
    publisher.sandbox.write("trusted_root.json", &TestSigstore::new("other").trusted_root_json());
    let token = workflow().token();
    publisher.sign(&["--identity-token", &token]).expect(1).says("does not verify under the trusted root");
    publisher.wrote_nothing();
}

#[test]
fn services_that_are_down_could_not_be_checked() {
    let publisher = Publisher::new();
    let token = workflow().token();
    let Publisher { sandbox, sigstore } = publisher;
    drop(sigstore);
    sandbox
        .run(
            &["manifest", "sign", "weather", "--server-json", "server.json", "--output", "manifest.sigstore.json"]
                .into_iter()
                .chain(["--keyless", "--trusted-root", "trusted_root.json", "--signing-config", "signing_config.json"])
                .chain(["--identity-token", &token])
                .collect::<Vec<_>>(),
        )
        .expect(3)
        .says("the certificate authority (Fulcio) did not answer");
    assert!(!sandbox.path("manifest.sigstore.json").exists());
}

#[test]
fn a_key_and_an_identity_are_not_both_taken_and_no_option_is_ignored() {
    let publisher = Publisher::new();
    publisher.sign(&["--key", "other.pem"]).expect(2).says("both --keyless and a key are given");
    let without = ["manifest", "sign", "weather", "--server-json", "server.json", "--output", "m.json"];
    for option in [["--identity-token", "a.b.c"], ["--trusted-root", "r.json"], ["--signing-config", "s.json"]] {
        publisher.sandbox.run(&[&without[..], &option[..]].concat()).expect(2).says("add --keyless");
    }
    publisher.sandbox.run(&[&without[..], &["--staging"]].concat()).expect(2).says("add --keyless");
}

#[test]
fn a_command_is_captured_and_is_what_consumers_start() {
    let sandbox = Sandbox::with_weather(&Scenario::weather());
    sandbox.write("server.json", SERVER_JSON);
    sandbox.run(&["key", "generate"]).expect(0);
    let server = fake_mcp_server();
    let scenario = sandbox.scenario_path("weather");
    let words = [server.to_str().unwrap(), scenario.to_str().unwrap()];
    let sign = ["manifest", "sign", "--server-json", "server.json", "--output", "m.json", "--"];
    sandbox.run(&[&sign[..], &words[..]].concat()).expect(0).says("io.github.acme/weather@1.0.0");
    let bundle = Attestation::from_bytes(fs::read(sandbox.path("m.json")).unwrap()).unwrap();
    let manifest: Manifest = bundle.statement_unverified().unwrap();
    let Launch::Stdio(launch) = &manifest.launch else { panic!("{:?}", manifest.launch) };
    assert_eq!([launch.command.as_str(), launch.args.join(" ").as_str()], words);
    // Neither an alias nor a command.
    sandbox.run(&["manifest", "sign", "--server-json", "server.json", "--output", "m.json"]).expect(2);
}

/// `mcp-pin manifest sign` with a key or an external signer.
fn sign_with(sandbox: &Sandbox, key: &str) -> Ran {
    sandbox.run(&["--key", key, "manifest", "sign", "weather", "--server-json", "server.json", "--output", "m.json"])
}

fn trusted(path: &Path, key: &PublicKey) -> bool {
    let mut trust = Trust::new();
    trust.add_key("anna", key.clone());
    let attestation = Attestation::from_bytes(fs::read(path).unwrap()).unwrap();
    verify_with_keys_only::<Manifest>(&attestation, &trust).is_ok()
}

#[test]
fn an_encrypted_key_signs_with_its_password_only() {
    let mut sandbox = Sandbox::with_weather(&Scenario::weather());
    sandbox.write("server.json", SERVER_JSON);
    // Nobody can be asked for a password.
    sandbox.run(&["key", "generate", "--encrypt", "-o", "key.pem"]).expect(2).says("MCP_PIN_KEY_PASSWORD");
    sandbox.set("COSIGN_PASSWORD", "");
    sandbox.run(&["key", "generate", "--encrypt", "-o", "key.pem"]).expect(2).says("protects nothing");
    sandbox.set("COSIGN_PASSWORD", "right");
    sandbox.run(&["key", "generate", "--encrypt", "-o", "key.pem"]).expect(0);
    assert!(sandbox.read("key.pem").starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"));

    sign_with(&sandbox, "key.pem").expect(0);
    let public = sandbox.run(&["--key", "key.pem", "key", "show", "--public"]).expect(0).out;
    assert!(trusted(&sandbox.path("m.json"), &PublicKey::from_spki_pem(&public).unwrap()));
    fs::remove_file(sandbox.path("m.json")).unwrap();

    // Ours goes before cosign's.
    sandbox.set("MCP_PIN_KEY_PASSWORD", "wrong");
    let ran = sign_with(&sandbox, "key.pem").expect(2).says("the password is wrong");
    assert!(!ran.err.contains("right") && !ran.err.contains("`wrong`"));
    assert!(!sandbox.path("m.json").exists());
}

#[test]
fn the_password_is_asked_for_where_somebody_is() {
    let sandbox = Sandbox::new();
    let run = |action: key::Action, answers: &[&str]| {
        let (ui, captured) = Ui::captured(Some(Box::new(ScriptedPrompter::new(answers.iter().copied()))));
        let file = KeyFile::chosen(sandbox.path("key.pem"));
        let clock = || Timestamp::from_second(1_790_000_000).unwrap();
        let project = sandbox.project.clone();
        let context = Context::new(ui, Format::Human, project, Environment::default(), file, clock);
        let status =
            commands::run(&Action::Key(key::Arguments { action }), &context).unwrap_or_else(|error| error.status);
        (status, format!("{}{}", captured.out(), captured.err()))
    };
    let generate = || key::Action::Generate { output: None, encrypt: true };
    assert_eq!(run(generate(), &["one", "another"]).0, Status::Usage);
    assert!(!sandbox.path("key.pem").exists());
    let (status, said) = run(generate(), &["right", "right"]);
    assert_eq!(status, Status::Passed, "{said}");
    assert!(!said.contains("right"), "{said}");

    assert_eq!(run(key::Action::Show { public: true }, &["wrong"]).0, Status::Usage);
    let (status, said) = run(key::Action::Show { public: true }, &["right"]);
    assert_eq!(status, Status::Passed);
    assert!(PublicKey::from_spki_pem(&said).is_ok(), "{said}");
}

#[test]
fn an_external_signer_signs_and_one_that_lies_or_fails_does_not() {
    let mut sandbox = Sandbox::with_weather(&Scenario::weather());
    sandbox.write("server.json", SERVER_JSON);
    let signer = |behaviour: &str| format!("exec:'{}' {behaviour}", fake_signer().to_str().unwrap());
    sign_with(&sandbox, &signer("honest")).expect(0);
    assert!(trusted(&sandbox.path("m.json"), keys::key("signer").public_key()));
    fs::remove_file(sandbox.path("m.json")).unwrap();

    sign_with(&sandbox, &signer("lies")).expect(1).says("does not verify with its own public key");
    sign_with(&sandbox, &signer("garbage")).expect(3).says("no signature in base64");
    sign_with(&sandbox, &signer("no-key")).expect(2).says("no public key");
    sign_with(&sandbox, &signer("floods")).expect(2).says("printed more than");
    let failed = sign_with(&sandbox, &signer("fails")).expect(3).says("no token in slot 0");
    assert!(!failed.err.contains('\u{1b}'), "{:?}", failed.err);
    sign_with(&sandbox, "exec:").expect(2).says("not followed by a command");
    sign_with(&sandbox, "exec:/nonexistent/kms").expect(2).says("cannot be started");
    assert!(!sandbox.path("m.json").exists());

    // What is ours stays with us.
    sandbox.set("MCP_PIN_TOKEN", "mpr_secret");
    sandbox.set("COSIGN_PASSWORD", "secret");
    sandbox.set("AWS_PROFILE", "release");
    let told = sign_with(&sandbox, &signer("tells-variables")).expect(3).says("AWS_PROFILE");
    assert!(!told.err.contains("MCP_PIN_TOKEN") && !told.err.contains("COSIGN_PASSWORD"), "{}", told.err);
}

#[test]
fn an_external_signer_locks_too() {
    let sandbox = Sandbox::with_weather(&Scenario::weather());
    let key = format!("exec:'{}' honest", fake_signer().to_str().unwrap());
    sandbox.run(&["--key", &key, "lock", "--accept", "first-use"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    // No key file was made beside it.
    assert!(!sandbox.home().join(".config/mcp-pin/key.pem").exists());
}

#[test]
fn a_file_and_a_statement_are_signed_by_the_conformance_protocol() {
    let publisher = Publisher::new();
    let sandbox = &publisher.sandbox;
    let token = workflow().token();
    let subject = "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1.0.0";
    sandbox.write("a.txt", "any bytes");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a.txt", "digest": {"sha256": mcp_pin_model::Digest::of(b"any bytes").to_hex()}}],
        "predicateType": "https://example.com/p",
        "predicate": {},
    });
    sandbox.write("statement.json", &statement.to_string());
    for (file, in_toto) in [("a.txt", &[][..]), ("statement.json", &["--in-toto"][..])] {
        let mut arguments = vec!["sign-bundle"];
        arguments.extend(in_toto);
        arguments.extend(["--identity-token", &token, "--bundle", "out.json", "--trusted-root", "trusted_root.json"]);
        arguments.extend(["--signing-config", "signing_config.json", file]);
        sandbox.run(&arguments).expect(0);
        let verify = |artifact: &str| {
            sandbox.run(&[
                "verify-bundle",
                "--bundle",
                "out.json",
                "--certificate-identity",
                subject,
                "--certificate-oidc-issuer",
                TestClaims::GITHUB_ISSUER,
                "--trusted-root",
                "trusted_root.json",
                artifact,
            ])
        };
        verify("a.txt").expect(0);
        verify("server.json").expect(1);
    }
    let nonsense = ["sign-bundle", "--in-toto", "--identity-token", &token, "--bundle", "no.json", "a.txt"];
    sandbox.run(&nonsense).expect(2);
    assert!(!sandbox.path("no.json").exists());
}
