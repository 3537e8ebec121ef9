//! The stdio transport's framing: one message a line, UTF-8, over any pair of streams.

use std::{io, time::Duration};

use mcp_pin_model::json::Object;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    time::{Instant, timeout_at},
};

use crate::{
    CaptureError, CaptureOptions,
    ledger::{Disposition, Ledger},
    message::{self, Outcome},
};

/// A pipe's own buffer is 64 KiB on the systems we know; reading it whole halves the wake-ups of a large list.
const READ_BUFFER: usize = 64 << 10;

pub(crate) type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A connection whose messages are lines.
pub(crate) struct LineSession {
    reader: BufReader<Reader>,
    /// The part of a line that has arrived. Kept here, not in a future, so that a timeout loses nothing.
    line: Vec<u8>,
    writer: Option<Writer>,
    max_line: usize,
    started: Instant,
    pub(crate) ledger: Ledger,
}

/// An answer, the end of the stream, or neither in time.
pub(crate) enum Waited {
    /// An answer to this request.
    Answer(u64, Outcome),
    /// The server closed its output.
    Ended,
    /// The time is over.
    Late,
}

impl LineSession {
    pub(crate) fn new(reader: Reader, writer: Writer, options: &CaptureOptions) -> Self {
        Self {
            reader: BufReader::with_capacity(READ_BUFFER, reader),
            line: Vec::new(),
            writer: Some(writer),
            max_line: options.limits.message_bytes,
            started: Instant::now(),
            ledger: Ledger::new(options),
        }
    }

    /// Sends a request; its answer is to be waited for.
    pub(crate) async fn send(
        &mut self,
        method: &'static str,
        params: Object,
        deadline: Instant,
    ) -> Result<Option<u64>, CaptureError> {
        let id = self.ledger.issue(method);
        let sent = self.write(message::request(id, method, params), deadline).await?;
        Ok(sent.then_some(id))
    }

    /// Sends a notification.
    pub(crate) async fn notify(&mut self, method: &'static str, deadline: Instant) -> Result<(), CaptureError> {
        self.ledger.stats.sent += 1;
        self.write(message::notification(method), deadline).await?;
        Ok(())
    }

    /// Writes a line. False where the server has closed its input: whatever it still says is read, and its end is
    /// reported by the reading side.
    async fn write(&mut self, mut bytes: Vec<u8>, deadline: Instant) -> Result<bool, CaptureError> {
        let Some(writer) = &mut self.writer else { return Ok(false) };
        bytes.push(b'\n');
        let written = timeout_at(deadline, async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.writer = None;
                Ok(false)
            }
            Ok(Err(error)) => Err(CaptureError::Io(error)),
            // A server that does not read its input is as good as one that does not answer.
            Err(_) => Ok(true),
        }
    }

    /// Waits for the next answer to anything outstanding.
    pub(crate) async fn wait(&mut self, deadline: Instant) -> Result<Waited, CaptureError> {
        loop {
            let read = match timeout_at(deadline, self.fill_line()).await {
                Ok(read) => read?,
                Err(_) => return Ok(Waited::Late),
            };
            if !read {
                return Ok(Waited::Ended);
            }
            let line = std::mem::take(&mut self.line);
            // Empty lines carry nothing in any reader's eyes.
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match self.ledger.read(&line)? {
                Disposition::Answer(id, outcome) => {
                    if self.ledger.stats.startup.is_zero() {
                        self.ledger.stats.startup = self.started.elapsed();
                    }
                    return Ok(Waited::Answer(id, outcome));
                }
                Disposition::Reply(bytes) => {
                    self.write(bytes, deadline).await?;
                }
                Disposition::Nothing => {}
            }
        }
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn request(
        &mut self,
        method: &'static str,
        params: Object,
        timeout: Duration,
    ) -> Result<Outcome, CaptureError> {
        let deadline = Instant::now() + timeout;
        if self.send(method, params, deadline).await?.is_none() {
            return Err(CaptureError::Exited { method, status: None, stderr: String::new() });
        }
        match self.wait(deadline).await? {
            Waited::Answer(_, outcome) => Ok(outcome),
            Waited::Ended => Err(CaptureError::Exited { method, status: None, stderr: String::new() }),
            Waited::Late => Err(CaptureError::Timeout { method, after: timeout, stderr: String::new() }),
        }
    }

    /// Listens, with nothing outstanding, for what contradicts the answers so far.
    pub(crate) async fn settle(&mut self, time: Duration) -> Result<(), CaptureError> {
        // With nothing outstanding every reply is an error, so `wait` can only end by time or by the stream's end.
        self.wait(Instant::now() + time).await.map(|_| ())
    }

    /// Closes the server's input, which is how stdio servers are told to end.
    pub(crate) fn close_input(&mut self) {
        self.writer = None;
    }

    /// Reads what is left after the input was closed. Only replies still matter: many programs say goodbye on standard
    /// output, and no client reads that.
    pub(crate) async fn drain(&mut self) -> Result<(), CaptureError> {
        while self.fill_line().await? {
            let line = std::mem::take(&mut self.line);
            if let Err(error @ (CaptureError::WrongId { .. } | CaptureError::DoubledReply { .. })) =
                self.ledger.read(&line)
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads to the end of a line. False at the end of the stream; a line without its end is no message then.
    async fn fill_line(&mut self) -> Result<bool, CaptureError> {
        loop {
            let available = self.reader.fill_buf().await.map_err(CaptureError::Io)?;
            if available.is_empty() {
                return Ok(false);
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            if self.line.len() + part.len() > self.max_line {
                return Err(CaptureError::TooLarge { what: "bytes in one message", limit: self.max_line });
            }
            self.line.extend_from_slice(part);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            self.ledger.received_bytes(used)?;
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}
