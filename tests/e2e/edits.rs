//! Every single field of a tool counts, through `mcp-pin diff <old> <new>`; the spelling of JSON does not.

use mcp_pin_model::json as strict;
use mcp_pin_test_support::fake::{Scenario, Step};
use serde_json::{Value, json};

use crate::world::{Person, Ran, World};

/// A tool that has everything a tool can have.
fn tool() -> Value {
    json!({
        "name": "search",
        "title": "Search",
        "description": "Searches the archive. Never leaves it.",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "What to look for.", "minLength": 1, "pattern": "^[a-z]+$"},
                "mode": {"type": "string", "enum": ["fast", "careful"], "default": "careful"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 64, "default": 10},
                "filter": {"$ref": "#/$defs/filter"},
                "x-vendor": {"type": "object", "properties": {"deep": {"type": "array", "items": {"const": 1}}}}
            },
            "required": ["query"],
            "additionalProperties": false,
            "$defs": {"filter": {"type": "object", "properties": {"since": {"type": "string"}}}}
        },
        "outputSchema": {
            "type": "object", "properties": {"hits": {"type": "array", "items": {"type": "string"}}}, "required": ["hits"]
        },
        "annotations": {
            "title": "Search the archive", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
            "openWorldHint": false
        },
        "icons": [{"src": "https://archive.example/icon.png", "mimeType": "image/png", "sizes": ["48x48"]}],
        "execution": {"taskSupport": "forbidden"},
        "_meta": {"archive.example/unit": {"name": "hits", "factor": 1}},
        "vendorMember": {"anything": [true, null]}
    })
}

fn other() -> Value {
    json!({"name": "count", "description": "Counts.", "inputSchema": {"type": "object"}})
}

fn list(tool: &Value) -> String {
    json!({"tools": [tool, other()]}).to_string()
}

/// What is set to what. A null takes the member away.
fn edits() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("name", "/name", json!("search2")),
        ("title", "/title", json!("Search!")),
        ("title vanishes", "/title", Value::Null),
        ("description", "/description", json!("Searches the archive. Never leaves  it.")),
        ("input schema's dialect", "/inputSchema/$schema", json!("http://json-schema.org/draft-07/schema#")),
        ("parameter's description", "/inputSchema/properties/query/description", json!("What to look for")),
        ("parameter's type", "/inputSchema/properties/query/type", json!("number")),
        ("parameter's bound", "/inputSchema/properties/query/minLength", json!(0)),
        ("parameter's pattern", "/inputSchema/properties/query/pattern", json!("^[a-z]*$")),
        ("enumeration", "/inputSchema/properties/mode/enum", json!(["fast", "careful", "reckless"])),
        ("enumeration's order", "/inputSchema/properties/mode/enum", json!(["careful", "fast"])),
        ("default", "/inputSchema/properties/mode/default", json!("fast")),
        ("default of a number", "/inputSchema/properties/limit/default", json!(11)),
        ("parameter appears", "/inputSchema/properties/note", json!({"type": "string"})),
        ("required", "/inputSchema/required", json!(["query", "mode"])),
        ("additional properties", "/inputSchema/additionalProperties", json!(true)),
        ("definition", "/inputSchema/$defs/filter/properties/since/type", json!("integer")),
        ("deep in a vendor's parameter", "/inputSchema/properties/x-vendor/properties/deep/items/const", json!(2)),
        ("output schema", "/outputSchema/properties/hits/items/type", json!("number")),
        ("output schema vanishes", "/outputSchema", Value::Null),
        ("annotation", "/annotations/readOnlyHint", json!(false)),
        ("annotation vanishes", "/annotations/destructiveHint", Value::Null),
        ("annotation's title", "/annotations/title", json!("Search the Archive")),
        ("icon", "/icons/0/src", json!("https://archive.example/icon2.png")),
        ("icon's size", "/icons/0/sizes/0", json!("96x96")),
        ("execution", "/execution/taskSupport", json!("optional")),
        ("_meta", "/_meta/archive.example~1unit/factor", json!(2)),
        ("unknown member", "/vendorMember/anything/1", json!(false)),
        ("unknown member appears", "/another", json!({})),
    ]
}

/// Sets a member; takes it away where the value is null, unless it stands in a list.
fn edited(mut tool: Value, pointer: &str, value: Value) -> Value {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/").replace("~0", "~");
    match tool.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => drop(members.remove(&last).unwrap()),
        Value::Object(members) => drop(members.insert(last, value)),
        Value::Array(items) => items[last.parse::<usize>().unwrap()] = value,
        other => panic!("{pointer} is below {other}"),
    }
    tool
}

fn diff(person: &Person, old: &str, new: &str) -> Ran {
    person.write("old.json", old);
    person.write("new.json", new);
    person.run(&["diff", "old.json", "new.json", "--format", "json"])
}

#[test]
fn every_single_field_edit_is_a_change() {
    let world = World::new();
    let person = world.person("anna");
    let old = list(&tool());
    let mut digests = std::collections::BTreeSet::new();
    let edits = edits();
    assert!(edits.len() >= 24);
    for (name, pointer, value) in edits {
        let ran = diff(&person, &old, &list(&edited(tool(), pointer, value)));
        assert_eq!(ran.code, 1, "{name}\n{ran}");
        let report = &ran.json();
        let changes = report["report"]["changes"].as_array().unwrap_or_else(|| panic!("{name}: {report}"));
        assert!(!changes.is_empty(), "{name}: {report}");
        assert!(digests.insert(crate::world::find(report, "reportDigest").unwrap()), "{name}: a digest twice");
        // And back again.
        let ran = diff(&person, &list(&edited(tool(), pointer, edits_value(pointer))), &old);
        assert!([0, 1].contains(&ran.code), "{name}\n{ran}");
    }
}

