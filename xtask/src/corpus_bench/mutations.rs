//! The 24 single-field mutations of one tool, all of which must be seen, and two re-serialisations, which must not.

use mcp_pin_diff::{Grade, Side, compare, load};

/// The single-field mutations of one tool, all of which must be seen, and two re-serialisations, which must not.
///
/// # Errors
/// The mutation that was not seen, or the re-serialisation that was.
pub(super) fn check() -> Result<String, String> {
    let tool = |text: &str| load::surface_document(text.as_bytes()).map_err(|error| error.to_string());
    let base = tool(MUTATED)?;
    let mut seen = 0;
    for (was, is) in MUTATIONS {
        if !MUTATED.contains(was) {
            return Err(format!("the sample has no {was}"));
        }
        let after = tool(&MUTATED.replacen(was, is, 1))?;
        let report = compare(Some(&Side::of_surface(&base)), &Side::of_surface(&after), &[]);
        if report.is_unchanged() || report.grade() < Grade::Notice {
            return Err(format!("mutation of {was} was not seen"));
        }
        seen += 1;
    }
    for same in [MUTATED.replace(r#"64"#, "64.0"), MUTATED.replace("Finds", r"\u0046inds").replace(": ", " :\n")] {
        let after = tool(&same)?;
        if !compare(Some(&Side::of_surface(&base)), &Side::of_surface(&after), &[]).is_unchanged() {
            return Err("a re-serialisation was taken for a change".to_owned());
        }
    }
    Ok(format!(
        "{seen} of {} single-field mutations seen, 0 of 2 re-serialisations taken for a change",
        MUTATIONS.len()
    ))
}

const MUTATED: &str = r##"[{"name": "find", "title": "Find", "description": "Finds things.",
"inputSchema": {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["q"],
 "additionalProperties": false, "properties": {"q": {"type": "string", "description": "What to find", "title": "Query",
 "maxLength": 64, "pattern": "^[a-z]+$", "examples": ["cat"], "default": "all"}, "kind": {"enum": ["a", "b"]},
 "at": {"$ref": "#/$defs/At", "$comment": "where"}}, "$defs": {"At": {"type": "string", "format": "uri"}}},
"outputSchema": {"type": "object", "properties": {"hits": {"type": "array"}}},
"annotations": {"title": "Finder", "readOnlyHint": false, "destructiveHint": true},
"icons": [{"src": "https://icons.example/find.png"}], "_meta": {"team": "search"},
"execution": {"taskSupport": "forbidden"}, "x-vendor": {"level": 1}}]"##;

const MUTATIONS: [(&str, &str); 24] = [
    ("\"name\": \"find\"", "\"name\": \"found\""),
    ("\"title\": \"Find\"", "\"title\": \"Search\""),
    ("Finds things.", "Finds all things."),
    ("2020-12/schema", "2019-09/schema"),
    ("\"required\": [\"q\"]", "\"required\": []"),
    ("\"additionalProperties\": false", "\"additionalProperties\": true"),
    ("What to find", "What to look for"),
    ("\"title\": \"Query\"", "\"title\": \"Q\""),
    ("64", "65"),
    ("^[a-z]+$", "^.+$"),
    ("[\"cat\"]", "[\"dog\"]"),
    ("\"default\": \"all\"", "\"default\": \"none\""),
    ("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]"),
    ("#/$defs/At\"", "#/$defs/There\""),
    ("\"$comment\": \"where\"", "\"$comment\": \"here\""),
    ("\"format\": \"uri\"", "\"format\": \"date\""),
    ("\"type\": \"array\"", "\"type\": \"string\""),
    ("\"title\": \"Finder\"", "\"title\": \"Seeker\""),
    ("\"readOnlyHint\": false", "\"readOnlyHint\": true"),
    ("\"destructiveHint\": true", "\"destructiveHint\": false"),
    ("icons.example", "other.example"),
    ("\"team\": \"search\"", "\"team\": \"find\""),
    ("\"forbidden\"", "\"optional\""),
    ("\"level\": 1", "\"level\": 2"),
];
