//! Every form that findings are written in, with hostile text in every field that anybody but us fills.

use std::path::Path;

use mcp_pin::{
    error::{Place, Status},
    findings::{Base, Exempted, Finding, Form, Overridden, Run, Server, annotations, markdown},
};
use mcp_pin_diff::EntryRef;
use mcp_pin_model::{
    EntryKind, Grade,
    json::{Pointer, is_hidden},
};
use proptest::prelude::*;

use crate::{
    ci::{HOSTILE, hostile_pull_request, run_with},
    common::Sandbox,
};

/// A run in which every text says something hostile.
fn hostile_run(text: &str) -> Run {
    let weather: mcp_pin_model::Alias = "weather".parse().unwrap();
    let place = |path: &str, line| Some(Place { path: path.into(), line: Some(line) });
    let finding = |rule: &str, grade, outcome| {
        let mut finding = Finding::new(rule, grade, outcome, format!("message {text}"))
            .with_hint(Some(format!("review it with `mcp-pin diff weather`, {text}")))
            .of_server(Some(&weather));
        finding.lock = place("mcp-pin.lock", 12);
        finding.config = place(&format!(".mcp.json {text}"), 3);
        finding
    };
    let mut changed = finding("coercion", Grade::Block, Status::Passed);
    changed.entry = Some(EntryRef { kind: EntryKind::Tool, key: format!("name {text}") });
    changed.path = Some(Pointer::root().child("tools").child(&format!("name {text}")).child("description"));
    changed.before = Some(format!("before {text}"));
    changed.after = Some(format!("after {text}"));
    changed.acknowledged_as = Some("0123456789abcdef0123456789abcdef".to_owned());
    let mut again = changed.clone();
    again.path = Some(Pointer::root().child("tools").child(&format!("name {text}")).child("title"));
    let mut exempted = finding("concealment", Grade::Review, Status::Passed);
    exempted.exempted = Some(Exempted {
        reason: format!("reason {text}"),
        author: format!("author {text}"),
        expires: "2027-01-31T00:00:00Z".to_owned(),
    });
    exempted.overridden = Some(Overridden {
        from: Grade::Block,
        reason: format!("reason {text}"),
        expires: Some("2027-01-31T00:00:00Z".to_owned()),
    });
    let failed = finding("check-manifest", Grade::Block, Status::Failed);
    let unchecked = Finding::new("check-base", Grade::Block, Status::CouldNotCheck, format!("message {text}"));
    let server = |alias: &str, outcome, change| Server {
        alias: alias.parse().unwrap(),
        name: Some(format!("name {text}")),
        version: Some(format!("version {text}")),
        outcome,
        change,
        report: None,
    };
    Run {
        outcome: Status::Passed,
        fail_on: Grade::Refuse,
        base: Some(Base {
            revision: format!("origin/main {text}"),
            commit: "0123456789abcdef".to_owned(),
            compared: "fedcba9876543210".to_owned(),
        }),
        live: false,
        trust: None,
        servers: vec![server("calendar", Status::Passed, None), server("weather", Status::Failed, Some("changed"))],
        findings: vec![exempted, changed, again, failed, unchecked],
        notes: vec![format!("note {text}")],
        prefix: format!("folder {text}/"),
    }
    .finished()
}

fn render(form: Form, run: &Run) -> String {
    form.render(run).unwrap()
}

const FORMS: [Form; 6] = [Form::Human, Form::Json, Form::Sarif, Form::Markdown, Form::Gitlab, Form::Junit];

/// Every value of a JSON document that is text.
fn texts(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => out.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        serde_json::Value::Object(members) => members.values().for_each(|value| texts(value, out)),
        _ => {}
    }
}

fn assert_sarif(text: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/output/data/sarif-schema-2.1.0.json");
    // What the standard has for the names of languages is no regular expression: its brackets do not match.
    let text_of_schema = std::fs::read_to_string(path).unwrap().replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema: serde_json::Value = text_of_schema.parse().unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let log: serde_json::Value = text.parse().unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    log
}

