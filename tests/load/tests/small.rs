//! The load generator on a small registry: that it measures what it says that it does, and refuses what it cannot.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test that called it")]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn load(arguments: &[&str], data_dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    command.args(arguments).arg("--data-dir").arg(data_dir).env_remove("LOAD_DATABASE_URL").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn measured(arguments: &[&str], data_dir: &Path) -> Value {
    let output = load(&[&["run", "--json", "--connections", "3"], arguments].concat(), data_dir);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report = mcp_pin_model::json::parse(&output.stdout).unwrap();
    serde_json::to_value(report).unwrap()
}

/// What the registry itself says about its records, by the program under its own name.
fn doctor(folder: &Path, data_dir: &Path) -> String {
    let program = folder.join("mcp-pin-registry");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_load"), &program).unwrap();
    let output = Command::new(program).args(["doctor", "--data-dir"]).arg(data_dir).output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{}{said}", text(&output.stdout));
    said
}

#[test]
fn a_small_registry_is_filled_and_measured() {
    const SERVERS: u64 = 65;
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let filled = load(&["seed", "--versions", "65"], &data_dir);
    assert!(filled.status.success(), "{}", text(&filled.stderr));
    assert!(text(&filled.stdout).starts_with("65 versions in "), "{filled:?}");

    // Everything that the run itself checks: each answer, and that the registry counts as many.
    let all = "list,pages,latest,unchanged,search,since,resolve,decide";
    let report = measured(&["--seconds", "1", "--rounds", "1", "--scenarios", all], &data_dir);
    let reads = report["reads"].as_array().unwrap();
    assert_eq!(reads.len(), 7, "{report}");
    for read in reads {
        for side in ["registry", "bare"] {
            assert!(read[side]["answers"].as_u64().unwrap() > 0, "{read}");
            assert!(read[side]["p50"].as_f64().unwrap() <= read[side]["p99"].as_f64().unwrap(), "{read}");
        }
    }
    assert_eq!(reads[3]["bytes"], 0, "a 304 has no body");
    let decisions = report["decisions"].as_array().unwrap();
    let counts: Vec<u64> = decisions.iter().map(|one| one["answers"].as_u64().unwrap()).collect();
    let [submitted, approved, submitted_updates, approved_updates] = counts[..] else { panic!("{report}") };
    assert!(submitted > 0 && submitted == approved && submitted_updates == approved_updates, "{report}");

    // As often as was asked for, however fast the machine is.
    let report = measured(&["--seconds", "1", "--rounds", "2", "--rate", "100", "--scenarios", "latest"], &data_dir);
    for side in ["registry", "bare"] {
        assert_eq!(report["reads"][0][side]["answers"], 100, "{report}");
    }

    // What was made is a registry like any other, and holds what was counted.
    let said = doctor(folder.path(), &data_dir);
    // An update takes the place of what it updates.
    let (live, versions) = (SERVERS + submitted, SERVERS + submitted + submitted_updates);
    assert!(said.contains(&format!("{versions} versions ({live} live), {versions} consents")), "{said}");
}

#[test]
fn only_a_new_registry_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let refused = load(&["seed", "--versions", "1"], folder.path());
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("exists already"), "{refused:?}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "something was written");
}

#[test]
fn a_registry_that_was_not_filled_is_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    let refused = load(&["run"], folder.path());
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("`load seed` writes it"), "{refused:?}");

    let data_dir = folder.path().join("data");
    assert!(load(&["seed", "--versions", "3"], &data_dir).status.success());
    let noted = data_dir.join("load.json");
    let more = std::fs::read_to_string(&noted).unwrap().replace("\"servers\": 3", "\"servers\": 4");
    std::fs::write(&noted, more).unwrap();
    let refused = load(&["run", "--scenarios", "list"], &data_dir);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("3 versions are live, and 4 should be"), "{refused:?}");
    assert!(refused.stdout.is_empty(), "figures of something else");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    for wrong in [
        &["seed", "--versions", "0"][..],
        &["seed", "--versions", "1000001"],
        &["run", "--rate", "0"],
        &["run", "--rate", "NaN"],
        &["run", "--rate", "-5"],
        &["run", "--rate", "inf"],
        &["run", "--connections", "0"],
        &["run", "--connections", "501"],
        &["run", "--seconds", "0"],
        &["run", "--rounds", "0"],
        &["run", "--threads", "0"],
        &["run", "--scenarios", "lists"],
        &["run", "--log-format", "json"],
        &["measure"],
    ] {
        let refused = load(wrong, &data_dir);
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}: {refused:?}");
        assert!(!data_dir.exists() && refused.stdout.is_empty(), "{wrong:?}");
    }
}

#[test]
fn what_the_registry_refuses_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    command.args(["seed", "--data-dir"]).arg(&data_dir).args(["--", "--no-such-option"]);
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let log = folder.path().join("data.log");
    assert!(text(&refused.stderr).contains(log.to_str().unwrap()), "{refused:?}");
    assert!(std::fs::read_to_string(log).unwrap().contains("--no-such-option"));
    assert!(!data_dir.exists());
}
