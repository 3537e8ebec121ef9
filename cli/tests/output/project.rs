//! `diff <alias>`, `diff --base`, two locks, `ls`, `why`, `key` in a project with a server that really runs.

use mcp_pin_model::json::Value;
use mcp_pin_test_support::fake::Scenario;

use crate::common::{Sandbox, assert_safe};

fn locked() -> Sandbox {
    let sandbox = Sandbox::with_server(&Scenario::weather());
    let run = sandbox.run(&["lock", "--accept", "first-use"]);
    assert_eq!(run.code, 0, "{}", run.err);
    sandbox
}

fn turned() -> Scenario {
    let mut scenario = Scenario::weather();
    if let Some(serde_json::Value::Object(tool)) = scenario.tools.as_mut().and_then(|tools| tools.first_mut()) {
        tool.insert("description".to_owned(), "Gets the forecast.\n\u{1b}[2Kapproved\u{202e}".into());
    }
    scenario
}

#[test]
fn a_live_server_is_compared_with_its_lock() {
    let sandbox = locked();
    let same = sandbox.run(&["diff", "weather"]);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    assert!(same.out.contains("nothing changed"), "{}", same.out);

    sandbox.turn(&turned());
    let run = sandbox.run(&["diff", "weather"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert_safe(&run.out);
    assert!(run.out.contains("\\u{1b}[2Kapproved\\u{202e}"), "{}", run.out);

    // The digest is what `update --accept` takes, so it does not depend on when it is computed.
    let digest = |run: &crate::common::Run| run.out.lines().last().map(str::to_owned);
    assert_eq!(digest(&run), digest(&sandbox.run(&["diff", "weather"])));
}

#[test]
fn a_server_that_does_not_answer_is_could_not_check() {
    let sandbox = locked();
    std::fs::remove_file(sandbox.path("scenario.json")).unwrap();
    let run = sandbox.run(&["diff", "weather"]);
    assert_eq!((run.code, run.out.as_str()), (3, ""), "{}", run.err);
}

#[test]
fn an_alias_that_is_not_there_is_usage() {
    let run = locked().run(&["diff", "wether"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("mcp-pin ls"), "{}", run.err);
}

#[test]
fn the_lock_of_a_revision_is_compared_with_the_one_here() {
    let sandbox = locked();
    if !sandbox.has_git() {
        return;
    }
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "locked"]);
    let same = sandbox.run(&["diff", "--base", "HEAD"]);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);

    sandbox.turn(&turned());
    let shown = sandbox.run(&["diff", "weather", "--format", "json"]);
    let digest = shown.document().get("reportDigest").and_then(Value::as_str).unwrap().to_owned();
    let update = sandbox.run(&["update", "--accept", &format!("weather@{digest}")]);
    assert_eq!(update.code, 0, "{}{}", update.out, update.err);
    let run = sandbox.run(&["diff", "--base", "HEAD"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert_safe(&run.out);
    assert!(run.out.contains("\\u{1b}[2Kapproved"), "{}", run.out);
    let document = sandbox.run(&["diff", "--base", "HEAD", "--format", "json"]).document();
    assert_eq!(document.get("format").and_then(Value::as_str), Some("urn:mcp-pin:output:diff-locks:v1"));
    assert_eq!(document.get("outcome").and_then(Value::as_str), Some("changed"));

    for revision in ["nowhere", "--upload-pack=x", ""] {
        let run = sandbox.run(&["diff".to_owned(), format!("--base={revision}")]);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{revision:?}: {}", run.err);
    }
}

#[test]
fn a_new_lock_counts_as_new_against_a_revision_without_one() {
    let sandbox = Sandbox::with_server(&Scenario::weather());
    if !sandbox.has_git() {
        return;
    }
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "no lock yet"]);
    assert_eq!(sandbox.run(&["lock", "--accept", "first-use"]).code, 0);
    let run = sandbox.run(&["diff", "--base", "HEAD"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains("first admission"), "{}", run.out);
}

#[test]
fn two_locks_without_snapshots_are_compared_by_digest() {
    let sandbox = locked();
    std::fs::create_dir(sandbox.path("old")).unwrap();
    std::fs::copy(sandbox.path("mcp-pin.lock"), sandbox.path("old/mcp-pin.lock")).unwrap();
    let same = sandbox.run(&["diff", "old/mcp-pin.lock", "mcp-pin.lock"]);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);

    let text = std::fs::read_to_string(sandbox.path("mcp-pin.lock")).unwrap();
    let digest = text.lines().find(|line| line.contains("\"get_forecast\"")).unwrap();
    let other = digest.split("sha256:").nth(1).unwrap().split('"').next().unwrap();
    let zeros = "0".repeat(64);
    sandbox.write("old/mcp-pin.lock", &text.replace(other, &zeros));
    let run = sandbox.run(&["diff", "old/mcp-pin.lock", "mcp-pin.lock"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("changed tool `get_forecast`"), "{}", run.out);
}

#[test]
fn a_damaged_lock_is_could_not_check() {
    let sandbox = locked();
    sandbox.write("other.lock", "version = 1\n");
    sandbox.write("conflicted.lock", "<<<<<<< ours\n");
    for other in ["other.lock", "conflicted.lock"] {
        let run = sandbox.run(&["diff", other, "mcp-pin.lock"]);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{other}: {}", run.err);
    }
}

#[test]
fn servers_are_listed_with_their_state() {
    let sandbox = Sandbox::with_server(&Scenario::full());
    let before = sandbox.run(&["ls"]);
    assert_eq!(before.code, 0, "{}", before.err);
    assert!(before.out.contains("not locked"), "{}", before.out);
    assert_eq!(sandbox.run(&["lock", "--accept", "first-use"]).code, 0);
    insta::assert_snapshot!(sandbox.run(&["ls"]).out, @r"
    ALIAS    STATE   NAME           VERSION  SOURCE  ENTRIES
    weather  locked  local/weather  1.0.0    local   2 tools, 1 prompt, 1
                                                     resource, 1 template
    ");

    let config = std::fs::read_to_string(sandbox.path(".mcp.json")).unwrap();
    sandbox.write(".mcp.json", &config.replace("[\"scenario.json\"]", "[\"scenario.json\", \"--more\"]"));
    let run = sandbox.run(&["ls", "--format", "json"]);
    let document = run.document();
    let row = document.get("servers").and_then(Value::as_array).and_then(<[_]>::first).unwrap();
    assert_eq!(row.get("state").and_then(Value::as_str), Some("launch-changed"));
    assert_eq!(document.get("format").and_then(Value::as_str), Some("urn:mcp-pin:output:ls:v1"));
}

#[test]
fn why_tells_who_signed_and_who_consented() {
    let sandbox = locked();
    let run = sandbox.run(&["why", "weather"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    for part in ["signatures and consents hold", "signed by", "approved by", "signed with key"] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let entry = sandbox.run(&["why", "weather/get_forecast"]);
    assert_eq!(entry.code, 0, "{}", entry.err);
    assert!(entry.out.contains("description: \"Gives the forecast for a city.\""), "{}", entry.out);
    let document = sandbox.run(&["why", "weather/get_forecast", "--format", "json"]).document();
    assert_eq!(document.get("outcome").and_then(Value::as_str), Some("passed"));

    assert_eq!(sandbox.run(&["why", "weather/none"]).code, 2);
    assert_eq!(sandbox.run(&["why", "none"]).code, 2);
}

#[test]
fn why_does_not_vouch_for_a_lock_whose_signatures_are_gone() {
    let sandbox = locked();
    std::fs::remove_dir_all(sandbox.path(".mcp-pin/attestations")).unwrap();
    let run = sandbox.run(&["why", "weather"]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert!(!run.out.contains("consents hold") && !run.out.contains("signed by `"), "{}", run.out);
}

#[test]
fn a_key_is_made_once_and_shown() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(&["key", "generate", "--output", "a.pem"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(!made.out.contains("PRIVATE") && !made.err.contains("PRIVATE"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(sandbox.path("a.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let public = sandbox.run(&["--key", "a.pem", "key", "show", "--public"]);
    assert!(public.out.starts_with("-----BEGIN PUBLIC KEY-----"), "{}", public.out);
    let bytes = std::fs::read(sandbox.path("a.pem")).unwrap();
    let again = sandbox.run(&["key", "generate", "--output", "a.pem"]);
    assert_eq!((again.code, again.out.as_str()), (2, ""), "{}", again.err);
    assert_eq!(std::fs::read(sandbox.path("a.pem")).unwrap(), bytes);
    assert_eq!(sandbox.run(&["key", "show"]).code, 2);
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = Sandbox::new().run(&["completions", shell]);
        assert_eq!(run.code, 0, "{shell}: {}", run.err);
        assert!(run.out.contains("mcp-pin"), "{shell}");
    }
}
