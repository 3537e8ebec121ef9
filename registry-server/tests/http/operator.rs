//! The commands on the data directory, as the program itself; policies as its commands judge them.

use std::{
    path::Path,
    process::{Command, Output},
};

use mcp_pin_registry::serve::{Environment, Server};
use mcp_pin_test_support::keys::Person;

use crate::support::config;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mcp-pin-registry"))
        .args(arguments)
        .env_remove("MCP_PIN_REGISTRY_DATA_DIR")
        .env_remove("DATABASE_URL")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs it on a data directory; gives back what it printed.
fn ok(data: &Path, arguments: &[&str]) -> String {
    let output = run(&[arguments, &["--data-dir", data.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[tokio::test]
async fn an_operator_gets_in_again_when_nobody_has_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let data = config.data_dir.clone();
    let data = data.as_path();
    let missing = run(&["token", "list", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(3), "{}", text(&missing.stderr));
    assert!(!data.exists(), "nothing is made by looking");

    let server = Server::open(&config, Environment::default()).await.unwrap();
    let busy = run(&["token", "create", "anna", "--role", "admin", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(busy.status.code(), Some(3));
    assert!(text(&busy.stderr).contains("stop the server"), "{}", text(&busy.stderr));
    server.run(std::future::ready(())).await;

    let token = ok(data, &["token", "create", "anna", "--role", "admin", "--days", "1", "--label", "recovery"]);
    assert!(token.starts_with("mcpp_") && token.trim().lines().count() == 1);
    let list = ok(data, &["token", "list", "--valid"]);
    let line = list.lines().find(|line| line.contains("anna")).unwrap();
    let fields: Vec<&str> = line.split('\t').collect();
    assert_eq!(
        (fields[1], fields[2], fields[3], fields[4], fields[7]),
        ("anna", "admin", "token", "valid", "recovery")
    );
    assert!(!list.contains(token.trim()), "a list shows no token");

    let key = folder.path().join("key.pem");
    std::fs::write(&key, Person::new("acme").public_key().to_spki_pem()).unwrap();
    let arguments = ["namespace", "grant", "io.github.acme", "--principal", "acme", "--key", key.to_str().unwrap()];
    let grant = ok(data, &arguments);
    assert!(ok(data, &["namespace", "list"]).contains(grant.trim()));
    let plan = ok(data, &["principal", "offboard", "acme", "--plan"]);
    assert!(plan.starts_with("grant\t"), "{plan}");
    ok(data, &["principal", "offboard", "acme", "--reason", "left"]);
    assert_eq!(ok(data, &["namespace", "list"]), "");
    let refused = run(&[&arguments[..], &["--data-dir", data.to_str().unwrap()]].concat());
    assert_eq!(refused.status.code(), Some(1));
    ok(data, &["principal", "reinstate", "acme"]);
    ok(data, &["token", "revoke", fields[0]]);

    let server = Server::open(&config, Environment::default()).await.unwrap();
    let request =
        axum::http::Request::builder().uri("/v1/whoami").header("authorization", format!("Bearer {}", token.trim()));
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(server.router(), request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 401, "it was revoked");
    server.run(std::future::ready(())).await;
}

#[test]
fn wrong_arguments_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    for (arguments, word) in [
        (&["token", "create", "Anna", "--role", "admin"][..], "PRINCIPAL"),
        (&["token", "create", "anna", "--role", "root"][..], "--role"),
        (&["token", "create", "anna", "--role", "admin", "--action", "fly"][..], "--action"),
        (&["token", "revoke", "x"][..], "ID"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
    }
}

#[test]
fn policies_are_checked_tested_and_explained_before_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let freeze = "@id(\"weekend\")\n@doc(\"Nothing goes live at the weekend\")\nforbid (principal, action == Action::\"go-live\", resource)\nwhen { [\"saturday\", \"sunday\"].contains(context.weekday) && resource.gradeRank >= 2 };\n";
    std::fs::write(folder.path().join("freeze.cedar"), freeze).unwrap();
    let check = run(&["policy", "check", "--policies", directory]);
    assert!(check.status.success(), "{}", text(&check.stderr));
    assert!(text(&check.stdout).contains("freeze/weekend\tNothing goes live at the weekend\n"));

    let question = |day: &str, expect: &str| {
        format!(
            "[[request]]\nname = \"{day}\"\nprincipal = \"registry\"\naction = \"go-live\"\n\
             resource = {{ server = \"io.example/weather\", version = \"1.0.0\", grade = \"block\" }}\n\
             time = \"{day}\"\nexpect = \"{expect}\"\n"
        )
    };
    let tests = folder.path().join("tests.toml");
    let right = question("2026-01-10T12:00:00Z", "deny") + &question("2026-01-09T12:00:00Z", "allow");
    std::fs::write(&tests, &right).unwrap();
    let tested = run(&["policy", "test", "--policies", directory, tests.to_str().unwrap()]);
    assert!(tested.status.success(), "{}", text(&tested.stdout));
    std::fs::write(&tests, right + &question("2026-01-11T12:00:00Z", "allow")).unwrap();
    let tested = run(&["policy", "test", "--policies", directory, tests.to_str().unwrap()]);
    assert_eq!(tested.status.code(), Some(1));
    assert!(text(&tested.stdout).contains("FAILED"), "{}", text(&tested.stdout));
    assert!(text(&tested.stdout).contains("deny by [freeze/weekend]"), "{}", text(&tested.stdout));
    std::fs::write(&tests, "").unwrap();
    let empty = run(&["policy", "test", "--policies", directory, tests.to_str().unwrap()]);
    assert_eq!(empty.status.code(), Some(2), "no question is no success");

    let explain = run(&[
        "policy",
        "explain",
        "--policies",
        directory,
        "principal = { name = \"ann\", roles = [\"approver\"] }",
        "action = \"approve\"",
        "resource = { server = \"io.example/weather\", version = \"1.0.0\" }",
        "signed = true",
    ]);
    assert!(explain.status.success(), "{}", text(&explain.stderr));
    let said = text(&explain.stdout);
    assert!(said.starts_with("allow: ann approve version:io.example/weather@1.0.0\n"), "{said}");
    assert!(said.contains("standard/approvers-decide") && said.contains("permit"), "{said}");

    std::fs::write(
        folder.path().join("bad.cedar"),
        "@id(\"x\") forbid (principal, action, resource) when { resource.no };",
    )
    .unwrap();
    let check = run(&["policy", "check", "--policies", directory]);
    assert_eq!(check.status.code(), Some(1));
    assert!(text(&check.stderr).contains("do not fit the schema"), "{}", text(&check.stderr));
}
