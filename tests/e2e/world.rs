//! People at their keyboards: folders, homes and an environment of their own.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use mcp_pin_test_support::fake::Scenario;
use serde_json::Value;

use crate::programs::program;

/// No command of any test takes this long; a program that hangs fails its test instead of holding it up for ever.
const PATIENCE: Duration = Duration::from_secs(150);

/// Now.
#[expect(clippy::disallowed_methods, reason = "real processes are waited for in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Says why something could not be tested here. Written past the test harness, which shows only what failing tests say.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Where a test plays.
pub(crate) struct World {
    directory: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("servers")).unwrap();
        Self { directory }
    }

    /// The folder of everything.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Somebody with an empty project.
    pub(crate) fn person(&self, name: &str) -> Person {
        Person::at(&self.path(name), name, self.path("servers"))
    }

    /// Somebody whose project has one server, `weather`, which declares this.
    pub(crate) fn developer(&self, scenario: &Scenario) -> Person {
        let person = self.person("anna");
        person.scenario("weather", scenario);
        person.configure(&["weather"]);
        person
    }

    /// As [`World::developer`], with everything locked.
    pub(crate) fn locked(&self, scenario: &Scenario) -> Person {
        let person = self.developer(scenario);
        person.run(&["lock", "--accept", "first-use"]).expect(0);
        person
    }
}

/// Somebody with a project, a home, and the fake servers of their world.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) project: PathBuf,
    pub(crate) home: PathBuf,
    servers: PathBuf,
    name: String,
    variables: BTreeMap<String, String>,
}

impl Person {
    pub(crate) fn at(folder: &Path, name: &str, servers: PathBuf) -> Self {
        let (project, home) = (folder.join("project"), folder.join("home"));
        fs::create_dir_all(&home).unwrap();
        // The search for a project's root ends at a repository.
        fs::create_dir_all(project.join(".git")).unwrap();
        Self { project, home, servers, name: name.to_owned(), variables: BTreeMap::new() }
    }

    /// Sets a variable of their shell.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
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

    fn scenario_file(&self, alias: &str) -> PathBuf {
        self.servers.join(format!("{alias}.json"))
    }

    /// What a server declares from now on.
    pub(crate) fn scenario(&self, alias: &str, scenario: &Scenario) {
        scenario.write(&self.scenario_file(alias));
    }

    /// The `.mcp.json` member of a fake server; `more` are further members.
    pub(crate) fn entry(&self, alias: &str, more: &str) -> String {
        format!(
            "{alias:?}: {{\"command\": {:?}, \"args\": [{:?}]{more}}}",
            program("fake-mcp-server").to_str().unwrap(),
            self.scenario_file(alias).to_str().unwrap()
        )
    }

    /// Writes `.mcp.json` with these fake servers.
    pub(crate) fn configure(&self, aliases: &[&str]) {
        let entries: Vec<String> = aliases.iter().map(|alias| self.entry(alias, "")).collect();
        self.configure_entries(&entries);
    }

    /// Writes `.mcp.json` with these members.
    pub(crate) fn configure_entries(&self, entries: &[String]) {
        self.write(".mcp.json", &format!("{{\n\"mcpServers\": {{\n{}\n}}\n}}\n", entries.join(",\n")));
    }

    /// A command in their project, with nothing of the machine's own configuration around it.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.project)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join(".config"))
            .env("USER", &self.name)
            .env("TZ", "UTC")
            .envs(&self.variables)
            .stdin(Stdio::null());
        command
    }

    /// `mcp-pin` with these arguments.
    pub(crate) fn mcp_pin(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(program("mcp-pin"));
        command.args(arguments);
        command
    }

    /// Runs `mcp-pin`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.mcp_pin(arguments))
    }

    /// The digest of the change report that `mcp-pin diff` shows.
    pub(crate) fn reviewed(&self, alias: &str) -> String {
        let diff = self.run(&["diff", alias, "--format", "json"]).expect(1).json();
        find(&diff, "reportDigest").unwrap_or_else(|| panic!("no digest in {diff}"))
    }

    /// Reviews and accepts what has changed.
    pub(crate) fn accept(&self, alias: &str) -> Ran {
        let accept = format!("{alias}@{}", self.reviewed(alias));
        self.run(&["update", alias, "--accept", &accept])
    }

    /// Every file below the project, by its path there.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.project)
    }
}

/// Every file below a folder, by its path there.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    collect(root, root, &mut all);
    all
}

/// The first member of this name, at any depth, that is text.
pub(crate) fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(members) => members
            .get(name)
            .and_then(|member| member.as_str().map(str::to_owned))
            .or_else(|| members.values().find_map(|member| find(member, name))),
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

/// What a run of a program came to.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) line: String,
    /// The exit code; -1 where a signal ended it.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a program to its end.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let (out, err) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    command.stdout(out.reopen().unwrap()).stderr(err.reopen().unwrap());
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let line = words.join(" ");
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
    let started = now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            let said = fs::read_to_string(err.path()).unwrap();
            panic!("`{line}` did not end within {} s: {said}", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let read = |path: &Path| {
        String::from_utf8(fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{line}: output is no text: {error}"))
    };
    Ran { code: status.code().unwrap_or(-1), out: read(out.path()), err: read(err.path()), line }
}

impl Ran {
    /// Fails the test, with everything that was said, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n{self}");
        self
    }

    /// Fails the test unless `text` was said somewhere.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.said(text), "`{text}` was not said\n{self}");
        self
    }

    /// Whether `text` was said somewhere.
    pub(crate) fn said(&self, text: &str) -> bool {
        self.out.contains(text) || self.err.contains(text)
    }

    /// Standard output as the one JSON document that it is.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.out.parse().unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "$ {}\nexit code {}\nstdout:\n{}\nstderr:\n{}", self.line, self.code, self.out, self.err)
    }
}
