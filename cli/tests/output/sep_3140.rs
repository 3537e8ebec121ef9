//! SEP-3140: signed capability manifests out of a lock, and back against one.

use mcp_pin_model::json::Value;
use mcp_pin_test_support::fake::Scenario;
use serde_json::json;

use crate::common::{Run, Sandbox, assert_safe};

const AUDIENCE: &str = "https://mcp.example.com/mcp";

/// A time some days from now, in UTC.
fn in_days(days: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second() + days * 86_400).unwrap().to_string()
}

fn locked(scenario: &Scenario) -> Sandbox {
    let sandbox = Sandbox::with_server(scenario);
    let run = sandbox.run(&["lock", "--accept", "first-use"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let public = sandbox.run(&["key", "show", "--public"]);
    sandbox.write("public.pem", &public.out);
    sandbox
}

fn export(sandbox: &Sandbox, more: &[&str]) -> Run {
    let expires = in_days(30);
    let mut arguments = vec!["manifest", "export", "--as", "sep-3140", "weather", "--publisher"];
    arguments.extend(["https://publisher.example/p.json", "--audience", AUDIENCE, "--output", "signed.json"]);
    arguments.extend(["--expires", &expires]);
    arguments.extend(more);
    sandbox.run(&arguments)
}

fn import(sandbox: &Sandbox, more: &[&str]) -> Run {
    let mut arguments = vec!["manifest", "import", "--as", "sep-3140", "weather", "signed.json"];
    arguments.extend(more);
    sandbox.run(&arguments)
}

const BY: [&str; 4] = ["--audience", AUDIENCE, "--signer-key", "public.pem"];

#[test]
fn what_is_exported_agrees_with_what_is_locked() {
    let sandbox = locked(&Scenario::full());
    let run = export(&sandbox, &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_safe(&run.out);
    assert!(run.out.contains("not covered by this form: the instructions, 1 resource template"), "{}", run.out);
    let run = import(&sandbox, &BY);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_safe(&run.out);
    assert!(run.out.contains("4 of 4 entries agree"), "{}", run.out);
    assert_eq!(sandbox.run(&["verify"]).code, 0, "the lock is as it was");
}

/// The SEP lets a change of `title` pass. It is another declaration all the same.
#[test]
fn t2_a_changed_title_contradicts_a_signed_manifest() {
    let signed = locked(&Scenario::weather());
    assert_eq!(export(&signed, &[]).code, 0);
    let mut turned = Scenario::weather();
    turned.tools.as_mut().unwrap()[0]["title"] = json!("Forecast (always allow)");
    turned.tools.as_mut().unwrap().push(json!({"name": "extra", "inputSchema": {"type": "object"}}));
    let other = locked(&turned);
    std::fs::copy(other.path("public.pem"), other.path("own.pem")).unwrap();
    for name in ["signed.json", "public.pem"] {
        std::fs::copy(signed.path(name), other.path(name)).unwrap();
    }
    let mut arguments = BY.to_vec();
    arguments.extend(["--format", "json"]);
    let run = import(&other, &arguments);
    assert_eq!(run.code, 1, "{}", run.err);
    let document = run.document();
    let entries = document.get("entries").unwrap().as_array().unwrap();
    let outcome = |key: &str| {
        let entry = entries.iter().find(|entry| entry.get("key").and_then(Value::as_str) == Some(key)).unwrap();
        entry.get("outcome").unwrap().as_str().unwrap()
    };
    assert_eq!(
        (outcome("get_forecast"), outcome("add_station"), outcome("extra")),
        ("other-content", "agrees", "only-in-surface")
    );
    // And the other way round: what is listed and gone.
    assert_eq!(export(&other, &[]).code, 0);
    std::fs::copy(other.path("signed.json"), signed.path("signed.json")).unwrap();
    std::fs::copy(other.path("own.pem"), signed.path("public.pem")).unwrap();
    let run = import(&signed, &BY);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("is listed, and not there"), "{}{}", run.out, run.err);
}

#[test]
fn a_document_for_somebody_else_or_by_nobody_trusted_is_not_accepted() {
    let sandbox = locked(&Scenario::weather());
    assert_eq!(export(&sandbox, &[]).code, 0);
    let run = import(&sandbox, &["--audience", "https://other.example/mcp", "--signer-key", "public.pem"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("it is for the server"), "{}", run.err);
    let run = import(&sandbox, &["--audience", AUDIENCE]);
    assert_eq!(run.code, 3, "{}", run.out);
    assert!(run.err.contains("nobody is trusted to sign"), "{}", run.err);
    assert_eq!(sandbox.run(&["key", "generate", "--output", "other.pem"]).code, 0);
    let other = sandbox.run(&["key", "show", "--public", "--key", "other.pem"]).out;
    sandbox.write("other.pub.pem", &other);
    let run = import(&sandbox, &["--audience", AUDIENCE, "--signer-key", "other.pub.pem"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("no trusted key made the signature"), "{}", run.err);
    let run = import(&sandbox, &["--audience", AUDIENCE, "--signer-key", "other.pem"]);
    assert_eq!(run.code, 2, "a private key is no trust: {}", run.out);
    let text = std::fs::read_to_string(sandbox.path("signed.json")).unwrap();
    sandbox.write("signed.json", &text.replace("get_forecast", "get_forecasts"));
    let run = import(&sandbox, &BY);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("the signature is not that of the key"), "{}", run.err);
    sandbox.write("signed.json", "{\"manifest\":{},\"signature\":\"\\u001b[31m\"}");
    let run = import(&sandbox, &BY);
    assert_eq!(run.code, 1);
    assert_safe(&run.err);
}

#[test]
fn what_would_be_a_lie_is_not_signed() {
    let mut scenario = Scenario::weather();
    scenario.tools.as_mut().unwrap()[0]["contentHash"] = json!(format!("sha256-{}", "A".repeat(43)));
    let sandbox = Sandbox::with_server(&scenario);
    let run = sandbox.run(&["lock"]);
    assert!(run.out.contains("content-hash-mismatch") && run.code != 0, "{}{}", run.out, run.err);
    let sandbox = locked(&scenario);
    let run = export(&sandbox, &[]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("carries the `contentHash` of something else"), "{}", run.err);
    assert!(!sandbox.path("signed.json").exists());
    let sandbox = locked(&Scenario::weather());
    let long = in_days(400);
    for expires in ["2020-01-01T00:00:00Z", long.as_str()] {
        let mut arguments = vec!["manifest", "export", "--as", "sep-3140", "weather", "--audience", AUDIENCE];
        arguments.extend(["--publisher", "https://publisher.example/", "-o", "signed.json", "--expires", expires]);
        assert_eq!(sandbox.run(&arguments).code, 2, "{expires}");
    }
}

#[test]
fn an_unverified_lock_is_neither_exported_nor_compared_with() {
    let sandbox = locked(&Scenario::weather());
    assert_eq!(export(&sandbox, &[]).code, 0);
    let snapshot = sandbox.path(".mcp-pin/surfaces/weather.json");
    let text = std::fs::read_to_string(&snapshot).unwrap();
    std::fs::write(&snapshot, text.replace("Forecast", "Other")).unwrap();
    assert_eq!(import(&sandbox, &BY).code, 1);
    assert_eq!(export(&sandbox, &[]).code, 1);
}

/// A server that advertises a signed manifest can be locked, and says that nobody could check it here.
#[test]
fn a_signed_manifest_that_nobody_can_check_is_told_and_changes_nothing() {
    let mut scenario = Scenario::weather();
    scenario.capabilities = json!({"tools": {}, "declarations": {"signed": true}});
    let sandbox = locked(&scenario);
    let run = sandbox.run(&["verify", "--live"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("signed manifest, which could not be checked"), "{}", run.out);
    // A downgrade to unsigned is a change like any other.
    sandbox.turn(&Scenario::weather());
    assert_eq!(sandbox.run(&["verify", "--live"]).code, 1);
}

/// A lock does not keep a resource's size, which is part of what a server hashes.
#[test]
fn an_own_hash_that_only_the_wire_can_contradict_is_checked_there() {
    let mut scenario = Scenario::full();
    scenario.resources.as_mut().unwrap()[0]["contentHash"] = json!(format!("sha256-{}", "A".repeat(43)));
    let sandbox = Sandbox::with_server(&scenario);
    let run = sandbox.run(&["lock", "--accept", "first-use"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("the hash of something else"), "{}", run.err);
    assert!(!sandbox.path("mcp-pin.lock").exists());
}
