//! Who was asked what: strict correlation of replies, and the account of everything else.
//!
//! One ledger serves both transports, so neither can be more lenient than the other.

use std::collections::BTreeMap;

use mcp_pin_model::json::Value;
use tokio::time::Instant;

use crate::{
    CaptureError, CaptureOptions, CaptureStats,
    error::shown,
    message::{self, Id, Message, Outcome},
};

/// How many methods of a server's own requests are kept for the record.
const KEPT_REQUESTS: usize = 16;

/// What to do with a message.
#[derive(Debug)]
pub(crate) enum Disposition {
    /// It answers this request.
    Answer(u64, Outcome),
    /// The server wants this answer.
    Reply(Vec<u8>),
    /// It is recorded; nothing follows.
    Nothing,
}

/// The account of one connection.
#[derive(Debug)]
pub(crate) struct Ledger {
    next: u64,
    outstanding: BTreeMap<u64, &'static str>,
    answered: BTreeMap<u64, &'static str>,
    /// `server/discover` after the era was settled without its answer: that may still come, once.
    abandoned: Option<u64>,
    /// While true, a `null` id may stand for the only outstanding request: servers older than the probe's method may
    /// fail to read it at all. See [`Ledger::accept`].
    probing: bool,
    /// A `list_changed` arrived since the flag was last taken.
    list_changed: bool,
    unasked: usize,
    surface_bytes: usize,
    limits: crate::CaptureLimits,
    pub(crate) stats: CaptureStats,
}

impl Ledger {
    pub(crate) fn new(options: &CaptureOptions) -> Self {
        Self {
            next: 1,
            outstanding: BTreeMap::new(),
            answered: BTreeMap::new(),
            abandoned: None,
            probing: true,
            list_changed: false,
            unasked: 0,
            surface_bytes: 0,
            limits: options.limits,
            stats: CaptureStats::default(),
        }
    }

    /// Issues an id.
    pub(crate) fn issue(&mut self, method: &'static str) -> u64 {
        let id = self.next;
        self.next += 1;
        self.outstanding.insert(id, method);
        self.stats.sent += 1;
        id
    }

    /// Gives up on a request whose answer may still come, once.
    pub(crate) fn abandon(&mut self, id: u64) {
        if self.outstanding.remove(&id).is_some() {
            self.abandoned = Some(id);
        }
    }

    /// Gives up on a request whose way back is closed: an answer would be unsolicited.
    pub(crate) fn forget(&mut self, id: u64) {
        self.outstanding.remove(&id);
    }

    /// From here on a `null` id stands for nothing.
    pub(crate) fn era_settled(&mut self) {
        self.probing = false;
    }

    /// Whether a `list_changed` arrived since the last call.
    pub(crate) fn take_list_changed(&mut self) -> bool {
        std::mem::take(&mut self.list_changed)
    }

    /// The lists are read anew: what was read before does not count towards the size of the surface.
    pub(crate) fn new_round(&mut self) {
        self.surface_bytes = 0;
        self.stats.rounds += 1;
    }

    /// Counts bytes as they arrive, so that a flood is refused before it is read.
    pub(crate) fn received_bytes(&mut self, count: usize) -> Result<(), CaptureError> {
        self.stats.bytes += count;
        if self.stats.bytes > self.limits.total_bytes {
            return Err(CaptureError::TooLarge { what: "bytes in all", limit: self.limits.total_bytes });
        }
        Ok(())
    }

    /// Reads a message and says what to do with it.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Disposition, CaptureError> {
        let start = Instant::now();
        let message = message::read(bytes);
        self.stats.processing += start.elapsed();
        self.stats.received += 1;
        self.accept(message?, bytes.len())
    }

    fn accept(&mut self, message: Message, size: usize) -> Result<Disposition, CaptureError> {
        match message {
            Message::Response { id, outcome } => {
                let id = self.attribute(id, &outcome)?;
                if self.abandoned == Some(id) {
                    self.abandoned = None;
                    self.answered.insert(id, "server/discover");
                    self.stats.late_discover = true;
                    return Ok(Disposition::Nothing);
                }
                let Some(method) = self.outstanding.remove(&id) else {
                    return Err(match self.answered.get(&id) {
                        Some(method) => CaptureError::DoubledReply { method },
                        None => CaptureError::WrongId { id: id.to_string() },
                    });
                };
                self.answered.insert(id, method);
                self.surface_bytes += size;
                if self.surface_bytes > self.limits.surface_bytes {
                    return Err(CaptureError::TooLarge {
                        what: "bytes of declarations",
                        limit: self.limits.surface_bytes,
                    });
                }
                Ok(Disposition::Answer(id, outcome))
            }
            Message::Request { id, method } => {
                self.unasked()?;
                Ok(Disposition::Reply(self.answer_server(id, &method)))
            }
            Message::Notification { method } => {
                self.unasked()?;
                self.stats.notifications += 1;
                if method.ends_with("/list_changed") {
                    self.stats.list_changed += 1;
                    self.list_changed = true;
                }
                Ok(Disposition::Nothing)
            }
        }
    }

    /// Whose answer this is. Only while the era is being found out, and only for an error, does a `null` id stand for
    /// the one outstanding request: JSON-RPC (section 5) prescribes it for a request that could not be read, and the
    /// probe is meant for servers that may never have heard of its method.
    fn attribute(&self, id: Id, outcome: &Outcome) -> Result<u64, CaptureError> {
        match (id, outcome) {
            (Id::Number(id), _) => Ok(id),
            (Id::Null, Outcome::Error(_)) if self.probing => {
                let mut outstanding = self.outstanding.keys();
                match (outstanding.next(), outstanding.next()) {
                    (Some(only), None) => Ok(*only),
                    _ => Err(CaptureError::WrongId { id: "null".to_owned() }),
                }
            }
            (Id::Null, _) => Err(CaptureError::WrongId { id: "null".to_owned() }),
            (Id::Foreign(id), _) => Err(CaptureError::WrongId { id }),
        }
    }

    /// `ping` is answered, as the specification demands of both sides. Everything else was not offered to the server
    /// (our capabilities are empty), so it is declined and recorded.
    fn answer_server(&mut self, id: Value, method: &str) -> Vec<u8> {
        if self.stats.server_requests.len() < KEPT_REQUESTS {
            self.stats.server_requests.push(shown(method));
        }
        self.stats.sent += 1;
        if method == "ping" { message::empty_result(id) } else { message::method_not_found(id) }
    }

    fn unasked(&mut self) -> Result<(), CaptureError> {
        self.unasked += 1;
        if self.unasked > self.limits.unasked_messages {
            return Err(CaptureError::TooLarge {
                what: "messages that nobody asked for",
                limit: self.limits.unasked_messages,
            });
        }
        Ok(())
    }
}
