//! Why a capture gave no surface.

use std::{io, process::ExitStatus, time::Duration};

use mcp_pin_model::{
    json::{self, ParseError},
    surface::SurfaceError,
};
use thiserror::Error;

/// Why a capture gave no surface. Text that a server wrote is escaped and cut in every message; the exception is
/// `stderr` in [`CaptureError::Exited`], which is no part of the message and must be sanitised by whoever shows it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The target cannot be used as it is written: the caller's mistake, not the server's.
    #[error("{what}")]
    InvalidTarget {
        /// What is wrong.
        what: &'static str,
    },
    /// The program could not be started.
    #[error("could not start `{command}`")]
    Spawn {
        /// The program.
        command: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// No answer in time.
    #[error("no answer to `{method}` within {} s", .after.as_secs_f32())]
    Timeout {
        /// What was asked; `capture` for the deadline of the whole.
        method: &'static str,
        /// The time allowed.
        after: Duration,
        /// The end of the process's standard error, as it wrote it: sanitise before showing.
        stderr: String,
    },
    /// The process ended, or closed its standard output, before it had answered.
    #[error("the server ended before it answered `{method}`{}", shown_status(.status.as_ref()))]
    Exited {
        /// What was asked.
        method: &'static str,
        /// How it ended, where it did.
        status: Option<ExitStatus>,
        /// The end of its standard error, as it wrote it: sanitise before showing.
        stderr: String,
    },
    /// Reading from or writing to the server failed.
    #[error("the connection to the server failed")]
    Io(#[source] io::Error),
    /// The server offers something that could not be read whole. Never a smaller surface.
    #[error("the capture is incomplete: {0}")]
    Incomplete(IncompleteReason),
    /// The server's declarations are ambiguous or malformed (two entries with one name, an entry without a name).
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    /// A message is not JSON that all readers read alike.
    #[error("the server's message is refused: {source}")]
    Json {
        /// What is wrong and where.
        #[source]
        source: ParseError,
    },
    /// A message (for a local server, a line of its standard output) is no JSON at all.
    #[error("the server sends something that is no protocol message: {line}")]
    NotJson {
        /// The start of the line, escaped.
        line: String,
    },
    /// A JSON array as a message: a batch, which only one revision had and clients read differently.
    #[error("the server sent a batch of messages")]
    Batch,
    /// A message that is neither request, notification nor response.
    #[error("the server sent a malformed message: {problem}")]
    Malformed {
        /// What is wrong.
        problem: &'static str,
    },
    /// A reply to nothing that was asked.
    #[error("the server sent an unsolicited reply, or one with a wrong id ({id})")]
    WrongId {
        /// The id, escaped.
        id: String,
    },
    /// A second reply to one request.
    #[error("the server replied twice to `{method}`")]
    DoubledReply {
        /// What was asked.
        method: &'static str,
    },
    /// A list's cursor came back a second time.
    #[error("the pages of `{method}` repeat: a cursor came back")]
    CursorRepeated {
        /// The list method.
        method: &'static str,
    },
    /// A list has more pages than allowed.
    #[error("`{method}` has more than {limit} pages")]
    TooManyPages {
        /// The list method.
        method: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A list has more entries than allowed.
    #[error("`{method}` has more than {limit} entries")]
    TooManyEntries {
        /// The list method.
        method: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The server sent more than allowed.
    #[error("the server sent more than {limit} {what}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The server refused to start a session.
    #[error("the server answered `{method}` with error {code}: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// The JSON-RPC code, 0 where it has none.
        code: i64,
        /// Its message, escaped and cut.
        message: String,
    },
    /// No protocol revision in common.
    #[error("the server speaks no protocol revision that this client knows: {offered}")]
    UnsupportedVersion {
        /// What it offered, escaped.
        offered: String,
    },
    /// The lists never came out the same twice, although read several times.
    #[error("the server's lists changed between {rounds} readings in a row")]
    Unstable {
        /// How often they were read.
        rounds: usize,
    },
    /// The server answered with an HTTP status that is no answer.
    #[error("`{method}` was answered with HTTP status {status}{}", http_hint(*.status))]
    HttpStatus {
        /// What was asked.
        method: &'static str,
        /// The status.
        status: u16,
    },
    /// The server could not be reached.
    #[error("the server could not be reached")]
    Unreachable {
        /// Why; holds no secrets: the URL is taken out.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server sends its clients somewhere else.
    #[error("the server redirects to another place ({location}), which is not followed")]
    Redirected {
        /// The place, escaped and without its query.
        location: String,
    },
    /// The answer is neither JSON nor an event stream.
    #[error("the server answered `{method}` with content type {content_type}, not JSON or an event stream")]
    ContentType {
        /// What was asked.
        method: &'static str,
        /// What it sent, escaped.
        content_type: String,
    },
    /// The event stream ended before the answer.
    #[error("the event stream ended before the answer to `{method}`")]
    StreamEnded {
        /// What was asked.
        method: &'static str,
    },
    /// The transport of revision 2024-11-05.
    #[error("the server speaks the old HTTP+SSE transport of 2024-11-05, which is not supported yet")]
    OldHttpSse,
}

/// What could not be read whole.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IncompleteReason {
    /// A section is advertised, and its list method fails.
    #[error("section `{section}` is advertised, but `{method}` answers with error {code}: {message}")]
    SectionFailed {
        /// The capability.
        section: &'static str,
        /// The list method.
        method: &'static str,
        /// The JSON-RPC code, 0 where it has none.
        code: i64,
        /// Its message, escaped and cut.
        message: String,
    },
    /// `tools` is advertised and no tool is listed. No real server does that, and a server that lists nothing to a
    /// stranger looks exactly like this.
    #[error("tools are advertised, but none is listed")]
    NoTools,
    /// A capability that no known revision has: it may stand for a section that this client cannot read.
    #[error("an unknown section is advertised: {0}")]
    UnknownSection(
        /// The capability's name, escaped and cut.
        String,
    ),
    /// The server wants something from the user before it answers.
    #[error("`{method}` is answered with a request for input instead of a list")]
    InputRequired {
        /// The list method.
        method: &'static str,
    },
}

impl CaptureError {
    /// Whether this says "could not check" (everything the server or the way to it is responsible for), as opposed to a
    /// mistake in what was asked.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        !matches!(self, Self::InvalidTarget { .. })
    }

    /// The end of the process's standard error, where there is some: hostile text, sanitise before showing.
    #[must_use]
    pub fn stderr(&self) -> Option<&str> {
        match self {
            Self::Exited { stderr, .. } | Self::Timeout { stderr, .. } if !stderr.is_empty() => Some(stderr),
            _ => None,
        }
    }
}

fn shown_status(status: Option<&ExitStatus>) -> String {
    status.map(|status| format!(" ({status})")).unwrap_or_default()
}

fn http_hint(status: u16) -> &'static str {
    match status {
        401 | 403 => " (it wants credentials)",
        _ => "",
    }
}

/// The most characters of foreign text that a message shows.
const SHOWN: usize = 120;

/// Foreign text for a message: quoted, what is hidden escaped, cut.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::from("`");
    for c in text.chars().take(SHOWN) {
        if json::is_hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out.push('`');
    out
}
