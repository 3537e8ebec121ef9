//! Fetching a trusted root by TUF, and the attacks of the TUF specification (section 1.5.2) against that.

#![expect(clippy::unwrap_used, reason = "for tests only")]

use std::path::Path;

use jiff::Timestamp;
use mcp_pin_attest::InstanceName;
use mcp_pin_model::Digest;
use mcp_pin_signing::{FetchedRoot, TrustRepository, TrustUpdateError};
use mcp_pin_test_support::tuf::TestTufRepository;

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn fetch(repository: &TestTufRepository, seen: &Path) -> Result<FetchedRoot, TrustUpdateError> {
    fetch_from(&TrustRepository::new(repository.url(), repository.root()), seen)
}

fn fetch_from(repository: &TrustRepository, seen: &Path) -> Result<FetchedRoot, TrustUpdateError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(repository.fetch(seen, now()))
}

#[test]
fn a_published_root_is_fetched_and_a_newer_one_after_it() {
    let (repository, seen) = (TestTufRepository::start().unwrap(), tempfile::tempdir().unwrap());
    repository.publish(b"first", 1);
    let first = fetch(&repository, seen.path()).unwrap();
    assert_eq!((first.json.as_slice(), first.root_version, first.timestamp_version), (&b"first"[..], 1, 1));
    repository.publish(b"second", 2);
    let second = fetch(&repository, seen.path()).unwrap();
    assert_eq!((second.json.as_slice(), second.timestamp_version), (&b"second"[..], 2));
    assert_eq!(fetch(&repository, seen.path()).unwrap().json, b"second", "the same again is no error");
}

#[test]
fn t71_an_older_state_than_was_seen_is_refused() {
    let (repository, seen) = (TestTufRepository::start().unwrap(), tempfile::tempdir().unwrap());
    repository.publish(b"new", 7);
    fetch(&repository, seen.path()).unwrap();
    repository.publish(b"old", 6);
    let error = fetch(&repository, seen.path()).unwrap_err();
    assert!(matches!(error, TrustUpdateError::Rollback { role: "timestamp", seen: 7, shown: 6 }), "{error}");
    assert!(!error.is_could_not_check());
}

#[test]
fn t72_an_expired_state_is_refused() {
    let (repository, seen) = (TestTufRepository::start().unwrap(), tempfile::tempdir().unwrap());
    repository.publish_until(b"frozen", 1, "2026-10-31T23:59:59Z");
    let error = fetch(&repository, seen.path()).unwrap_err();
    assert!(matches!(error, TrustUpdateError::Expired { role: "timestamp", .. }), "{error}");
}

#[test]
fn t73_documents_of_two_states_do_not_fit_together() {
    let (old, new) = (TestTufRepository::start().unwrap(), TestTufRepository::start().unwrap());
    let seen = tempfile::tempdir().unwrap();
    old.publish(b"old", 1);
    new.publish(b"new", 2);
    // The target of one state under the metadata of another.
    new.serve("targets/trusted_root.json", b"old".to_vec());
    assert!(matches!(fetch(&new, seen.path()).unwrap_err(), TrustUpdateError::Integrity));
}

#[test]
fn arbitrary_software_signed_by_another_key_is_refused() {
    let (repository, seen) = (TestTufRepository::start().unwrap(), tempfile::tempdir().unwrap());
    repository.publish(b"root", 1);
    // Trust begins with the real instance's keys, and the mirror has none of them.
    let mirror = TrustRepository::of(&InstanceName::PublicGood).unwrap().at_mirror(repository.url());
    let error = fetch_from(&mirror, seen.path()).unwrap_err();
    assert!(matches!(error, TrustUpdateError::Signatures { role: "timestamp", found: 0, .. }), "{error}");
}

#[test]
fn endless_data_is_not_read() {
    let (repository, seen) = (TestTufRepository::start().unwrap(), tempfile::tempdir().unwrap());
    repository.publish(b"root", 1);
    repository.serve("timestamp.json", vec![b' '; 1 << 20]);
    assert!(matches!(fetch(&repository, seen.path()).unwrap_err(), TrustUpdateError::Unreachable));
}

#[test]
fn what_was_seen_cannot_be_forged_on_disk() {
    let (repository, seen) = (TestTufRepository::start().unwrap(), tempfile::tempdir().unwrap());
    repository.publish(b"real", 1);
    fetch(&repository, seen.path()).unwrap();
    for name in ["timestamp.json", "snapshot.json", "targets.json"] {
        std::fs::write(seen.path().join(name), b"{}").unwrap();
    }
    if seen.path().join("targets").exists() {
        std::fs::write(seen.path().join("targets/trusted_root.json"), b"forged").unwrap();
    }
    assert_eq!(fetch(&repository, seen.path()).unwrap().json, b"real");
}

#[test]
fn nobody_there_is_could_not_check() {
    let seen = tempfile::tempdir().unwrap();
    for instance in [InstanceName::PublicGood, InstanceName::Staging, InstanceName::GitHub] {
        let repository = TrustRepository::of(&instance).unwrap().at_mirror("http://127.0.0.1:1");
        let error = fetch_from(&repository, seen.path()).unwrap_err();
        assert!(matches!(error, TrustUpdateError::Unreachable) && error.is_could_not_check(), "{error}");
    }
    assert!(TrustRepository::of(&"ours".parse().unwrap()).is_none());
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let seen = tempfile::tempdir().unwrap();
    for address in ["http://mirror.example", "ftp://127.0.0.1", "file:///etc", "mirror"] {
        let repository = TrustRepository::of(&InstanceName::PublicGood).unwrap().at_mirror(address);
        assert!(matches!(fetch_from(&repository, seen.path()).unwrap_err(), TrustUpdateError::Address), "{address}");
    }
}

#[test]
fn the_first_roots_are_those_of_the_instances() {
    for (name, digest) in [
        ("public-good", "27aea7e372aa7864065174f0661784fcf8b0e28b1dbfebeada31a0f1fb19167f"),
        ("staging", "3cfd686011642e1fe151d5e413524bc1fe47ac69e87d44a33a811d04fe1795b9"),
        ("github", "eb303461e0109458144b6ebcbfd62aaa6f6d7481e9ca77504b85f17761661462"),
    ] {
        let path = format!("{}/roots/{name}.root.json", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(Digest::of(&std::fs::read(path).unwrap()).to_hex(), digest, "{name}");
    }
}
