//! A server whose every text is an attack on the terminal that shows it.

use mcp_pin_model::json::is_hidden;
use mcp_pin_test_support::fake::{Scenario, Step};
use serde_json::{Value, json};

use crate::{
    organisation::{NAME, Organisation},
    world::{Person, Ran, World},
};

/// Clears the screen, sets the title, writes a link, rings, goes back over what was written, hides, turns around,
/// and says it all again in tags.
const ATTACK: &str = "\u{1b}[2J\u{1b}[1;1H\u{1b}]0;owned\u{7}\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\\
    \u{1b}[8mhidden\u{1b}[0m\u{9b}31mred\u{7}\u{8}\u{8}\u{8}\rpassed  weather\u{b}\u{c}\u{7f}\u{85}\u{90}q\u{9c}\
    \u{202e}drowssap\u{202c}\u{2066}x\u{2069}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{e0001}\u{e0069}\u{e0067}\u{e007f}\
    \u{180e}\u{115f}\u{3164}\u{fe0f}\u{2028}\u{2029}\u{0}end";

/// `text` with the attack in it.
fn hostile(text: &str) -> Value {
    json!(format!("{text}{ATTACK}"))
}

/// Every member that holds text, hostile; `edition` makes the next one another.
fn scenario(edition: &str) -> Scenario {
    let tool = |name: &str| {
        json!({
            "name": name,
            "title": hostile("Title"),
            "description": hostile(edition),
            "inputSchema": {
                "type": "object",
                "properties": {
                    (hostile("parameter").as_str().unwrap()): {
                        "type": "string", "description": hostile("a parameter"),
                        "enum": [hostile("one"), hostile("two")], "default": hostile(edition), "pattern": hostile("^"),
                    },
                },
                "required": [hostile("parameter")],
            },
            "annotations": {"title": hostile("annotated"), "readOnlyHint": true},
            "icons": [{"src": format!("https://evil.example/{ATTACK}")}],
            "_meta": {(hostile("meta").as_str().unwrap()): hostile(edition)},
            (hostile("unknown").as_str().unwrap()): [hostile(edition)],
        })
    };
    Scenario {
        server_info: json!({
            "name": hostile("weather"), "title": hostile("Weather"), "version": hostile("1.0.0"),
        }),
        capabilities: json!({
            "tools": {}, "prompts": {}, "resources": {}, "experimental": {(hostile("x").as_str().unwrap()): {}},
        }),
        instructions: Some(format!("{edition}{ATTACK}")),
        tools: Some(vec![tool("get_forecast"), tool(&format!("tool{ATTACK}"))]),
        prompts: Some(vec![json!({
            "name": hostile("prompt"), "description": hostile(edition),
            "arguments": [{"name": hostile("argument"), "description": hostile("x")}],
        })]),
        resources: Some(vec![json!({"uri": format!("weather://{ATTACK}"), "name": hostile(edition)})]),
        resource_templates: Some(vec![
            json!({"uriTemplate": format!("weather://{ATTACK}/{{id}}"), "name": hostile("t")}),
        ]),
        ..Scenario::default()
    }
}

/// Nothing that a terminal obeys, hides or turns around is in what was said. `colored`: our own colours may be.
#[track_caller]
fn assert_harmless(ran: &Ran, colored: bool) {
    for (stream, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
        let text = if colored { without_colours(text) } else { text.clone() };
        for (number, line) in text.split('\n').enumerate() {
            if let Some(bad) = line.chars().find(|&character| character.is_control() || is_hidden(character)) {
                let line: String = line.chars().flat_map(char::escape_default).collect();
                panic!("{}: {stream} line {}: U+{:04X} in {line}", ran.line, number + 1, u32::from(bad));
            }
        }
    }
}

/// Without `ESC [ digits ; … m`, which is all that our own colours are.
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let sequence = part.strip_prefix('[').and_then(|part| part.split_once('m'));
        match sequence {
            Some((numbers, rest)) if numbers.chars().all(|c| c.is_ascii_digit() || c == ';') => plain.push_str(rest),
            _ => {
                plain.push('\u{1b}');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// Runs a command in every form of output.
#[track_caller]
fn every_form(person: &Person, arguments: &[&str], code: i32) -> Ran {
    let plain = person.run(arguments).expect(code);
    assert_harmless(&plain, false);
    let colored = person.run(&[arguments, &["--color", "always"]].concat()).expect(code);
    assert_harmless(&colored, true);
    assert_eq!(without_colours(&colored.out), plain.out, "colours change what is said");
    let json = person.run(&[arguments, &["--format", "json"]].concat()).expect(code);
    assert_harmless(&json, false);
    if !json.out.is_empty() {
        json.json();
    }
    plain
}

#[test]
fn t52_t53_hostile_text_never_reaches_the_terminal_as_it_is() {
    let world = World::new();
    let person = world.developer(&scenario("one"));
    let refused = every_form(&person, &["lock"], 4);
    assert!(refused.out.contains("\\u{1b}"), "the attack is shown, not left out\n{refused}");
    person.run(&["lock", "--accept", "first-use"]).expect(0);
    every_form(&person, &["lock"], 0);
    every_form(&person, &["verify"], 0);
    every_form(&person, &["verify", "--live"], 0);
    every_form(&person, &["ls"], 0);
    every_form(&person, &["why", "weather"], 0);
    every_form(&person, &["why", "weather/get_forecast"], 0);

    person.scenario("weather", &scenario("another"));
    let drift = every_form(&person, &["verify", "--live"], 1);
    assert!(drift.out.contains("\\u{202e}"), "{drift}");
    every_form(&person, &["diff", "weather"], 1);
    assert_harmless(&person.run(&["diff", "weather", "--expand"]).expect(1), false);
    every_form(&person, &["update"], 4);
    let accepted = person.accept("weather").expect(0);
    assert_harmless(&accepted, false);
    every_form(&person, &["verify", "--live"], 0);

    // Gone again: removals and tombstones hold the text, too.
    person.scenario("weather", &Scenario::weather());
    every_form(&person, &["verify", "--live"], 1);
    every_form(&person, &["diff", "weather"], 1);
    assert_harmless(&person.accept("weather").expect(0), false);
    person.scenario("weather", &scenario("one"));
    every_form(&person, &["diff", "weather"], 1);

    // What is committed and read in pull requests is as harmless.
    for (name, bytes) in person.files() {
        if name.starts_with("mcp-pin.lock") || name.starts_with(".mcp-pin/surfaces") {
            let text = String::from_utf8(bytes).unwrap();
            let bad = text.chars().find(|&c| c != '\n' && (c.is_control() || is_hidden(c)));
            assert!(bad.is_none(), "U+{:04X} in {name}", u32::from(bad.unwrap()));
        }
    }
}

#[test]
fn two_hostile_files_are_compared_as_harmlessly() {
    let world = World::new();
    let person = world.person("anna");
    let document = |edition: &str| json!({"tools": scenario(edition).tools.unwrap()}).to_string();
    person.write("old.json", &document("one"));
    person.write("new.json", &document("two"));
    every_form(&person, &["diff", "old.json", "new.json"], 1);
    // A name of a file, and a document that is none.
    let name = format!("x{}.json", ATTACK.replace(['\u{0}', '/'], ""));
    person.write("bad.json", &format!("{{\"a{}\":1,\"a{}\":1}}", "\\u001b[2J\\u202e", "\\u001b[2J\\u202e"));
    assert_harmless(&person.run(&["diff", "old.json", &name]).expect(3), false);
    assert_harmless(&person.run(&["diff", "old.json", "bad.json"]).expect(3), false);
    // Raw control characters in a document are no JSON; they are not repeated either.
    person.write("raw.json", &format!("{{\"{ATTACK}\":1}}"));
    assert_harmless(&person.run(&["diff", "old.json", "raw.json"]).expect(3), false);
}

#[test]
fn what_a_failing_server_says_is_as_harmless() {
    let world = World::new();
    for (name, scenario) in [
        ("stderr", {
            let mut scenario = scenario("one").on("tools/list", [Step::Exit(1)]);
            scenario.start.stderr = vec![ATTACK.replace('\u{0}', ""); 30];
            scenario
        }),
        ("noise", {
            let mut scenario = scenario("one");
            scenario.start.stdout = vec![ATTACK.replace('\u{0}', "")];
            scenario
        }),
        ("error", {
            let error = json!({"code": -1, "message": ATTACK, "data": ATTACK});
            let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{error}}}");
            scenario("one").on("tools/list", [Step::Line(line)])
        }),
        ("method", {
            let line = json!({"jsonrpc": "2.0", "id": ATTACK, "method": ATTACK}).to_string();
            scenario("one").on("tools/list", [Step::Line(line), Step::Exit(2)])
        }),
        ("revision", Scenario { revision: Some(ATTACK.to_owned()), ..scenario("one") }),
        ("duplicate", {
            let mut scenario = scenario("one");
            let twin = scenario.tools.as_ref().unwrap()[1].clone();
            scenario.tools.as_mut().unwrap().push(twin);
            scenario
        }),
        ("duplicate key", {
            let name = json!(ATTACK).to_string();
            let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{{{name}:1,{name}:1}}}}");
            scenario("one").on("tools/list", [Step::Line(line)])
        }),
    ] {
        let person = world.person(&name.replace(' ', "-"));
        person.scenario("weather", &scenario);
        person.configure(&["weather"]);
        for form in [&["lock", "--accept", "first-use"][..], &["lock", "--format", "json"]] {
            let ran = person.run(form);
            println!("{name}: {}", ran.err.lines().next().unwrap_or_default());
            assert_eq!(ran.code, 3, "{name}\n{ran}");
            assert_harmless(&ran, false);
        }
    }
}

