//! Test vectors for other implementations: inputs by hand, outcomes by this one, held against the readers by
//! `crates/model/tests/vectors.rs` and, for the log, by `crates/tlog/tests`.

mod capability_manifests;
mod log;
mod registry_roots;

use mcp_pin_model::{
    Alias, Artifact, Consent, Digest, EntryKind, Launch, Lockfile, Manifest, Revocation, Ring, Surface,
    consent::Decision,
    json::{self, ParseErrorKind},
    launch::StdioLaunch,
    leaf::{Leaf, LeafType},
    lockfile::{CertificateIdentity, LockedServer, SignerIdentity, Source},
    manifest::Capture,
    revocation::RevocationScope,
    server_json,
    statement::Statement,
    surface::SurfaceParts,
};
use serde_json::{Value, json};

pub(crate) use self::{
    capability_manifests::capability_manifests,
    log::{log_checkpoints, log_receipts, log_tiles, log_trees},
    registry_roots::registry_roots,
};
use crate::generate::pretty;

type Text = Result<String, String>;

fn say(error: impl std::fmt::Display) -> String {
    error.to_string()
}

const ACCEPTED: [&str; 14] = [
    r#" { "b" : 1.0, "a" : [ ] } "#,
    r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#,
    r#""\u0000\u001f\u007f\u0022\/""#,
    r#"["\u00e9","e\u0301"]"#,
    "[0,-0,64.0,6.4e1,640e-1,0.1,4.50,2e-3]",
    "[9007199254740992,-9007199254740992,9007199254740991]",
    "[5e-324,1e-27,1e-7,0.000001,333333333.3333333]",
    r#""\ud83d\ude00""#,
    r#"{"":{"":[[],{}]}}"#,
    "null",
    " true\n",
    r#"" a ""#,
    r#"{"nul\u0000name":false}"#,
    "\"\u{feff}\"",
];

const REFUSED: [&str; 17] = [
    r#"{"a":1,"a":1}"#,
    r#"[{"x":{"a":1,"\u0061":2}}]"#,
    "9007199254740993",
    "9007199254740994",
    "1e400",
    "333333333.33333329",
    "1E30",
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    "\u{feff}{}",
    "\"a\nb\"",
    r#""\x41""#,
    "[1,]",
    "NaN",
    "01",
    "{} {}",
    "[",
];

/// Canonical JSON: what is accepted with its canonical form and digest, and what is refused with the kind of reason.
pub(crate) fn canonical_json() -> Text {
    let mut accept = Vec::new();
    for text in ACCEPTED {
        let canonical = json::parse(text.as_bytes()).map_err(say)?.to_canonical_string();
        let digest = Digest::of(canonical.as_bytes()).to_string();
        accept.push(json!({ "text": text, "canonical": canonical, "digest": digest }));
    }
    let mut refuse = Vec::new();
    for text in REFUSED {
        let Err(error) = json::parse(text.as_bytes()) else { return Err(format!("{text:?} is accepted")) };
        refuse.push(json!({ "text": text, "kind": kind(&error.kind)? }));
    }
    pretty(&json!({ "accept": accept, "refuse": refuse }))
}

fn kind(kind: &ParseErrorKind) -> Result<&'static str, String> {
    Ok(match kind {
        ParseErrorKind::DuplicateMember { .. } => "duplicate-member",
        ParseErrorKind::Number(_) => "number",
        ParseErrorKind::LoneSurrogate => "lone-surrogate",
        ParseErrorKind::ByteOrderMark => "byte-order-mark",
        ParseErrorKind::ControlCharacter => "control-character",
        ParseErrorKind::InvalidEscape => "invalid-escape",
        ParseErrorKind::Syntax { .. } => "syntax",
        ParseErrorKind::TrailingText => "trailing-text",
        ParseErrorKind::UnexpectedEnd => "unexpected-end",
        other => return Err(format!("{other:?} has no word yet")),
    })
}

