//! Captures of real processes: starting, starting again, and above all ending.

#![expect(clippy::unwrap_used, reason = "a helper of tests may fail as they do")]

mod common;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use common::quick;
use mcp_pin_mcp::{CaptureError, CaptureOptions, Era, Progress, StdioTarget, Target, Timeouts, capture};
use mcp_pin_test_support::fake::{Misbehaviour, Scenario, Speaks, StartBehaviour, Step, fake_mcp_server};
use tempfile::TempDir;

struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new(scenario: &Scenario) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        scenario.write(&fixture.path("scenario.json"));
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn target(&self) -> StdioTarget {
        StdioTarget {
            command: fake_mcp_server().display().to_string(),
            args: vec![self.path("scenario.json").display().to_string()],
            ..StdioTarget::default()
        }
    }

    fn with_grandchild(mut scenario: Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        scenario.start.grandchild_pid_file = Some(folder.path().join("pids").display().to_string());
        scenario.write(&folder.path().join("scenario.json"));
        Self { folder }
    }

    /// Whether the server and its grandchild are gone: not running, no zombies of ours.
    fn all_gone(&self) -> bool {
        let pids = std::fs::read_to_string(self.path("pids")).unwrap();
        pids.split(' ').all(gone)
    }
}

/// A process whose parent is gone is reaped by the system's init; elsewhere a zombie of somebody else's is as good as gone.
fn gone(pid: &str) -> bool {
    let Ok(stat) = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")) else { return true };
    let ours = format!(" {} ", std::process::id());
    stat.contains(") Z ") && !stat.contains(&ours)
}

fn stdio(target: StdioTarget) -> Target {
    Target::Stdio(target)
}

#[tokio::test]
async fn a_process_is_captured_and_progress_told() {
    let fixture = Fixture::new(&Scenario::full());
    let told = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&told);
    let progress = Arc::new(move |progress| record.lock().unwrap().push(progress));
    let options = CaptureOptions { progress: Some(progress), ..quick() };
    let captured = capture(&stdio(fixture.target()), &options).await.unwrap();
    assert_eq!(captured.surface.entries().count(), 5);
    assert!(captured.machine.cwd.is_some() && captured.machine.tz.is_some());
    let told = told.lock().unwrap();
    assert_eq!(told.first(), Some(&Progress::Started));
    assert_eq!(told.last(), Some(&Progress::Done { entries: 5 }));
    assert!(told.contains(&Progress::Negotiated { era: Era::Initialize }));
    assert!(told.contains(&Progress::Listing { method: "tools/list", page: 1, entries: 2 }));
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_told_apart() {
    let target = StdioTarget { command: "no-such-program-here".to_owned(), ..StdioTarget::default() };
    let error = capture(&stdio(target), &quick()).await.unwrap_err();
    assert!(matches!(error, CaptureError::Spawn { .. }) && error.is_could_not_check(), "{error}");
    let error = capture(&stdio(StdioTarget::default()), &quick()).await.unwrap_err();
    assert!(matches!(error, CaptureError::InvalidTarget { .. }) && !error.is_could_not_check(), "{error}");
}

#[tokio::test]
async fn a_server_that_ends_when_asked_for_the_modern_era_is_started_once_more() {
    let fixture = Fixture::new(&Scenario::weather().misbehaving(Misbehaviour::CrashOnDiscover));
    let captured = capture(&stdio(fixture.target()), &quick()).await.unwrap();
    assert!(captured.stats.restarted);
    assert_eq!(captured.era, Era::Initialize);
}

#[tokio::test]
async fn t37_a_server_that_never_starts_is_an_error_with_its_last_words() {
    let start = StartBehaviour {
        stderr: vec!["x".repeat(20_000), "fatal: \u{1b}[31mno key".to_owned()],
        exit: Some(7),
        ..StartBehaviour::default()
    };
    let fixture = Fixture::new(&Scenario { start, ..Scenario::weather() });
    let error = capture(&stdio(fixture.target()), &quick()).await.unwrap_err();
    let CaptureError::Exited { status, stderr, .. } = &error else { panic!("{error}") };
    assert_eq!(status.and_then(|status| status.code()), Some(7));
    assert!(stderr.ends_with("fatal: \u{1b}[31mno key\n") && stderr.len() == 16 << 10, "{}", stderr.len());
    assert!(!error.to_string().contains("fatal"), "what the server wrote is no part of the message");
}

#[tokio::test]
async fn a_slow_modern_server_is_modern_whatever_the_clock_says() {
    let start = StartBehaviour { sleep_ms: 500, ..StartBehaviour::default() };
    let timeouts = Timeouts { stdio_probe: Duration::from_millis(150), ..quick().timeouts };
    let options = CaptureOptions { timeouts, ..quick() };
    for speaks in [Speaks::Both, Speaks::Discover] {
        let fixture = Fixture::new(&Scenario { start: start.clone(), ..Scenario::weather() }.speaking(speaks));
        let captured = capture(&stdio(fixture.target()), &options).await.unwrap();
        assert_eq!(captured.era, Era::Discover, "{speaks:?}");
        assert!(captured.stats.restarted);
    }
    let fixture = Fixture::new(&Scenario { start, ..Scenario::weather() });
    let captured = capture(&stdio(fixture.target()), &options).await.unwrap();
    assert_eq!((captured.era, captured.stats.restarted), (Era::Initialize, false));
}

