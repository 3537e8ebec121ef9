//! Signed capability manifests of SEP-3140: ours, those of others, and attacks.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mcp_pin_attest::{
    CapabilityManifestProblem as Problem, KeyEvidence, MAX_CAPABILITY_MANIFEST_BYTES, PublicKey,
    SignedCapabilityManifest, Signer as _, Trust, VerifiedCapabilityManifest, sign_capability_manifest,
    verify_capability_manifest,
};
use mcp_pin_model::{
    CapabilityManifest, Digest,
    capability_manifest::{Audience, CapabilityManifestError, ListedEntry},
    json::{self, Object, Value},
};
use mcp_pin_test_support::keys::Person;

use crate::common::alice;

const AUDIENCE: &str = "https://mcp.example.com/mcp";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn audience(text: &str) -> Audience {
    text.parse().unwrap()
}

fn manifest() -> CapabilityManifest {
    CapabilityManifest {
        server: audience(AUDIENCE),
        publisher: "https://publisher.example/mcp-publisher.json".to_owned(),
        spec_version: "2025-11-25".to_owned(),
        issued_at: time("2026-07-27T12:00:00Z"),
        expires_at: time("2026-08-27T12:00:00Z"),
        nonce: "b1e9".to_owned(),
        tools: vec![ListedEntry {
            name: "delete_resource".to_owned(),
            uri: None,
            version: Some("3".to_owned()),
            content_hash: Digest::of(b"a tool").into(),
        }],
        prompts: vec![],
        resources: vec![],
    }
}

fn trust(person: &Person) -> Trust {
    let mut trust = Trust::new();
    trust.add_key(person.principal.clone(), person.public_key().clone());
    trust
}

fn verify_at(text: &str, trust: &Trust, now: &str) -> Result<VerifiedCapabilityManifest, Problem> {
    let document = SignedCapabilityManifest::from_bytes(text.as_bytes())?;
    verify_capability_manifest(&document, trust, &audience(AUDIENCE), time(now))
}

fn verify(text: &str) -> Result<VerifiedCapabilityManifest, Problem> {
    verify_at(text, &trust(&alice()), "2026-08-01T00:00:00Z")
}

/// Refused, and why.
fn problem(text: &str) -> Problem {
    verify(text).unwrap_err()
}

/// The two integers of a DER signature side by side, as JOSE has them.
fn fixed(der: &[u8]) -> Vec<u8> {
    let (r, s) = der[4..].split_at(usize::from(der[3]));
    let pad = |integer: &[u8]| {
        let digits: Vec<u8> = integer.iter().copied().skip_while(|&byte| byte == 0).collect();
        [vec![0; 32 - digits.len()], digits].concat()
    };
    [pad(r), pad(&s[2..])].concat()
}

fn document(manifest: &Value, signature: &str) -> String {
    let object = Object::from_iter([("manifest", manifest.clone()), ("signature", Value::from(signature))]);
    Value::Object(object).to_canonical_string()
}

