//! The vectors under `tests/vectors` through the readers, without the code that wrote them.

#![expect(clippy::unwrap_used, reason = "tests")]

use mcp_pin_model::{
    Alias, Consent, Digest, Entry, EntryKind, Lockfile, Manifest, Revocation, Surface,
    capability_manifest::{ContentHash, OwnContentHash},
    json::{self, Value},
    leaf::Leaf,
    server_json,
    statement::Statement,
    surface::SurfaceParts,
};

fn vectors(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

fn text<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector.get(member).unwrap().as_str().unwrap()
}

fn list<'a>(vector: &'a Value, member: &str) -> &'a [Value] {
    vector.get(member).unwrap().as_array().unwrap()
}

#[test]
fn canonical_json() {
    let vectors = vectors(include_str!("../../../tests/vectors/canonical-json.json"));
    for vector in list(&vectors, "accept") {
        let value = json::parse(text(vector, "text").as_bytes()).unwrap();
        assert_eq!(value.to_canonical_string(), text(vector, "canonical"));
        assert_eq!(Digest::of_canonical(&value).to_string(), text(vector, "digest"));
    }
    for vector in list(&vectors, "refuse") {
        assert!(json::parse(text(vector, "text").as_bytes()).is_err(), "{vector:?}");
    }
}

#[test]
fn surfaces() {
    let vectors = vectors(include_str!("../../../tests/vectors/surfaces.json"));
    for vector in vectors.as_array().unwrap() {
        let document = vector.get("surface").unwrap();
        let surface = Surface::from_value(document).unwrap();
        assert_eq!(Digest::of_canonical(document).to_string(), text(vector, "digest"));
        assert_eq!(surface.digest().to_string(), text(vector, "digest"));
        assert_eq!(surface.model_visible_digest().to_string(), text(vector, "modelVisible"));
        let mut sections = Vec::new();
        for answer in list(vector, "lists") {
            let kind = EntryKind::ALL.into_iter().find(|kind| kind.list_method() == text(answer, "method")).unwrap();
            sections.push((kind, list(answer, "items").to_vec()));
        }
        let rebuilt = SurfaceParts {
            server_info: surface.server_info().cloned(),
            capabilities: surface.capabilities().clone(),
            instructions: surface.instructions().map(str::to_owned),
            sections,
        };
        assert_eq!(rebuilt.into_surface().unwrap(), surface);
        let entries: Vec<(&str, String)> =
            surface.entries().map(|entry| (entry.key(), Entry::digest(entry).to_string())).collect();
        let expected: Vec<(&str, String)> = list(vector, "entries")
            .iter()
            .map(|entry| (text(entry, "key"), text(entry, "contentHash").to_owned()))
            .collect();
        assert_eq!(entries, expected);
    }
}

#[test]
fn content_hashes() {
    let vectors = vectors(include_str!("../../../tests/vectors/capability-manifests.json"));
    for vector in list(&vectors, "contentHashes") {
        let tool = json::parse(text(vector, "tool").as_bytes()).unwrap();
        let own = match OwnContentHash::of(tool.as_object().unwrap()) {
            OwnContentHash::Absent => "absent",
            OwnContentHash::Matches => "matches",
            OwnContentHash::Mismatch { .. } => "mismatch",
            OwnContentHash::Malformed(_) => "malformed",
        };
        assert_eq!(own, text(vector, "own"));
        let entry = Entry::new(EntryKind::Tool, tool).unwrap();
        let hash: ContentHash = text(vector, "contentHash").parse().unwrap();
        assert_eq!(hash.digest(), entry.digest());
        assert_eq!(hash.to_string(), text(vector, "contentHash"));
    }
}

#[test]
fn statements() {
    let vectors = vectors(include_str!("../../../tests/vectors/statements.json"));
    for vector in vectors.as_array().unwrap() {
        let payload = text(vector, "payload").as_bytes();
        let written = match text(vector, "what") {
            Manifest::PREDICATE_TYPE => Manifest::from_payload(payload).unwrap().to_payload(),
            Consent::PREDICATE_TYPE => Consent::from_payload(payload).unwrap().to_payload(),
            Revocation::PREDICATE_TYPE => Revocation::from_payload(payload).unwrap().to_payload(),
            "leaf" => Leaf::from_bytes(payload).unwrap().to_bytes().unwrap(),
            other => panic!("{other}"),
        };
        assert_eq!(written, payload);
        assert_eq!(Digest::of(payload).to_string(), text(vector, "digest"));
    }
}

#[test]
fn local_names() {
    let vectors = vectors(include_str!("../../../tests/vectors/local-names.json"));
    for vector in vectors.as_array().unwrap() {
        let alias: Alias = text(vector, "alias").parse().unwrap();
        assert_eq!(server_json::local_name(&alias).as_str(), text(vector, "name"));
        assert_eq!(alias.file_stem(), text(vector, "fileStem"));
    }
}

#[test]
fn lock() {
    let text = include_str!("../../../tests/vectors/mcp-pin.lock");
    assert_eq!(Lockfile::parse(text).unwrap().render(), text);
}
