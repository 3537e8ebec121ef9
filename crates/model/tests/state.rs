//! The signed state, as bytes.

#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::SignedDuration;
use mcp_pin_model::{
    Digest, Ring, StateRevocations, StateServers, StateSnapshot,
    revocation::RevocationScope,
    state::{STATE_VERSION, Standing, StateError, StateRevocation, VersionState},
};

fn snapshot() -> StateSnapshot {
    let issued = "2026-05-01T12:00:00Z".parse().unwrap();
    StateSnapshot {
        v: STATE_VERSION,
        origin: "registry.example/log".to_owned(),
        log_size: 12,
        issued,
        expires: issued + SignedDuration::from_hours(24),
        previous: None,
        revocations: Digest::of(b"[]"),
        servers: [("0a".to_owned(), Digest::of(b"part"))].into(),
    }
}

fn servers() -> StateServers {
    let state = |state, rings: &[&str]| VersionState {
        manifest: Digest::of(b"manifest"),
        state,
        rings: rings.iter().map(|ring| ring.parse::<Ring>().unwrap()).collect(),
    };
    let versions = [
        ("1.0.0".parse().unwrap(), state(Standing::Superseded, &[])),
        ("1.1.0".parse().unwrap(), state(Standing::Live, &["canary", "stable"])),
    ];
    StateServers([("io.example/weather".parse().unwrap(), versions.into())].into())
}

#[test]
fn what_is_written_is_read() {
    assert_eq!(StateSnapshot::from_bytes(&snapshot().to_bytes().unwrap()).unwrap(), snapshot());
    assert_eq!(StateServers::from_bytes(&servers().to_bytes().unwrap()).unwrap(), servers());
    assert_eq!(StateServers::from_bytes(b"{}").unwrap(), StateServers::default());
    assert_eq!(
        String::from_utf8(servers().to_bytes().unwrap()).unwrap(),
        format!(
            r#"{{"io.example/weather":{{"1.0.0":{{"manifest":"{0}","state":"superseded"}},"1.1.0":{{"manifest":"{0}","rings":["canary","stable"],"state":"live"}}}}}}"#,
            Digest::of(b"manifest")
        )
    );
}

#[test]
fn a_snapshot_that_could_be_believed_for_ever_is_none() {
    for (hours, fits) in [(0, true), (24, true), (25, false), (-1, false), (24 * 365, false)] {
        let mut snapshot = snapshot();
        snapshot.expires = snapshot.issued + SignedDuration::from_hours(hours);
        let read = StateSnapshot::from_bytes(&snapshot.to_bytes().unwrap());
        assert_eq!(matches!(read, Err(StateError::Lifetime)), !fits, "{hours}");
        assert_eq!(read.is_ok(), fits, "{hours}");
    }
}

#[test]
fn another_form_version_or_part_is_refused() {
    let bytes = snapshot().to_bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let read = |text: &str| StateSnapshot::from_bytes(text.as_bytes());
    assert!(matches!(read(&text.replace(":12,", ": 12,")), Err(StateError::NotCanonical)));
    assert!(matches!(read(&text.replace(r#""v":1"#, r#""v":2"#)), Err(StateError::Version)));
    assert!(matches!(read(&text.replace(r#""0a":"#, r#""0A":"#)), Err(StateError::Part)));
    assert!(matches!(read(&text.replace(r#""0a":"#, r#""0a0":"#)), Err(StateError::Part)));
    assert!(matches!(read(&text.replace(r#""logSize""#, r#""extra":1,"logSize""#)), Err(StateError::Json(_))));
    assert!(matches!(read(&" ".repeat(70_000)), Err(StateError::TooLarge(70_000))));
    assert!(
        StateServers::from_bytes(br#"{"io.example/weather":{"1.0.0":{"manifest":"none","state":"live"}}}"#).is_err()
    );
    assert!(matches!(StateServers::from_bytes(b"{ }"), Err(StateError::NotCanonical)));
}

#[test]
fn a_revocation_is_found_by_scope_and_target() {
    let mut revoked = vec![
        StateRevocation::of(RevocationScope::Server, "io.example/weather"),
        StateRevocation::of(RevocationScope::Manifest, "sha256:00"),
    ];
    revoked.sort();
    let revocations = StateRevocations(revoked.clone());
    let revocations = StateRevocations::from_bytes(&revocations.to_bytes().unwrap()).unwrap();
    assert!(revocations.has(RevocationScope::Server, "io.example/weather"));
    assert!(!revocations.has(RevocationScope::Signer, "io.example/weather"));
    assert!(!revocations.has(RevocationScope::Server, "io.example/weathe"));
    // One that is not sorted could hide what it holds.
    revoked.reverse();
    let bytes = StateRevocations(revoked).to_bytes().unwrap();
    assert!(matches!(StateRevocations::from_bytes(&bytes), Err(StateError::NotCanonical)));
}
