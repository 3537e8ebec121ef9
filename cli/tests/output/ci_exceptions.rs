//! `ci` and the exceptions of the policy: the base branch's, never the pull request's own, counted in every form.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::json::Value;

use crate::{
    ci::{commit, hostile_pull_request},
    common::{Run, Sandbox},
};

const JSON: &[&str] = &["ci", "--base", "main", "--fail-on", "block", "--format", "json"];

fn findings(run: &Run) -> Vec<Value> {
    run.document().get("findings").and_then(Value::as_array).unwrap().to_vec()
}

fn text<'a>(finding: &'a Value, member: &str) -> Option<&'a str> {
    finding.get(member).and_then(Value::as_str)
}

fn has(run: &Run, rule: &str) -> bool {
    findings(run).iter().any(|finding| text(finding, "rule") == Some(rule))
}

fn in_days(days: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    let expires = Timestamp::now() + SignedDuration::from_hours(24 * days);
    expires.to_string()
}

/// Exemptions of everything that takes a quorum.
fn exemptions(run: &Run, days: i64) -> String {
    let expires = in_days(days);
    let blocks: std::collections::BTreeSet<String> = findings(run)
        .iter()
        .filter(|finding| text(finding, "grade") == Some("block"))
        .filter_map(|finding| text(finding, "acknowledgedAs").map(str::to_owned))
        .collect();
    assert!(!blocks.is_empty());
    let table = |fingerprint: String| {
        format!(
            "\n[[policy.exempt]]\nfingerprint = \"{fingerprint}\"\nreason = \"our own | server @all\"\nauthor = \"alex\"\nexpires = {expires}\n"
        )
    };
    blocks.into_iter().map(table).collect()
}

/// The base branch gets more in its project file, and the pull request is brought up to it.
fn on_the_base(sandbox: &Sandbox, more: &str) {
    sandbox.git(&["switch", "-q", "main"]);
    let settings = std::fs::read_to_string(sandbox.path("mcp-pin.toml")).unwrap();
    sandbox.write("mcp-pin.toml", &format!("{settings}{more}"));
    commit(sandbox, "policy");
    sandbox.git(&["switch", "-q", "change"]);
    sandbox.git(&["merge", "-q", "--no-edit", "main"]);
}

#[test]
fn t85_an_exemption_of_the_base_counts_and_is_told_in_every_form() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let before = sandbox.run(JSON);
    assert_eq!(before.code, 1, "{}{}", before.out, before.err);
    on_the_base(&sandbox, &exemptions(&before, 30));
    let after = sandbox.run(JSON);
    assert_eq!(after.code, 0, "{}{}", after.out, after.err);
    let exempted: Vec<Value> =
        findings(&after).into_iter().filter(|finding| finding.get("exempted").is_some()).collect();
    assert!(!exempted.is_empty());
    for finding in &exempted {
        let why = finding.get("exempted").unwrap();
        assert_eq!((text(why, "reason"), text(why, "author")), (Some("our own | server @all"), Some("alex")));
        assert_eq!(text(finding, "grade"), Some("block"), "what it weighs without the exemption is told");
    }
    let human = sandbox.run(&["ci", "--base", "main"]).out;
    assert!(human.contains(&format!("{} exempted", exempted.len())), "{human}");
    for form in ["human", "sarif", "markdown", "gitlab", "junit"] {
        let told = sandbox.run(&["ci", "--base", "main", "-o", &format!("{form}=-")]).out;
        assert!(told.contains("exempted by alex until 2"), "{form}: {told}");
    }
}

#[test]
fn t80_t85_an_exemption_of_the_pull_request_counts_for_nothing() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let before = sandbox.run(JSON);
    let settings = std::fs::read_to_string(sandbox.path("mcp-pin.toml")).unwrap();
    sandbox.write("mcp-pin.toml", &format!("{settings}{}", exemptions(&before, 30)));
    commit(&sandbox, "exempt myself");
    let after = sandbox.run(JSON);
    assert_eq!(after.code, 1, "{}{}", after.out, after.err);
    assert!(findings(&after).iter().all(|finding| finding.get("exempted").is_none()), "{}", after.out);
    assert!(has(&after, "check-trust"), "{}", after.out);
}

#[test]
fn t80_t85_a_pull_request_that_brings_the_first_project_file_exempts_nothing() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let before = sandbox.run(JSON);
    let settings = std::fs::read_to_string(sandbox.path("mcp-pin.toml")).unwrap();
    sandbox.git(&["switch", "-q", "main"]);
    std::fs::remove_file(sandbox.path("mcp-pin.toml")).unwrap();
    commit(&sandbox, "nobody is trusted");
    sandbox.git(&["switch", "-q", "change"]);
    sandbox.write("mcp-pin.toml", &format!("{settings}{}", exemptions(&before, 30)));
    commit(&sandbox, "trust and exempt myself");
    let after = sandbox.run(JSON);
    assert_eq!(after.code, 1, "{}{}", after.out, after.err);
    assert!(findings(&after).iter().all(|finding| finding.get("exempted").is_none()), "{}", after.out);
}

#[test]
fn t85_an_exemption_that_ended_counts_no_more_and_is_a_finding() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let before = sandbox.run(JSON);
    on_the_base(&sandbox, &exemptions(&before, -1));
    let after = sandbox.run(JSON);
    assert_eq!(after.code, 1, "{}{}", after.out, after.err);
    assert!(findings(&after).iter().all(|finding| finding.get("exempted").is_none()), "{}", after.out);
    let ended: Vec<Value> =
        findings(&after).into_iter().filter(|one| text(one, "rule") == Some("check-exemption")).collect();
    assert!(!ended.is_empty(), "{}", after.out);
    let settings = std::fs::read_to_string(sandbox.path("mcp-pin.toml")).unwrap();
    let lines: Vec<&str> = settings.lines().collect();
    for finding in ended {
        assert!(text(&finding, "message").unwrap().contains("our own | server @all"), "{}", after.out);
        let place = finding.get("lock").unwrap();
        assert_eq!(text(place, "path"), Some("mcp-pin.toml"));
        let Some(Value::Number(line)) = place.get("line") else { panic!("{}", after.out) };
        assert_eq!(lines[usize::try_from(line.as_i64().unwrap()).unwrap() - 1], "[[policy.exempt]]");
    }
}

#[test]
fn an_override_of_the_base_weighs_and_is_told() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let before = sandbox.run(JSON);
    let rule = findings(&before)
        .iter()
        .find(|finding| text(finding, "grade") == Some("review"))
        .and_then(|finding| text(finding, "rule").map(str::to_owned));
    let Some(rule) = rule else { panic!("nothing to review: {}", before.out) };
    let more = format!("\n[[policy.override]]\nrule = \"{rule}\"\ngrade = \"block\"\nreason = \"never | here\"\n");
    on_the_base(&sandbox, &more);
    let after = sandbox.run(JSON);
    let raised = findings(&after).into_iter().find(|finding| finding.get("overridden").is_some()).unwrap();
    assert_eq!((text(&raised, "rule"), text(&raised, "grade")), (Some(rule.as_str()), Some("block")));
    let human = sandbox.run(&["ci", "--base", "main"]).out;
    assert!(human.contains("weighs block in place of review here: never | here"), "{human}");
}
