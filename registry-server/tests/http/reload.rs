//! The program itself, told by a signal to read its policies and certificates again.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mcp_pin_test_support::sigstore::TestTls;
use serde_json::json;

/// How long a reload may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program; killed when dropped.
struct Process {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a real process is waited for in real time")]
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Process {
    /// Starts it with files beside its configuration.
    fn start(configuration: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write(&folder.path().join(name), text);
        }
        let config = folder.path().join("registry.toml");
        write(&config, configuration);
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcp-pin-registry"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let process = Self { child, address: address.unwrap_or_default(), folder };
        assert!(process.address.starts_with("http"), "{line}: {}", process.log());
        process
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    fn hang_up(&self) {
        let status = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Tells it, and waits until it has said that it keeps what it has.
    async fn hang_up_in_vain(&self) {
        let said = || self.log().matches("stay").count();
        let before = said();
        self.hang_up();
        until("what was kept is said", async || said() > before).await;
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_signal_takes_good_policies_and_keeps_them_when_the_next_are_bad() {
    const HARMLESS: &str =
        "@id(\"nothing\") forbid (principal == Principal::\"nobody\", action == Action::\"read-events\", resource);";
    const CLOSED: &str = "@id(\"events\") forbid (principal, action == Action::\"read-events\", resource);";
    let process = Process::start(
        "[authorization]\npolicies = \"policies\"\n",
        &[("policies/own.cedar", HARMLESS), ("policies/README.md", "Not Cedar.")],
    );
    let admin = std::fs::read_to_string(process.path("data/admin-token")).unwrap().trim().to_owned();
    let http = reqwest::Client::builder().build().unwrap();
    let events = async || {
        let asked = http.get(format!("{}/v1/events", process.address)).bearer_auth(&admin).send().await.unwrap();
        asked.status().as_u16()
    };
    assert_eq!(events().await, 200);
    let own = process.path("policies/own.cedar");

    write(&own, CLOSED);
    assert_eq!(events().await, 200, "not before it is told to");
    process.hang_up();
    until("the new policy holds", async || events().await == 403).await;

    for bad in ["permit (", "@id(\"x\") permit (principal in Role::\"root\", action, resource);"] {
        write(&own, bad);
        process.hang_up_in_vain().await;
        assert_eq!(events().await, 403, "the good one before stays: {bad}");
    }
    std::fs::remove_file(&own).unwrap();
    process.hang_up_in_vain().await;
    assert_eq!(events().await, 403, "an empty directory is most likely the wrong one");
    let metrics = http.get(format!("{}/metrics", process.address)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("mcp_pin_policy_reload_failures_total 3"), "{metrics}");

    write(&own, HARMLESS);
    process.hang_up();
    until("the next good policy holds", async || events().await == 200).await;
    let created = http
        .post(format!("{}/v1/tokens", process.address))
        .bearer_auth(&admin)
        .json(&json!({ "principal": "rea", "roles": ["reader"] }))
        .send()
        .await
        .unwrap();
    assert_eq!(created.status().as_u16(), 201, "it goes on deciding");
}

#[tokio::test]
async fn a_signal_takes_a_good_certificate_and_keeps_it_when_the_next_is_bad() {
    let (first, second) = (TestTls::new("first"), TestTls::new("second"));
    let (before, after) = (first.server("localhost"), second.server("localhost"));
    let other = second.server("other.example");
    let process = Process::start(
        "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n",
        &[("server.pem", &before.certificate), ("server.key", &before.key)],
    );
    let address = process.address.replace("https://127.0.0.1", "https://localhost");
    // A client of its own each time: what is kept open goes on with the certificate that it began with.
    let trusted = async |authority: &TestTls| {
        let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        client.get(format!("{address}/healthz")).send().await.is_ok_and(|answer| answer.status() == 200)
    };
    assert!(trusted(&first).await && !trusted(&second).await);

    write(&process.path("server.pem"), &after.certificate);
    write(&process.path("server.key"), &after.key);
    assert!(trusted(&first).await, "not before it is told to");
    process.hang_up();
    until("the new certificate is presented", async || trusted(&second).await).await;
    assert!(!trusted(&first).await);

    for (certificate, key) in
        [("nothing", after.key.as_str()), (&before.certificate, &other.key), (&after.certificate, "")]
    {
        write(&process.path("server.pem"), certificate);
        write(&process.path("server.key"), key);
        process.hang_up_in_vain().await;
        assert!(trusted(&second).await, "the good one before stays");
    }
    write(&process.path("server.pem"), &before.certificate);
    write(&process.path("server.key"), &before.key);
    process.hang_up();
    until("the next good certificate is presented", async || trusted(&first).await).await;
}
