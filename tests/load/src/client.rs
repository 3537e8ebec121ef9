//! A connection that asks and reads the answer: no more of HTTP than that, so that the asking costs little.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Failure;

/// The longest head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// The longest answer.
const MAX_BODY: usize = 64 << 20;

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
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

    /// The body, read.
    pub(crate) fn json(&self) -> Result<serde_json::Value, Failure> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn new(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 256 << 10] })
    }

    /// Asks, and gives back the status and the length of the body, which stays unread where it is.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(u16, usize), Failure> {
        let (status, head, length) = self.exchange(request).await?;
        let _ = head;
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
        Ok((status, head, length))
    }

    async fn read(&mut self, filled: usize) -> Result<usize, Failure> {
        match self.stream.read(self.buffer.get_mut(filled..).unwrap_or_default()).await? {
            0 => Err("the server ended the connection".into()),
            read => Ok(read),
        }
    }
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
