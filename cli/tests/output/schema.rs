//! Every document of `--format json` is as `schemas/output.schema.json` says.

use std::{collections::BTreeSet, path::Path};

use mcp_pin_model::json::{self, Value};
use mcp_pin_test_support::fake::Scenario;

use crate::common::{Run, Sandbox, fixture};

fn schema() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/output.schema.json");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn assert_valid(run: &Run, format: &str) {
    let document = run.document();
    let expected = format!("urn:mcp-pin:output:{format}:v1");
    assert_eq!(document.get("format").and_then(Value::as_str), Some(expected.as_str()), "{}", run.err);
    let schema = schema();
    // The one schema of this format, so that a failure says what is wrong instead of "none of them".
    let mut single = schema.clone();
    let object = single.as_object_mut().unwrap();
    object.remove("oneOf");
    object.insert("$ref".to_owned(), format!("#/$defs/output:{format}").into());
    for schema in [single, schema] {
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let instance: serde_json::Value = run.out.parse().unwrap();
        let errors: Vec<String> = validator.iter_errors(&instance).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{format}: {errors:?}\n{}", run.out);
    }
}

fn json_run(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--format", "json"]);
    sandbox.run(&arguments)
}

#[test]
fn documents_of_files_and_keys() {
    let sandbox = Sandbox::new();
    let (old, new) = (fixture("documents/forecast.json"), fixture("documents/forecast-turned-hostile.json"));
    assert_valid(&json_run(&sandbox, &["diff", &old, &new]), "diff");
    assert_valid(&json_run(&sandbox, &["diff", &old, &old]), "diff");
    assert_valid(&json_run(&sandbox, &["diff", &old, &new, "--only", "review", "--entry", "get_forecast"]), "diff");
    assert_valid(&json_run(&sandbox, &["inspect", &old, &new, &fixture("documents/doubled-tool.json")]), "inspect");
    assert_valid(&json_run(&sandbox, &["inspect", &new, "--only", "block", "--entry", "get_forecast"]), "inspect");
    assert_valid(&json_run(&sandbox, &["inspect", "none.json"]), "inspect");
    assert_valid(&json_run(&sandbox, &["key", "generate", "--output", "a.pem"]), "key");
    assert_valid(&json_run(&sandbox, &["key", "show", "--key", "a.pem"]), "key");
    assert_valid(&json_run(&sandbox, &["rules"]), "rules");
    assert_valid(&json_run(&sandbox, &["rules", "--list"]), "rules");
    assert_valid(&json_run(&sandbox, &["explain", "coercion"]), "explain");
    assert_valid(&json_run(&sandbox, &["explain", "hidden-characters"]), "explain");
}

#[test]
fn documents_of_a_project() {
    let sandbox = Sandbox::with_server(&Scenario::full());
    assert_valid(&json_run(&sandbox, &["ls"]), "ls");
    assert_valid(&json_run(&sandbox, &["init"]), "init");
    assert_valid(&json_run(&sandbox, &["lock"]), "lock");
    assert_valid(&json_run(&sandbox, &["lock", "--accept", "first-use"]), "lock");
    assert_valid(&json_run(&sandbox, &["ls"]), "ls");
    assert_valid(&json_run(&sandbox, &["verify"]), "verify");
    assert_valid(&json_run(&sandbox, &["verify", "--verbose"]), "verify");
    assert_valid(&json_run(&sandbox, &["ci"]), "ci");
    assert_valid(&json_run(&sandbox, &["trust", "show"]), "trust-show");
    let unreachable = ["trust", "update", "--instance", "github", "--mirror", "http://127.0.0.1:1"];
    assert_valid(&json_run(&sandbox, &unreachable), "trust-update");
    assert_valid(&json_run(&sandbox, &["diff", "weather"]), "diff");
    let sandbox_key = json_run(&sandbox, &["key", "show", "--public"]).document();
    sandbox.write("public.pem", sandbox_key.get("publicKey").and_then(Value::as_str).unwrap());
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    let expires = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
    let signed = ["weather", "--as", "sep-3140", "--audience", "https://mcp.example.com/mcp"];
    let export =
        ["manifest", "export", "--publisher", "https://p.example/", "-o", "signed.json", "--expires", &expires];
    assert_valid(&json_run(&sandbox, &[&export[..], &signed[..]].concat()), "manifest-export");
    let import = ["manifest", "import", "--signer-key", "public.pem"];
    let import = json_run(&sandbox, &[&import[..], &signed[..], &["signed.json"][..]].concat());
    assert_valid(&import, "manifest-import");
    assert_valid(&json_run(&sandbox, &["manifest", "capture"]), "manifest-capture");
    assert_valid(&json_run(&sandbox, &["manifest", "check"]), "manifest-check");
    assert_valid(
        &json_run(&sandbox, &["manifest", "check", "--version", "2.0.0", "--base-version", "1.0.0"]),
        "manifest-check",
    );
    assert_valid(&json_run(&sandbox, &["why", "weather/get_forecast"]), "why");
    std::fs::copy(sandbox.path("mcp-pin.lock"), sandbox.path("same.lock")).unwrap();
    assert_valid(&json_run(&sandbox, &["diff", "same.lock", "mcp-pin.lock"]), "diff-locks");
    sandbox.turn(&Scenario::weather());
    assert_valid(&json_run(&sandbox, &["manifest", "check"]), "manifest-check");
    assert_valid(&json_run(&sandbox, &["verify", "--live"]), "verify");
    assert_valid(&json_run(&sandbox, &["ci", "--live"]), "ci");
    assert_valid(&json_run(&sandbox, &["update"]), "update");
    std::fs::remove_dir_all(sandbox.path(".mcp-pin/attestations")).unwrap();
    assert_valid(&json_run(&sandbox, &["verify"]), "verify");
    assert_valid(&json_run(&sandbox, &["why", "weather"]), "why");
}

#[test]
fn every_document_that_the_program_prints_has_a_schema() {
    let mut printed = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            for call in source.split("json::print(").skip(1) {
                printed.extend(call.split('"').nth(1).map(str::to_owned));
            }
        }
    }
    let schema = json::to_value(&schema()).unwrap();
    let described: BTreeSet<String> = schema
        .get("$defs")
        .and_then(Value::as_object)
        .unwrap()
        .iter()
        .filter_map(|(name, _)| name.strip_prefix("output:").map(str::to_owned))
        .collect();
    assert_eq!(printed, described);
}
