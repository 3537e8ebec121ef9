//! Streamable HTTP, in its form with sessions (2025-03-26 to 2025-11-25) and without (2026-07-28).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use mcp_pin_model::json::Object;
use reqwest::{Client, Response, redirect};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{
    CaptureError, CaptureOptions, Era, HttpTarget,
    dialect::MODERN,
    error::shown,
    ledger::{Disposition, Ledger},
    message::{self, Outcome},
    sse::EventReader,
};

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const REVISION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// Redirects within one origin that are followed for one request; real deployments need one, for a trailing slash.
const MAX_REDIRECTS: usize = 3;

/// After the answer, how long an event stream may go on before it is hung up on.
const STREAM_TAIL: Duration = Duration::from_millis(100);

/// A remote server.
pub(crate) struct HttpSession {
    client: Client,
    url: Url,
    headers: HeaderMap,
    era: Era,
    /// The negotiated revision, once there is one.
    revision: Option<&'static str>,
    session: Option<HeaderValue>,
    max_message: usize,
    started: Instant,
    /// Where a server wanted to send us, if it did: the client's own error does not say.
    redirected: Arc<Mutex<Option<String>>>,
    pub(crate) ledger: Ledger,
}

impl HttpSession {
    pub(crate) fn new(target: &HttpTarget, options: &CaptureOptions) -> Result<Self, CaptureError> {
        let invalid = |what| CaptureError::InvalidTarget { what };
        let url = Url::parse(&target.url).map_err(|_| invalid("the server's URL cannot be read"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("the server's URL is neither http nor https"));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &target.headers {
            let name = HeaderName::try_from(name).map_err(|_| invalid("a header's name cannot be sent"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| invalid("a header's value cannot be sent"))?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let redirected = Arc::new(Mutex::new(None));
        let client = Client::builder()
            .redirect(same_origin_only(url.clone(), Arc::clone(&redirected)))
            .connect_timeout(options.timeouts.request)
            .build()
            .map_err(unreachable)?;
        Ok(Self {
            client,
            url,
            headers,
            era: Era::Discover,
            revision: None,
            session: None,
            max_message: options.limits.message_bytes,
            started: Instant::now(),
            redirected,
            ledger: Ledger::new(options),
        })
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn request(
        &mut self,
        method: &'static str,
        params: Object,
        timeout: Duration,
    ) -> Result<Outcome, CaptureError> {
        let deadline = Instant::now() + timeout;
        let late = || CaptureError::Timeout { method, after: timeout, stderr: String::new() };
        let id = self.ledger.issue(method);
        let body = message::request(id, method, params);
        let answered = timeout_at(deadline, self.exchange(method, id, body)).await.unwrap_or_else(|_| Err(late()));
        self.ledger.forget(id);
        if answered.is_ok() && self.ledger.stats.startup.is_zero() {
            self.ledger.stats.startup = self.started.elapsed();
        }
        answered
    }

    async fn exchange(&mut self, method: &'static str, id: u64, body: Vec<u8>) -> Result<Outcome, CaptureError> {
        let response = self.post(method, body).await?;
        let status = response.status();
        if method == "initialize" && status.is_success() {
            self.session = response.headers().get(SESSION).cloned();
        }
        let content_type = content_type(&response);
        match content_type.as_str() {
            "application/json" => self.answer_in_body(method, id, response).await,
            "text/event-stream" if status.is_success() => self.answer_in_stream(method, id, response).await,
            _ if !status.is_success() => Err(CaptureError::HttpStatus { method, status: status.as_u16() }),
            _ => Err(CaptureError::ContentType { method, content_type: shown(&content_type) }),
        }
    }

    async fn answer_in_body(
        &mut self,
        method: &'static str,
        id: u64,
        response: Response,
    ) -> Result<Outcome, CaptureError> {
        let status = response.status();
        let mut body = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(unreachable)?;
            if body.len() + chunk.len() > self.max_message {
                return Err(CaptureError::TooLarge { what: "bytes in one message", limit: self.max_message });
            }
            self.ledger.received_bytes(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        match self.ledger.read(&body) {
            Ok(Disposition::Answer(answered, outcome)) if answered == id => Ok(outcome),
            // An error page that happens to be JSON, or an error without our id, says no more than its status.
            _ if !status.is_success() => Err(CaptureError::HttpStatus { method, status: status.as_u16() }),
            Ok(Disposition::Answer(other, _)) => Err(CaptureError::WrongId { id: other.to_string() }),
            Ok(Disposition::Reply(_) | Disposition::Nothing) => {
                Err(CaptureError::Malformed { problem: "a request was answered with something other than a response" })
            }
            Err(error) => Err(error),
        }
    }

    async fn answer_in_stream(
        &mut self,
        method: &'static str,
        id: u64,
        response: Response,
    ) -> Result<Outcome, CaptureError> {
        let mut events = EventReader::new(self.max_message);
        let mut stream = response.bytes_stream();
        let mut answer = None;
        let mut tail = None;
        loop {
            // The stream ends with the answer; a short look behind it finds a second one.
            let chunk = match tail {
                None => stream.next().await,
                Some(deadline) => timeout_at(deadline, stream.next()).await.unwrap_or(None),
            };
            let Some(chunk) = chunk else { break };
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(_) if answer.is_some() => break,
                Err(error) => return Err(unreachable(error)),
            };
            self.ledger.received_bytes(chunk.len())?;
            for event in events.push(&chunk)? {
                match self.ledger.read(&event)? {
                    Disposition::Answer(answered, outcome) if answered == id => {
                        answer = Some(outcome);
                        tail = Some(Instant::now() + STREAM_TAIL);
                    }
                    Disposition::Answer(other, _) => return Err(CaptureError::WrongId { id: other.to_string() }),
                    Disposition::Reply(bytes) => {
                        // Whether the server accepts our answer to its own question is its affair.
                        let _ = self.post("response", bytes).await?;
                    }
                    Disposition::Nothing => {}
                }
            }
        }
        answer.ok_or(CaptureError::StreamEnded { method })
    }

    /// Sends a notification.
    pub(crate) async fn notify(&mut self, method: &'static str, timeout: Duration) -> Result<(), CaptureError> {
        self.ledger.stats.sent += 1;
        let sent = tokio::time::timeout(timeout, self.post(method, message::notification(method))).await;
        let response = sent.map_err(|_| CaptureError::Timeout { method, after: timeout, stderr: String::new() })??;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(CaptureError::HttpStatus { method, status: response.status().as_u16() })
        }
    }

    async fn post(&self, method: &'static str, body: Vec<u8>) -> Result<Response, CaptureError> {
        let mut headers = self.common_headers();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        // `Mcp-Name` belongs to `tools/call`, `resources/read` and `prompts/get`, none of which is ever sent.
        if self.era == Era::Discover {
            headers.insert(METHOD, HeaderValue::from_static(method));
        }
        let response = self.client.post(self.url.clone()).headers(headers).body(body).send().await;
        let response = response.map_err(unreachable)?;
        self.refuse_redirect(response.status())?;
        Ok(response)
    }

    fn common_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        let revision = match self.era {
            Era::Discover => Some(MODERN),
            Era::Initialize => self.revision,
        };
        if let Some(revision) = revision {
            headers.insert(REVISION, HeaderValue::from_static(revision));
        }
        if let Some(session) = &self.session {
            headers.insert(SESSION, session.clone());
        }
        headers
    }

    fn refuse_redirect(&self, status: StatusCode) -> Result<(), CaptureError> {
        let refused = self.redirected.lock().unwrap_or_else(PoisonError::into_inner).take();
        match refused {
            Some(location) => Err(CaptureError::Redirected { location }),
            None if status.is_redirection() => Err(CaptureError::Redirected { location: "nowhere".to_owned() }),
            None => Ok(()),
        }
    }

    /// From here on requests have the form of the era with sessions.
    pub(crate) fn use_sessions(&mut self) {
        self.era = Era::Initialize;
    }

    /// From here on requests name the negotiated revision.
    pub(crate) fn negotiated(&mut self, revision: &'static str) {
        self.revision = Some(revision);
    }

    /// Whether the endpoint has the transport of 2024-11-05: an event stream in answer to GET.
    pub(crate) async fn is_old_transport(&self, timeout: Duration) -> bool {
        let mut headers = self.common_headers();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        let response = self.client.get(self.url.clone()).headers(headers).send();
        match tokio::time::timeout(timeout, response).await {
            Ok(Ok(response)) => response.status().is_success() && content_type(&response) == "text/event-stream",
            _ => false,
        }
    }

    /// Ends the session, if there is one. A server may decline (405), and nothing is lost if it cannot be reached.
    pub(crate) async fn end(self, timeout: Duration) -> Ledger {
        if self.session.is_some() {
            let request = self.client.delete(self.url.clone()).headers(self.common_headers()).send();
            let _ = tokio::time::timeout(timeout, request).await;
        }
        self.ledger
    }
}

/// Follows 307 and 308 within the origin, a few times, and nothing else: another origin is another server, which was
/// neither named nor given the credentials, and the other codes would turn the POST into a GET.
fn same_origin_only(home: Url, refused: Arc<Mutex<Option<String>>>) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        let keeps_method = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if keeps_method && attempt.url().origin() == home.origin() && attempt.previous().len() <= MAX_REDIRECTS {
            return attempt.follow();
        }
        let mut place = attempt.url().clone();
        place.set_query(None);
        place.set_fragment(None);
        let _ = place.set_username("");
        let _ = place.set_password(None);
        *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown(place.as_str()));
        attempt.stop()
    })
}

/// The media type, without parameters, in lower case.
fn content_type(response: &Response) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

fn unreachable(error: reqwest::Error) -> CaptureError {
    // The URL may carry a token.
    CaptureError::Unreachable { source: Box::new(error.without_url()) }
}
