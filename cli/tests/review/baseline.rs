//! Small steps are added up (threat T58): a hint is dropped in one release and claimed in the next, which no release alone
//! shows as the flip that it is.

use mcp_pin_test_support::fake::Scenario;
use serde_json::{Value, json};

use crate::{lock::acknowledge_all, support::Sandbox, terminal::Terminal};

/// A release with these hints.
fn release(version: &str, hints: Option<Value>) -> Scenario {
    let mut scenario = Scenario::weather();
    let tool = &mut scenario.tools.as_mut().unwrap()[0];
    match hints {
        Some(hints) => tool["annotations"] = hints,
        None => drop(tool.as_object_mut().unwrap().remove("annotations")),
    }
    scenario.server_info["version"] = json!(version);
    scenario
}

/// Locked with a tool that says it changes things, then updated to a release that says nothing.
fn after_a_step() -> Sandbox {
    let sandbox = Sandbox::locked(&release("1.0.0", Some(json!({"readOnlyHint": false}))));
    sandbox.scenario("weather", &release("2.0.0", None));
    sandbox.update("weather");
    sandbox.scenario("weather", &release("3.0.0", Some(json!({"readOnlyHint": true}))));
    sandbox
}

fn row(document: &Value) -> &Value {
    &document["servers"][0]
}

#[test]
fn t58_two_steps_that_come_to_a_flip_are_not_accepted_by_the_digest_of_the_last() {
    let sandbox = after_a_step();
    let before = sandbox.written();
    let diff = sandbox.run(&["diff", "weather", "--format", "json"]).expect(1).json();
    assert_eq!(diff["grade"], "review", "the step alone claims something where nothing was said");
    let accept = format!("weather@{}", sandbox.reviewed("weather"));
    let said = sandbox.run(&["update", "--accept", &accept]).expect(4).says("--acknowledge");
    assert!(said.out.contains("since 1.0.0, read as a whole on "), "{}", said.out);
    assert_eq!(sandbox.written(), before);

    let document = sandbox.run(&["update", "--accept", &accept, "--format", "json"]).expect(4).json();
    let since = &row(&document)["sinceBaseline"];
    assert_eq!(since["version"], "1.0.0");
    let findings = since["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((&findings[0]["rule"], &findings[0]["grade"]), (&json!("safety-hint-flipped"), &json!("block")));
    let fingerprint = findings[0]["fingerprint"].as_str().unwrap();
    sandbox.run(&["update", "--accept", &accept, "--acknowledge", fingerprint]).expect(0);
    sandbox.run(&["verify", "--live"]).expect(0);

    // What was acknowledged and still holds is not asked again, and stays on record.
    sandbox.scenario("weather", &release("3.1.0", Some(json!({"readOnlyHint": true, "title": "Weather"}))));
    sandbox.update("weather");
    let consent = sandbox.run(&["why", "weather", "--format", "json"]).expect(0).out;
    assert!(consent.contains(fingerprint), "{consent}");
}

#[test]
fn t58_a_step_back_to_what_was_read_has_nothing_to_add() {
    let sandbox = after_a_step();
    sandbox.scenario("weather", &release("3.0.0", Some(json!({"readOnlyHint": false}))));
    sandbox.update("weather");
    sandbox.run(&["verify", "--live"]).expect(0);
}

#[test]
fn t58_without_the_version_that_was_read_nothing_is_compared_and_nothing_written() {
    let sandbox = after_a_step();
    // The manifest of the first version is the one that the lock replaced.
    let lock = sandbox.read("mcp-pin.lock");
    let manifests: Vec<String> = sandbox
        .written()
        .into_iter()
        .filter(|(name, bytes)| name.contains("attestations") && !lock.contains(digest_of(name)) && !bytes.is_empty())
        .map(|(name, _)| name)
        .collect();
    let [first] = manifests.as_slice() else { panic!("{manifests:?}") };
    std::fs::remove_file(sandbox.path(first)).unwrap();
    let before = sandbox.written();
    sandbox.run(&["update"]).expect(3).says("restore");
    assert_eq!(sandbox.written(), before);
}

/// The digest that an attestation is named by.
fn digest_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap().strip_suffix(".sigstore.json").unwrap()
}

#[test]
fn t58_somebody_who_is_asked_sees_what_the_steps_come_to_and_types_the_alias() {
    let sandbox = after_a_step();
    let mut terminal = Terminal::sized(&sandbox, (50, 80), &["update"]);
    terminal.see("since 1.0.0, read as a whole on ");
    acknowledge_all(&mut terminal);
    terminal.see("lock `weather` like this?").answer("a");
    terminal.see("type `weather` to accept it").answer("weather");
    terminal.end().expect(0);
    sandbox.run(&["verify", "--live"]).expect(0);
}