#[test]
fn t54_every_form_with_hostile_text_in_every_field() {
    let run = hostile_run(HOSTILE);
    insta::assert_snapshot!("form-human", render(Form::Human, &run));
    insta::assert_snapshot!("form-sarif", render(Form::Sarif, &run).replace(env!("CARGO_PKG_VERSION"), "<version>"));
    insta::assert_snapshot!("form-markdown", render(Form::Markdown, &run));
    insta::assert_snapshot!("form-gitlab", render(Form::Gitlab, &run));
    insta::assert_snapshot!("form-junit", render(Form::Junit, &run));
    insta::assert_snapshot!("form-annotations", annotations::render(&run));
}

#[test]
fn t54_no_form_holds_a_character_that_hides() {
    let run = hostile_run(&format!("{HOSTILE}\u{e0041}\u{7}\u{9b}31m\u{2028}\u{feff}\u{ad}\u{115f}"));
    for form in FORMS {
        let text = render(form, &run);
        assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "{form:?}: {text}");
    }
    let annotations = annotations::render(&run);
    assert!(!annotations.chars().any(|c| c != '\n' && is_hidden(c)));
    assert!(!annotations.contains("##["), "{annotations}");
}

#[test]
fn sarif_is_what_the_standard_and_code_scanning_want() {
    let run = hostile_run(HOSTILE);
    let log = assert_sarif(&render(Form::Sarif, &run));
    let results = log.pointer("/runs/0/results").unwrap().as_array().unwrap();
    let rules = log.pointer("/runs/0/tool/driver/rules").unwrap().as_array().unwrap();
    assert_eq!(results.len(), run.findings.len());
    for (result, finding) in results.iter().zip(&run.findings) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
        let uri = result.pointer("/locations/0/physicalLocation/artifactLocation/uri").unwrap().as_str().unwrap();
        assert!(!uri.starts_with('/') && !uri.contains(':'), "{uri}");
        assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], finding.unique_fingerprint());
        assert_eq!(result.get("suppressions").is_some(), finding.exempted.is_some());
    }
    for rule in rules {
        assert!(rule["fullDescription"]["text"].as_str().unwrap().chars().count() <= 1_024);
        assert!(rule["properties"]["security-severity"].as_str().unwrap().parse::<f64>().is_ok());
        assert!(rule.get("helpUri").is_none());
    }
    let mut all = Vec::new();
    texts(&log, &mut all);
    // A link of SARIF's own is Markdown's.
    assert!(!all.iter().any(|text| text.contains("](")), "{all:?}");
}

#[test]
fn fingerprints_do_not_depend_on_lines_or_on_other_findings() {
    let run = hostile_run("x");
    let mut moved = run.clone();
    for finding in &mut moved.findings {
        finding.lock = Some(Place { path: "mcp-pin.lock".into(), line: Some(99) });
    }
    moved.findings.push(Finding::new("check-trust", Grade::Refuse, Status::Failed, "another"));
    let moved = moved.finished();
    for finding in &run.findings {
        assert!(moved.findings.iter().any(|other| other.unique_fingerprint() == finding.unique_fingerprint()));
    }
    let distinct: std::collections::BTreeSet<_> = run.findings.iter().map(Finding::unique_fingerprint).collect();
    assert_eq!(distinct.len(), run.findings.len());
}

#[test]
fn only_what_keeps_a_run_from_passing_is_an_error() {
    let mut run = hostile_run("x");
    let errors = |run: &Run| {
        let log = assert_sarif(&render(Form::Sarif, run));
        let results = log.pointer("/runs/0/results").unwrap().as_array().unwrap().clone();
        results.iter().filter(|result| result["level"] == "error").count()
    };
    // What was consented to is a warning; a failed and an unmade check are errors.
    assert_eq!(errors(&run), 2);
    run.fail_on = Grade::Block;
    assert_eq!(errors(&run), 4);
    run.fail_on = Grade::Review;
    assert_eq!(errors(&run), 4, "what is exempted does not count");
}