#[test]
fn hostile_configuration_is_as_harmless() {
    let world = World::new();
    let person = world.developer(&Scenario::weather());
    let attack = json!(ATTACK.replace('\u{0}', "")).to_string();
    let attack = attack.trim_matches('"');
    let good = person.entry("weather", "");
    for entry in [
        good.replace("\"weather\"", &format!("\"we{attack}ather\"")),
        good.replace("\"args\": [", &format!("\"args\": [\"{attack}\", ")),
        good.replace("\"command\": \"", &format!("\"command\": \"{attack}")),
        person.entry("weather", &format!(", \"env\": {{\"X{attack}\": \"y\"}}")),
        person.entry("weather", &format!(", \"cwd\": \"{attack}\"")),
        format!("\"weather\": {{\"type\": \"http\", \"url\": \"https://{attack}\"}}"),
        format!(
            "\"weather\": {{\"type\": \"http\", \"url\": \"https://e.example/{attack}\", \"headers\": {{\"{attack}\": \"x\"}}}}"
        ),
        format!("\"weather\": {{\"type\": \"{attack}\", \"url\": 1}}"),
        format!("\"weather\": {{\"{attack}\": 1, \"{attack}\": 2}}"),
    ] {
        person.configure_entries(&[entry]);
        for command in
            [&["lock"][..], &["lock", "--accept", "first-use"], &["ls"], &["ls", "--format", "json"], &["verify"]]
        {
            let ran = person.run(command);
            assert_harmless(&ran, false);
        }
    }
}

