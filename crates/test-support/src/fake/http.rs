//! The Streamable HTTP form: as much of HTTP/1.1 as a test needs, one request a connection.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{Engine, Scenario, Step, parse};

/// The session id that is handed out.
const SESSION: &str = "fake-session-1";

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedRequest {
    /// `POST`, `GET`, `DELETE`.
    pub verb: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, null where it is empty.
    pub body: Value,
}

impl RecordedRequest {
    /// The JSON-RPC method.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.body.get("method").and_then(Value::as_str)
    }
}

/// A fake server behind a socket of this machine; gone when dropped.
#[derive(Debug)]
pub struct FakeHttpServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
    task: JoinHandle<()>,
}

impl FakeHttpServer {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(scenario: Scenario) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let engine = Arc::new(tokio::sync::Mutex::new(Engine::new(scenario)));
        let recorder = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (engine, recorder) = (Arc::clone(&engine), Arc::clone(&recorder));
                tokio::spawn(async move {
                    // A client that hangs up is no failure of the server.
                    let _ = answer(stream, &engine, &recorder).await;
                });
            }
        });
        Ok(Self { address, requests, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for FakeHttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    stream: TcpStream,
    engine: &tokio::sync::Mutex<Engine>,
    recorder: &Mutex<Vec<RecordedRequest>>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let request = read_request(&mut stream).await?;
    recorder.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let mut stream = stream.into_inner();
    let mut engine = engine.lock().await;
    let http = engine.scenario().http.clone();
    if http.old_transport {
        return if request.verb == "GET" {
            respond(&mut stream, 200, &[("content-type", "text/event-stream")], "event: endpoint\ndata: /messages\n\n")
                .await
        } else {
            respond(&mut stream, 405, &[], "").await
        };
    }
    if let Some((status, location)) = &http.redirect {
        return respond(&mut stream, *status, &[("location", location)], "").await;
    }
    let method = request.method().unwrap_or_default().to_owned();
    if let Some(status) = http.status.get(&method) {
        return respond(&mut stream, *status, &[], "").await;
    }
    match request.verb.as_str() {
        "POST" => {}
        "DELETE" => return respond(&mut stream, 204, &[], "").await,
        _ => return respond(&mut stream, 405, &[], "").await,
    }
    let modern = request.headers.contains_key("mcp-method");
    let has_session = request.headers.get("mcp-session-id").is_some_and(|id| id == SESSION);
    if http.sessions && !modern && method != "initialize" && !has_session {
        return respond(&mut stream, 400, &[("content-type", "text/plain")], "no session").await;
    }
    let steps = engine.steps(&request.body);
    drop(engine);
    let mut messages = Vec::new();
    for step in steps {
        match step {
            Step::Line(line) => messages.push(line),
            Step::SleepMs(time) => tokio::time::sleep(Duration::from_millis(time)).await,
            Step::Exit(_) => return Ok(()),
            Step::Hang => std::future::pending().await,
            Step::Flood(size) => messages.push("x".repeat(size)),
            Step::Reply => {}
        }
    }
    if messages.is_empty() {
        return respond(&mut stream, 202, &[], "").await;
    }
    let mut headers = Vec::new();
    if http.sessions && method == "initialize" {
        headers.push(("mcp-session-id", SESSION));
    }
    if http.event_stream || messages.len() > 1 {
        headers.push(("content-type", http.content_type.as_deref().unwrap_or("text/event-stream")));
        let mut body = String::from("id: 0\ndata:\n\n");
        for message in &messages {
            body.push_str(&format!("event: message\ndata: {message}\n\n"));
        }
        respond(&mut stream, 200, &headers, &body).await
    } else {
        headers.push(("content-type", http.content_type.as_deref().unwrap_or("application/json")));
        respond(&mut stream, 200, &headers, &messages.concat()).await
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<RecordedRequest> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let verb = line.split(' ').next().unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(RecordedRequest { verb, headers, body: parse(&body).unwrap_or(Value::Null) })
}

async fn respond(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &str) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Fake\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
