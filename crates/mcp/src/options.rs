//! How a capture is made: identity, times, limits, progress; and what it cost.

use std::{fmt, sync::Arc, time::Duration};

/// The era of the protocol that a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// Up to 2025-11-25: a session that starts with `initialize`.
    Initialize,
    /// From 2026-07-28: stateless requests, `server/discover`.
    Discover,
}

/// What the client calls itself. A server may answer different clients differently, so a capture is only worth
/// something under a name that does not say "verifier"; the default is neutral and carries no version of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// `clientInfo.name`
    pub name: String,
    /// `clientInfo.version`
    pub version: String,
}

impl Default for ClientIdentity {
    fn default() -> Self {
        Self { name: "mcp-client".to_owned(), version: "1.0.0".to_owned() }
    }
}

/// How long a capture waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// How long a process may leave `server/discover` unanswered before `initialize` is sent as well. It decides
    /// nothing: whichever is answered decides the era, and a process that answers `server/discover` late is started
    /// again and asked nothing else. So it may be short: it is the whole price of a server that never answers an
    /// unknown method, and 3 s is above the start of nearly every real server (median 1.1 s).
    pub stdio_probe: Duration,
    /// How long a remote server may take to answer `server/discover`; official SDKs use 10 s.
    pub http_probe: Duration,
    /// How long the first answer of a process may take. A launcher such as `npx` may download first.
    pub start: Duration,
    /// How long one request may take.
    pub request: Duration,
    /// After the last list, how long to listen for what contradicts it: a second reply, a `list_changed`.
    pub settle: Duration,
    /// How long a process may take to end by itself, after its standard input was closed and again after SIGTERM.
    pub shutdown: Duration,
    /// The whole capture. Dropping the future at any moment is as clean.
    pub overall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            stdio_probe: Duration::from_secs(3),
            http_probe: Duration::from_secs(10),
            start: Duration::from_secs(120),
            request: Duration::from_secs(30),
            settle: Duration::from_millis(100),
            shutdown: Duration::from_secs(1),
            overall: Duration::from_secs(300),
        }
    }
}

/// How much a server may send. Crossing a limit is a refusal, never a truncation.
#[derive(Clone, Copy, Debug)]
pub struct CaptureLimits {
    /// Bytes of one message (a line, an HTTP body, an SSE event): 16 MiB, as the official SDKs have it.
    pub message_bytes: usize,
    /// Bytes of all answers that make one surface: 16 MiB, so that the surface fits in a manifest; the largest real
    /// one seen has 0.14 MiB.
    pub surface_bytes: usize,
    /// Bytes of everything a server sends during a capture, noise included.
    pub total_bytes: usize,
    /// Messages that are no answer (notifications, requests of the server).
    pub unasked_messages: usize,
    /// Pages of one list: no real server was seen to use more than one.
    pub pages: usize,
    /// Entries of one list over all pages: 100 times the largest real one.
    pub entries: usize,
    /// How much of the end of standard error is kept.
    pub stderr_bytes: usize,
}

impl Default for CaptureLimits {
    fn default() -> Self {
        Self {
            message_bytes: 16 << 20,
            surface_bytes: 16 << 20,
            total_bytes: 64 << 20,
            unasked_messages: 10_000,
            pages: 1_000,
            entries: 10_000,
            stderr_bytes: 16 << 10,
        }
    }
}

/// Something to show while a capture runs. Numbers and our own words only, never a server's text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The process is started, or the connection about to be made.
    Started,
    /// Finding out which era of the protocol the server speaks.
    Probing,
    /// The process is started again: it ended at, or answered late, the first question.
    Restarting,
    /// The era is known.
    Negotiated {
        /// The era.
        era: Era,
    },
    /// A page of a list arrived.
    Listing {
        /// The list method.
        method: &'static str,
        /// The page, counted from 1.
        page: usize,
        /// Entries so far.
        entries: usize,
    },
    /// The lists changed while they were read; they are read again.
    ListingAgain,
    /// Everything is read and the server is gone.
    Done {
        /// Entries of all lists.
        entries: usize,
    },
}

/// Receives [`Progress`].
pub type ProgressCallback = Arc<dyn Fn(Progress) + Send + Sync>;

/// How a capture is made.
#[derive(Clone, Default)]
pub struct CaptureOptions {
    /// What the client calls itself.
    pub client: ClientIdentity,
    /// Times.
    pub timeouts: Timeouts,
    /// Limits.
    pub limits: CaptureLimits,
    /// Called as the capture goes on.
    pub progress: Option<ProgressCallback>,
}

impl CaptureOptions {
    pub(crate) fn report(&self, progress: Progress) {
        if let Some(callback) = &self.progress {
            callback(progress);
        }
    }
}

impl fmt::Debug for CaptureOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureOptions")
            .field("client", &self.client)
            .field("timeouts", &self.timeouts)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What a capture saw and cost beside the surface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// Messages sent.
    pub sent: usize,
    /// Messages received.
    pub received: usize,
    /// Bytes received.
    pub bytes: usize,
    /// Pages of all lists.
    pub pages: usize,
    /// How often the lists were read until two readings agreed; 1 where nothing said that they changed.
    pub rounds: usize,
    /// Notifications received.
    pub notifications: usize,
    /// `…/list_changed` notifications among them.
    pub list_changed: usize,
    /// Requests the server made, answered or declined; their methods are hostile text, the first 16 are kept.
    pub server_requests: Vec<String>,
    /// `server/discover` was answered after the era was settled by another answer.
    pub late_discover: bool,
    /// The process was started a second time.
    pub restarted: bool,
    /// From the start to the first answer.
    pub startup: Duration,
    /// From the start to the end, the server's exit included.
    pub elapsed: Duration,
    /// The time spent reading messages strictly and building the surface: our own work, without waiting.
    pub processing: Duration,
}
