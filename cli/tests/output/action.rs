//! `action.yml`, the hooks for pre-commit and `examples/ci`: read as what they are, and the action's scripts run by bash.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use saphyr::{LoadableYamlNode as _, Yaml};

use crate::{ci::hostile_pull_request, common::Sandbox};

fn repository_file(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn parsed(text: &str) -> Yaml<'_> {
    let mut documents = Yaml::load_from_str(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn text<'a>(node: &'a Yaml<'_>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().try_fold(node, |node, key| node.as_mapping_get(key))?.as_str()
}

/// The scripts of the action, by the names of their steps.
fn scripts() -> Vec<(String, String)> {
    let action = repository_file("action.yml");
    let action = parsed(&action);
    let steps = action.as_mapping_get("runs").and_then(|runs| runs.as_mapping_get("steps")).unwrap();
    let steps = steps.as_sequence().unwrap();
    assert_eq!(text(&action, &["runs", "using"]), Some("composite"));
    steps
        .iter()
        .map(|step| {
            assert_eq!(text(step, &["shell"]), Some("bash"));
            (text(step, &["name"]).unwrap().to_owned(), text(step, &["run"]).unwrap().to_owned())
        })
        .collect()
}

/// A runner: its files, a `gh` and a `cargo` that note what they are asked for, and the steps run one after the other.
struct Runner<'a> {
    sandbox: &'a Sandbox,
    variables: BTreeMap<String, String>,
}

impl<'a> Runner<'a> {
    /// None where there is no bash.
    fn new(sandbox: &'a Sandbox) -> Option<Self> {
        if !sandbox.command("bash").arg("--version").output().is_ok_and(|output| output.status.success()) {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "SKIPPED: a test of action.yml, because there is no bash");
            return None;
        }
        let temp = sandbox.outside();
        std::fs::create_dir_all(temp.join("bin")).unwrap();
        let program = |name: &str, script: &str| {
            let path = temp.join("bin").join(name);
            std::fs::write(&path, format!("#!/usr/bin/env bash\n{script}")).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        };
        // Lists what the test put into `comments`, notes every request, and the body of one that writes.
        program(
            "gh",
            "printf '%s\\n' \"$*\" >> \"$RUNNER_TEMP/gh.log\"\n\
             if [ -n \"${GH_FAILS:-}\" ]; then echo 'HTTP 403' >&2; exit 1; fi\n\
             for argument in \"$@\"; do case \"$argument\" in body=@*) cp \"${argument#body=@}\" \"$RUNNER_TEMP/body.md\";; esac; done\n\
             case \"$*\" in *--paginate*) cat \"$RUNNER_TEMP/comments\" 2>/dev/null || true;; esac\n",
        );
        program("cargo", "printf '%s\\n' \"$*\" >> \"$RUNNER_TEMP/cargo.log\"\n");
        let path = std::env::var("PATH").unwrap_or_default();
        let shown = |path: &Path| path.to_str().unwrap().to_owned();
        let variables = [
            ("PATH", format!("{}:{path}", shown(&temp.join("bin")))),
            ("RUNNER_TEMP", shown(&temp)),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTION_PATH", "/action".to_owned()),
            ("GITHUB_REPOSITORY", "acme/tools".to_owned()),
            ("GITHUB_OUTPUT", shown(&temp.join("output"))),
            ("GITHUB_STEP_SUMMARY", shown(&temp.join("summary"))),
            ("INPUT_VERSION", String::new()),
            ("INPUT_BINARY", shown(assert_cmd::cargo::cargo_bin!("mcp-pin"))),
            ("INPUT_BASE", "main".to_owned()),
            ("INPUT_FAIL_ON", "refuse".to_owned()),
            ("INPUT_LIVE", "false".to_owned()),
            ("INPUT_ONLINE", "false".to_owned()),
            ("INPUT_SARIF", "mcp-pin.sarif".to_owned()),
            ("INPUT_COMMENT", "true".to_owned()),
            ("PULL_REQUEST", "7".to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Some(Self { sandbox, variables })
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.outside().join(name)).unwrap_or_default()
    }