const TOOL: &str = r#"{"name":"get_forecast","description":"Looks the weather up.","inputSchema":{"type":"object","properties":
{"city":{"type":"string","description":"A city"},"unit":{"type":"string","enum":["C","F"],"default":"C"}},
"required":["city"]},"annotations":{"readOnlyHint":true},"x-unknown":{"list":[1.0,null]}}"#;

fn parts() -> Result<Vec<(&'static str, SurfaceParts)>, String> {
    let entry = |text: &str| json::parse(text.as_bytes()).map_err(say);
    let tools = |tools| SurfaceParts { sections: vec![(EntryKind::Tool, tools)], ..SurfaceParts::default() };
    let object = |text: &str| entry(text).map(|value| value.as_object().cloned());
    let full = SurfaceParts {
        server_info: object(r#"{"name":"weather","version":"1.4.2"}"#)?,
        capabilities: object(r#"{"tools":{"listChanged":true},"resources":{},"prompts":{}}"#)?.unwrap_or_default(),
        instructions: Some("Ask for one city at a time.".to_owned()),
        sections: vec![
            (EntryKind::Tool, vec![entry(r#"{"name":"\ud83d\ude00"}"#)?, entry(r#"{"name":"\ufb33"}"#)?, entry(TOOL)?]),
            (EntryKind::Prompt, vec![entry(r#"{"name":"plan","arguments":[{"name":"city","required":true}]}"#)?]),
            (
                EntryKind::Resource,
                vec![entry(
                    r#"{"uri":"file:///a","name":"a","size":7,"annotations":{"lastModified":"2026-01-01T00:00:00Z"}}"#,
                )?],
            ),
        ],
    };
    Ok(vec![
        ("nothing is offered", SurfaceParts::default()),
        ("an empty list is offered", tools(vec![])),
        ("one tool", tools(vec![entry(TOOL)?])),
        ("one tool that carries its own hash", tools(vec![entry(r#"{"name":"t","contentHash":"sha256-AAAA"}"#)?])),
        ("every section, entries out of order, volatile members", full),
    ])
}

/// Surfaces: the parts as a server sent them, the document and its digests.
pub(crate) fn surfaces() -> Text {
    let mut vectors = Vec::new();
    for (what, parts) in parts()? {
        let sections: Vec<Value> = parts
            .sections
            .iter()
            .map(|(kind, items)| json!({ "method": kind.list_method(), "items": items }))
            .collect();
        let surface = parts.into_surface().map_err(say)?;
        let entries: Vec<Value> = surface
            .entries()
            .map(|entry| json!({ "list": entry.kind().section(), "key": entry.key(), "contentHash": entry.digest() }))
            .collect();
        vectors.push(json!({
            "what": what,
            "lists": sections,
            "surface": surface.to_value(),
            "digest": surface.digest(),
            "modelVisible": surface.model_visible_digest(),
            "entries": entries,
        }));
    }
    pretty(&Value::Array(vectors))
}

fn surface() -> Result<Surface, String> {
    let (_, parts) = parts()?.pop().ok_or("no surface")?;
    parts.into_surface().map_err(say)
}

fn manifest() -> Result<Manifest, String> {
    let launch = Launch::Stdio(StdioLaunch {
        command: "npx".to_owned(),
        args: vec!["-y".to_owned(), "@acme/weather@1.4.2".to_owned()],
        env: vec!["WEATHER_KEY".to_owned()],
        cwd: None,
    });
    let server = json!({
        "$schema": server_json::CURRENT_SCHEMA,
        "name": "com.example/weather",
        "description": "Weather",
        "version": "1.4.2",
    });
    let server = json::to_value(&server).map_err(say)?.as_object().cloned().unwrap_or_default();
    let digest = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
    let artifact = Artifact::with_digest("pkg:npm/%40acme/weather@1.4.2", digest.parse().map_err(say)?);
    let capture = Capture {
        at: "2026-03-01T12:00:00Z".parse().map_err(say)?,
        by: "mcp-pin/0.1.0".to_owned(),
        transport: launch.transport().to_owned(),
        protocol_version: "2025-11-25".to_owned(),
        auth_profile: None,
        placeholders: vec![],
    };
    Manifest::new(server, surface()?, launch, vec![artifact], capture, None).map_err(say)
}

fn consent() -> Result<Consent, String> {
    Ok(Consent {
        manifest: manifest()?.digest(),
        decision: Decision::Approve,
        server: "com.example/weather".parse().map_err(say)?,
        version: "1.4.2".parse().map_err(say)?,
        replaces: None,
        changes: Digest::of(b"a change report"),
        acknowledged: vec!["b".to_owned(), "a".to_owned()],
        rings: vec![Ring::stable()],
        reason: "Reviewed".to_owned(),
        at: "2026-03-02T12:00:00Z".parse().map_err(say)?,
        expires: Some("2027-03-02T12:00:00Z".parse().map_err(say)?),
        by: "Ada".to_owned(),
        baseline: None,
    })
}

/// Payloads of statements and leaves with their digests.
pub(crate) fn statements() -> Text {
    let vector = |what: &str, payload: Vec<u8>| -> Result<Value, String> {
        let digest = Digest::of(&payload);
        Ok(json!({ "what": what, "payload": String::from_utf8(payload).map_err(say)?, "digest": digest }))
    };
    let time = "2026-03-03T12:00:00Z".parse().map_err(say)?;
    let revocation = Revocation::new(RevocationScope::Version, "com.example/weather@1.4.2", "leaked key", time);
    let mut leaf = Leaf::new(LeafType::Consented, time, "ada");
    leaf.manifest = Some(manifest()?.digest());
    pretty(&Value::Array(vec![
        vector(Manifest::PREDICATE_TYPE, manifest()?.to_payload())?,
        vector(Consent::PREDICATE_TYPE, consent()?.to_payload())?,
        vector(Revocation::PREDICATE_TYPE, revocation.map_err(say)?.to_payload())?,
        vector("leaf", leaf.to_bytes().map_err(say)?)?,
    ]))
}

/// Names and file names of servers that no registry knows.
pub(crate) fn local_names() -> Text {
    let mut vectors = Vec::new();
    for alias in ["weather", "My Server", "@acme/weather", "a", "con", "..", "UPPER"] {
        let parsed: Alias = alias.parse().map_err(say)?;
        let name = server_json::local_name(&parsed);
        vectors.push(json!({ "alias": alias, "name": name, "fileStem": parsed.file_stem() }));
    }
    pretty(&Value::Array(vectors))
}

/// A lock, in its one form.
pub(crate) fn lock() -> Text {
    let manifest = manifest()?;
    let server = LockedServer {
        alias: "weather".parse().map_err(say)?,
        name: manifest.name().clone(),
        version: manifest.version().clone(),
        source: Source::Local,
        protocol: manifest.capture.protocol_version.clone(),
        manifest: manifest.digest(),
        surface: manifest.surface.digest(),
        model_visible: manifest.surface.model_visible_digest(),
        signer: SignerIdentity::Certificate(CertificateIdentity {
            issuer: "https://issuer.example".to_owned(),
            subject: "https://forge.example/acme/weather/release.yml@refs/tags/v1.4.2".to_owned(),
        }),
        consent: vec![consent()?.digest()],
        launch: manifest.launch.clone(),
        artifact: manifest.artifacts.clone(),
        entries: LockedServer::entries_of(&manifest.surface),
        tombstones: vec![],
    };
    let mut lock = Lockfile::new();
    lock.insert(server);
    // What is written must be what is read.
    Lockfile::parse(&lock.render()).map_err(say)?;
    Ok(lock.render())
}
