//! `verify --online` against a package registry on this machine, honest and then not.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use mcp_pin_test_support::{
    fake::{Scenario, fake_mcp_server},
    keys,
    sigstore::{TestClaims, TestSigstore},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use crate::common::{Run, Sandbox};

const ATTESTATIONS: &str = "/-/npm/v1/attestations/@acme%2Fweather@1.4.2";

fn tarball(text: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut head = tar::Header::new_ustar();
    head.set_size(text.len() as u64);
    head.set_mode(0o644);
    builder.append_data(&mut head, "package/package.json", text.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

fn sha512(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, bytes).as_ref().to_vec()
}

/// A package registry, the services that sign for its builders, and a project with a server from it.
struct World {
    runtime: Runtime,
    registry: MockServer,
    sigstore: TestSigstore,
    sandbox: Sandbox,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let registry = runtime.block_on(MockServer::start());
        let world = Self { runtime, registry, sigstore: TestSigstore::new("online"), sandbox: Sandbox::new() };
        let sandbox = &world.sandbox;
        sandbox.turn(&Scenario::weather());
        // What the launch names starts the fake server, whatever package it is told to run.
        let script = format!("#!/bin/sh\nexec {} scenario.json\n", fake_mcp_server().display());
        sandbox.write("npx", &script);
        std::fs::set_permissions(sandbox.path("npx"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let npx = sandbox.path("npx");
        let configuration = json!({"mcpServers": {"weather": {"command": npx.to_str().unwrap(), "args": ["-y", "@acme/weather@1.4.2"]}}});
        sandbox.write(".mcp.json", &configuration.to_string());
        assert_eq!(sandbox.run(&["init"]).code, 0);
        sandbox.write("sigstore.json", &world.sigstore.trusted_root_json());
        let mut settings = std::fs::read_to_string(sandbox.path("mcp-pin.toml")).unwrap();
        settings.push_str(&format!(
            "\n[packages]\nnpm = \"{}\"\n\n[[trust.root]]\ninstance = \"public-good\"\nfile = \"sigstore.json\"\n",
            world.registry.uri()
        ));
        sandbox.write("mcp-pin.toml", &settings);
        world
    }

    fn serve(&self, place: &str, answer: ResponseTemplate) {
        let mock = Mock::given(method("GET")).and(path(place)).respond_with(answer);
        self.runtime.block_on(mock.mount(&self.registry));
    }

    /// The registry has this archive from now on, and these attestations of it.
    fn publish(&self, archive: &[u8], attestations: Option<&Value>) {
        self.runtime.block_on(self.registry.reset());
        let address = format!("{}/weather.tgz", self.registry.uri());
        let integrity = format!("sha512-{}", STANDARD.encode(sha512(archive)));
        let document =
            json!({"name": "@acme/weather", "version": "1.4.2", "dist": {"tarball": address, "integrity": integrity}});
        self.serve("/@acme%2Fweather/1.4.2", ResponseTemplate::new(200).set_body_json(document));
        self.serve("/-/npm/v1/keys", ResponseTemplate::new(200).set_body_json(json!({"keys": []})));
        self.serve("/weather.tgz", ResponseTemplate::new(200).set_body_bytes(archive));
        if let Some(attestations) = attestations {
            self.serve(ATTESTATIONS, ResponseTemplate::new(200).set_body_json(attestations));
        }
    }

    /// SLSA provenance of an archive, by a workflow of this owner.
    fn provenance(&self, archive: &[u8], owner: &str) -> Value {
        let hex: String = sha512(archive).iter().map(|byte| format!("{byte:02x}")).collect();
        let payload = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "pkg:npm/%40acme/weather@1.4.2", "digest": {"sha512": hex}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {"externalParameters": {"workflow": {
                    "ref": "refs/tags/v1.4.2",
                    "repository": format!("https://github.com/{owner}/weather"),
                    "path": ".github/workflows/release.yml",
                }}},
                "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
            },
        });
        let claims = TestClaims::github(owner, "weather", "release.yml", "refs/tags/v1.4.2");
        let bundle = self.sigstore.sign_statement(payload.to_string().as_bytes(), &claims, keys::now());
        let bundle: Value = String::from_utf8(bundle).unwrap().parse().unwrap();
        json!({"attestations": [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": bundle}]})
    }

    fn lock(&self) {
        let run = self.sandbox.run(&["lock", "--accept", "first-use"]);
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    }

    fn online(&self) -> Run {
        self.sandbox.run(&["verify", "--online"])
    }
}

#[test]
fn bytes_and_provenance_are_locked_and_found_again() {
    let world = World::new();
    let archive = tarball(r#"{"name":"@acme/weather"}"#);
    world.publish(&archive, Some(&world.provenance(&archive, "acme")));
    world.lock();
    let lock = std::fs::read_to_string(world.sandbox.path("mcp-pin.lock")).unwrap();
    assert!(lock.contains(&STANDARD.encode(sha512(&archive))), "{lock}");
    assert!(lock.contains("https://github.com/acme/weather"), "{lock}");
    let run = world.online();
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("passed      provenance"), "{}", run.out);
    // Without the registry the lock verifies as before, provenance and all: what it needs is beside it.
    world.runtime.block_on(world.registry.reset());
    let run = world.sandbox.run(&["verify"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn t27_a_version_that_was_published_again_fails() {
    let world = World::new();
    let archive = tarball(r#"{"name":"@acme/weather"}"#);
    world.publish(&archive, None);
    world.lock();
    let other = tarball(r#"{"name":"@acme/weather","scripts":{"postinstall":"evil"}}"#);
    world.publish(&other, None);
    let run = world.online();
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("published again"), "{}", run.out);
    // Gone altogether is no better.
    world.runtime.block_on(world.registry.reset());
    assert_eq!(world.online().code, 1);
}

#[test]
fn t84_provenance_that_is_lost_or_of_somebody_else_fails() {
    let world = World::new();
    let archive = tarball(r#"{"name":"@acme/weather"}"#);
    world.publish(&archive, Some(&world.provenance(&archive, "acme")));
    world.lock();
    world.publish(&archive, None);
    let run = world.online();
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    world.publish(&archive, Some(&world.provenance(&archive, "acme-evil")));
    let run = world.online();
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("built from another repository"), "{}", run.out);
}

#[test]
fn what_is_not_reached_could_not_be_checked() {
    let world = World::new();
    let archive = tarball(r#"{"name":"@acme/weather"}"#);
    world.publish(&archive, Some(&world.provenance(&archive, "acme")));
    world.lock();
    world.runtime.block_on(world.registry.reset());
    for place in ["/@acme%2Fweather/1.4.2", "/weather.tgz", ATTESTATIONS] {
        world.serve(place, ResponseTemplate::new(503));
    }
    let run = world.online();
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert!(run.out.contains("could not"), "{}", run.out);
}
