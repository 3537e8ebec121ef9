//! The fake server as a program. That this test exists also makes Cargo build the program with the workspace's tests.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use mcp_pin_test_support::fake::{Scenario, fake_mcp_server};

#[test]
fn the_program_serves_a_scenario_file() {
    assert!(std::path::Path::new(env!("CARGO_BIN_EXE_fake-mcp-server")).exists());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.json");
    Scenario::weather().write(&file);
    let mut child =
        Command::new(fake_mcp_server()).arg(&file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list"}}"#).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("get_forecast"), "{line}");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_scenario_file_with_an_unknown_member_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.json");
    std::fs::write(&file, r#"{"tols": []}"#).unwrap();
    let output = Command::new(fake_mcp_server()).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
}
