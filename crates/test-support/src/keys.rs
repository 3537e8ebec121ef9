//! People with keys, and statements to sign: what tests of other crates build their cases from.
//!
//! Keys are derived from names, so that key ids are the same in every run and may stand in snapshots. Signatures are
//! not: ECDSA is random. None of this protects anything.

use jiff::Timestamp;
use mcp_pin_attest::{Attestation, PublicKey, SigningKey, Trust, Verified, sign, verify_with_keys_only};
use mcp_pin_model::{
    Artifact, Consent, Digest, EntryKind, Launch, Manifest, Ring, Surface,
    consent::Decision,
    json::{Object, Value},
    launch::StdioLaunch,
    manifest::Capture,
    server_json,
    statement::Statement,
    surface::SurfaceParts,
};
use pem_rfc7468::{LineEnding, encode_string};

/// The moment at which test statements are made, unless they say otherwise: 2026-01-02T03:04:05Z.
///
/// # Panics
/// Never: the time can be represented.
#[must_use]
pub fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().expect("a valid time")
}

/// A private key derived from a name: the same name gives the same key.
///
/// # Panics
/// Never in practice: a digest is a valid P-256 scalar but for one in 2^32.
#[must_use]
pub fn key(name: &str) -> SigningKey {
    let scalar = Digest::of(format!("mcp-pin test key of {name}").as_bytes());
    // PrivateKeyInfo (RFC 5958) around an ECPrivateKey (RFC 5915) without its optional public key.
    let mut pkcs8 =
        b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
        \x04\x27\x30\x25\x02\x01\x01\x04\x20"
            .to_vec();
    pkcs8.extend_from_slice(scalar.as_bytes());
    let pem = encode_string("PRIVATE KEY", LineEnding::LF, &pkcs8).expect("a short block");
    SigningKey::from_pkcs8_pem(&pem).expect("a valid scalar")
}

/// A principal with one key.
#[derive(Debug)]
pub struct Person {
    /// What the verifier calls them.
    pub principal: String,
    /// Their key.
    pub key: SigningKey,
}

impl Person {
    /// A person whose key is derived from their name.
    #[must_use]
    pub fn new(principal: &str) -> Self {
        Self { principal: principal.to_owned(), key: key(principal) }
    }

    /// The same person with a further key.
    #[must_use]
    pub fn with_key(principal: &str, key_name: &str) -> Self {
        Self { principal: principal.to_owned(), key: key(key_name) }
    }

    /// Their public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Signs a statement.
    ///
    /// # Panics
    /// When the statement is not one that a verifier would accept.
    pub fn sign<T: Statement>(&self, statement: &T) -> Attestation {
        sign(statement, &self.key).expect("an acceptable statement")
    }

    /// Signs a statement and verifies it under trust in this person alone.
    ///
    /// # Panics
    /// When the statement is not one that a verifier would accept.
    pub fn signed<T: Statement>(&self, statement: &T) -> Verified<T> {
        verify_with_keys_only(&self.sign(statement), &trust([self])).expect("a signature of their own key")
    }
}

/// Trust in these people.
pub fn trust<'a>(people: impl IntoIterator<Item = &'a Person>) -> Trust {
    let mut trust = Trust::new();
    for person in people {
        trust.add_key(person.principal.clone(), person.public_key().clone());
    }
    trust
}

/// A tool with one optional text parameter.
#[must_use]
pub fn tool(name: &str, description: &str) -> Value {
    let parameter = Object::from_iter([("type", Value::from("string"))]);
    let properties = Object::from_iter([("query", Value::Object(parameter))]);
    let schema = Object::from_iter([("type", Value::from("object")), ("properties", Value::Object(properties))]);
    Value::Object(Object::from_iter([
        ("name", Value::from(name)),
        ("description", Value::from(description)),
        ("inputSchema", Value::Object(schema)),
    ]))
}

/// The surface of a server that has tools only.
///
/// # Panics
/// When two tools have the same name.
pub fn surface(tools: impl IntoIterator<Item = Value>) -> Surface {
    let parts = SurfaceParts {
        server_info: Some(Object::from_iter([("name", Value::from("weather")), ("version", Value::from("1.0.0"))])),
        capabilities: Object::from_iter([("tools", Value::Object(Object::new()))]),
        instructions: None,
        sections: vec![(EntryKind::Tool, tools.into_iter().collect())],
    };
    parts.into_surface().expect("tools with different names")
}

/// The manifest of one version of a server that has these tools.
///
/// # Panics
/// When `name` or `version` is not acceptable, or two tools have the same name.
pub fn manifest(
    name: &str,
    version: &str,
    tools: impl IntoIterator<Item = Value>,
    previous: Option<Digest>,
) -> Manifest {
    let server = Object::from_iter([
        ("$schema", Value::from(server_json::CURRENT_SCHEMA)),
        ("name", Value::from(name)),
        ("description", Value::from("Weather for tests.")),
        ("version", Value::from(version)),
    ]);
    let launch = Launch::Stdio(StdioLaunch {
        command: "npx".to_owned(),
        args: vec!["-y".to_owned(), format!("@example/weather@{version}")],
        env: Vec::new(),
        cwd: None,
    });
    let artifact = Artifact::named(format!("pkg:npm/%40example/weather@{version}"));
    let capture = Capture {
        at: now(),
        by: "mcp-pin/0.0.0-test".to_owned(),
        transport: "stdio".to_owned(),
        protocol_version: "2025-11-25".to_owned(),
        auth_profile: None,
        placeholders: Vec::new(),
    };
    Manifest::new(server, surface(tools), launch, vec![artifact], capture, previous).expect("an acceptable name")
}

/// An approval of a manifest for the stable ring, given what it replaces, which report was shown, and which findings
/// were acknowledged.
pub fn approval(
    manifest: &Manifest,
    replaces: Option<Digest>,
    report: Digest,
    acknowledged: impl IntoIterator<Item = String>,
) -> Consent {
    let mut acknowledged: Vec<String> = acknowledged.into_iter().collect();
    acknowledged.sort();
    Consent {
        manifest: manifest.digest(),
        decision: Decision::Approve,
        server: manifest.name().clone(),
        version: manifest.version().clone(),
        replaces,
        changes: report,
        acknowledged,
        rings: vec![Ring::stable()],
        reason: "read in full".to_owned(),
        at: now(),
        expires: None,
        by: "a test".to_owned(),
        baseline: None,
    }
}
