//! The registry of the story: a real process, stopped when the story ends.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use crate::stage::Stage;

/// How long a registry may take to start, or to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What people know it by. Its log is named after it, wherever it listens.
pub(crate) const PUBLIC_URL: &str = "https://registry.acme.example";

/// A running registry.
pub(crate) struct Registry {
    child: Child,
    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub(crate) url: String,
    /// The token that its first start wrote.
    pub(crate) admin_token: String,
}

impl Registry {
    /// Starts a registry with no more configuration than its address, on a free port of the loopback interface.
    pub(crate) fn start(stage: &Stage, data: &Path) -> Result<Self, String> {
        let mut child = stage
            .command("mcp-pin-registry")
            .args(["serve", "--listen", "127.0.0.1:0", "--public-url", PUBLIC_URL, "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("mcp-pin-registry: {error}"))?;
        let (sender, receiver) = std::sync::mpsc::channel();
        let streams: [Option<Box<dyn std::io::Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn std::io::Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn std::io::Read + Send>),
        ];
        for stream in streams.into_iter().flatten() {
            let sender = sender.clone();
            // Reads on to the end, so that the registry never waits for a full pipe.
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some((_, url)) = line.split_once("listening on ") {
                        let url = url.split_whitespace().next().unwrap_or_default().trim_end_matches('/');
                        // The receiver is gone once the address is known.
                        let _ = sender.send(url.to_owned());
                    }
                }
            });
        }
        drop(sender);
        let Ok(url) = receiver.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            return Err("mcp-pin-registry did not say where it listens".to_owned());
        };
        let admin_token = stage.read(&data.join("admin-token"))?.trim().to_owned();
        Ok(Self { child, url, admin_token })
    }

    /// One anonymous GET: the status and the body.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, String), String> {
        let fail = |error: std::io::Error| format!("GET {path}: {error}");
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).map_err(fail)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(fail)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
        )
        .map_err(fail)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(fail)?;
        let status =
            answer.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or(format!("GET {path}: no status"))?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status, body.to_owned()))
    }

    /// Waits until the registry ends by itself, for example by Ctrl-C.
    pub(crate) fn wait(mut self) {
        let _ = self.child.wait();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