#[test]
fn junit_is_well_formed_and_counts() {
    let run = hostile_run(HOSTILE);
    let text = render(Form::Junit, &run);
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let count = |name: &str| root.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
    for (attribute, element) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    {
        assert_eq!(root.attribute(attribute), Some(count(element).as_str()), "{attribute}: {text}");
    }
    assert_eq!((count("failure"), count("error"), count("skipped")), ("1".into(), "1".into(), "1".into()));
    let names: Vec<_> = root.children().filter_map(|suite| suite.attribute("name")).collect();
    assert_eq!(names, ["the project", "calendar", "weather"]);
    let known = ["testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"];
    assert!(root.descendants().filter(roxmltree::Node::is_element).all(|node| known.contains(&node.tag_name().name())));
}

#[test]
fn gitlab_takes_the_report() {
    let run = hostile_run(HOSTILE);
    let list: serde_json::Value = render(Form::Gitlab, &run).parse().unwrap();
    let mut fingerprints = std::collections::BTreeSet::new();
    for violation in list.as_array().unwrap() {
        for member in ["description", "check_name", "fingerprint", "severity"] {
            assert!(violation[member].is_string(), "{violation}");
        }
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&violation["severity"].as_str().unwrap()));
        assert!(violation["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        fingerprints.insert(violation["fingerprint"].as_str().unwrap().to_owned());
    }
    assert_eq!(fingerprints.len(), run.findings.len());
}

/// Many findings, each with as long values as are shown.
fn large_run() -> Run {
    let mut run = hostile_run("x");
    run.findings = (0..6_000)
        .map(|index| {
            let mut finding = Finding::new("coercion", Grade::Review, Status::Passed, format!("finding {index}"));
            finding.after = Some(format!("{index} {}", HOSTILE.repeat(3)));
            finding
        })
        .collect();
    run.findings.push(Finding::new("check-lock", Grade::Block, Status::Failed, "the gravest"));
    run.finished()
}

#[test]
fn t55_what_does_not_fit_is_counted_and_is_never_the_gravest() {
    let run = large_run();
    let comment = render(Form::Markdown, &run);
    assert!(comment.len() <= markdown::COMMENT_BYTES, "{}", comment.len());
    assert!(
        comment.contains("of 6,002 findings and notes fit here"),
        "{}",
        comment.lines().take(8).collect::<String>()
    );
    assert!(comment.contains("the gravest"), "{comment}");
    let log = assert_sarif(&render(Form::Sarif, &run));
    assert_eq!(log.pointer("/runs/0/results").unwrap().as_array().unwrap().len(), 5_000);
    assert!(render(Form::Sarif, &run).contains("1,001 more findings"), "told");
    assert_eq!(log.pointer("/runs/0/results/0/ruleId").unwrap(), "check-lock");
    assert!(render(Form::Gitlab, &run).contains("1,001 more findings"));
    let junit = render(Form::Junit, &run);
    roxmltree::Document::parse(&junit).unwrap();
    assert!(junit.contains("1001 more findings"));
    let annotations = annotations::render(&run);
    let count = |kind: &str| annotations.lines().filter(|line| line.starts_with(&format!("::{kind} "))).count();
    assert_eq!((count("error"), count("warning")), (1, 10));
    assert!(annotations.contains("5,991 more findings are in the job's summary"), "{annotations}");
}

/// The commands that a runner would take from what is printed: `::…` at the start of a line, however far it is indented, and the
/// older kinds anywhere.
fn commands(text: &str) -> Vec<&str> {
    let is_command =
        |line: &&str| line.trim_start().starts_with("::") || line.contains("##[") || line.contains("##vso[");
    text.split(['\n', '\r']).filter(is_command).collect()
}

