//! `ci`: what a pipeline is told about a pull request.

use std::process::Command;

use mcp_pin_model::json::Value;
use mcp_pin_test_support::fake::Scenario;

use crate::common::{Run, Sandbox, assert_safe};

/// A description that tries everything that an output could be broken with.
pub(crate) const HOSTILE: &str = "Gets the forecast.\n::error file=a,line=1::owned\n##[add-mask]x\n</details><img src=x \
    onerror=a> ]]> @everyone #1 ![x](http://evil.example/p.png) | a | `b` ``` \u{202e}gnp.\u{200b}\u{1b}[2K %0A::warning::x";

/// A repository whose base branch has a lock, on a branch of its own. `None` where there is no git.
pub(crate) fn repository(scenario: &Scenario) -> Option<Sandbox> {
    let sandbox = Sandbox::with_server(scenario);
    if !sandbox.has_git() {
        return None;
    }
    sandbox.git(&["init", "-q"]);
    let lock = sandbox.run(&["lock", "--accept", "first-use"]);
    assert_eq!(lock.code, 0, "{}", lock.err);
    commit(&sandbox, "lock");
    sandbox.git(&["switch", "-qc", "change"]);
    Some(sandbox)
}

pub(crate) fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", message]);
}

/// Somebody consents to what the server is now.
pub(crate) fn update(sandbox: &Sandbox) {
    let shown = sandbox.run(&["diff", "weather", "--format", "json"]).document();
    let digest = shown.get("reportDigest").and_then(Value::as_str).unwrap().to_owned();
    let update = sandbox.run(&["update", "--accept", &format!("weather@{digest}")]);
    assert_eq!(update.code, 0, "{}{}", update.out, update.err);
}

/// The forecast with another description.
pub(crate) fn described(text: &str) -> Scenario {
    let mut scenario = Scenario::weather();
    if let Some(serde_json::Value::Object(tool)) = scenario.tools.as_mut().and_then(|tools| tools.first_mut()) {
        tool.insert("description".to_owned(), text.into());
    }
    scenario
}

/// The pull request: a server turned hostile, and consented to.
pub(crate) fn hostile_pull_request() -> Option<Sandbox> {
    let sandbox = repository(&Scenario::weather())?;
    sandbox.turn(&described(HOSTILE));
    update(&sandbox);
    commit(&sandbox, "update");
    Some(sandbox)
}