/// The value that stands there already: an edit to it changes nothing.
fn edits_value(pointer: &str) -> Value {
    tool().pointer(pointer).cloned().unwrap_or_else(|| json!({"type": "string"}))
}

/// Writes JSON in another way: members in reverse, everything outside letters escaped, numbers as fractions.
fn respelled(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .rev()
                .map(|(name, value)| format!("{} :\t{}", respelled(&json!(name)), respelled(value)))
                .collect();
            format!("{{\n{}\n}}", members.join(" ,\r\n"))
        }
        Value::Array(items) => {
            format!("[ {} ]", items.iter().map(respelled).collect::<Vec<_>>().join(" , "))
        }
        Value::String(text) => {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            format!("\"{escaped}\"")
        }
        Value::Number(number) => format!("{number}.0"),
        other => other.to_string(),
    }
}

#[test]
fn spelling_and_the_order_of_members_and_tools_are_no_change() {
    let world = World::new();
    let person = world.person("anna");
    let old = list(&tool());
    let swapped = json!({"tools": [other(), tool()]});
    for (name, new) in [
        ("the same", old.clone()),
        ("another spelling", respelled(&json!({"tools": [tool(), other()]}))),
        ("another order of tools", swapped.to_string()),
        ("both", respelled(&swapped)),
        ("a bare list", json!([tool(), other()]).to_string()),
        ("exponents", old.replace("\"maximum\":64", "\"maximum\":6.4e1")),
    ] {
        let ran = diff(&person, &old, &new);
        assert_eq!(ran.code, 0, "{name}\n{ran}");
        let ran = person.run(&["diff", "old.json", "new.json"]);
        assert_eq!(ran.code, 0, "{name}\n{ran}");
    }
    // The respelling did what it says.
    let new = respelled(&tool());
    assert!(new.contains("64.0") && new.contains("\\u0073"), "{new}");
    assert_eq!(strict::parse(new.as_bytes()).unwrap(), strict::parse(tool().to_string().as_bytes()).unwrap());
}

#[test]
fn documents_that_readers_would_disagree_about_are_refused_with_their_own_message() {
    let world = World::new();
    let person = world.person("anna");
    let good = list(&tool());
    let twin = json!({"tools": [other(), other()]}).to_string();
    let mut messages = std::collections::BTreeSet::new();
    for (name, bad, says) in [
        ("malformed", good.replace("\"tools\":[", "\"tools\":[,"), ""),
        ("truncated", good.chars().take(good.len() / 2).collect(), ""),
        ("t42_duplicate_key", good.replace("\"title\":\"Search\"", "\"title\":\"Search\",\"title\":\"x\""), "twice"),
        (
            "duplicate_key_by_escape",
            good.replace("\"title\":\"Search\"", "\"title\":\"Search\",\"t\\u0069tle\":\"x\""),
            "twice",
        ),
        ("t43_two_to_the_53_plus_1", good.replace("\"maximum\":64", "\"maximum\":9007199254740993"), "beyond 2^53"),
        ("t45_lone_surrogate", good.replace("Searches", "\\ud83dSearches"), "surrogate"),
        ("t46_too_deep", good.replace("[true,null]", &format!("{}{}", "[".repeat(200), "]".repeat(200))), "deep"),
        ("t20_duplicate_tool", twin, "twice"),
        ("not_a_surface", "{\"toolz\": []}".to_owned(), ""),
        ("empty", String::new(), ""),
        ("not_an_answer", json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}}).to_string(), ""),
        ("paged", good.replacen('{', "{\"nextCursor\":\"2\",", 1), ""),
    ] {
        for (old, new, file) in [(&good, &bad, "new.json"), (&bad, &good, "old.json")] {
            let ran = diff(&person, old, new);
            assert_eq!(ran.code, 3, "{name}\n{ran}");
            assert!(ran.out.is_empty(), "{name}\n{ran}");
            assert!(ran.err.contains(file) && ran.err.contains(says), "{name}: where or `{says}` is missing\n{ran}");
            let message = ran.err.lines().next().unwrap().to_owned();
            println!("{name:<28} {message}");
            messages.insert(message.split_once(file).unwrap().1.to_owned());
        }
    }
    assert!(messages.len() >= 9, "hardly any message is about its own cause: {messages:#?}");
    person.run(&["diff", "old.json", "nowhere.json"]).expect(3).says("nowhere.json");
}

/// The same edits, made by a server after it was locked.
#[test]
fn every_single_field_edit_of_a_live_server_is_drift() {
    let world = World::new();
    let serving = |tool: Value| Scenario { tools: Some(vec![tool, other()]), ..Scenario::default() };
    let person = world.locked(&serving(tool()));
    let surface = |person: &Person| crate::world::find(&person.run(&["ls", "--format", "json"]).json(), "surface");
    let locked = surface(&person).unwrap();
    for (name, pointer, value) in edits() {
        person.scenario("weather", &serving(edited(tool(), pointer, value)));
        let ran = person.run(&["verify", "--live"]);
        assert_eq!(ran.code, 1, "{name}\n{ran}");
    }
    let swapped = Scenario { tools: Some(vec![other(), tool()]), ..Scenario::default() };
    let spelled = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}}",
        respelled(&json!({"tools": [tool(), other()]})).replace(['\n', '\r'], " ")
    );
    for scenario in [swapped, serving(tool()).on("tools/list", [Step::Line(spelled)])] {
        person.scenario("weather", &scenario);
        person.run(&["verify", "--live"]).expect(0);
    }
    assert_eq!(surface(&person).unwrap(), locked);
}