#[test]
fn t54_nothing_that_is_printed_is_a_command_but_the_annotations() {
    let Some(sandbox) = hostile_pull_request() else { return };
    for arguments in [
        &["ci", "--base", "main"][..],
        &["ci", "--base", "main", "--format", "json"],
        &["ci", "--base", "main", "-o", "sarif=-"],
        &["ci", "--base", "main", "-o", "markdown=-"],
        &["ci", "--base", "main", "-o", "gitlab=-"],
        &["ci", "--base", "main", "-o", "junit=-"],
        &["diff", "--base", "main"],
        &["diff", "--base", "main", "--format", "json"],
        &["why", "weather/get_forecast"],
        &["why", "weather/get_forecast", "--format", "json"],
    ] {
        let run = sandbox.run(arguments);
        assert!(run.out.contains("owned") || run.out.contains("get_forecast"), "{arguments:?}: {}", run.out);
        assert_eq!(commands(&run.out), Vec::<&str>::new(), "{arguments:?}");
        assert_eq!(commands(&run.err), Vec::<&str>::new(), "{arguments:?}");
    }
}

#[test]
fn github_gets_annotations_a_summary_and_outputs() {
    let Some(sandbox) = hostile_pull_request() else { return };
    sandbox.write("outputs.txt", "before=1\n");
    let (summary, outputs) = (sandbox.path("summary.md"), sandbox.path("outputs.txt"));
    let variables = [
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ("GITHUB_OUTPUT", outputs.to_str().unwrap()),
        ("GITHUB_ACTIONS", "true"),
    ];
    // Nothing of this without being asked for.
    let plain = run_with(&sandbox, &variables, &["ci", "--base", "main"]);
    assert!(!plain.err.contains("::warning") && !summary.exists(), "{}", plain.err);
    let run = run_with(&sandbox, &variables, &["ci", "--base", "main", "--github"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let lock = std::fs::read_to_string(sandbox.path("mcp-pin.lock")).unwrap();
    let line = 1 + lock.lines().position(|line| line.contains("\"get_forecast\"")).unwrap();
    assert!(run.err.contains(&format!("::warning file=mcp-pin.lock,line={line},title=mcp-pin%3A ")), "{}", run.err);
    // One command a finding that is told, and none that the text brought.
    for line in commands(&run.err) {
        let known = ["::warning file=mcp-pin.lock,line=", "::notice file=mcp-pin.lock,line="];
        assert!(known.iter().any(|start| line.starts_with(start)), "{line}");
    }
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.starts_with("<!-- mcp-pin:ci -->\n### mcp-pin: passed\n"), "{summary}");
    let outputs = std::fs::read_to_string(outputs).unwrap();
    let lines: Vec<&str> = outputs.lines().collect();
    assert_eq!(lines.len(), 3, "{outputs}");
    assert_eq!(lines[..2], ["before=1", "outcome=passed"]);
    // A file that cannot be written does not hide the verdict, and makes no pass of it.
    let gone = run_with(&sandbox, &[("GITHUB_OUTPUT", "/nonexistent/x")], &["ci", "--base", "main", "--github"]);
    assert_eq!(gone.code, 3, "{}", gone.err);
    assert!(
        gone.out.contains("passed") && gone.err.contains("cannot write /nonexistent/x"),
        "{}{}",
        gone.out,
        gone.err
    );
}

#[test]
fn several_forms_are_written_in_one_run() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let arguments = ["ci", "--base", "main", "--output", "sarif=out/findings.sarif", "-o", "junit=out/junit.xml"];
    let run = sandbox.run(&[&arguments[..], &["-o", "markdown=comment.md", "-o", "gitlab=q.json"]].concat());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("passed"), "{}", run.out);
    let read = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
    let log = assert_sarif(&read("out/findings.sarif"));
    assert!(!log.pointer("/runs/0/results").unwrap().as_array().unwrap().is_empty());
    roxmltree::Document::parse(&read("out/junit.xml")).unwrap();
    assert!(read("comment.md").contains("get&#95;forecast"), "{}", read("comment.md"));
    assert!(read("q.json").parse::<serde_json::Value>().unwrap().is_array());
    // To standard output, in place of the text.
    assert_sarif(&sandbox.run(&["ci", "--base", "main", "-o", "sarif=-"]).out);
}

