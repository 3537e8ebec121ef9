//! Signed statements: one meaning has one payload, and everything else is refused.

#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::Timestamp;
use mcp_pin_model::{
    Artifact, Consent, Digest, EntryKind, Launch, Manifest, Revocation, Ring,
    consent::{Baseline, Decision},
    json::{self, Value},
    launch::StdioLaunch,
    leaf::{Leaf, LeafError, LeafType},
    manifest::Capture,
    revocation::RevocationScope,
    server_json,
    statement::{Statement, StatementError},
    surface::SurfaceParts,
};

const NPM: &str = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";

fn time() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn manifest() -> Manifest {
    let launch = Launch::Stdio(StdioLaunch {
        command: "npx".to_owned(),
        args: vec!["-y".to_owned(), "@acme/weather@1.4.2".to_owned()],
        env: vec!["WEATHER_KEY".to_owned(), "A".to_owned()],
        cwd: None,
    });
    let server = server_json::local(&"weather".parse().unwrap(), &"1.4.2".parse().unwrap(), &launch);
    let tools =
        vec![json::parse(br#"{"name":"b","description":"\u202e"}"#).unwrap(), json::parse(br#"{"name":"a"}"#).unwrap()];
    let surface =
        SurfaceParts { sections: vec![(EntryKind::Tool, tools)], ..SurfaceParts::default() }.into_surface().unwrap();
    let artifacts = vec![
        Artifact::with_digest("pkg:npm/%40acme/weather@1.4.2", NPM.parse().unwrap()),
        Artifact::named("pkg:generic/node"),
    ];
    let capture = Capture {
        at: time(),
        by: "mcp-pin/0.1.0".to_owned(),
        transport: launch.transport().to_owned(),
        protocol_version: "2025-11-25".to_owned(),
        auth_profile: None,
        placeholders: vec![],
    };
    Manifest::new(server, surface, launch, artifacts, capture, None).unwrap()
}

fn consent() -> Consent {
    Consent {
        manifest: Digest::of(b"manifest"),
        decision: Decision::Approve,
        server: "com.example/weather".parse().unwrap(),
        version: "1.4.2".parse().unwrap(),
        replaces: Some(Digest::of(b"before")),
        changes: Digest::of(b"report"),
        acknowledged: vec!["b".to_owned(), "a".to_owned(), "b".to_owned()],
        rings: vec![Ring::stable(), "canary".parse().unwrap()],
        reason: "Reviewed; \u{202e} \"quoted\"".to_owned(),
        at: time(),
        expires: Some("2027-03-01T12:00:00.5Z".parse().unwrap()),
        by: "Ada".to_owned(),
        baseline: Some(Baseline { manifest: Digest::of(b"read as a whole"), at: time() }),
    }
}

fn revocation() -> Revocation {
    Revocation::new(RevocationScope::Version, "com.example/weather@1.4.2", "leaked key", time()).unwrap()
}

/// The payload with one replacement, still canonical JSON unless the replacement breaks that.
fn edited<T: Statement>(statement: &T, from: &str, to: &str) -> Result<T, StatementError> {
    let payload = String::from_utf8(statement.to_payload()).unwrap();
    let changed = payload.replacen(from, to, 1);
    assert_ne!(changed, payload, "{from} is not in {payload}");
    T::from_payload(changed.as_bytes())
}

#[test]
fn statements_round_trip_to_the_same_bytes() {
    let manifest = manifest();
    let payload = manifest.to_payload();
    let read = Manifest::from_payload(&payload).unwrap();
    assert_eq!(read.to_payload(), payload);
    assert_eq!(read.digest(), Digest::of(&payload));
    assert_eq!(read.name().as_str(), "local/weather");

    let payload = consent().to_payload();
    let read = Consent::from_payload(&payload).unwrap();
    assert_eq!(read.acknowledged, ["a", "b"]);
    assert_eq!(read.manifest, Digest::of(b"manifest"));
    assert_eq!(read.baseline, consent().baseline);
    assert_eq!(read.to_payload(), payload);
    // Nothing is written where this version was read as a whole itself.
    let payload = Consent { baseline: None, ..consent() }.to_payload();
    assert!(!String::from_utf8(payload.clone()).unwrap().contains("baseline"));
    assert_eq!(Consent::from_payload(&payload).unwrap().baseline, None);

    let payload = revocation().to_payload();
    assert_eq!(Revocation::from_payload(&payload).unwrap(), revocation());
}

#[test]
fn artifacts_are_subjects_in_hexadecimal() {
    let payload = String::from_utf8(manifest().to_payload()).unwrap();
    let hex = NPM.parse::<mcp_pin_model::artifact::ArtifactDigest>().unwrap().to_hex();
    let subject = format!(r#"{{"digest":{{"sha512":"{hex}"}},"name":"pkg:npm/%40acme/weather@1.4.2"}}"#);
    assert!(payload.contains(&subject), "{payload}");
    assert!(payload.contains(&format!(r#""digest":"{NPM}""#)), "the predicate keeps the ecosystem's spelling");
    // An unresolved artifact is part of the predicate, and no subject: nobody knows its bytes.
    assert_eq!(payload.matches("pkg:generic/node").count(), 1);
}

#[test]
fn one_statement_is_not_another() {
    let payload = consent().to_payload();
    assert!(matches!(Manifest::from_payload(&payload), Err(StatementError::WrongPredicateType { .. })));
    assert!(matches!(Revocation::from_payload(&payload), Err(StatementError::WrongPredicateType { .. })));
    let newer = edited(&consent(), "urn:mcp-pin:consent:v1", "urn:mcp-pin:consent:v2");
    assert!(matches!(newer, Err(StatementError::WrongPredicateType { .. })));
    let other = edited(&consent(), "in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1");
    assert!(matches!(other, Err(StatementError::WrongType)));
    assert!(matches!(Consent::from_payload(b"{"), Err(StatementError::Json(_))));
    assert!(matches!(Consent::from_payload(b"null"), Err(StatementError::WrongType)));
}

#[test]
fn only_one_spelling_of_a_statement_is_accepted() {
    let pretty = format!("{} ", String::from_utf8(consent().to_payload()).unwrap());
    assert!(matches!(Consent::from_payload(pretty.as_bytes()), Err(StatementError::NotCanonical)));
    for (from, to) in [
        (r#"["a","b"]"#, r#"["b","a"]"#),
        (r#"["a","b"]"#, r#"["a","a","b"]"#),
        (r#"["canary","stable"]"#, r#"["stable","canary"]"#),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"),
    ] {
        let found = edited(&consent(), from, to);
        assert!(matches!(found, Err(StatementError::NotNormal)), "{to}: {found:?}");
    }
    for (from, to) in [
        // A volatile member, which the surface's digest would not cover, cannot ride along.
        (r#"{"description":"#, r#"{"annotations":{"lastModified":1},"description":"#),
        (r#"["A","WEATHER_KEY"]"#, r#"["WEATHER_KEY","A"]"#),
    ] {
        let found = edited(&manifest(), from, to);
        assert!(found.is_err(), "{to}");
    }
    // Two tools in another order: the digest is the same, the payload is not.
    let payload = String::from_utf8(manifest().to_payload()).unwrap();
    let (a, b) = ("{\"name\":\"a\"}", "{\"description\":\"\u{202e}\",\"name\":\"b\"}");
    let swapped = payload.replace(&format!("{a},{b}"), &format!("{b},{a}"));
    assert_ne!(swapped, payload);
    assert!(matches!(Manifest::from_payload(swapped.as_bytes()), Err(StatementError::NotNormal)));
}

#[test]
fn subjects_must_match_the_predicate() {
    for found in [
        edited(&consent(), "com.example/weather@1.4.2", "com.example/weather@1.4.3").map(|_| ()),
        edited(&consent(), "\"server\":\"com.example/weather\"", "\"server\":\"com.example/wether\"").map(|_| ()),
        edited(&revocation(), "version:com.example", "version:org.example").map(|_| ()),
        edited(&revocation(), "\"target\":\"com.example", "\"target\":\"org.example").map(|_| ()),
        edited(&manifest(), "local/weather@1.4.2", "local/weather@1.4.3").map(|_| ()),
        edited(&manifest(), "\"sha512\":\"cf", "\"sha512\":\"df").map(|_| ()),
        edited(&manifest(), "\"name\":\"a\"", "\"name\":\"A\"").map(|_| ()),
        edited(&manifest(), "\"digest\":{\"sha512\"", "\"digest\":{\"sha256\":\"\",\"sha512\"").map(|_| ()),
    ] {
        assert!(matches!(found, Err(StatementError::Subject(_))), "{found:?}");
    }
    // T49: the same hexadecimal digits under another algorithm are another digest.
    let found = edited(&consent(), "\"sha256\":", "\"sha512\":");
    assert!(matches!(found, Err(StatementError::Subject(_))), "{found:?}");
}

#[test]
fn unknown_and_missing_members_are_refused() {
    for found in [
        edited(&consent(), "\"decision\"", "\"aside\":1,\"decision\"").map(|_| ()),
        edited(&consent(), "\"decision\":\"approve\",", "").map(|_| ()),
        edited(&consent(), "\"approve\"", "\"maybe\"").map(|_| ()),
        edited(&consent(), "\"predicateType\"", "\"predicateTip\":1,\"predicateType\"").map(|_| ()),
        edited(&consent(), "\"digest\":{", "\"annotations\":{},\"digest\":{").map(|_| ()),
        edited(&revocation(), "\"reason\"", "\"later\":null,\"reason\"").map(|_| ()),
        edited(&manifest(), "\"previous\":null", "\"previous\":null,\"since\":1").map(|_| ()),
        edited(&manifest(), "\"previous\":null,", "").map(|_| ()),
        edited(&manifest(), "\"by\":", "\"bi\":0,\"by\":").map(|_| ()),
        edited(&manifest(), "\"command\":\"npx\"", "\"command\":\"npx\",\"detached\":true").map(|_| ()),
    ] {
        assert!(found.is_err(), "{found:?}");
    }
}

#[test]
fn ranges_and_latest_are_refused_everywhere() {
    for version in ["latest", "^1.4.2", "1.x", "1.4", "01.4.2", "1.4.2 ", ""] {
        let found = edited(&consent(), "\"version\":\"1.4.2\"", &format!("\"version\":\"{version}\""));
        assert!(found.is_err(), "{version}");
        let mut manifest = manifest();
        manifest.server.insert("version", version);
        let Manifest { server, surface, launch, artifacts, capture, previous, .. } = manifest;
        assert!(Manifest::new(server, surface, launch, artifacts, capture, previous).is_err(), "{version}");
    }
}

#[test]
fn a_manifest_needs_an_acceptable_server_json_and_distinct_artifacts() {
    let rebuild = |manifest: Manifest| {
        let Manifest { server, surface, launch, artifacts, capture, previous, .. } = manifest;
        Manifest::new(server, surface, launch, artifacts, capture, previous)
    };
    let mut hostile = manifest();
    hostile.server.insert("websiteUrl", "javascript:\u{1b}[2J");
    let error = rebuild(hostile).unwrap_err();
    assert!(matches!(error, StatementError::Server(_)));
    assert!(error.to_string().contains("websiteUrl") && !error.to_string().chars().any(json::is_hidden), "{error}");
    let mut nameless = manifest();
    nameless.server.remove("name");
    assert!(matches!(rebuild(nameless), Err(StatementError::Server(_))));
    let mut twice = manifest();
    twice.artifacts.push(Artifact { digest: None, ..twice.artifacts[1].clone() });
    assert!(matches!(rebuild(twice), Err(StatementError::DuplicateArtifact(_))));
    let algorithm = edited(&manifest(), "\"digest\":\"sha512-", "\"digest\":\"sha1-");
    assert!(matches!(algorithm, Err(StatementError::Predicate(_))), "{algorithm:?}");
}

#[test]
fn targets_of_revocations_fit_their_scope() {
    let digest = Digest::of(b"x").to_string();
    for (scope, target, fits) in [
        (RevocationScope::Manifest, digest.as_str(), true),
        (RevocationScope::Manifest, "sha256:12", false),
        (RevocationScope::Version, "com.example/weather@1.4.2", true),
        (RevocationScope::Version, "com.example/weather@latest", false),
        (RevocationScope::Version, "com.example/weather", false),
        (RevocationScope::Server, "com.example/weather", true),
        (RevocationScope::Server, "weather", false),
        (RevocationScope::Signer, "key-id", true),
        (RevocationScope::Approver, "", false),
    ] {
        assert_eq!(Revocation::new(scope, target, "why", time()).is_ok(), fits, "{scope:?} {target}");
    }
    let found = edited(&revocation(), "\"scope\":\"version\"", "\"scope\":\"server\"");
    assert!(matches!(found, Err(StatementError::Target(_))), "{found:?}");
}

#[test]
fn leaves_round_trip_and_are_bounded() {
    let mut leaf = Leaf::new(LeafType::RingMoved, time(), "admin");
    leaf.server = Some("com.example/weather".parse().unwrap());
    leaf.version = Some("1.4.2".parse().unwrap());
    leaf.manifest = Some(Digest::of(b"m"));
    leaf.attestation = Some(Digest::of(b"a"));
    leaf.ring = Some(Ring::stable());
    let bytes = leaf.to_bytes().unwrap();
    assert_eq!(Leaf::from_bytes(&bytes).unwrap(), leaf);
    let text = String::from_utf8(bytes).unwrap();
    assert!(matches!(Leaf::from_bytes(text.replace("\"v\":1", "\"v\":2").as_bytes()), Err(LeafError::Version)));
    assert!(matches!(Leaf::from_bytes(format!("{text} ").as_bytes()), Err(LeafError::NotCanonical)));
    assert!(Leaf::from_bytes(text.replace("\"v\":1", "\"v\":1,\"w\":1").as_bytes()).is_err());
    assert!(Leaf::from_bytes(text.replace("ring-moved", "ring-broken").as_bytes()).is_err());
    leaf.target = Some("x".repeat(70_000));
    assert!(matches!(leaf.to_bytes(), Err(LeafError::TooLarge(_))));
}

#[test]
fn the_order_of_names_in_a_configuration_means_nothing() {
    let launch = |env: &[&str]| {
        Launch::Stdio(StdioLaunch {
            command: "x".to_owned(),
            args: vec![],
            env: env.iter().map(|&name| name.to_owned()).collect(),
            cwd: None,
        })
    };
    assert_eq!(launch(&["B", "A"]).digest(), launch(&["A", "B", "A"]).digest());
    assert_ne!(launch(&["A"]).digest(), launch(&["B"]).digest());
    assert_eq!(launch(&["B", "A"]).to_value().get("env"), Some(&Value::Array(vec!["A".into(), "B".into()])));
}
