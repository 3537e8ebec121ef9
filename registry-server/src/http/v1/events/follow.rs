//! The event log as a stream of server-sent events (WHATWG HTML, section 9.2).
//!
//! The stream holds a bounded part of the log: whoever reads more slowly than decisions come, for longer than a request may
//! take, is told so and dropped, and connects again where it was. Nothing is left out silently.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use tokio::sync::mpsc;

use super::asked::Asked;
use crate::{
    events::{self, EventForm},
    http::{error::Problem, state::AppState},
    service::{Caller, EventFilter, EventPage, Follower, News, Service, ServiceError},
};

/// How many events are read at once: a few dozen kilobytes.
const BATCH: u32 = 100;

/// How many batches wait for a slow reader.
const BUFFERED_BATCHES: usize = 8;

/// How long nothing is said at most: less than what proxies allow a silent connection.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a client waits before it connects again, in milliseconds.
const RETRY_MILLISECONDS: u32 = 3000;

/// The most time that a reader may leave the buffer full.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the registry ended a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The reader does not keep up.
    SlowReader,
    /// The token does not hold any more.
    Unauthorized,
    /// The store cannot be read.
    Unavailable,
    /// The process stops.
    Stopping,
}

impl End {
    fn word(self) -> &'static str {
        match self {
            Self::SlowReader => "slow-reader",
            Self::Unauthorized => "unauthorized",
            Self::Unavailable => "unavailable",
            Self::Stopping => "stopping",
        }
    }
}

/// What is needed to go on.
struct Stream {
    service: Service,
    caller: Caller,
    follower: Follower,
    filter: EventFilter,
    form: EventForm,
    /// Up to where the reader was told everything.
    seen: u64,
    patience: Duration,
    heartbeat: Duration,
}

/// Answers with the events after a sequence, and then with those that come.
pub(super) async fn follow(
    state: &AppState,
    caller: Caller,
    asked: Asked,
    form: EventForm,
) -> Result<Response, Problem> {
    let service = state.service().clone();
    // The first page is read before anything is answered, so that what is wrong is an answer and not the end of a stream.
    let first = service.events(&caller, asked.after, BATCH, &asked.filter).await?;
    if asked.after > first.last {
        return Err(Problem::new(StatusCode::CONFLICT, "after-the-end", "the log ends before the event that was seen")
            .detail(
                "the log ends before the event that was seen; if the registry was restored from a backup, start from 0",
            ));
    }
    let follower = service.follow().ok_or_else(Problem::unavailable)?;
    let stream = Stream {
        service,
        caller,
        follower,
        filter: asked.filter,
        form,
        seen: asked.after,
        patience: PATIENCE.min(state.limits().timeout),
        heartbeat: HEARTBEAT,
    };
    let mut response = Response::new(stream.into_body(first));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // nginx collects an answer before it passes it on, unless told not to.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

impl Stream {
    fn into_body(self, first: EventPage) -> Body {
        let (sender, receiver) = mpsc::channel::<Bytes>(BUFFERED_BATCHES);
        let ended = Arc::new(OnceLock::new());
        let end = Arc::clone(&ended);
        tokio::spawn(async move {
            if let Some(reason) = self.run(&sender, first).await {
                let _ = end.set(reason);
            }
            // The channel closes after the reason is there.
            drop(sender);
        });
        Body::from_stream(futures_util::stream::unfold((receiver, Some(ended)), |(mut receiver, ended)| async move {
            if let Some(bytes) = receiver.recv().await {
                return Some((Ok::<_, std::convert::Infallible>(bytes), (receiver, ended)));
            }
            // Everything that was buffered is read; the last word has a place of its own.
            let reason = ended?.get().copied()?;
            let text = format!("event: end\ndata: {{\"reason\":\"{}\"}}\n\n", reason.word());
            Some((Ok(Bytes::from(text)), (receiver, None)))
        }))
    }

    /// Feeds the stream until somebody ends it; none when it is the reader.
    async fn run(mut self, sender: &mpsc::Sender<Bytes>, first: EventPage) -> Option<End> {
        let mut page = first;
        let mut text = format!("retry: {RETRY_MILLISECONDS}\n\n");
        loop {
            for event in &page.events {
                let Ok(line) = events::line(event, self.form) else { return Some(End::Unavailable) };
                text.push_str(&format!("id: {}\ndata: {line}\n\n", event.sequence));
            }
            let skipped = page.events.last().map_or(self.seen, |event| event.sequence) < page.seen;
            self.seen = page.seen;
            if skipped && page.seen >= page.last {
                // Filtered out: no event, and still where to go on.
                text.push_str(&format!("id: {}\n\n", self.seen));
            }
            if !text.is_empty() && self.send(sender, std::mem::take(&mut text)).await? {
                return Some(End::SlowReader);
            }
            if page.seen >= page.last {
                match self.wait(sender).await {
                    Ok(Waited::News) => {}
                    Ok(Waited::Silence) => text.push_str(": nothing new\n\n"),
                    Err(end) => return end,
                }
            }
            page = match self.service.events(&self.caller, self.seen, BATCH, &self.filter).await {
                Ok(page) => page,
                Err(ServiceError::TokenEnded) => return Some(End::Unauthorized),
                Err(error) => {
                    tracing::warn!(error = %error, "a stream of events ends: the store cannot be read");
                    return Some(End::Unavailable);
                }
            };
        }
    }

    /// Hands text to the reader: whether there was no room for too long; none when the reader is gone.
    async fn send(&self, sender: &mpsc::Sender<Bytes>, text: String) -> Option<bool> {
        match tokio::time::timeout(self.patience, sender.send(Bytes::from(text))).await {
            Ok(Ok(())) => Some(false),
            Ok(Err(_)) => None,
            Err(_) => Some(true),
        }
    }

    async fn wait(&mut self, sender: &mpsc::Sender<Bytes>) -> Result<Waited, Option<End>> {
        tokio::select! {
            news = self.follower.news(self.seen) => match news {
                News::More => Ok(Waited::News),
                News::Stopping => Err(Some(End::Stopping)),
            },
            () = tokio::time::sleep(self.heartbeat) => Ok(Waited::Silence),
            () = sender.closed() => Err(None),
        }
    }
}

/// How waiting ended.
enum Waited {
    News,
    Silence,
}
