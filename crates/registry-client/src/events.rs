//! The registry's decisions as they come: a stream that is read within limits, and resumed by whoever holds the place.

use std::time::Duration;

use mcp_pin_model::json;
use reqwest::{Method, Response, StatusCode, header};

use crate::{
    client::{RegistryClient, shape},
    error::ClientError,
};

/// The largest event: a leaf has at most 64 kB, and its escapes make six times as much of it.
const MAX_BLOCK_BYTES: usize = 512 << 10;

/// How long a registry may say nothing: it says something four times as often.
const SILENCE: Duration = Duration::from_secs(60);

/// Longer than any stream; the silence has a limit of its own.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Which events are wanted, and how they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only those after this sequence.
    pub after: u64,
    /// Only of these types.
    pub types: Vec<String>,
    /// Only about this server.
    pub server: Option<String>,
    /// Only about servers of this namespace.
    pub namespace: Option<String>,
    /// Only what this principal did.
    pub actor: Option<String>,
    /// Whether they are written in OCSF.
    pub ocsf: bool,
}

/// What comes out of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamItem {
    /// An event.
    Event {
        /// Its sequence: where to go on from.
        sequence: u64,
        /// The event, in the form that was asked for; foreign text.
        value: json::Value,
    },
    /// Nothing that was wanted, up to here.
    Seen(u64),
    /// The registry ended the stream, and says why: one of its own words, or nothing that is one.
    End(Option<&'static str>),
}

/// An open stream.
pub struct EventStream {
    client: RegistryClient,
    response: Response,
    buffer: Vec<u8>,
}

/// The reasons that a registry may give; another text is not repeated.
const REASONS: [&str; 4] = ["slow-reader", "unauthorized", "unavailable", "stopping"];

impl RegistryClient {
    /// A page of events as lines of JSON, and where the next page starts.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn event_lines(&self, query: &EventQuery) -> Result<(Vec<json::Value>, u64), ClientError> {
        let mut url = self.url(&["v1", "events"])?;
        query.write_to(&mut url);
        url.query_pairs_mut()
            .append_pair("limit", "1000")
            .append_pair("format", if query.ocsf { "ocsf" } else { "jsonl" });
        let response = self.send(Method::GET, url, None).await?;
        let next = response.headers().get("x-next-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let bytes = self.answer(response, "event", crate::client::MAX_ANSWER_BYTES).await?;
        let next = next.ok_or_else(|| shape("the lines do not say where they go on"))?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let parsed = lines.map(|line| json::parse(line).map_err(|error| shape(error.to_string())));
        Ok((parsed.collect::<Result<_, _>>()?, next))
    }

    /// Follows the log after a place.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn follow_events(&self, query: &EventQuery) -> Result<EventStream, ClientError> {
        let mut url = self.url(&["v1", "events"])?;
        query.write_to(&mut url);
        url.query_pairs_mut().append_pair("follow", "true");
        if query.ocsf {
            url.query_pairs_mut().append_pair("format", "ocsf");
        }
        let mut request = self.http.get(url).header(header::ACCEPT, "text/event-stream").timeout(NO_LIMIT);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let response = request.send().await.map_err(|error| self.transport(error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response, "event").await);
        }
        Ok(EventStream { client: self.clone(), response, buffer: Vec::new() })
    }
}

impl EventQuery {
    fn write_to(&self, url: &mut url::Url) {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("after", &self.after.to_string());
        if !self.types.is_empty() {
            pairs.append_pair("type", &self.types.join(","));
        }
        for (name, value) in [("server", &self.server), ("namespace", &self.namespace), ("actor", &self.actor)] {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
    }
}

impl EventStream {
    /// The next thing that the registry says; none when the connection ended without a word.
    ///
    /// # Errors
    /// See [`ClientError`]; a registry that is silent for longer than it ever is did not answer in time.
    pub async fn next(&mut self) -> Result<Option<StreamItem>, ClientError> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|window| window == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(item) = item(&block)? {
                    return Ok(Some(item));
                }
            }
            let Ok(chunk) = tokio::time::timeout(SILENCE, self.response.chunk()).await else {
                return Err(ClientError::Timeout { url: self.client.base().to_owned() });
            };
            match chunk.map_err(|error| self.client.transport(error))? {
                Some(chunk) if self.buffer.len() + chunk.len() > MAX_BLOCK_BYTES + chunk.len().min(MAX_BLOCK_BYTES) => {
                    return Err(ClientError::TooLarge { limit: MAX_BLOCK_BYTES });
                }
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }
}

/// Reads one block; none for what says nothing.
fn item(block: &[u8]) -> Result<Option<StreamItem>, ClientError> {
    let text = std::str::from_utf8(block).map_err(|_| shape("the stream is not UTF-8"))?;
    let (mut id, mut data, mut kind) = (None, None, "");
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => id = Some(value.parse().map_err(|_| shape("the id of an event is not its sequence"))?),
            "data" if data.is_some() => return Err(shape("an event has two lines of data")),
            "data" => data = Some(value),
            "event" => kind = value,
            _ => {}
        }
    }
    match (kind, id, data) {
        ("end", _, data) => {
            let reason = data.and_then(|data| json::parse(data.as_bytes()).ok());
            let reason = reason.as_ref().and_then(|value| value.get("reason")).and_then(json::Value::as_str);
            Ok(Some(StreamItem::End(REASONS.into_iter().find(|known| Some(*known) == reason))))
        }
        ("" | "message", Some(sequence), Some(data)) => {
            let value = json::parse(data.as_bytes()).map_err(|error| shape(error.to_string()))?;
            Ok(Some(StreamItem::Event { sequence, value }))
        }
        ("" | "message", None, Some(_)) => Err(shape("an event has no id")),
        (_, Some(sequence), None) => Ok(Some(StreamItem::Seen(sequence))),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_strictly() {
        assert_eq!(item(b": nothing new\n\n").unwrap(), None);
        assert_eq!(item(b"retry: 3000\n\n").unwrap(), None);
        assert_eq!(item(b"id: 7\n\n").unwrap(), Some(StreamItem::Seen(7)));
        let event = item(b"id: 8\ndata: {\"sequence\":8}\n\n").unwrap().unwrap();
        assert!(matches!(event, StreamItem::Event { sequence: 8, .. }));
        let end = item(b"event: end\ndata: {\"reason\":\"stopping\"}\n\n").unwrap();
        assert_eq!(end, Some(StreamItem::End(Some("stopping"))));
        assert_eq!(item(b"event: end\ndata: {\"reason\":\"\x1b[2J\"}\n\n").unwrap(), Some(StreamItem::End(None)));
        for wrong in
            [&b"id: x\ndata: {}\n\n"[..], b"data: {}\n\n", b"id: 1\ndata: {\n\n", b"id: 1\ndata: 1\ndata: 2\n\n"]
        {
            assert!(item(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
