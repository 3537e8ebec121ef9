//! The official `server.json` documents once more, over HTTP: a real registry validates each, and is asked to publish each.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use mcp_pin_model::{
    ServerName, ServerVersion,
    json::{self, Object, Value},
    server_json,
};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the check; gives back the counts.
///
/// # Errors
/// What was answered otherwise than it should.
pub(crate) fn check(data: &Path) -> Result<String, String> {
    let folder = data.join("mcp-registry-api/fixtures");
    let index = read(&folder.join("index.json"))?;
    let registry = Registry::start()?;
    let (mut validated, mut kept, mut refused, mut wrong) = (0, 0, 0, Vec::new());
    for record in index.as_array().unwrap_or_default() {
        let file = record.get("file").and_then(Value::as_str).unwrap_or_default();
        let Value::Object(document) = read(&folder.join(file))? else { return Err(format!("{file}: not an object")) };
        let body = Value::Object(document.clone()).to_canonical_bytes();
        // What the rules say about each document is compared with the official outcome in another check; here it is
        // whether the program says the same, in the answer that the interface declares.
        let acceptable = !server_json::validate(&document).iter().any(server_json::Issue::is_error);
        let answer = registry.send("POST", "/v0.1/validate", None, &body)?;
        validated += 1;
        if answer.status != 200
            || answer.body.get("valid").and_then(Value::as_bool) != Some(acceptable)
            || answer.body.get("issues").and_then(Value::as_array).is_none()
        {
            wrong.push(format!("{file}: validate answered {}", answer.status));
        }
        for (token, expected) in [
            (None, 401),
            (Some("mcpp_of-nobody"), 401),
            (Some(registry.stranger.as_str()), if publishable(&document) { 403 } else { 422 }),
            (Some(registry.admin.as_str()), if publishable(&document) { 200 } else { 422 }),
        ] {
            let answer = registry.send("POST", "/v0.1/publish", token, &body)?;
            match answer.status {
                200 => kept += 1,
                _ => refused += 1,
            }
            if answer.status != expected {
                wrong.push(format!(
                    "{file}: publish answered {}, expected {expected}: {}",
                    answer.status,
                    answer.code()
                ));
            }
        }
    }
    let list = registry.send("GET", "/v0.1/servers?include_deleted=true&limit=100", None, b"")?;
    if list.body.get("servers").and_then(Value::as_array).is_none_or(|servers| !servers.is_empty()) {
        wrong.push("an unsigned document became visible".to_owned());
    }
    if wrong.is_empty() {
        Ok(format!("{validated} validated, {kept} kept in quarantine, {refused} attempts refused, none visible"))
    } else {
        Err(wrong.join("\n"))
    }
}

/// Whether a registry that orders versions could ever take the document.
fn publishable(document: &Object) -> bool {
    let text = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default();
    !server_json::validate(document).iter().any(server_json::Issue::is_error)
        && text("name").parse::<ServerName>().is_ok()
        && text("version").parse::<ServerVersion>().is_ok()
}

/// A registry in a folder of its own; both go when it is dropped.
struct Registry {
    child: Child,
    folder: PathBuf,
    address: String,
    admin: String,
    /// The token of a publisher to whom nothing is granted.
    stranger: String,
}

struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        let kind = self.body.get("type").and_then(Value::as_str).unwrap_or_default();
        kind.strip_prefix("urn:mcp-pin:problem:").unwrap_or(kind)
    }
}

impl Registry {
    fn start() -> Result<Self, String> {
        let problem = |error: std::io::Error| format!("the registry: {error}");
        let folder = std::env::temp_dir().join(format!("mcp-pin-shared-checks-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(problem)?;
        let config = folder.join("registry.toml");
        fs::write(&config, "[limits]\nprincipal-per-minute = 0\nanonymous-per-minute = 0\n").map_err(problem)?;
        let mut child = Command::new(crate::programs::beside("mcp-pin-registry")?)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-filter", "off", "--data-dir"])
            .arg(folder.join("data"))
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(problem)?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut registry =
            Self { child, folder, address: String::new(), admin: String::new(), stranger: String::new() };
        for line in lines {
            if let Some((_, address)) = line.map_err(problem)?.split_once("listening on http://") {
                registry.address = address.trim().to_owned();
                break;
            }
        }
        let token = registry.folder.join("data/admin-token");
        registry.admin = fs::read_to_string(token).map_err(problem)?.trim().to_owned();
        let body = br#"{"principal":"stranger","roles":["publisher"]}"#;
        let issued = registry.send("POST", "/v1/tokens", Some(&registry.admin), body)?;
        registry.stranger = issued.body.get("token").and_then(Value::as_str).ok_or("no token was issued")?.to_owned();
        Ok(registry)
    }

    /// One request on a connection of its own.
    fn send(&self, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> Result<Answer, String> {
        let problem = |error: std::io::Error| format!("{method} {path}: {error}");
        let mut stream = TcpStream::connect(&self.address).map_err(problem)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(problem)?;
        let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {authorization}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).map_err(problem)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(problem)?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| format!("{method} {path}: no answer"))?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = json::parse_with(body.as_bytes(), &json::Limits::OURS)
            .map_err(|error| format!("{method} {path}: {error}"))?;
        Ok(Answer { status: status.ok_or_else(|| format!("{method} {path}: no status"))?, body })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn read(path: &Path) -> Result<Value, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    json::parse(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}
