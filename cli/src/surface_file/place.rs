//! Where in a document something is, for messages about it.

use mcp_pin_model::{
    json::{self, Limits, Object, ParseError, ParseErrorKind, Pointer, Value},
    surface::{EntryKind, SurfaceError},
};

/// A list or an object that the scan is in.
enum Open {
    /// An object, and the member that is being read.
    Object(Option<String>),
    /// A list, and the item.
    Array(usize),
}

/// The place at which the parser stopped. Everything before it is JSON, so this need not be strict.
pub(super) fn of_parse_error(text: &[u8], error: &ParseError) -> Pointer {
    let path = scan(text.get(..error.offset).unwrap_or(text)).iter().fold(Pointer::root(), |path, open| match open {
        Open::Object(Some(member)) => path.child(member),
        Open::Object(None) => path,
        Open::Array(index) => path.item(*index),
    });
    match &error.kind {
        // The parser points to the object, which it has read to its end.
        ParseErrorKind::DuplicateMember { name } => path.child(name),
        _ => path,
    }
}

fn scan(text: &[u8]) -> Vec<Open> {
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' => open.push(Open::Object(None)),
            b'[' => open.push(Open::Array(0)),
            b'}' | b']' => {
                open.pop();
            }
            b',' => match open.last_mut() {
                Some(Open::Object(member)) => *member = None,
                Some(Open::Array(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                let end = end_of_string(text, at);
                if let Some(Open::Object(member @ None)) = open.last_mut() {
                    // A name that is cut off is not one yet.
                    let literal = text.get(at..=end).unwrap_or_default();
                    *member = match json::parse(literal) {
                        Ok(Value::String(name)) => Some(name),
                        _ => None,
                    };
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    open
}

/// The closing quote of the string that opens at `start`, or the end.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

/// The item that is no entry, or that is the second of its name. The document was parsed before, so it parses again.
pub(super) fn of_entry(text: &[u8], error: &SurfaceError) -> Option<Pointer> {
    let document = json::parse_with(text, &Limits::OURS).ok()?;
    let (kind, wanted) = match error {
        SurfaceError::DuplicateEntry { kind, key } => (*kind, Some(key.as_str())),
        SurfaceError::EntryShape { kind, .. } => (*kind, None),
        _ => return None,
    };
    let (path, items) = list(&document, kind)?;
    let keys = items.iter().map(|item| item.get(kind.key_member()).and_then(Value::as_str));
    let mut seen = false;
    let index = keys.map(|key| key.filter(|key| !key.is_empty())).position(|key| match wanted {
        None => key.is_none(),
        Some(_) => key == wanted && std::mem::replace(&mut seen, true),
    })?;
    Some(path.item(index))
}

/// The list of a kind of entry, wherever the document has it.
fn list(document: &Value, kind: EntryKind) -> Option<(Pointer, &[Value])> {
    let section = kind.section();
    let root = Pointer::root();
    let places = [
        root.clone(),
        root.child(section),
        root.child(section).child(section),
        root.child("result").child(section),
        root.child("result").child(section).child(section),
    ];
    places.into_iter().find_map(|place| match place.resolve(document) {
        Some(Value::Array(items)) => Some((place, items.as_slice())),
        _ => None,
    })
}

/// A member of the document or of a result in it; the shallowest.
pub(super) fn of_member(text: &[u8], name: &str) -> Option<Pointer> {
    let document = json::parse_with(text, &Limits::OURS).ok()?;
    let mut level: Vec<(Pointer, &Object)> = vec![(Pointer::root(), document.as_object()?)];
    // The document, the result of an envelope, a whole list result or handshake in it.
    for _ in 0..3 {
        if let Some((path, _)) = level.iter().find(|(_, object)| object.contains(name)) {
            return Some(path.child(name));
        }
        level = level
            .iter()
            .flat_map(|(path, object)| object.iter().map(move |(member, value)| (path.child(member), value)))
            .filter_map(|(path, value)| Some((path, value.as_object()?)))
            .collect();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> String {
        of_parse_error(text.as_bytes(), &json::parse(text.as_bytes()).unwrap_err()).to_string()
    }

    #[test]
    fn the_parser_stopped_there() {
        for (text, place) in [
            (r#"{"tools":[{"name":"a"},{"name":"b","name":"c"}]}"#, "/tools/1/name"),
            (r#"{"a":1,"a":2}"#, "/a"),
            (r#"{"a":{"x":1},"b/c":{"~":[1,[2,tru]]}}"#, "/b~1c/~0/1/1"),
            (r#"[{"description":"x\ud800"}]"#, "/0/description"),
            (r#"{"a":"say \"{[,\" twice","b":9007199254740993}"#, "/b"),
            (r#"{"a":[1,2"#, "/a/1"),
            ("", ""),
            ("[] x", ""),
        ] {
            assert_eq!(at(text), place, "{text}");
        }
    }

    #[test]
    fn a_name_with_escapes_is_the_name_it_means() {
        assert_eq!(at(r#"{"\u0061\"b":[nul]}"#), "/a\"b/0");
    }

    #[test]
    fn members_are_found_where_a_surface_has_them() {
        let find = |text: &str, name: &str| of_member(text.as_bytes(), name).map(|place| place.to_string());
        assert_eq!(find(r#"{"tools":{"tools":[],"nextCursor":"x"}}"#, "nextCursor").unwrap(), "/tools/nextCursor");
        assert_eq!(find(r#"{"result":{"tools":3}}"#, "tools").unwrap(), "/result/tools");
        assert_eq!(find(r#"{"tools":[]}"#, "nextCursor"), None);
        assert_eq!(find("[]", "tools"), None);
    }

    proptest! {
        #[test]
        fn every_refusal_has_a_place(text in r#"[\[\]{},:"\\a/~1\u{202e} ]{0,40}"#) {
            if let Err(error) = json::parse(text.as_bytes()) {
                let place = of_parse_error(text.as_bytes(), &error);
                prop_assert!(place.as_str().is_empty() || place.as_str().starts_with('/'), "{text}: {place}");
            }
        }
    }
}
