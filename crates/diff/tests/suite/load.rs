//! Captures of others, and what is refused.

use mcp_pin_diff::load::{LoadError, surface_document};
use mcp_pin_model::{EntryKind, Surface, json::ParseErrorKind, surface::SurfaceError};

fn load(text: &str) -> Result<Surface, LoadError> {
    surface_document(text.as_bytes())
}

#[test]
fn all_shapes_of_the_same_tools_are_the_same_surface() {
    let tools = r#"[{"name":"b"},{"name":"a"}]"#;
    let list = load(tools).unwrap();
    for text in [
        format!(r#"{{"tools":{tools}}}"#),
        format!(r#"{{"tools":{{"tools":{tools}}}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":{tools}}}}}"#),
        format!(r#"{{"result":{{"tools":{tools},"nextCursor":null}}}}"#),
        format!(r#"{{"package":"x","tools":{tools},"prompts":null}}"#),
    ] {
        assert_eq!(load(&text).unwrap().digest(), list.digest(), "{text}");
    }
    assert_eq!(list.section(EntryKind::Prompt), None);
    assert_eq!(load(&list.to_snapshot()).unwrap(), list);
}

#[test]
fn a_capture_keeps_what_the_handshake_said() {
    let surface = load(
        r#"{"initialize":{"protocolVersion":"2025-06-18","serverInfo":{"name":"x","version":"1"},"capabilities":{"tools":{}},"instructions":"Hello."},
        "tools":[],"prompts":[],"resources":[{"uri":"file:///a","name":"a","size":3}],"resourceTemplates":[]}"#,
    )
    .unwrap();
    assert_eq!(surface.instructions(), Some("Hello."));
    assert!(surface.capabilities().contains("tools") && surface.server_info().is_some());
    assert_eq!(surface.section(EntryKind::Prompt), Some(&[][..]));
}

#[test]
fn t42_what_two_readers_could_read_differently_is_refused() {
    for (text, expected) in [
        (r#"[{"name":"a","name":"b"}]"#, "name"),
        (r#"[{"name":"a","x":9007199254740993}]"#, "number"),
        (r#"[{"name":"a","x":"\ud800"}]"#, "surrogate"),
        ("\u{feff}[]", "mark"),
    ] {
        let error = load(text).unwrap_err();
        assert!(matches!(&error, LoadError::Json(_)), "{text}: {error}");
        let found = match error {
            LoadError::Json(error) => match error.kind {
                ParseErrorKind::DuplicateMember { .. } => "name",
                ParseErrorKind::Number(_) => "number",
                ParseErrorKind::LoneSurrogate => "surrogate",
                ParseErrorKind::ByteOrderMark => "mark",
                _ => "other",
            },
            _ => "other",
        };
        assert_eq!(found, expected, "{text}");
    }
    let twice = load(r#"[{"name":"a"},{"name":"a","description":"other"}]"#).unwrap_err();
    assert!(matches!(twice, LoadError::Surface(SurfaceError::DuplicateEntry { .. })), "{twice}");
}

#[test]
fn an_incomplete_list_is_never_no_tools() {
    for text in [
        r#"{"tools":[],"nextCursor":"2"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":"2"}}"#,
        r#"{"initialize":{},"tools":{"tools":[],"nextCursor":""}}"#,
    ] {
        assert!(matches!(load(text), Err(LoadError::Incomplete("tools/list"))), "{text}");
    }
    for text in ["{}", "null", "3", r#"{"result":3}"#, r#"{"servers":[]}"#] {
        assert!(matches!(load(text), Err(LoadError::NotASurface(_))), "{text}");
    }
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"x"}}"#;
    assert!(matches!(load(error), Err(LoadError::ErrorResponse)));
    assert!(matches!(load(r#"{"tools":{}}"#), Err(LoadError::Shape { member: "tools", .. })));
    assert!(matches!(load(r#"[3]"#), Err(LoadError::Surface(SurfaceError::EntryShape { .. }))));
    assert!(matches!(load(r#"{"_type":"urn:mcp-pin:surface:v9"}"#), Err(LoadError::Surface(SurfaceError::WrongType))));
}
