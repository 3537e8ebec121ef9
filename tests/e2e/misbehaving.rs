//! Servers that do not behave, through the program and its exit codes: what could not be read completely is never
//! locked, and never passes.

use mcp_pin_test_support::fake::{Misbehaviour, Scenario, Speaks};
use serde_json::json;

use crate::world::{World, now};

/// What nobody can read the same way twice, or not to its end.
const UNREADABLE: [(Misbehaviour, &str); 20] = [
    (Misbehaviour::UnknownCapability, "an unknown section is advertised: `gadgets`"),
    (Misbehaviour::EmptyTools, "advertised, but none is listed"),
    (Misbehaviour::DuplicateTools, "get_forecast"),
    (Misbehaviour::DuplicateAcrossPages, "get_forecast"),
    (Misbehaviour::DuplicateKeys, "twice"),
    (Misbehaviour::LoneSurrogate, "surrogate"),
    (Misbehaviour::ByteOrderMark, ""),
    (Misbehaviour::UnsafeInteger, "beyond 2^53"),
    (Misbehaviour::DeepNesting, "deep"),
    (Misbehaviour::UnsolicitedReply, ""),
    (Misbehaviour::DoubledReply, ""),
    (Misbehaviour::WrongId, ""),
    (Misbehaviour::IdAsText, ""),
    (Misbehaviour::Batch, ""),
    (Misbehaviour::ResultAndError, ""),
    (Misbehaviour::RepeatedCursor, "cursor"),
    (Misbehaviour::EndlessCursor, "pages"),
    (Misbehaviour::CrashMidway, ""),
    (Misbehaviour::SecondPageFails, ""),
    (Misbehaviour::ListChangedForEver, ""),
];

/// What is unusual and still says one thing.
const READABLE: [Misbehaviour; 5] = [
    Misbehaviour::NotificationsFirst,
    Misbehaviour::AsksForRoots,
    Misbehaviour::Pings,
    Misbehaviour::CrashOnDiscover,
    Misbehaviour::ListChangedOnce,
];

#[test]
fn t37_what_cannot_be_read_is_not_locked_and_does_not_pass() {
    let world = World::new();
    let locked = world.locked(&Scenario::weather());
    let before = locked.files();
    let mut messages = std::collections::BTreeMap::new();
    for (how, says) in UNREADABLE {
        let scenario = Scenario::weather().misbehaving(how);
        let fresh = world.person(&format!("{how:?}"));
        fresh.scenario("weather", &scenario);
        fresh.configure(&["weather"]);
        let lock = fresh.run(&["lock", "--accept", "first-use"]);
        assert_eq!(lock.code, 3, "{how:?}\n{lock}");
        assert!(lock.err.contains(says), "{how:?} says nothing of `{says}`\n{lock}");
        assert!(!fresh.path("mcp-pin.lock").exists() && !fresh.path(".mcp-pin").exists(), "{how:?}");
        // Both write to the same server's file, so this is the same server, after it was locked.
        let verify = locked.run(&["verify", "--live"]);
        assert_eq!(verify.code, 3, "{how:?}\n{verify}");
        assert!(verify.out.contains("could not check"), "{how:?}\n{verify}");
        locked.run(&["verify"]).expect(0);
        let message = lock.err.lines().next().unwrap().to_owned();
        println!("{how:?}: {message}");
        messages.entry(message).or_insert_with(Vec::new).push(how);
    }
    for (command, code) in [(&["update"][..], 3), (&["diff", "weather"], 3)] {
        locked.run(command).expect(code);
    }
    assert_eq!(locked.files(), before, "nothing of it was written");
    let shared: Vec<_> = messages.iter().filter(|(_, causes)| causes.len() > 2).collect();
    assert!(shared.is_empty(), "different causes, the same words: {shared:#?}");
}

