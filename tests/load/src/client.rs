//! A connection that asks and reads the answer: no more of HTTP than that, so that the asking costs little.

use std::{net::SocketAddr, time::Duration};

use mcp_pin_model::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use crate::{Failure, process::Server, scenario::Scenario};

/// The longest head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// The longest answer.
const MAX_BODY: usize = 64 << 20;

/// How long a connection that nobody asked on is used again. The registry ends one after ten seconds.
const IDLE: Duration = Duration::from_secs(5);

/// A connection that is kept alive.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
    used: Instant,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The answer, if it has this status.
    pub(crate) fn expect(self, what: &str, status: u16) -> Result<Self, Failure> {
        if self.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        // Quoted: it is somebody else's text.
        Err(format!("{what} was answered with {}, not {status}: {body:?}", self.status).into())
    }

    /// The body, read.
    pub(crate) fn json(&self) -> Result<serde_json::Value, Failure> {
        Ok(serde_json::to_value(json::parse(&self.body)?)?)
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn new(address: SocketAddr) -> Result<Self, Failure> {
        let stream = connect(address).await?;
        Ok(Self { address, stream, buffer: vec![0; 256 << 10], used: Instant::now() })
    }

    /// Asks, and gives back the status and the length of the body, which stays unread where it is.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(u16, usize), Failure> {
        let (status, _, length) = self.exchange(request).await?;
        Ok((status, length))
    }

    /// Asks, and gives back all of the answer.
    pub(crate) async fn fetch(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let (status, head, length) = self.exchange(request).await?;
        let text = String::from_utf8_lossy(self.buffer.get(..head).unwrap_or_default()).into_owned();
        let body = self.buffer.get(head..head + length).unwrap_or_default().to_vec();
        Ok(Answer { status, head: text, body })
    }

    /// Sends, and reads one answer into the buffer: status, length of the head, length of the body.
    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, usize, usize), Failure> {
        if self.used.elapsed() > IDLE {
            self.stream = connect(self.address).await?;
        }
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let (status, head, length) = loop {
            filled += self.read(filled).await?;
            let read = self.buffer.get(..filled).unwrap_or_default();
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = read.get(..end).unwrap_or_default();
                let (status, length) = parse_head(&String::from_utf8_lossy(head))?;
                break (status, end + 4, length);
            }
            if filled > MAX_HEAD {
                return Err("an answer whose head does not end".into());
            }
        };
        let all = head + length;
        if self.buffer.len() < all {
            self.buffer.resize(all, 0);
        }
        while filled < all {
            filled += self.read(filled).await?;
        }
        if filled > all {
            return Err("more than one answer to one question".into());
        }
        self.used = Instant::now();
        Ok((status, head, length))
    }

    async fn read(&mut self, filled: usize) -> Result<usize, Failure> {
        match self.stream.read(self.buffer.get_mut(filled..).unwrap_or_default()).await? {
            0 => Err("the server ended the connection".into()),
            read => Ok(read),
        }
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The status and the length of the body.
fn parse_head(head: &str) -> Result<(u16, usize), Failure> {
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("an answer without a status")?;
    let mut length = None;
    for line in head.lines().skip(1) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
    match length {
        Some(length) if length <= MAX_BODY => Ok((status, length)),
        Some(_) => Err("an answer that is too long".into()),
        None if status == 304 || status == 204 => Ok((status, 0)),
        None => Err("an answer without a length".into()),
    }
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if method != "GET" {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    [text.as_bytes(), body].concat()
}

impl Server {
    /// How many answers the registry has given of a scenario's kind.
    pub(crate) async fn answers(&self, scenario: Scenario) -> Result<u64, Failure> {
        self.metric("mcp_pin_registry_http_requests_total", &format!("route=\"{}\"", scenario.route())).await
    }

    /// The sum of a metric of the registry over everything whose labels hold a text; 0 where it has none yet.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> Result<u64, Failure> {
        let answer = Connection::new(self.address).await?.fetch(&request("GET", "/metrics", &[], &[])).await?;
        let answer = answer.expect("/metrics", 200)?;
        let text = String::from_utf8_lossy(&answer.body);
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        lines.map(|line| Ok(line.rsplit(' ').next().unwrap_or_default().parse::<u64>()?)).sum()
    }
}
