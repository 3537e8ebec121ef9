//! A project in a temporary directory, the real program, and nothing of the machine around it.

#![allow(dead_code, clippy::allow_attributes, reason = "every test file uses another part of it")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "for tests only")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mcp_pin_test_support::fake::{Scenario, fake_mcp_server};

/// A project and a home of its own.
pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
    pub(crate) project: PathBuf,
    variables: BTreeMap<String, String>,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Fails the test, with everything that was said, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Fails the test unless `text` was said somewhere.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.out.contains(text) || self.err.contains(text),
            "`{text}` was not said\nstdout:\n{}\nstderr:\n{}",
            self.out,
            self.err
        );
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        #[expect(clippy::disallowed_methods, reason = "our own output, in a test")]
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let project = directory.path().join("project");
        fs::create_dir_all(&project).unwrap();
        fs::create_dir_all(directory.path().join("home")).unwrap();
        fs::create_dir_all(directory.path().join("servers")).unwrap();
        // The search for the project's root ends here, whatever is above.
        fs::create_dir_all(project.join(".git")).unwrap();
        Self { directory, project, variables: BTreeMap::new() }
    }

    /// A project whose one server is `weather`.
    pub(crate) fn with_weather(scenario: &Scenario) -> Self {
        let sandbox = Self::new();
        sandbox.scenario("weather", scenario);
        sandbox.configure(&[sandbox.entry("weather")]);
        sandbox
    }

    /// As [`Sandbox::with_weather`], locked.
    pub(crate) fn locked(scenario: &Scenario) -> Self {
        let sandbox = Self::with_weather(scenario);
        sandbox.run(&["lock", "--accept", "first-use"]).expect(0);
        sandbox
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.project.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What the server of an alias does from now on.
    pub(crate) fn scenario(&self, alias: &str, scenario: &Scenario) {
        scenario.write(&self.scenario_path(alias));
    }

    pub(crate) fn scenario_path(&self, alias: &str) -> PathBuf {
        self.directory.path().join("servers").join(format!("{alias}.json"))
    }

    /// The `.mcp.json` member of a fake server.
    pub(crate) fn entry(&self, alias: &str) -> String {
        self.entry_with(alias, "")
    }

    /// The same with more members.
    pub(crate) fn entry_with(&self, alias: &str, more: &str) -> String {
        format!(
            "\"{alias}\": {{\"command\": {:?}, \"args\": [{:?}]{more}}}",
            fake_mcp_server().to_str().unwrap(),
            self.scenario_path(alias).to_str().unwrap()
        )
    }

    /// Writes `.mcp.json`.
    pub(crate) fn configure(&self, entries: &[String]) {
        self.write(".mcp.json", &format!("{{\n\"mcpServers\": {{\n{}\n}}\n}}\n", entries.join(",\n")));
    }

    /// Sets an environment variable for the program.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.project)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home().join(".config"))
            .env("USER", "anna")
            .env("TZ", "UTC")
            .envs(&self.variables)
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(program()).args(arguments))
    }

    /// The digest that `mcp-pin diff <alias>` shows.
    pub(crate) fn reviewed(&self, alias: &str) -> String {
        let diff = self.run(&["diff", alias, "--format", "json"]).expect(1).json();
        find(&diff, "reportDigest").unwrap_or_else(|| panic!("no digest in {diff}"))
    }

    /// Accepts what has changed.
    pub(crate) fn update(&self, alias: &str) {
        let accept = format!("{alias}@{}", self.reviewed(alias));
        self.run(&["update", "--accept", &accept]).expect(0);
    }

    /// Every file of the project but the configuration, by its path.
    pub(crate) fn written(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.project, &self.project, &mut files);
        files.retain(|name, _| !name.starts_with(".mcp.json") && !name.starts_with(".vscode"));
        files
    }
}

fn find(value: &serde_json::Value, name: &str) -> Option<String> {
    match value {
        serde_json::Value::Object(members) => members
            .get(name)
            .and_then(|member| member.as_str().map(str::to_owned))
            .or_else(|| members.values().find_map(|member| find(member, name))),
        serde_json::Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

pub(crate) fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_mcp-pin").into()
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn collect(root: &Path, directory: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}