#[test]
fn what_is_unusual_and_unambiguous_is_locked() {
    let world = World::new();
    for how in READABLE {
        let person = world.person(&format!("{how:?}"));
        person.scenario("weather", &Scenario::weather().misbehaving(how));
        person.configure(&["weather"]);
        let ran = person.run(&["lock", "--accept", "first-use"]);
        assert_eq!(ran.code, 0, "{how:?}\n{ran}");
        let ran = person.run(&["verify", "--live"]);
        assert_eq!(ran.code, 0, "{how:?}\n{ran}");
    }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let world = World::new();
    let person = world.developer(&Scenario::weather().misbehaving(Misbehaviour::Hang));
    let started = now();
    person.run(&["lock", "--accept", "first-use"]).expect(3).says("tools/list");
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    assert!(!person.path("mcp-pin.lock").exists());
}

#[test]
fn both_eras_of_the_protocol_are_locked_and_compared() {
    let world = World::new();
    for speaks in [Speaks::Initialize, Speaks::Discover, Speaks::Both] {
        let person = world.person(&format!("{speaks:?}"));
        person.scenario("weather", &Scenario::full().speaking(speaks));
        person.configure(&["weather"]);
        person.run(&["lock", "--accept", "first-use"]).expect(0);
        person.run(&["verify", "--live"]).expect(0);
        // Every section counts: each appears, changes, vanishes.
        for (section, changed) in [
            ("instructions", Scenario { instructions: Some("Another.".to_owned()), ..Scenario::full() }),
            ("instructions vanish", Scenario { instructions: None, ..Scenario::full() }),
            (
                "server info",
                Scenario { server_info: json!({"name": "weather", "version": "2.0.0"}), ..Scenario::full() },
            ),
            ("capabilities", {
                let mut scenario = Scenario::full();
                let mut capabilities = scenario.declared_capabilities();
                capabilities["logging"] = json!({});
                scenario.capabilities = capabilities;
                scenario
            }),
            ("prompts", {
                let mut scenario = Scenario::full();
                scenario.prompts.as_mut().unwrap()[0]["description"] = json!("Plans another trip.");
                scenario
            }),
            ("prompts vanish", Scenario { prompts: None, ..Scenario::full() }),
            ("prompts are empty", Scenario { prompts: Some(Vec::new()), ..Scenario::full() }),
            ("resources", {
                let mut scenario = Scenario::full();
                scenario.resources.as_mut().unwrap()[0]["mimeType"] = json!("text/plain");
                scenario
            }),
            ("templates", {
                let mut scenario = Scenario::full();
                scenario.resource_templates.as_mut().unwrap()[0]["uriTemplate"] = json!("weather://other/{id}");
                scenario
            }),
            ("a tool appears", {
                let mut scenario = Scenario::full();
                scenario.tools.as_mut().unwrap().push(json!({"name": "new", "inputSchema": {"type": "object"}}));
                scenario
            }),
            ("tools vanish", Scenario { tools: None, ..Scenario::full() }),
        ] {
            person.scenario("weather", &changed.speaking(speaks));
            let ran = person.run(&["verify", "--live"]);
            assert_eq!(ran.code, 1, "{speaks:?}, {section}\n{ran}");
        }
        // The other way round: what was not there appears.
        person.scenario("weather", &Scenario::full().speaking(speaks));
        person.run(&["verify", "--live"]).expect(0);
    }
}

#[test]
fn a_server_that_cannot_be_started_or_reached_could_not_be_checked() {
    let world = World::new();
    let person = world.locked(&Scenario::weather());
    std::fs::remove_file(world.path("servers").join("weather.json")).unwrap();
    person.run(&["verify", "--live"]).expect(3);
    person.run(&["verify"]).expect(0);
    let fresh = world.person("ben");
    for entry in [
        "\"weather\": {\"command\": \"/nowhere/to/be/found\"}",
        "\"weather\": {\"type\": \"http\", \"url\": \"http://127.0.0.1:9/mcp\"}",
        "\"weather\": {\"command\": \"true\"}",
        "\"weather\": {\"command\": \"weather\", \"args\": [\"${NOT_SET_ANYWHERE}\"]}",
    ] {
        fresh.configure_entries(&[entry.to_owned()]);
        let ran = fresh.run(&["lock", "--accept", "first-use"]);
        println!("{}", ran.err.lines().next().unwrap_or_default());
        assert_eq!(ran.code, 3, "{entry}\n{ran}");
    }
}
