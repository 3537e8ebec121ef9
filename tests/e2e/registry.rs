//! A registry as a process.

use std::{
    fs,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use mcp_pin_test_support::keys::Person;
use serde_json::{Value, json};

use crate::{
    http::{self, Answer},
    programs::program,
    world::{Ran, ran},
};

/// How long a registry may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// `mcp-pin-registry serve` on a free port unless a configuration beside the data names one, with nothing of the machine's environment.
pub(crate) fn serve(data: &Path) -> Command {
    let mut command = Command::new(program("mcp-pin-registry"));
    command.args(["serve", "--data-dir"]).arg(data);
    let config = data.with_extension("toml");
    let text = fs::read_to_string(&config).unwrap_or_default();
    if !text.lines().any(|line| line.starts_with("listen = ")) {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    if config.exists() {
        command.arg("--config").arg(config);
    }
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", data)
        .stdin(Stdio::null());
    if let Ok(url) = fs::read_to_string(database_of(data)) {
        command.env("DATABASE_URL", url);
    }
    command
}

/// The file that says which database the registry of a data directory uses, where it is not a file in there.
fn database_of(data: &Path) -> PathBuf {
    data.with_extension("database-url")
}

/// Has the registries of a data directory use this database.
pub(crate) fn use_database(data: &Path, url: &str) {
    fs::write(database_of(data), url).unwrap();
}

/// `mcp-pin-registry` with another command about the registry of a data directory, run to its end.
pub(crate) fn operate(data: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(program("mcp-pin-registry"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", data)
        .env("MCP_PIN_REGISTRY_DATA_DIR", data)
        .stdin(Stdio::null());
    let config = data.with_extension("toml");
    if config.exists() {
        command.env("MCP_PIN_REGISTRY_CONFIG", config);
    }
    if let Ok(url) = fs::read_to_string(database_of(data)) {
        command.env("DATABASE_URL", url);
    }
    ran(&mut command)
}

/// Runs one that is expected to end by itself.
pub(crate) fn serve_and_end(data: &Path) -> Ran {
    ran(&mut serve(data))
}

/// A running registry; killed when dropped.
pub(crate) struct RegistryProcess {
    child: Child,
    data: PathBuf,
    /// `127.0.0.1:<port>`
    pub(crate) address: String,
    /// The token of the first start.
    pub(crate) admin_token: String,
}

impl RegistryProcess {
    /// Starts one and waits until it listens.
    #[track_caller]
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same, with more options.
    #[track_caller]
    pub(crate) fn start_with(data: &Path, options: &[&str]) -> Self {
        let log = data.with_extension("log");
        let log_file = fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut child = serve(data).args(options).stdout(Stdio::piped()).stderr(log_file).spawn().unwrap();
        let (sender, receiver) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    let _ = sender.send(address.trim().to_owned());
                }
            }
        });
        let Ok(address) = receiver.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the registry did not start: {}", fs::read_to_string(&log).unwrap_or_default());
        };
        // A second node has none: the administrator is that of the first.
        let admin_token = fs::read_to_string(data.join("admin-token")).unwrap_or_default().trim().to_owned();
        Self { child, data: data.to_owned(), address, admin_token }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no destructor runs, nothing is flushed.
    pub(crate) fn kill_nine(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, as a service manager stops it; gives back the exit code.
    #[cfg(unix)]
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap().code()
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> io::Result<Answer> {
        http::send(&self.address, "GET", path, token, None)
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &[u8]) -> io::Result<Answer> {
        http::send(&self.address, "POST", path, Some(token), Some(body))
    }

    /// GET that has to succeed.
    #[track_caller]
    pub(crate) fn read(&self, path: &str, token: Option<&str>) -> Value {
        self.get(path, token).unwrap().expect(200).json()
    }

    #[track_caller]
    pub(crate) fn administer(&self, path: &str, body: &Value) -> Value {
        self.post(path, &self.admin_token, body.to_string().as_bytes()).unwrap().expect(201).json()
    }

    /// A token for somebody.
    pub(crate) fn token(&self, principal: &str, role: &str) -> String {
        let body = json!({"principal": principal, "roles": [role], "label": "test"});
        self.administer("/v1/tokens", &body)["token"].as_str().unwrap().to_owned()
    }

    /// Grants a namespace.
    pub(crate) fn grant(&self, namespace: &str, person: &Person) {
        let body = json!({"principal": person.principal, "publicKey": person.public_key().to_spki_pem()});
        self.administer(&format!("/v1/namespaces/{namespace}/grants"), &body);
    }

    /// Registers an approver.
    pub(crate) fn approver(&self, person: &Person, scope: &str) {
        let body = json!({
            "principal": person.principal, "publicKey": person.public_key().to_spki_pem(), "scope": scope,
        });
        self.administer("/v1/approvers", &body);
    }

    /// Every event.
    pub(crate) fn events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let page = self.read(&format!("/v1/events?after={}&limit=1000", events.len()), Some(&self.admin_token));
            let more = page["events"].as_array().unwrap();
            if more.is_empty() {
                assert_eq!(page["last"], events.len(), "the last sequence is the number of events");
                return events;
            }
            events.extend(more.iter().cloned());
        }
    }

    /// Every submission.
    pub(crate) fn submissions(&self) -> Vec<Value> {
        let mut submissions = Vec::new();
        let mut path = "/v1/submissions?limit=500".to_owned();
        loop {
            let page = self.read(&path, Some(&self.admin_token));
            submissions.extend(page["submissions"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/submissions?limit=500&after={next}"),
                None => return submissions,
            }
        }
    }
}

impl Drop for RegistryProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