    fn outputs(&self) -> BTreeMap<String, String> {
        self.read("output")
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Runs the steps as GitHub does, up to the one that fails; gives back its code and what was printed.
    fn run(&mut self) -> (i32, String) {
        let mut printed = String::new();
        for (name, script) in scripts() {
            // What the expressions of `env` stand for.
            let outputs = self.outputs();
            let output = |name: &str| outputs.get(name).cloned().unwrap_or_default();
            for (variable, value) in
                [("MCP_PIN", output("binary")), ("EXIT_CODE", output("exit-code")), ("FINDINGS", output("findings"))]
            {
                self.set(variable, &value);
            }
            let mut command = self.sandbox.command("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script]).envs(&self.variables);
            let output = command.output().unwrap();
            printed.push_str(&String::from_utf8_lossy(&output.stdout));
            printed.push_str(&String::from_utf8_lossy(&output.stderr));
            if !output.status.success() {
                return (output.status.code().unwrap(), format!("{name}: {printed}"));
            }
        }
        (0, printed)
    }
}

#[test]
fn t80_nothing_from_outside_is_text_of_a_script() {
    for (name, script) in scripts() {
        assert!(!script.contains("${{"), "{name}");
    }
    // Nor do the examples run with what a pull request of a stranger must not have.
    for file in ["action.yml", "examples/ci/github.yml"] {
        let text = repository_file(file);
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        assert!(!code.clone().any(|line| line.contains("pull_request_target")), "{file}");
    }
}

#[test]
fn the_action_annotates_comments_and_passes_on_the_verdict() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let Some(mut runner) = Runner::new(&sandbox) else { return };
    let (code, printed) = runner.run();
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("::warning file=mcp-pin.lock,line="), "{printed}");
    assert!(runner.read("cargo.log").is_empty(), "a binary that is there is not installed again");
    assert_eq!(runner.outputs().get("outcome").map(String::as_str), Some("passed"));
    assert!(runner.read("summary").contains("### mcp-pin: passed"));
    assert!(
        runner.read("body.md").starts_with("<!-- mcp-pin:ci -->\n### mcp-pin: passed"),
        "{}",
        runner.read("body.md")
    );
    assert!(
        runner.read("gh.log").contains("--method POST repos/acme/tools/issues/7/comments"),
        "{}",
        runner.read("gh.log")
    );
    assert!(sandbox.path("mcp-pin.sarif").exists());

    // The comment of the last time is brought up to date; the verdict comes last, after everything was told.
    std::fs::write(sandbox.outside().join("comments"), "123\n456\n").unwrap();
    std::fs::remove_file(sandbox.outside().join("output")).unwrap();
    runner.set("INPUT_FAIL_ON", "block");
    let (code, printed) = runner.run();
    assert_eq!(code, 1, "{printed}");
    assert!(printed.starts_with("Verdict: "), "{printed}");
    assert!(
        runner.read("gh.log").contains("--method PATCH repos/acme/tools/issues/comments/123"),
        "{}",
        runner.read("gh.log")
    );
    assert!(runner.read("body.md").contains("### mcp-pin: failed"));
}

#[test]
fn a_fork_whose_token_may_not_write_gets_the_verdict_all_the_same() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let Some(mut runner) = Runner::new(&sandbox) else { return };
    runner.set("GH_FAILS", "1");
    let (code, printed) = runner.run();
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("pull-requests: write"), "{printed}");
    runner.set("INPUT_FAIL_ON", "block");
    assert_eq!(runner.run().0, 1);
}

#[test]
fn t54_t88_hostile_inputs_run_nothing_and_pass_nothing() {
    let Some(sandbox) = hostile_pull_request() else { return };
    let Some(mut runner) = Runner::new(&sandbox) else { return };
    let shell = "$(touch owned) `touch owned`; touch owned #\" ' && touch owned";
    for (name, value, expected) in [
        ("INPUT_BASE", shell, 3),
        ("INPUT_BASE", "--help", 3),
        ("INPUT_FAIL_ON", shell, 2),
        ("INPUT_FAIL_ON", "refuse --help", 2),
        ("INPUT_VERSION", "1.0.0; touch owned", 2),
        ("INPUT_VERSION", "--git=https://evil.example/x", 2),
        ("INPUT_BINARY", "/nonexistent/$(touch owned)", 1),
        ("PULL_REQUEST", "7/../../x$(touch owned)", 0),
        ("INPUT_SARIF", "folder/$(touch owned)", 0),
        ("INPUT_LIVE", "yes; touch owned", 0),
        ("PULL_REQUEST", "", 0),
    ] {
        let kept = runner.variables.clone();
        let _ = std::fs::remove_file(sandbox.outside().join("output"));
        let _ = std::fs::remove_file(sandbox.outside().join("gh.log"));
        if name == "INPUT_VERSION" {
            runner.set("INPUT_BINARY", "");
        }
        runner.set(name, value);
        let (code, printed) = runner.run();
        assert_eq!(code, expected, "{name}={value}: {printed}");
        assert!(!sandbox.path("owned").exists(), "{name}={value}");
        // What an annotation quotes stays in it.
        let known = ["::error title=mcp-pin", "::error file=", "::warning file=", "::notice file="];
        for line in printed.lines().filter(|line| line.trim_start().starts_with("::")) {
            assert!(known.iter().any(|start| line.starts_with(start)), "{name}={value}: {line}");
        }
        if name == "PULL_REQUEST" {
            assert!(runner.read("gh.log").is_empty(), "{}", runner.read("gh.log"));
        }
        runner.variables = kept;
    }
    // A check that died is no pass.
    let _ = std::fs::remove_file(sandbox.outside().join("output"));
    let (_, verdict) = scripts().pop().unwrap();
    let mut command = sandbox.command("bash");
    let output = command.args(["-eo", "pipefail", "-c", &verdict]).env("EXIT_CODE", "").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn what_is_installed_is_the_actions_own_source_or_a_release() {
    let sandbox = Sandbox::new();
    let Some(mut runner) = Runner::new(&sandbox) else { return };
    runner.set("INPUT_BINARY", "");
    // The `cargo` here installs nothing, and then there is no program.
    assert_eq!(runner.run().0, 2);
    runner.set("INPUT_VERSION", "1.2.3");
    assert_eq!(runner.run().0, 2);
    let log = runner.read("cargo.log");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("install --locked --root ") && lines[0].ends_with("--path /action/cli"), "{log}");
    assert!(lines[1].contains("--locked") && lines[1].ends_with("--tag v1.2.3 mcp-pin"), "{log}");
}