#[cfg(unix)]
#[tokio::test]
async fn t41_a_process_and_its_grandchild_are_gone_afterwards() {
    let fixture = Fixture::with_grandchild(Scenario::weather());
    capture(&stdio(fixture.target()), &quick()).await.unwrap();
    assert!(fixture.all_gone(), "after a capture");
    let fixture = Fixture::with_grandchild(Scenario::weather().misbehaving(Misbehaviour::WrongId));
    capture(&stdio(fixture.target()), &quick()).await.unwrap_err();
    assert!(fixture.all_gone(), "after a refusal");
}

#[cfg(unix)]
#[tokio::test]
async fn t41_a_stubborn_process_is_killed() {
    let mut scenario = Scenario::weather();
    scenario.start.stubborn = true;
    let fixture = Fixture::with_grandchild(scenario);
    let captured = capture(&stdio(fixture.target()), &quick()).await.unwrap();
    assert!(fixture.all_gone());
    assert!(captured.stats.elapsed >= quick().timeouts.shutdown * 2, "it was waited for and asked first");
}

#[cfg(unix)]
#[tokio::test]
async fn t41_a_cancelled_capture_leaves_no_process_behind() {
    let fixture = Fixture::with_grandchild(Scenario::weather().misbehaving(Misbehaviour::Hang));
    let target = stdio(fixture.target());
    let running = tokio::spawn(async move { capture(&target, &quick()).await.map(|_| ()) });
    while !fixture.path("pids").exists() {
        assert!(!running.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    running.abort();
    for _ in 0..100 {
        if fixture.all_gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the process or its grandchild is still there");
}

#[tokio::test]
async fn t36_a_second_reply_is_refused_even_while_the_server_ends() {
    let late = [Step::Reply, Step::SleepMs(200), Step::Reply];
    let fixture = Fixture::new(&Scenario::weather().on("tools/list", late));
    let error = capture(&stdio(fixture.target()), &quick()).await.unwrap_err();
    assert!(matches!(error, CaptureError::DoubledReply { method: "tools/list" }), "{error}");
    // Words of farewell are read by nobody, and harm nobody.
    let farewell = [Step::Reply, Step::SleepMs(400), Step::Line("good bye".to_owned())];
    let fixture = Fixture::new(&Scenario::weather().on("tools/list", farewell));
    capture(&stdio(fixture.target()), &quick()).await.unwrap();
}

#[tokio::test]
async fn t37_the_deadline_of_the_whole_holds() {
    let slow = [Step::SleepMs(400), Step::Reply];
    let scenario = Scenario { page_size: Some(1), ..Scenario::large(20) }.on("tools/list", slow);
    let fixture = Fixture::new(&scenario);
    let timeouts = Timeouts { overall: Duration::from_millis(1500), ..quick().timeouts };
    let options = CaptureOptions { timeouts, ..quick() };
    let error = capture(&stdio(fixture.target()), &options).await.unwrap_err();
    assert!(matches!(error, CaptureError::Timeout { method: "capture", .. }), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_environment_is_inherited_and_the_targets_own_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("env > {}; exit 1", folder.path().join("env").display());
    let target = StdioTarget {
        command: "sh".to_owned(),
        args: vec!["-c".to_owned(), script],
        env: vec![("WEATHER_API_KEY".to_owned(), "secret".to_owned()), ("MCP_PIN_TEST".to_owned(), "named".to_owned())],
        ..StdioTarget::default()
    };
    assert!(!format!("{target:?}").contains("secret"));
    capture(&stdio(target), &quick()).await.unwrap_err();
    let env = std::fs::read_to_string(folder.path().join("env")).unwrap();
    assert!(env.contains("WEATHER_API_KEY=secret") && env.lines().any(|line| line.starts_with("PATH=")));
    // What the configuration names itself is passed on, even under our prefix.
    assert!(env.contains("MCP_PIN_TEST=named"));
}

#[cfg(unix)]
#[test]
fn t41_signing_identities_and_our_own_settings_are_withheld_from_the_server() {
    const SECRETS: [&str; 3] = ["MCP_PIN_KEY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SIGSTORE_ID_TOKEN"];
    const INNER: &str = "RUN_INSIDE_WITH_SECRETS";
    if let Some(file) = std::env::var_os(INNER) {
        let script = format!("env > {}; exit 1", Path::new(&file).display());
        let target =
            StdioTarget { command: "sh".to_owned(), args: vec!["-c".to_owned(), script], ..StdioTarget::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(capture(&stdio(target), &quick())).unwrap_err();
        return;
    }
    // A process's environment cannot be changed safely from inside, so this test runs itself with another one.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("env");
    let mut inner = std::process::Command::new(std::env::current_exe().unwrap());
    inner.args(["--exact", "t41_signing_identities_and_our_own_settings_are_withheld_from_the_server"]);
    inner.env(INNER, &file).env("HARMLESS", "1").envs(SECRETS.map(|name| (name, "secret")));
    assert!(inner.output().unwrap().status.success());
    let env = std::fs::read_to_string(file).unwrap();
    assert!(env.contains("HARMLESS=1"));
    for name in SECRETS {
        assert!(!env.contains(name), "{name}");
    }
}