/// Runs the program as a CI system would.
pub(crate) fn run_with(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    let mut command: Command = sandbox.command(assert_cmd::cargo::cargo_bin!("mcp-pin"));
    let output = command.args(arguments).envs(variables.iter().copied()).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn rules(run: &Run) -> Vec<String> {
    let document = run.document();
    let findings = document.get("findings").and_then(Value::as_array).unwrap();
    findings.iter().filter_map(|finding| finding.get("rule").and_then(Value::as_str)).map(str::to_owned).collect()
}

const JSON: &[&str] = &["ci", "--base", "main", "--format", "json"];

#[test]
fn a_pull_request_that_changes_nothing_passes() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    let run = sandbox.run(&["ci", "--base", "main"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("no findings") && run.out.contains("unchanged"), "{}", run.out);
    // A push: nothing to compare with, and that is told.
    let push = sandbox.run(&["ci"]);
    assert_eq!(push.code, 0, "{}{}", push.out, push.err);
    assert!(push.out.contains("no base to compare with"), "{}", push.out);
}

#[test]
fn what_was_consented_to_passes_and_is_told() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let run = sandbox.run(&["ci", "--base", "main"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_safe(&run.out);
    assert!(run.out.contains("block") && run.out.contains("\\u{202e}"), "{}", run.out);
    assert_eq!(sandbox.run(&["ci", "--base", "main", "--fail-on", "block"]).code, 1);
    // The base that the CI system names.
    sandbox.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let github = run_with(&sandbox, &[("GITHUB_BASE_REF", "main")], &["ci", "--fail-on", "review"]);
    assert_eq!(github.code, 1, "{}", github.out);
    let missing = run_with(&sandbox, &[("GITHUB_BASE_REF", "none")], &["ci"]);
    assert_eq!(missing.code, 3, "{}", missing.out);
    assert!(missing.out.contains("fetch-depth: 0"), "{}", missing.out);
}

#[test]
fn findings_stand_on_the_lines_of_their_entries() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let document = sandbox.run(JSON).document();
    let lock = std::fs::read_to_string(sandbox.path("mcp-pin.lock")).unwrap();
    let lines: Vec<&str> = lock.lines().collect();
    let findings = document.get("findings").and_then(Value::as_array).unwrap();
    assert!(!findings.is_empty());
    for finding in findings.iter().filter(|finding| finding.get("entry").is_some()) {
        let name = finding.get("entry").and_then(|entry| entry.get("name")).and_then(Value::as_str).unwrap();
        let Some(Value::Number(line)) = finding.get("lock").and_then(|place| place.get("line")) else { panic!() };
        let line = lines[usize::try_from(line.as_i64().unwrap()).unwrap() - 1];
        assert!(line.contains(&format!("name = \"{name}\"")), "{line}");
    }
}

#[test]
fn t77_a_pull_request_that_edits_the_lock_fails() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    let lock = std::fs::read_to_string(sandbox.path("mcp-pin.lock")).unwrap();
    let digest = lock.split('"').find(|word| word.starts_with("sha256:")).unwrap();
    sandbox.write("mcp-pin.lock", &lock.replace(digest, &format!("sha256:{}", "0".repeat(64))));
    let forged = sandbox.run(JSON);
    assert_ne!(forged.code, 0, "{}", forged.out);
    assert!(rules(&forged).contains(&"check-manifest".to_owned()), "{}", forged.out);
    sandbox.write("mcp-pin.lock", &format!("<<<<<<< ours\n{lock}"));
    let conflicted = sandbox.run(JSON);
    assert_eq!((conflicted.code, rules(&conflicted)), (3, vec!["check-lock".to_owned()]), "{}", conflicted.out);
}

#[test]
fn t78_a_lock_that_is_gone_is_no_first_use() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    std::fs::remove_file(sandbox.path("mcp-pin.lock")).unwrap();
    let gone = sandbox.run(JSON);
    assert_eq!((gone.code, rules(&gone)), (3, vec!["check-lock".to_owned()]), "{}", gone.out);
    // Nor with everything that belonged to it.
    std::fs::remove_dir_all(sandbox.path(".mcp-pin")).unwrap();
    assert_eq!(sandbox.run(JSON).code, 3);
    sandbox.write("mcp-pin.lock", "");
    assert_eq!(sandbox.run(JSON).code, 3);
}

#[test]
fn nothing_is_started_unless_asked_for() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    std::fs::remove_file(sandbox.path("scenario.json")).unwrap();
    assert_eq!(sandbox.run(JSON).code, 0);
    let live = sandbox.run(&["ci", "--base", "main", "--live", "--format", "json"]);
    assert_eq!((live.code, rules(&live)), (3, vec!["check-live".to_owned()]), "{}", live.out);
    sandbox.turn(&described(HOSTILE));
    let drift = sandbox.run(&["ci", "--base", "main", "--live", "--format", "json"]);
    assert_eq!(drift.code, 1, "{}", drift.out);
    assert!(rules(&drift).contains(&"check-drift".to_owned()), "{}", drift.out);
}

