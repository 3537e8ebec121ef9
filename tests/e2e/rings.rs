//! Rings with both programs and real time: an update reaches some, then everybody; drift stops it, and it goes back.

use std::time::Duration;

use mcp_pin_test_support::fake::Scenario;
use serde_json::json;

use crate::organisation::{NAME, Organisation, release};

const LATEST: &str = "/v0.1/servers/io.github.acme%2Fweather/versions/latest";

fn organisation(soak: &str) -> Organisation {
    let rings = format!("[[ring]]\nname = \"canary\"\nshare = 0\nsoak = \"{soak}\"\n\n[[ring]]\nname = \"stable\"\n");
    Organisation::with_config(&rings)
}

/// A release that says something new to the model, so that its soak shows something.
fn changed(version: &str) -> Scenario {
    let mut scenario = release(version);
    scenario.instructions = Some(format!("Ask for one city at a time. This is release {version}. Never ask twice."));
    scenario
}

/// What everybody is served.
fn stable(organisation: &Organisation) -> String {
    organisation.registry.read(LATEST, None)["server"]["version"].as_str().unwrap().to_owned()
}

fn wait_until_stable(organisation: &Organisation, version: &str) {
    for _ in 0..300 {
        if stable(organisation) == version {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{version} did not reach stable: {}", stable(organisation));
}

#[test]
fn an_update_soaks_in_canary_and_reaches_everybody_by_itself() {
    let organisation = organisation("3s");
    let canary = organisation.developer("carla");
    let toml = canary.read("mcp-pin.toml").replace("version = \"1\"\n", "version = \"1\"\nring = \"canary\"\n");
    canary.write("mcp-pin.toml", &toml);
    let late = organisation.developer("dora");

    organisation.publish("1.0.0");
    assert_eq!(stable(&organisation), "1.0.0", "a first version reaches everybody at once");
    late.run(&["lock", "--accept", "first-use"]).expect(0);

    organisation.submit("1.1.0", &changed("1.1.0"));
    organisation.approve("1.1.0").expect(0).says("it is live in canary; stable follows after");
    assert_eq!(stable(&organisation), "1.0.0");
    canary.run(&["lock", "--accept", "first-use"]).expect(0);
    canary.run(&["verify", "--live"]).expect(0).says("1.1.0");
    wait_until_stable(&organisation, "1.1.0");
    late.run(&["update", "weather"]).expect(4).says("1.1.0");
}

#[test]
fn t83_drift_halts_the_rollout_and_a_rollback_takes_it_away() {
    let organisation = organisation("2s");
    organisation.publish("1.0.0");
    let second = organisation.submit("1.1.0", &changed("1.1.0"));
    organisation.approve("1.1.0").expect(0).says("it is live in canary");
    let token = organisation.admin.run(&["registry", "token", "create", "laptop", "--role", "reader"]).expect(0);
    let token = token.out.split_whitespace().find(|word| word.starts_with("mcpp_")).unwrap().to_owned();
    let report = json!({ "manifest": second["manifest"], "kind": "drift", "detail": "a tool is new" });
    let answer = organisation.registry.post("/v1/drift-reports", &token, report.to_string().as_bytes()).unwrap();
    assert_eq!(answer.expect(201).json(), json!({ "halted": true }));

    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(stable(&organisation), "1.0.0", "the soak was not clean");
    let what = format!("{NAME}@1.1.0");
    let approver = &organisation.approver;
    approver.run(&["promote", &what, "--reason", "we are sure"]).expect(1).says("halted");
    approver.run(&["rollback", &what, "--reason", "drift"]).expect(0).says("is superseded");
    let path = format!("/v1/rollouts/{}", second["manifest"].as_str().unwrap());
    // Whoever reports drift need not know how far a version has got.
    organisation.registry.get(&path, Some(&token)).unwrap().expect(403);
    let canary = organisation.registry.read(&path, Some(&organisation.registry.admin_token));
    assert_eq!(canary["live"], json!([]));
    assert_eq!(stable(&organisation), "1.0.0");

    // A fix goes the same way, and somebody does not wait.
    organisation.submit("1.1.1", &changed("1.1.1"));
    organisation.approve("1.1.1").expect(0).says("it is live in canary");
    let what = format!("{NAME}@1.1.1");
    approver.run(&["pause", &what, "--reason", "a holiday"]).expect(0).says("paused before stable");
    approver.run(&["resume", &what, "--reason", "back again"]).expect(0);
    organisation.publisher.run(&["promote", &what, "--reason", "mine"]).expect(1);
    approver.run(&["promote", &what, "--reason", "the fix", "--json"]).expect(0);
    assert_eq!(stable(&organisation), "1.1.1");
}

#[test]
fn approvers_see_what_waits_review_it_and_reject_it() {
    let organisation = organisation("1h");
    let approver = &organisation.approver;
    approver.run(&["pending"]).expect(0).says("nothing waits for you");
    organisation.submit("1.0.0", &release("1.0.0"));
    let what = format!("{NAME}@1.0.0");
    let pending = approver.run(&["pending"]).expect(0);
    for part in [what.as_str(), "waits for you", "takes 1 approver for canary: nobody yet", "by acme-release"] {
        assert!(pending.said(part), "{part}: {pending}");
    }
    organisation.publisher.run(&["pending"]).expect(0).says("1 more wait for others");
    let json = approver.run(&["pending", "--json"]).expect(0).json();
    assert_eq!((&json["pending"][0]["isMine"], &json["pending"][0]["needed"]), (&json!(true), &json!(1)));
    let shown = approver.run(&["review", &what]).expect(0).says("change report");
    let asked = approver.run(&["approve", &what]).expect(4);
    assert_eq!(shown.out, asked.out, "the same report");
    approver.run(&["review", &what, "--json"]).expect(0).says("not-asked");

    let plan = organisation.admin.run(&["revoke", "server", NAME, "--plan"]).expect(0);
    plan.says(&what).says("nothing was revoked");
    approver.run(&["reject", &what, "--reason", "asks for keys"]).expect(0).says("rejected");
    approver.run(&["reject", &what, "--reason", "again"]).expect(1);
    approver.run(&["pending", "--all"]).expect(0).says("nothing waits");
}

#[test]
fn t54_what_others_wrote_stays_in_its_line() {
    let organisation = organisation("1h");
    organisation.publish("1.0.0");
    organisation.submit("1.1.0", &changed("1.1.0"));
    organisation.approve("1.1.0").expect(0);
    let what = format!("{NAME}@1.1.0");
    let approver = &organisation.approver;
    let hostile = "done\u{1b}[2K\napproved";
    let refused = approver.run(&["halt", &what, "--reason", hostile]).expect(1);
    assert!(!refused.said("\u{1b}[2K"), "{refused:?}");
    let long = "x".repeat(400);
    let halted = approver.run(&["halt", &what, "--reason", &format!("::error::{long}")]).expect(0);
    assert!(halted.out.lines().all(|line| !line.starts_with("::")), "{halted}");
    approver.run(&["halt", &what, "--reason", "again"]).expect(0);
}

#[test]
fn break_glass_needs_its_role_and_is_loud() {
    let organisation = organisation("1h");
    organisation.publish("1.0.0");
    organisation.submit("1.1.0", &changed("1.1.0"));
    let what = format!("{NAME}@1.1.0");
    let shown = organisation.approver.run(&["review", &what, "--json"]).expect(0).json();
    let digest = crate::world::find(&shown, "reportDigest").unwrap();
    let arguments = ["break-glass", &what, "--accept", &digest, "--hours", "1", "--reason", "the old one leaks"];
    organisation.admin.run(&arguments).expect(1);
    let create = ["registry", "token", "create", "fred", "--role", "admin", "--role", "break-glass"];
    let token = organisation.admin.run(&create).expect(0);
    let token = token.out.split_whitespace().find(|word| word.starts_with("mcpp_")).unwrap().to_owned();
    let mut fred = organisation.admin.clone();
    fred.set("MCP_PIN_TOKEN", &token);
    fred.run(&arguments).expect(0).says("live without consent");
    assert_eq!(stable(&organisation), "1.1.0");
    let log = std::fs::read_to_string(organisation.registry.data().with_extension("log")).unwrap();
    assert!(log.contains("WARN") && log.contains("break-glass"), "{log}");
}
