//! JSON Schemas (2020-12) of the formats, for other implementations and for editors.
//!
//! What serde derives is described by what schemars derives beside it; what is read by hand (surface, statements) is
//! described by hand here, and a test holds both against real documents.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{
    Artifact, Consent, Digest, EntryKind, Launch, Manifest, Revocation, StateRevocations, StateServers, StateSnapshot,
    leaf::Leaf,
    lockfile::{LOCK_FORMAT, read::Document},
    manifest::Capture,
    registry_root::RootDocument,
    statement::{STATEMENT_TYPE, Statement},
    surface::SURFACE_TYPE,
};

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

/// A schema of its own out of a body and the definitions that it refers to.
fn document(title: &str, body: Value, mut generator: SchemaGenerator) -> Value {
    let mut schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title });
    if let (Some(schema), Value::Object(body)) = (schema.as_object_mut(), body) {
        schema.extend(body);
        let definitions = generator.take_definitions(true);
        if !definitions.is_empty() {
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
    }
    schema
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// An object with exactly these members, all required.
fn exactly(members: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

fn nullable(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn surface_body() -> Value {
    let methods: Vec<&str> = EntryKind::ALL.iter().map(|kind| kind.list_method()).collect();
    let completeness = exactly(&[
        ("answered", json!({ "type": "array", "items": { "enum": methods }, "uniqueItems": true })),
        ("allPagesRead", json!({ "const": true })),
        ("advertisedSectionsRead", json!({ "const": true })),
    ]);
    let mut members = vec![
        ("_type", json!({ "const": SURFACE_TYPE })),
        ("serverInfo", nullable(&json!({ "type": "object" }))),
        ("capabilities", json!({ "type": "object" })),
        ("instructions", json!({ "type": ["string", "null"] })),
        ("completeness", completeness),
    ];
    for kind in EntryKind::ALL {
        let entry = json!({
            "type": "object",
            "required": [kind.key_member()],
            "properties": { kind.key_member(): { "type": "string", "minLength": 1 } },
        });
        members.push((
            kind.section(),
            json!({
                "description": "null: not offered; []: offered and empty. Sorted by UTF-16 code units, each key once.",
                "anyOf": [{ "type": "array", "items": entry }, { "type": "null" }],
            }),
        ));
    }
    exactly(&members)
}

fn statement(
    title: &str,
    predicate_type: &str,
    subjects: Value,
    predicate: Value,
    generator: SchemaGenerator,
) -> Value {
    let body = exactly(&[
        ("_type", json!({ "const": STATEMENT_TYPE })),
        ("subject", subjects),
        ("predicateType", json!({ "const": predicate_type })),
        ("predicate", predicate),
    ]);
    document(title, body, generator)
}

fn subject(digests: Value) -> Value {
    exactly(&[("name", json!({ "type": "string" })), ("digest", digests)])
}

fn sha256() -> Value {
    exactly(&[("sha256", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }))])
}

fn one_subject() -> Value {
    json!({ "type": "array", "minItems": 1, "maxItems": 1, "items": subject(sha256()) })
}

/// The surface document.
#[must_use]
pub fn surface() -> Value {
    document("Surface of an MCP server", surface_body(), generator())
}

/// The lock `mcp-pin.lock`: its TOML document as JSON.
#[must_use]
pub fn lock() -> Value {
    let mut generator = generator();
    let mut body = Document::json_schema(&mut generator).to_value();
    if let Some(format) = body.pointer_mut("/properties/format") {
        *format = json!({ "const": LOCK_FORMAT });
    }
    document("mcp-pin.lock", body, generator)
}

/// The statement of a manifest.
#[must_use]
pub fn manifest() -> Value {
    let mut generator = generator();
    let predicate = exactly(&[
        (
            "server",
            json!({
                "description": "The official server.json, verbatim.",
                "type": "object",
                "required": ["$schema", "name", "description", "version"],
            }),
        ),
        ("surface", surface_body()),
        ("launch", of::<Launch>(&mut generator)),
        ("artifacts", json!({ "type": "array", "items": of::<Artifact>(&mut generator) })),
        ("capture", of::<Capture>(&mut generator)),
        ("previous", nullable(&of::<Digest>(&mut generator))),
    ]);
    let artifact = json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "sha384": { "type": "string", "pattern": "^[0-9a-f]{96}$" },
            "sha512": { "type": "string", "pattern": "^[0-9a-f]{128}$" },
        },
        "additionalProperties": false,
    });
    let subjects = json!({
        "description": "First <server>@<version> with the digest of the surface, then every artifact whose digest is known.",
        "type": "array",
        "prefixItems": [subject(sha256())],
        "items": subject(artifact),
        "minItems": 1,
    });
    statement("Manifest of an MCP server's version", Manifest::PREDICATE_TYPE, subjects, predicate, generator)
}

/// The statement of a consent.
#[must_use]
pub fn consent() -> Value {
    let mut generator = generator();
    let predicate = of::<Consent>(&mut generator);
    statement("Consent to a manifest", Consent::PREDICATE_TYPE, one_subject(), predicate, generator)
}

/// The statement of a revocation.
#[must_use]
pub fn revocation() -> Value {
    let mut generator = generator();
    let predicate = of::<Revocation>(&mut generator);
    statement("Revocation", Revocation::PREDICATE_TYPE, one_subject(), predicate, generator)
}

/// The schema of a registry's root: of what is signed, not of the envelope.
#[must_use]
pub fn registry_root() -> Value {
    let mut generator = generator();
    let body = RootDocument::json_schema(&mut generator).to_value();
    document("Root of a registry", body, generator)
}

/// What a registry's log commits to as live and revoked.
#[must_use]
pub fn state() -> Value {
    let mut generator = generator();
    let body = StateSnapshot::json_schema(&mut generator).to_value();
    document("Signed state of a registry", body, generator)
}

/// The parts of that.
#[must_use]
pub fn state_part() -> Value {
    let mut generator = generator();
    let parts = [of::<StateServers>(&mut generator), of::<StateRevocations>(&mut generator)];
    document("Part of the signed state of a registry", json!({ "anyOf": parts }), generator)
}

/// A leaf of the registry's log.
#[must_use]
pub fn leaf() -> Value {
    let mut generator = generator();
    let body = Leaf::json_schema(&mut generator).to_value();
    document("Leaf of a registry's log", body, generator)
}