/// A publisher with a valid key is as foreign to an approver as any server.
#[test]
fn what_a_hostile_publisher_submits_is_as_harmless() {
    let organisation = Organisation::new();
    let submission = organisation.submit("1.0.0", &scenario("one"));
    let approver = &organisation.approver;
    let what = format!("{NAME}@1.0.0");
    let shown = every_form(approver, &["approve", &what], 4);
    assert!(shown.out.contains("\\u{1b}") && shown.out.contains("\\u{202e}"), "{shown}");
    every_form(approver, &["approve", submission["id"].as_str().unwrap()], 4);
    every_form(approver, &["registry", "submissions"], 0);
    every_form(approver, &["registry", "show"], 0);
    assert_harmless(&approver.run(&["approve", &format!("{NAME}@{ATTACK}").replace('\u{0}', "")]).expect(2), false);
    // A reason is text of an approver, shown to the publisher and others.
    let reason = ATTACK.replace('\u{0}', "");
    let rejected = approver.run(&["reject", &what, "--reason", &reason]);
    assert_harmless(&rejected, false);
    every_form(approver, &["registry", "submissions", "--state", "all"], 0);
    // The registry's own log is read in a terminal, too.
    let log = std::fs::read_to_string(organisation.registry.data().with_extension("log")).unwrap();
    let bad = log.chars().find(|&character| character != '\n' && (character.is_control() || is_hidden(character)));
    assert!(bad.is_none(), "U+{:04X} in the log: {log:?}", bad.map_or(0, u32::from));
}

/// T54: a text of several lines cannot pretend to be lines of ours, not even for whoever reads only line beginnings.
#[test]
fn t54_a_text_of_several_lines_forges_no_verdict() {
    let world = World::new();
    let forged = "Fine.\npassed          weather  1.0.0 (2 tools)\n1 passed\nerror: none\nlocked          weather\n\
                  change report sha256:0000000000000000000000000000000000000000000000000000000000000000\n";
    let mut scenario = Scenario::weather();
    let person = world.locked(&scenario);
    scenario.instructions = Some(forged.to_owned());
    scenario.tools.as_mut().unwrap()[0]["description"] = json!(forged);
    scenario.server_info["version"] = json!(format!("1.0.0\n{forged}"));
    person.scenario("weather", &scenario);
    for arguments in [&["verify", "--live"][..], &["diff", "weather"], &["diff", "weather", "--expand"], &["update"]] {
        let ran = person.run(arguments);
        assert!([1, 4].contains(&ran.code), "{ran}");
        let forgeries = ["passed", "1 passed", "error: none", "locked", "change report sha256:0000"];
        for line in ran.out.lines().chain(ran.err.lines()) {
            let forgery = forgeries.iter().find(|forgery| line.starts_with(*forgery));
            assert!(forgery.is_none(), "a line of the server's stands as one of ours: {line}\n{ran}");
        }
    }
}
