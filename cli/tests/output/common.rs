//! A hermetic way to run the program.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use mcp_pin_diff::{ChangeReport, Side, compare, load};
use mcp_pin_model::json::{self, Value};
use mcp_pin_test_support::fake::{Scenario, fake_mcp_server};
use tempfile::TempDir;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The JSON document on standard output.
    pub(crate) fn document(&self) -> Value {
        json::parse_with(self.out.as_bytes(), &json::Limits::OURS).unwrap()
    }
}

/// A directory of its own, with its own home and no variables of the machine.
pub(crate) struct Sandbox {
    home: TempDir,
    pub(crate) root: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { home: TempDir::new().unwrap(), root: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A folder that does not belong to the project.
    pub(crate) fn outside(&self) -> PathBuf {
        self.home.path().join("outside")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A project with one server, `weather`, which does what the scenario says at each start.
    pub(crate) fn with_server(scenario: &Scenario) -> Self {
        let sandbox = Self::new();
        sandbox.turn(scenario);
        let program = fake_mcp_server();
        let program = program.to_str().unwrap();
        sandbox.write(
            ".mcp.json",
            &format!(r#"{{"mcpServers": {{"weather": {{"command": "{program}", "args": ["scenario.json"]}}}}}}"#),
        );
        sandbox
    }

    /// The server is another one from now on.
    pub(crate) fn turn(&self, scenario: &Scenario) {
        scenario.write(&self.path("scenario.json"));
    }

    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .env("TZ", "UTC")
            .current_dir(self.root.path());
        command
    }

    pub(crate) fn run<T: AsRef<str>>(&self, arguments: &[T]) -> Run {
        let mut command = self.command(assert_cmd::cargo::cargo_bin!("mcp-pin"));
        command.args(arguments.iter().map(AsRef::as_ref));
        let Output { status, stdout, stderr } = command.output().unwrap();
        Run {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// The same, with something on standard input.
    pub(crate) fn run_with_input<T: AsRef<str>>(&self, arguments: &[T], input: &str) -> Run {
        let mut command = self.command(assert_cmd::cargo::cargo_bin!("mcp-pin"));
        command.args(arguments.iter().map(AsRef::as_ref));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        Run {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Whether there is a git to compare with; says so when a test is skipped for want of it.
    pub(crate) fn has_git(&self) -> bool {
        let found = self.command("git").arg("--version").output().is_ok_and(|output| output.status.success());
        if !found {
            // Past the capture of the test runner: a skipped test must not look like a passed one.
            let _ = writeln!(std::io::stderr(), "SKIPPED: a test against a git revision, because there is no git");
        }
        found
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let mut command = self.command("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A file of this test.
pub(crate) fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/output").join(name).to_str().unwrap().to_owned()
}

/// What became of a server that turned hostile, by the rules as they are now.
pub(crate) fn turned_hostile() -> ChangeReport {
    let surface = |name: &str| load::surface_document(&std::fs::read(fixture(name)).unwrap()).unwrap();
    let before = surface("documents/forecast.json");
    let after = surface("documents/forecast-turned-hostile.json");
    compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[])
}

/// No character that steers a terminal or hides, and no line wider than a terminal.
pub(crate) fn assert_safe(text: &str) {
    for line in text.lines() {
        assert!(!line.chars().any(json::is_hidden), "{line:?}");
    }
}
