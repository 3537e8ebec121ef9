//! The schemas and the readers agree: what is read fits the schema, and what the schema refuses is refused.

#![cfg(feature = "schema")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests; schemas are checked over another JSON library"
)]

use mcp_pin_model::{
    Consent, Digest, EntryKind, Launch, Lockfile, Manifest, Revocation, Ring, Surface,
    consent::Decision,
    json,
    launch::StdioLaunch,
    leaf::{Leaf, LeafType},
    manifest::Capture,
    revocation::RevocationScope,
    schema, server_json,
    statement::Statement,
    surface::SurfaceParts,
};
use serde_json::Value;

fn surface() -> Surface {
    let tool = json::parse(br#"{"name":"t","inputSchema":{"type":"object"},"x":1}"#).unwrap();
    SurfaceParts {
        sections: vec![(EntryKind::Tool, vec![tool]), (EntryKind::Prompt, vec![])],
        instructions: Some("Read me".to_owned()),
        ..SurfaceParts::default()
    }
    .into_surface()
    .unwrap()
}

fn manifest() -> Manifest {
    let launch =
        Launch::Stdio(StdioLaunch { command: "npx".to_owned(), args: vec![], env: vec!["KEY".to_owned()], cwd: None });
    let server = server_json::local(&"weather".parse().unwrap(), &"1.4.2".parse().unwrap(), &launch);
    let artifacts = serde_json::from_str(
        r#"[{"purl":"pkg:npm/a@1","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
            {"purl":"pkg:npm/b"}]"#,
    );
    let capture = Capture {
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        by: "mcp-pin/0.1.0".to_owned(),
        transport: "stdio".to_owned(),
        protocol_version: "2025-11-25".to_owned(),
        auth_profile: None,
        placeholders: vec![],
    };
    Manifest::new(server, surface(), launch, artifacts.unwrap(), capture, Some(Digest::of(b"before"))).unwrap()
}

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Fits the schema; and no longer fits after each edit `(pointer to an object, member, new value or none)`.
fn check(schema: &Value, document: &Value, edits: &[(&str, &str, Option<Value>)]) {
    let validator = jsonschema::draft202012::new(schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    for (at, member, replacement) in edits {
        let mut changed = document.clone();
        let object = changed.pointer_mut(at).and_then(Value::as_object_mut).unwrap();
        match replacement {
            Some(replacement) => object.insert((*member).to_owned(), replacement.clone()),
            None => object.remove(*member),
        };
        assert!(!validator.is_valid(&changed), "{at}/{member} = {replacement:?} fits");
    }
}

fn text(text: &str) -> Option<Value> {
    Some(Value::from(text))
}

#[test]
fn surfaces() {
    let document = value(&surface().to_value().to_canonical_bytes());
    check(
        &schema::surface(),
        &document,
        &[
            ("", "_type", text("urn:mcp-pin:surface:v2")),
            ("", "tools", None),
            ("", "unknown", Some(Value::Null)),
            ("", "resources", Some(serde_json::json!({}))),
            ("/tools/0", "name", None),
            ("/completeness", "allPagesRead", Some(Value::Bool(false))),
        ],
    );
}

#[test]
fn statements() {
    check(
        &schema::manifest(),
        &value(&manifest().to_payload()),
        &[
            ("", "predicateType", text("urn:mcp-pin:consent:v1")),
            ("/predicate", "since", text("")),
            ("/predicate", "launch", None),
            ("/predicate/launch", "detached", Some(Value::Bool(true))),
            ("/predicate", "previous", text("sha256:12")),
            ("/predicate/artifacts/0", "digest", text("sha1-AAAA")),
            ("/predicate/capture", "protocolVersion", None),
            ("/subject/0/digest", "sha256", text("E3")),
        ],
    );
    let consent = Consent {
        manifest: Digest::of(b"manifest"),
        decision: Decision::Approve,
        server: "com.example/weather".parse().unwrap(),
        version: "1.4.2-rc.1+build".parse().unwrap(),
        replaces: None,
        changes: Digest::of(b"report"),
        acknowledged: vec![],
        rings: vec![Ring::stable()],
        reason: "why".to_owned(),
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        expires: None,
        by: "Ada".to_owned(),
        baseline: None,
    };
    check(
        &schema::consent(),
        &value(&consent.to_payload()),
        &[
            ("/predicate", "decision", text("maybe")),
            ("/predicate", "version", text("^1.4.2")),
            ("/predicate", "version", text("latest")),
            ("/predicate", "server", text("weather")),
            ("/predicate", "changes", text("sha256:AB")),
            ("/predicate", "manifest", text("inside")),
            ("", "subject", Some(serde_json::json!([]))),
        ],
    );
    let revocation =
        Revocation::new(RevocationScope::Server, "com.example/weather", "why", "2026-03-01T12:00:00Z".parse().unwrap());
    check(
        &schema::revocation(),
        &value(&revocation.unwrap().to_payload()),
        &[("/predicate", "scope", text("world")), ("/predicate", "target", None), ("", "_type", text("x"))],
    );
}

#[test]
fn leaves() {
    let mut leaf = Leaf::new(LeafType::Consented, "2026-03-01T12:00:00Z".parse().unwrap(), "ada");
    leaf.ring = Some(Ring::stable());
    check(
        &schema::leaf(),
        &value(&leaf.to_bytes().unwrap()),
        &[("", "type", text("consent")), ("", "ring", text("Stable")), ("", "actor", None), ("", "extra", text("x"))],
    );
}

#[test]
fn registry_roots() {
    let vectors = include_str!("../../../tests/vectors/registry-roots.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let envelope: Value = serde_json::from_str(vectors[0]["chain"][0].as_str().unwrap()).unwrap();
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, envelope["payload"].as_str().unwrap())
            .unwrap();
    check(
        &schema::registry_root(),
        &value(&payload),
        &[
            ("", "version", text("1")),
            ("", "expires", None),
            ("", "extra", text("x")),
            ("/roles", "root", None),
            ("/roles/root", "threshold", Some(Value::from(0))),
        ],
    );
}

#[test]
fn locks() {
    let text_of_lock = include_str!("snapshots/lockfile__a_lock_round_trips_and_is_sorted.snap");
    let lock = text_of_lock.splitn(3, "---\n").nth(2).unwrap().trim_end().to_owned() + "\n";
    assert!(Lockfile::parse(&lock).is_ok());
    let document: Value = serde_json::to_value(toml::from_str::<toml::Table>(&lock).unwrap()).unwrap();
    check(
        &schema::lock(),
        &document,
        &[
            ("", "format", text("urn:mcp-pin:lock:v2")),
            ("", "unknown", text("x")),
            ("/server/0", "alias", text(" x")),
            ("/server/0", "source", text("elsewhere")),
            ("/server/0", "manifest", None),
            ("/server/0/tools/0", "since", text("x")),
            ("/server/1/tombstones/0", "kind", text("tools")),
            ("/server/0/signer", "key", Some(Value::Null)),
            ("/registry/0", "size", Some(Value::from(-1))),
        ],
    );
}