#[test]
fn an_output_that_cannot_be_written_does_not_hide_the_verdict() {
    let Some(sandbox) = hostile_pull_request() else { return };
    sandbox.write("folder/x", "");
    let passed = sandbox.run(&["ci", "--base", "main", "-o", "sarif=folder"]);
    assert_eq!(passed.code, 3, "{}", passed.err);
    assert!(passed.out.contains("passed") && passed.err.contains("cannot write"), "{}{}", passed.out, passed.err);
    let failed = sandbox.run(&["ci", "--base", "main", "--fail-on", "block", "-o", "sarif=folder"]);
    assert_eq!(failed.code, 1, "{}", failed.err);
    for (arguments, says) in [
        (&["ci", "-o", "sarif"][..], "<form>=<file>"),
        (&["ci", "-o", "xml=a"], "human, json, sarif, markdown, gitlab, junit"),
        (&["ci", "-o", "sarif="], "file is missing"),
        (&["ci", "-o", "sarif=-", "-o", "junit=-"], "one form only"),
        (&["ci", "-o", "sarif=-", "--format", "json"], "one form only"),
    ] {
        let run = sandbox.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains(says), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_check_that_could_not_be_made_is_in_every_form() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["ci", "-o", "sarif=a", "-o", "junit=b", "-o", "gitlab=c", "-o", "markdown=d"]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    let read = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
    let log = assert_sarif(&read("a"));
    assert_eq!(log.pointer("/runs/0/invocations/0/executionSuccessful").unwrap(), false);
    for form in ["a", "b", "c"] {
        assert!(read(form).contains("check-lock"), "{}", read(form));
    }
    assert!(read("d").contains("could not check") && read("d").contains("is not a pass"), "{}", read("d"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn t54_no_text_breaks_out_of_any_form(text in any::<String>(), piece in "[:%#&<>|`\\[\\]()!@\\\\\n\r\"'\u{202e}\u{1b}a]{0,24}") {
        let run = hostile_run(&format!("{text}{piece}"));
        let plain = hostile_run("x");
        let printed = mcp_pin::ui::sanitize::log_safe(&render(Form::Human, &run)).into_owned();
        prop_assert_eq!(commands(&printed), Vec::<&str>::new());
        prop_assert_eq!(annotations::render(&run).lines().count(), annotations::render(&plain).lines().count());
        let json = render(Form::Json, &run);
        prop_assert_eq!(commands(&json), Vec::<&str>::new());
        let junit = render(Form::Junit, &run);
        let elements = |text: &str| {
            let document = roxmltree::Document::parse(text).unwrap();
            document.descendants().map(|node| node.tag_name().name().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>()
        };
        prop_assert_eq!(elements(&junit), elements(&render(Form::Junit, &plain)));
        // The tags, the lines and the cells of the comment are those of a harmless run.
        let shape = |run: &Run| {
            let text = render(Form::Markdown, run);
            let tags: Vec<String> = text
                .split('<')
                .skip(1)
                .map(|rest| rest.split(['>', ':']).next().unwrap_or_default().to_owned())
                // A backtick of the text's own may make code of it.
                .filter(|tag| !tag.ends_with("code"))
                .collect();
            let cells: Vec<usize> = text.lines().map(|line| line.matches('|').count()).collect();
            (tags, cells)
        };
        prop_assert_eq!(shape(&run), shape(&plain));
    }
}