#[test]
fn a_server_that_is_configured_and_not_locked_needs_consent() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    let config = std::fs::read_to_string(sandbox.path(".mcp.json")).unwrap();
    sandbox.write(".mcp.json", &config.replace("{\"weather\"", "{\"more\": {\"command\": \"x\"}, \"weather\""));
    let run = sandbox.run(JSON);
    assert_eq!((run.code, rules(&run)), (4, vec!["check-configuration".to_owned()]), "{}", run.out);
    sandbox.write(".mcp.json", "{\"mcpServers\": {}}");
    assert_eq!(sandbox.run(JSON).code, 1, "a locked server has to be configured");
    sandbox.write(".mcp.json", "{");
    let broken = sandbox.run(JSON);
    assert_eq!((broken.code, rules(&broken)), (2, vec!["check-configuration".to_owned()]), "{}", broken.out);
}

#[test]
fn t80_a_change_of_trust_is_told_and_never_comes_with_a_lock() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    let settings = std::fs::read_to_string(sandbox.path("mcp-pin.toml")).unwrap();
    let key = sandbox.run(&["--key", "eve.pem", "key", "generate", "--output", "eve.pem"]);
    assert_eq!(key.code, 0, "{}", key.err);
    let public = sandbox.run(&["--key", "eve.pem", "key", "show", "--public"]).out;
    sandbox.write("mcp-pin.toml", &format!("{settings}\n[[trust.approver]]\nname = \"eve\"\nkey = '''\n{public}'''\n"));
    let alone = sandbox.run(JSON);
    assert_eq!((alone.code, rules(&alone)), (0, vec!["check-trust".to_owned()]), "{}", alone.out);
    sandbox.turn(&described("Gets it."));
    update(&sandbox);
    let together = sandbox.run(JSON);
    assert_eq!(together.code, 1, "{}", together.out);
    std::fs::remove_file(sandbox.path("mcp-pin.toml")).unwrap();
    assert_eq!(sandbox.run(JSON).code, 1);
}

#[test]
fn t71_a_lock_that_goes_back_fails() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    sandbox.turn(&described("Gets the forecast of a city."));
    update(&sandbox);
    commit(&sandbox, "update");
    sandbox.git(&["branch", "-f", "main"]);
    assert_eq!(sandbox.run(JSON).code, 0);
    // The old lock with its old consents: every signature in it holds.
    sandbox.git(&["checkout", "-q", "HEAD~1", "--", "mcp-pin.lock", ".mcp-pin"]);
    let back = sandbox.run(JSON);
    assert_eq!(back.code, 1, "{}", back.out);
    assert!(rules(&back).contains(&"check-rollback".to_owned()), "{}", back.out);
    let settled = sandbox.run(&["verify"]);
    assert_eq!(settled.code, 0, "{}{}", settled.out, settled.err);
    // Going back with a new consent is told, and passes.
    sandbox.git(&["checkout", "-q", "HEAD", "--", "mcp-pin.lock", ".mcp-pin"]);
    sandbox.turn(&Scenario::weather());
    update(&sandbox);
    let anew = sandbox.run(JSON);
    assert_eq!(anew.code, 0, "{}", anew.out);
    assert!(rules(&anew).contains(&"check-rollback".to_owned()), "{}", anew.out);
}

#[test]
fn what_servers_have_to_do_with_one_another_is_told_when_it_is_new() {
    let Some(sandbox) = repository(&Scenario::weather()) else { return };
    let config = std::fs::read_to_string(sandbox.path(".mcp.json")).unwrap();
    let entry = config.split_once("\"weather\": ").unwrap().1.trim_end().strip_suffix("}}").unwrap().to_owned();
    sandbox.write(".mcp.json", &format!("{{\"mcpServers\": {{\"weather\": {entry}, \"wether\": {entry}}}}}"));
    assert_eq!(sandbox.run(&["lock", "--accept", "first-use"]).code, 0);
    let run = sandbox.run(JSON);
    assert!(rules(&run).iter().any(|rule| rule.starts_with("sibling-")), "{}", run.out);
    commit(&sandbox, "two");
    sandbox.git(&["branch", "-f", "main"]);
    let later = sandbox.run(JSON);
    assert_eq!((later.code, rules(&later)), (0, Vec::new()), "{}", later.out);
}
