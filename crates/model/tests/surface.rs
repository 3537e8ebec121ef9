//! Every edit of a surface changes its digest, and nothing else does.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_pin_model::{
    Digest, Entry, EntryKind, Surface,
    json::{self, Value, parse},
    surface::{SurfaceError, SurfaceParts},
};
use proptest::prelude::*;

const TOOL: &str = r##"{"name":"get_forecast","title":"Forecast","description":"Looks the weather up.","icons":[{"src":"https://example.com/i.png"}],
"inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{
 "city":{"type":"string","description":"A city","pattern":"^[A-Z]","maxLength":64},
 "unit":{"type":"string","enum":["C","F"],"default":"C"},
 "place":{"$ref":"#/$defs/place"}},"required":["city"],"additionalProperties":false,
 "$defs":{"place":{"type":"object","properties":{"lat":{"type":"number","minimum":-90}}}}},
"outputSchema":{"type":"object","properties":{"degrees":{"type":"number","description":"Degrees"}}},
"annotations":{"title":"Weather","readOnlyHint":true,"destructiveHint":false},
"execution":{"taskSupport":"optional"},"_meta":{"vendor/x":{"deep":[1,{"a":null}]}},"x-unknown":{"list":[true,"text"]}}"##;

fn tool(text: &str) -> Value {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn with_tools(tools: Vec<Value>) -> Surface {
    SurfaceParts { sections: vec![(EntryKind::Tool, tools)], ..SurfaceParts::default() }.into_surface().unwrap()
}

/// One change each of a member at some depth: `(what, from, to)`.
const EDITS: &[(&str, &str, &str)] = &[
    ("name", r#""name":"get_forecast""#, r#""name":"get_forecasts""#),
    ("title", r#""title":"Forecast""#, r#""title":"forecast""#),
    ("title vanishes", r#""title":"Forecast","#, ""),
    ("description", "Looks the weather up.", "Looks the weather up. "),
    ("description hidden character", "Looks the weather up.", "Looks the weather up.\u{200b}"),
    ("description normal form", "A city", "A cit\u{79}\u{301}"),
    ("icon", "i.png", "j.png"),
    ("schema dialect", "2020-12", "2019-09"),
    ("parameter type", r#""city":{"type":"string""#, r#""city":{"type":"integer""#),
    ("parameter description", r#""description":"A city""#, r#""description":"A town""#),
    ("parameter appears", r#""unit":{"#, r#""note":{},"unit":{"#),
    ("parameter renamed", r#""city":{"#, r#""cities":{"#),
    ("pattern", "^[A-Z]", "^[A-z]"),
    ("limit", r#""maxLength":64"#, r#""maxLength":65"#),
    ("enum", r#"["C","F"]"#, r#"["C","F","K"]"#),
    ("enum order", r#"["C","F"]"#, r#"["F","C"]"#),
    ("default", r#""default":"C""#, r#""default":"F""#),
    ("default null", r#""default":"C""#, r#""default":null"#),
    ("required", r#""required":["city"]"#, r#""required":[]"#),
    ("additional properties", r#""additionalProperties":false"#, r#""additionalProperties":true"#),
    ("definition", r#""minimum":-90"#, r#""minimum":-91"#),
    ("reference", "#/$defs/place", "#/$defs/plac"),
    ("output schema", r#""description":"Degrees""#, r#""description":"Kelvin""#),
    ("annotation", r#""readOnlyHint":true"#, r#""readOnlyHint":false"#),
    ("annotation title", r#""title":"Weather""#, r#""title":"Wether""#),
    ("annotation vanishes", r#","destructiveHint":false"#, ""),
    ("execution", r#""taskSupport":"optional""#, r#""taskSupport":"required""#),
    ("_meta deep", r#"{"a":null}"#, r#"{"a":false}"#),
    ("_meta key", "vendor/x", "vendor/y"),
    ("unknown member", r#""list":[true,"text"]"#, r#""list":[true,"text",[]]"#),
    ("unknown member appears", r#""x-unknown""#, r#""x-new":0,"x-unknown""#),
    ("type of a value", r#"[true,"text"]"#, r#"["true","text"]"#),
];

#[test]
fn every_single_edit_of_a_tool_changes_both_digests() {
    let before = with_tools(vec![tool(TOOL)]);
    let mut seen: BTreeMap<Digest, &str> = BTreeMap::new();
    seen.insert(before.digest(), "unchanged");
    let entry = before.entries().next().unwrap().digest();
    for (what, from, to) in EDITS {
        assert_eq!(TOOL.matches(from).count(), 1, "{what}: the edit must hit one place");
        let after = with_tools(vec![tool(&TOOL.replace(from, to))]);
        assert_ne!(after.entries().next().unwrap().digest(), entry, "{what}: content hash");
        let other = seen.insert(after.digest(), what);
        assert_eq!(other, None, "{what} and {other:?} have one digest");
    }
    assert!(EDITS.len() >= 24);
}

#[test]
fn what_means_the_same_has_the_same_digest() {
    let before = with_tools(vec![tool(TOOL)]);
    let other_order = r#""inputSchema":{"type":"object","$schema":"https://json-schema.org/draft/2020-12/schema","#;
    let order = r#""inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","#;
    for (what, from, to) in [
        ("order of members", order, other_order),
        ("escapes", "Forecast\"", "\\u0046orecast\""),
        ("t43: 64 and 64.0", ":64", ":64.0"),
        ("t43: 6.4e1", ":64", ":6.4e1"),
        ("t43: -90.0", "-90", "-90.00"),
        ("white space", ",\"title\"", " ,\r\n\t\"title\""),
    ] {
        let after = TOOL.replace(from, to);
        assert_ne!(after, TOOL, "{what}");
        assert_eq!(with_tools(vec![tool(&after)]).digest(), before.digest(), "{what}");
    }
    let named = |name: &str| tool(&format!(r#"{{"name":"{name}"}}"#));
    // Sorted by UTF-16 code units: the emoji (a surrogate pair) stands before U+FB33.
    let sorted = with_tools(vec![named("a"), named("b"), named("\u{1f600}"), named("\u{fb33}")]);
    let shuffled = with_tools(vec![named("\u{fb33}"), named("b"), named("\u{1f600}"), named("a")]);
    assert_eq!(sorted.digest(), shuffled.digest());
    let keys: Vec<&str> = shuffled.entries().map(Entry::key).collect();
    assert_eq!(keys, ["a", "b", "\u{1f600}", "\u{fb33}"]);
    assert!(shuffled.entry(EntryKind::Tool, "\u{1f600}").is_some());
}

fn sections(lists: &[(EntryKind, &str)]) -> SurfaceParts {
    let sections = lists.iter().map(|(kind, list)| (*kind, tool(list).as_array().unwrap().to_vec())).collect();
    SurfaceParts { sections, ..SurfaceParts::default() }
}

#[test]
fn every_section_and_its_absence_is_pinned() {
    let info = |text: &str| Some(tool(text).as_object().unwrap().clone());
    let capabilities = |text: &str| tool(text).as_object().unwrap().clone();
    let base = || sections(&[(EntryKind::Tool, "[]")]);
    let variants: Vec<(&str, SurfaceParts)> = vec![
        ("nothing", SurfaceParts::default()),
        ("tools []", base()),
        ("tools entry", sections(&[(EntryKind::Tool, r#"[{"name":"t"}]"#)])),
        ("prompts []", sections(&[(EntryKind::Prompt, "[]")])),
        ("prompt", sections(&[(EntryKind::Prompt, r#"[{"name":"t"}]"#)])),
        ("prompt argument", sections(&[(EntryKind::Prompt, r#"[{"name":"t","arguments":[{"name":"a"}]}]"#)])),
        ("resources []", sections(&[(EntryKind::Resource, "[]")])),
        ("resource", sections(&[(EntryKind::Resource, r#"[{"uri":"a:b"}]"#)])),
        ("resource name", sections(&[(EntryKind::Resource, r#"[{"uri":"a:b","name":"n"}]"#)])),
        ("templates []", sections(&[(EntryKind::ResourceTemplate, "[]")])),
        ("template", sections(&[(EntryKind::ResourceTemplate, r#"[{"uriTemplate":"a:{b}"}]"#)])),
        ("skills []", sections(&[(EntryKind::Skill, "[]")])),
        ("skill", sections(&[(EntryKind::Skill, r#"[{"uri":"skill://a"}]"#)])),
        ("instructions empty", SurfaceParts { instructions: Some(String::new()), ..base() }),
        ("instructions", SurfaceParts { instructions: Some("Read me".to_owned()), ..base() }),
        ("instructions space", SurfaceParts { instructions: Some("Read me ".to_owned()), ..base() }),
        ("server info empty", SurfaceParts { server_info: info("{}"), ..base() }),
        ("server info", SurfaceParts { server_info: info(r#"{"name":"a","version":"1"}"#), ..base() }),
        ("server info version", SurfaceParts { server_info: info(r#"{"name":"a","version":"2"}"#), ..base() }),
        ("capability", SurfaceParts { capabilities: capabilities(r#"{"logging":{}}"#), ..base() }),
        (
            "capability option",
            SurfaceParts { capabilities: capabilities(r#"{"tools":{"listChanged":true}}"#), ..base() },
        ),
        ("capability alone", SurfaceParts { capabilities: capabilities(r#"{"tools":{}}"#), ..base() }),
    ];
    let mut seen: BTreeMap<Digest, &str> = BTreeMap::new();
    for (what, parts) in variants {
        let surface = parts.into_surface().unwrap();
        let other = seen.insert(surface.digest(), what);
        assert_eq!(other, None, "{what} and {other:?} have one digest");
        assert_eq!(surface.digest(), Digest::of_canonical(&surface.to_value()), "{what}: written without being built");
        assert_eq!(Surface::parse(surface.to_snapshot().as_bytes()).unwrap(), surface, "{what}");
    }
}

#[test]
fn t49_a_tool_is_no_prompt() {
    let entry = r#"[{"name":"t"}]"#;
    let as_tool = sections(&[(EntryKind::Tool, entry)]).into_surface().unwrap();
    let as_prompt = sections(&[(EntryKind::Prompt, entry)]).into_surface().unwrap();
    assert_ne!(as_tool.digest(), as_prompt.digest());
    assert_ne!(as_tool.model_visible_digest(), as_prompt.model_visible_digest());
    // Two documents about the same thing are of two types.
    assert_ne!(as_tool.digest(), as_tool.model_visible_digest());
}

#[test]
fn t20_duplicate_entries_are_refused() {
    for (kind, list) in [
        (EntryKind::Tool, r#"[{"name":"a"},{"name":"b"},{"name":"a","title":"x"}]"#),
        (EntryKind::Tool, r#"[{"name":"a"},{"name":"a"}]"#),
        (EntryKind::Resource, r#"[{"uri":"a:b","name":"x"},{"uri":"a:b","name":"y"}]"#),
        (EntryKind::ResourceTemplate, r#"[{"uriTemplate":"a"},{"uriTemplate":"\u0061"}]"#),
    ] {
        let error = sections(&[(kind, list)]).into_surface().unwrap_err();
        assert!(matches!(error, SurfaceError::DuplicateEntry { .. }), "{list}: {error}");
    }
    let twice = sections(&[(EntryKind::Tool, "[]"), (EntryKind::Tool, "[]")]).into_surface();
    assert_eq!(twice.unwrap_err(), SurfaceError::DuplicateSection("tools"));
    let hostile = sections(&[(EntryKind::Tool, r#"[{"name":"\u001b[2J"},{"name":"\u001b[2J"}]"#)]);
    assert!(!hostile.into_surface().unwrap_err().to_string().chars().any(json::is_hidden));
}

#[test]
fn what_is_no_entry_is_refused() {
    for (kind, list) in [
        (EntryKind::Tool, "[1]"),
        (EntryKind::Tool, "[{}]"),
        (EntryKind::Tool, r#"[{"name":""}]"#),
        (EntryKind::Tool, r#"[{"name":7}]"#),
        (EntryKind::Resource, r#"[{"name":"a"}]"#),
        (EntryKind::ResourceTemplate, r#"[{"uri":"a"}]"#),
    ] {
        let error = sections(&[(kind, list)]).into_surface().unwrap_err();
        assert!(matches!(error, SurfaceError::EntryShape { .. }), "{list}: {error}");
    }
}

#[test]
fn volatile_members_are_ignored_and_only_those() {
    let resource = |rest: &str| {
        let list = format!(r#"[{{"uri":"a:b","annotations":{{"priority":1{rest}}}}}]"#);
        sections(&[(EntryKind::Resource, &list)]).into_surface().unwrap().digest()
    };
    assert_eq!(resource(""), resource(r#","lastModified":"2026-01-01T00:00:00Z""#));
    assert_ne!(resource(""), resource(r#","audience":["user"]"#));
    let with_size = sections(&[(EntryKind::Resource, r#"[{"uri":"a:b","size":7}]"#)]).into_surface().unwrap();
    let without = sections(&[(EntryKind::Resource, r#"[{"uri":"a:b"}]"#)]).into_surface().unwrap();
    assert_eq!(with_size.digest(), without.digest());
    // In a tool these words mean nothing special.
    assert_ne!(with_tools(vec![tool(r#"{"name":"t","size":7}"#)]), with_tools(vec![tool(r#"{"name":"t"}"#)]));
}

/// MCP SEP-3140: the hash covers the entry without its own top-level member, and is written `sha256-<base64url>`.
#[test]
fn content_hash_is_that_of_sep_3140() {
    let plain = r#"{"description":"d","inputSchema":{"properties":{"contentHash":{"type":"string"}}},"name":"t"}"#;
    let digest = Digest::of(plain.as_bytes());
    let entry = |text: &str| Entry::new(EntryKind::Tool, tool(text)).unwrap();
    assert_eq!(entry(plain).digest(), digest, "the text above is its own canonical form");
    let own = format!("sha256-{}", URL_SAFE_NO_PAD.encode(digest.as_bytes()));
    let carrying = entry(&format!(r#"{{"contentHash":"{own}",{}"#, plain.strip_prefix('{').unwrap()));
    assert_eq!(carrying.digest(), digest);
    // The surface holds the entry verbatim: a content hash that changes is a change.
    let with = with_tools(vec![Value::Object(carrying.value().clone())]);
    assert_ne!(with.digest(), with_tools(vec![tool(plain)]).digest());
    // Only the top-level member is left out.
    assert_ne!(entry(&plain.replace("contentHash", "other")).digest(), digest);
}

#[test]
fn the_model_visible_digest_follows_what_the_model_reads() {
    let before = with_tools(vec![tool(TOOL)]).model_visible_digest();
    for (what, from, to) in EDITS {
        let after = with_tools(vec![tool(&TOOL.replace(from, to))]).model_visible_digest();
        let silent = ["icon", "annotation", "execution", "_meta", "unknown member", "type of a value"]
            .iter()
            .any(|prefix| what.starts_with(prefix));
        assert_eq!(after == before, silent, "{what}");
    }
    // A keyword's name inside a default is text that the model reads.
    let default = |format: &str| {
        tool(&format!(r#"{{"name":"t","inputSchema":{{"default":{{"format":"{format}","$schema":"x"}}}}}}"#))
    };
    assert_ne!(
        with_tools(vec![default("a")]).model_visible_digest(),
        with_tools(vec![default("b")]).model_visible_digest()
    );
}

#[test]
fn incomplete_surfaces_cannot_be_built() {
    for capability in ["tools", "prompts", "resources"] {
        let capabilities = tool(&format!(r#"{{"{capability}":{{}}}}"#)).as_object().unwrap().clone();
        let parts = SurfaceParts { capabilities, ..SurfaceParts::default() };
        assert!(matches!(parts.into_surface(), Err(SurfaceError::Incomplete(_))), "{capability}");
    }
    let document = with_tools(vec![]).to_value().to_canonical_string();
    for (from, to) in [
        (r#""answered":["tools/list"]"#, r#""answered":[]"#),
        (r#""answered":["tools/list"]"#, r#""answered":["prompts/list","tools/list"]"#),
        (r#""allPagesRead":true"#, r#""allPagesRead":false"#),
        (r#""advertisedSectionsRead":true,"#, ""),
    ] {
        let changed = document.replace(from, to);
        assert_ne!(changed, document);
        assert!(matches!(Surface::parse(changed.as_bytes()), Err(SurfaceError::Incomplete(_))), "{to}");
    }
}

#[test]
fn other_documents_are_refused() {
    let document = with_tools(vec![tool(TOOL)]).to_value().to_canonical_string();
    assert!(Surface::parse(document.as_bytes()).is_ok());
    for (from, to) in [
        ("urn:mcp-pin:surface:v1", "urn:mcp-pin:surface:v2"),
        (r#""serverInfo":null"#, r#""serverInfo":[]"#),
        (r#""serverInfo":null,"#, ""),
        (r#""prompts":null,"#, ""),
        (r#""prompts":null"#, r#""prompts":{}"#),
        (r#""instructions":null"#, r#""instructions":7"#),
        (r#""instructions":null"#, r#""instructions":null,"later":1"#),
    ] {
        let changed = document.replace(from, to);
        assert_ne!(changed, document);
        assert!(Surface::parse(changed.as_bytes()).is_err(), "{to}");
    }
    assert_eq!(Surface::parse(b"[]"), Err(SurfaceError::WrongType));
    assert!(matches!(Surface::parse(b"{"), Err(SurfaceError::Json(_))));
}

proptest! {
    #[test]
    fn any_names_and_texts_round_trip(names in prop::collection::btree_set(".{1,12}", 0..8), text in any::<String>()) {
        let tools = names.iter().map(|name| {
            Value::Object([("name", Value::from(name.as_str())), ("description", Value::from(text.as_str()))].into_iter().collect())
        }).collect();
        let surface = with_tools(tools);
        prop_assert_eq!(&Surface::parse(surface.to_snapshot().as_bytes()).unwrap(), &surface);
        prop_assert_eq!(surface.digest(), Digest::of_canonical(&surface.to_value()));
        for name in &names {
            prop_assert!(surface.entry(EntryKind::Tool, name).is_some());
        }
    }
}