/// A document that alice really signed, under a header of the attacker's choice.
fn signed_under(header: &str, manifest: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(header);
    let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(manifest.to_canonical_bytes()));
    let signature = fixed(&alice().key.sign(input.as_bytes()).unwrap());
    document(manifest, &format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[test]
fn what_is_signed_verifies_and_says_who_signed() {
    let person = alice();
    for _ in 0..64 {
        // ECDSA is random: some of the integers are short, some have their first bit set.
        let text = sign_capability_manifest(&manifest(), &person.key).unwrap().to_text();
        let verified = verify(&text).unwrap();
        assert_eq!(verified.manifest(), &manifest());
        assert_eq!((verified.principal(), verified.key()), ("alice", &person.public_key().id()));
    }
}

#[test]
fn a_key_that_another_program_names_otherwise_is_found_by_its_signature() {
    for header in [r#"{"alg":"ES256"}"#, r#"{ "kid" : "pub-1" , "alg" : "ES256", "typ":"JOSE" }"#] {
        let text = signed_under(header, &manifest().to_value());
        assert_eq!(verify(&text).unwrap().principal(), "alice");
        let stranger = Person::new("mallory");
        let refused = verify_at(&text, &trust(&stranger), "2026-08-01T00:00:00Z").unwrap_err();
        assert!(matches!(refused, Problem::UnknownKey { .. }), "{refused}");
        assert!(matches!(verify_at(&text, &Trust::new(), "2026-08-01T00:00:00Z"), Err(Problem::UnknownKey { .. })));
    }
}

#[test]
fn a_changed_manifest_or_signature_is_refused() {
    let signed = sign_capability_manifest(&manifest(), &alice().key).unwrap().to_text();
    for (from, to) in [("b1e9", "b1ea"), ("delete_resource", "delete_all"), ("\"3\"", "\"4\"")] {
        assert!(matches!(problem(&signed.replace(from, to)), Problem::BadSignature { .. }), "{to}");
    }
    let value = json::parse(signed.as_bytes()).unwrap();
    let signature = value.get("signature").unwrap().as_str().unwrap();
    let (header, end) = signature.split_once("..").unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(end).unwrap();
    // DER in the place of the two integers, one integer too few, one byte too many, nothing, and zeros (CVE-2022-21449).
    let der = alice().key.sign(b"x").unwrap();
    for forged in [der, bytes[..32].to_vec(), [bytes.as_slice(), &[0]].concat(), Vec::new(), vec![0; 64]] {
        let signature = format!("{header}..{}", URL_SAFE_NO_PAD.encode(forged));
        let text = document(value.get("manifest").unwrap(), &signature);
        assert!(matches!(problem(&text), Problem::BadSignature { .. }));
    }
}

#[test]
fn the_header_chooses_no_algorithm() {
    let value = manifest().to_value();
    let id = alice().public_key().id().key;
    for none in ["none", "None", "NONE", "nOnE"] {
        assert_eq!(problem(&signed_under(&format!(r#"{{"alg":"{none}"}}"#), &value)), Problem::AlgorithmNone);
        let unsigned = format!("{}..", URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{none}"}}"#)));
        assert_eq!(problem(&document(&value, &unsigned)), Problem::AlgorithmNone);
    }
    // HMAC with the public key as the shared secret.
    for other in ["HS256", "RS256", "PS256", "ES384", "ES256K", "es256", ""] {
        let header = format!(r#"{{"alg":"{other}","kid":"{id}"}}"#);
        assert_eq!(problem(&signed_under(&header, &value)), Problem::UnsupportedAlgorithm, "{other}");
    }
    let header = format!(r#"{{"alg":"EdDSA","kid":"{id}"}}"#);
    assert_eq!(problem(&signed_under(&header, &value)), Problem::AlgorithmMismatch { key: id });
    assert!(matches!(problem(&signed_under(r#"{"alg":"EdDSA"}"#, &value)), Problem::UnknownKey { .. }));
    for header in ["{}", r#"{"alg":7}"#, r#"{"alg":["ES256"]}"#, "[]", "null"] {
        assert_eq!(problem(&signed_under(header, &value)), Problem::NoAlgorithm, "{header}");
    }
}

#[test]
fn the_header_demands_nothing_and_brings_no_key() {
    let value = manifest().to_value();
    for header in [r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, r#"{"alg":"ES256","crit":[]}"#] {
        assert_eq!(problem(&signed_under(header, &value)), Problem::CriticalExtension);
    }
    assert_eq!(problem(&signed_under(r#"{"alg":"ES256","b64":false}"#, &value)), Problem::UnencodedPayload);
    assert_eq!(problem(&signed_under(r#"{"alg":"ES256","kid":1}"#, &value)), Problem::KeyIdNotText);
    for header in ["{", r#"{"alg":"none","alg":"ES256"}"#, "\u{feff}{}"] {
        assert!(matches!(problem(&signed_under(header, &value)), Problem::HeaderJson(_)), "{header}");
    }
    // Mallory's own key in the header stays mallory's.
    let header = r#"{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"jku":"https://evil.example/"}"#;
    let refused = verify_at(&signed_under(header, &value), &trust(&Person::new("bob")), "2026-08-01T00:00:00Z");
    assert!(matches!(refused, Err(Problem::UnknownKey { key_id: None })));
}

#[test]
fn replay_for_another_server_or_time_is_refused() {
    let trust = trust(&alice());
    let signed = sign_capability_manifest(&manifest(), &alice().key).unwrap();
    let at = |audience: &str, now: &str| {
        verify_capability_manifest(&signed, &trust, &audience.parse().unwrap(), time(now)).map(drop)
    };
    let during = "2026-08-01T00:00:00Z";
    for same in [AUDIENCE, "HTTPS://MCP.example.com:443/mcp"] {
        assert_eq!(at(same, during), Ok(()));
    }
    for other in [
        "https://mcp.example.com/mcp/",
        "https://mcp.example.com/",
        "https://mcp.example.com/MCP",
        "https://mcp.example.com/mcp?x",
        "http://mcp.example.com/mcp",
        "https://mcp.example.com.evil.example/mcp",
        "https://mcp.example.com:8443/mcp",
    ] {
        assert!(matches!(at(other, during), Err(Problem::WrongAudience { .. })), "{other}");
    }
    assert_eq!(at(AUDIENCE, "2026-07-27T11:59:30Z"), Ok(()), "clocks differ");
    assert!(matches!(at(AUDIENCE, "2026-07-27T11:59:29Z"), Err(Problem::NotYetValid { .. })));
    assert_eq!(at(AUDIENCE, "2026-08-27T11:59:59Z"), Ok(()));
    assert!(matches!(at(AUDIENCE, "2026-08-27T12:00:00Z"), Err(Problem::Expired { .. })));
}

#[test]
fn a_key_that_needs_a_log_does_not_count_without_one() {
    let mut trust = Trust::new();
    let log = KeyEvidence::Log("public-good".parse().unwrap());
    trust.add_key_with("alice", alice().public_key().clone(), log);
    let signed = sign_capability_manifest(&manifest(), &alice().key).unwrap().to_text();
    assert!(matches!(verify_at(&signed, &trust, "2026-08-01T00:00:00Z"), Err(Problem::LogRequired { .. })));
}

#[test]
fn other_forms_are_refused() {
    let value = manifest().to_value();
    let signed = signed_under(r#"{"alg":"ES256"}"#, &value);
    let signature = json::parse(signed.as_bytes()).unwrap().get("signature").unwrap().as_str().unwrap().to_owned();
    let payload = URL_SAFE_NO_PAD.encode(value.to_canonical_bytes());
    let form = |signature: &str| SignedCapabilityManifest::from_bytes(document(&value, signature).as_bytes());
    assert_eq!(form(&signature.replace("..", &format!(".{payload}."))), Err(Problem::AttachedPayload));
    for text in ["", ".", "a.b", "a..b.c", "a..b.c.d"] {
        assert_eq!(form(text), Err(Problem::NotCompact), "{text}");
    }
    for text in [format!("{signature}="), format!(" {signature}"), signature.replace("..", "..+"), "a..b".to_owned()] {
        assert_eq!(form(&text), Err(Problem::NotBase64Url), "{text}");
    }
    assert_eq!(form(&format!("{}..", "A".repeat(65 << 10))), Err(Problem::TooLarge));
    let bytes = |bytes: &[u8]| SignedCapabilityManifest::from_bytes(bytes).unwrap_err();
    assert_eq!(bytes(&vec![b' '; MAX_CAPABILITY_MANIFEST_BYTES + 1]), Problem::TooLarge);
    for text in ["[]", "{}", r#"{"manifest":"e30","signature":"a..b"}"#, r#"{"signature":"a..b"}"#] {
        assert_eq!(bytes(text.as_bytes()), Problem::NotADocument, "{text}");
    }
    for text in [r#"{"manifest":{}}"#, r#"{"manifest":{},"signature":null}"#] {
        assert_eq!(bytes(text.as_bytes()), Problem::NotSigned, "{text}");
    }
    assert!(matches!(bytes(br#"{"manifest":{},"manifest":{},"signature":"a..b"}"#), Problem::Json(_)));
}

#[test]
fn a_signed_manifest_that_is_none_is_refused() {
    let change = |change: &dyn Fn(&mut Object)| {
        let Value::Object(mut object) = manifest().to_value() else { panic!() };
        change(&mut object);
        problem(&signed_under(r#"{"alg":"ES256"}"#, &Value::Object(object)))
    };
    for member in
        ["server", "publisher", "specVersion", "issuedAt", "expiresAt", "nonce", "tools", "prompts", "resources"]
    {
        for problem in [change(&|o| drop(o.remove(member))), change(&|o| drop(o.insert(member, 1_u32)))] {
            assert!(
                matches!(problem, Problem::Manifest(CapabilityManifestError::Member { member: found, .. }) if found == member),
                "{problem}"
            );
        }
    }
    let list = |text: &str| json::parse(text.as_bytes()).unwrap();
    let hash = "A".repeat(43);
    let twice = format!(
        r#"[{{"name":"a","contentHash":"sha256-{hash}"}},{{"name":"a","version":"2","contentHash":"sha256-{hash}"}}]"#
    );
    assert!(matches!(
        change(&|o| drop(o.insert("tools", list(&twice)))),
        Problem::Manifest(CapabilityManifestError::Duplicate { .. })
    ));
    for entry in [r#""a""#, r#"{"name":"a"}"#, &format!(r#"{{"contentHash":"sha256-{hash}"}}"#)] {
        assert!(matches!(
            change(&|o| drop(o.insert("tools", list(&format!("[{entry}]"))))),
            Problem::Manifest(CapabilityManifestError::Entry { number: 1, .. })
        ));
    }
    for hash in ["md5-AAAA", "sha256-", "sha256-AAAA", &format!("sha256-{hash}=")] {
        let entry = format!(r#"[{{"name":"a","contentHash":"{hash}"}}]"#);
        assert!(matches!(
            change(&|o| drop(o.insert("tools", list(&entry)))),
            Problem::Manifest(CapabilityManifestError::ContentHash { number: 1, .. })
        ));
    }
    assert_eq!(
        change(&|o| drop(o.insert("expiresAt", "2026-07-27T12:00:00Z"))),
        Problem::Manifest(CapabilityManifestError::Lifetime)
    );
    for server in
        ["mcp.example.com", "https://mcp.example.com/#a", "https://u:p@mcp.example.com/", " https://a.example"]
    {
        assert!(matches!(
            change(&|o| drop(o.insert("server", server))),
            Problem::Manifest(CapabilityManifestError::Server(_))
        ));
    }
}

#[test]
fn the_vectors_of_others_verify() {
    let text = include_str!("../../../../tests/vectors/capability-manifests.json");
    let vectors = json::parse(text.as_bytes()).unwrap();
    let member = |value: &Value, name: &str| value.get(name).unwrap().as_str().unwrap().to_owned();
    let signed = vectors.get("signed").unwrap().as_array().unwrap();
    assert_eq!(signed.len(), 3, "ES256 and EdDSA by jwcrypto, ES256 by mcp-pin");
    for vector in signed {
        let key = PublicKey::from_spki_pem(&member(vector, "publicKey")).unwrap();
        let mut trust = Trust::new();
        trust.add_key("publisher", key);
        let document = vector.get("document").unwrap();
        let canonical = document.get("manifest").unwrap().to_canonical_string();
        assert_eq!(canonical, member(vector, "payload"));
        let document = SignedCapabilityManifest::from_value(document).unwrap();
        let now = time(&member(vector, "at"));
        let verified = verify_capability_manifest(&document, &trust, &audience(&member(vector, "audience")), now);
        assert_eq!(verified.unwrap().principal(), "publisher");
        let mut other = Trust::new();
        other.add_key("mallory", Person::new("mallory").public_key().clone());
        assert!(verify_capability_manifest(&document, &other, &audience(AUDIENCE), now).is_err());
    }
}