#[test]
fn the_options_that_files_name_are_options() {
    // Every invocation in the hooks and the examples is one that the program knows.
    let hooks = repository_file(".pre-commit-hooks.yaml");
    let hooks = parsed(&hooks);
    let mut commands: Vec<String> =
        hooks.as_sequence().unwrap().iter().map(|hook| text(hook, &["entry"]).unwrap().to_owned()).collect();
    for hook in hooks.as_sequence().unwrap() {
        for key in ["id", "name", "description", "language"] {
            assert!(text(hook, &[key]).is_some(), "{key}");
        }
    }
    let gitlab = repository_file("examples/ci/gitlab.yml");
    let gitlab = parsed(&gitlab);
    let job = gitlab.as_mapping_get("mcp-pin").unwrap();
    for line in job.as_mapping_get("script").and_then(Yaml::as_sequence).unwrap() {
        commands.push(line.as_str().unwrap().to_owned());
    }
    let sandbox = Sandbox::new();
    for command in commands {
        let arguments: Vec<&str> = command.strip_prefix("mcp-pin ").unwrap().split(' ').collect();
        let run = sandbox.run(&arguments);
        // Not 2: it is understood, and there is nothing to check here.
        assert_eq!(run.code, 3, "{command}: {}{}", run.out, run.err);
    }
    // The report that the example names is the one that the command writes.
    let report = text(job, &["artifacts", "reports", "codequality"]).unwrap();
    assert!(sandbox.path(report).exists());
}

#[test]
fn the_workflow_sets_inputs_that_the_action_has() {
    let action = repository_file("action.yml");
    let action = parsed(&action);
    let inputs = action.as_mapping_get("inputs").unwrap();
    let workflow = repository_file("examples/ci/github.yml");
    let workflow = parsed(&workflow);
    let job = workflow.as_mapping_get("jobs").and_then(|jobs| jobs.as_mapping_get("check")).unwrap();
    let steps = job.as_mapping_get("steps").and_then(Yaml::as_sequence).unwrap();
    let ours =
        steps.iter().find(|step| text(step, &["uses"]).is_some_and(|uses| uses.starts_with("mcp-pin/"))).unwrap();
    let with = ours.as_mapping_get("with").and_then(Yaml::as_mapping).unwrap();
    assert!(!with.is_empty());
    for (name, _) in with {
        assert!(inputs.as_mapping_get(name.as_str().unwrap()).is_some(), "{name:?}");
    }
    for permission in ["contents", "pull-requests", "security-events"] {
        assert!(job.as_mapping_get("permissions").and_then(|all| all.as_mapping_get(permission)).is_some());
    }
}

#[test]
fn renovate_finds_the_packages_of_a_configuration() {
    let preset: serde_json::Value = repository_file("examples/ci/renovate.json").parse().unwrap();
    let configuration = r#"{"mcpServers": {
        "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem@2025.8.21", "."]},
        "git": {"command": "uvx", "args": ["mcp-server-git==2025.7.1"]},
        "time": {"command": "docker", "args": ["run", "-i", "mcp/time:1.0.0@sha256:HEX"]},
        "remote": {"url": "https://user@1.2.3.4/mcp"}
    }}"#
    .replace("HEX", &"0".repeat(64));
    let mut found = Vec::new();
    for manager in preset["customManagers"].as_array().unwrap() {
        let pattern = regex::Regex::new(manager["matchStrings"][0].as_str().unwrap()).unwrap();
        for matched in pattern.captures_iter(&configuration) {
            found.push(format!(
                "{} {} {}",
                manager["datasourceTemplate"], &matched["depName"], &matched["currentValue"]
            ));
        }
    }
    assert_eq!(
        found,
        [
            "\"npm\" @modelcontextprotocol/server-filesystem 2025.8.21",
            "\"pypi\" mcp-server-git 2025.7.1",
            "\"docker\" mcp/time 1.0.0"
        ]
    );
    assert_eq!(preset["packageRules"][0]["automerge"], false);
}
