//! Local servers: finding out the era without ever letting the clock decide it, and starting again where needed.
//!
//! A server of the era with `initialize` may answer `server/discover` with an error (nearly all do), ignore it, or end.
//! A server of the modern era may simply be slow to start, which looks like ignoring. So after a short patience
//! `initialize` is sent behind the unanswered probe, and the answers decide:
//!
//! | answered first | means | next |
//! |---|---|---|
//! | `server/discover` with a `DiscoverResult`, before `initialize` was sent | modern | go on |
//! | the same, after `initialize` was sent | modern, slow | start again, ask `server/discover` only, and wait |
//! | `server/discover` with anything else | not modern | `initialize` (or wait for its answer) |
//! | `initialize` | not modern, ignores what it does not know | go on; a late answer to the probe is borne once |
//! | nothing: the process ends | does not bear the probe | start again, `initialize` only |
//!
//! A process that has seen both handshakes is in a state no real client puts it in, hence the second start. The outcome
//! is the same on a slow and on a fast machine.

use std::time::Duration;

use mcp_pin_model::placeholder::Machine;
use tokio::time::Instant;

use super::{Captured, Reading, read_surface};
use crate::{
    CaptureError, CaptureOptions, CaptureStats, Era, Progress, StdioTarget,
    dialect::Dialect,
    handshake::{Discovered, Handshake, discovered, initialized},
    lines::{LineSession, Reader, Waited, Writer},
    machine,
    message::Outcome,
    process::{StderrTail, spawn},
    session::Session,
};

/// What a freshly started process is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// `server/discover`, then `initialize` where that decides nothing.
    Probe,
    /// `server/discover` only.
    DiscoverOnly,
    /// `initialize` only.
    InitializeOnly,
}

/// How a handshake went.
enum Greeting {
    /// The server has introduced itself.
    Done(Handshake),
    /// The process must be started again.
    StartAgain(Plan),
}

/// Captures a process.
pub(super) async fn capture_process(target: &StdioTarget, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    let tail = StderrTail::default();
    let overall = options.timeouts.overall;
    match tokio::time::timeout(overall, Box::pin(starts(target, options, &tail))).await {
        Ok(captured) => captured,
        Err(_) => Err(CaptureError::Timeout { method: "capture", after: overall, stderr: tail.text() }),
    }
}

async fn starts(target: &StdioTarget, options: &CaptureOptions, tail: &StderrTail) -> Result<Captured, CaptureError> {
    let mut plan = Plan::Probe;
    let mut spent = CaptureStats::default();
    loop {
        tail.clear();
        let (process, stdout, stdin) = spawn(target, options, tail)?;
        let mut session = Session::Lines(LineSession::new(Box::new(stdout), Box::new(stdin), options));
        session.stats().restarted = plan != Plan::Probe;
        let read = talk(&mut session, plan, options).await;
        let Session::Lines(mut lines) = session else {
            return Err(CaptureError::Malformed { problem: "a local server is spoken to in lines" });
        };
        lines.close_input();
        let (status, drained) = process.end(options.timeouts.shutdown, lines.drain()).await;
        match read {
            Ok(Talk::StartAgain(next)) => {
                plan = next;
                add(&mut spent, &lines.ledger.stats);
                options.report(Progress::Restarting);
            }
            Ok(Talk::Read(reading)) => {
                drained?;
                let mut stats = lines.ledger.stats;
                add(&mut stats, &spent);
                return Ok(reading.into_captured(machine::of(target), stats));
            }
            Err(CaptureError::Exited { method, .. }) => {
                return Err(CaptureError::Exited { method, status, stderr: tail.text() });
            }
            Err(CaptureError::Timeout { method, after, .. }) => {
                return Err(CaptureError::Timeout { method, after, stderr: tail.text() });
            }
            Err(error) => return Err(error),
        }
    }
}

/// Adds what a first start cost to the account of the second.
fn add(stats: &mut CaptureStats, other: &CaptureStats) {
    stats.sent += other.sent;
    stats.received += other.received;
    stats.bytes += other.bytes;
    stats.notifications += other.notifications;
    stats.startup += other.startup;
    stats.processing += other.processing;
}

/// Captures whatever is at the other end of two streams.
pub(super) async fn capture_streams(
    reader: Reader,
    writer: Writer,
    options: &CaptureOptions,
) -> Result<Captured, CaptureError> {
    let overall = options.timeouts.overall;
    let mut session = Session::Lines(LineSession::new(reader, writer, options));
    let talked = tokio::time::timeout(overall, talk(&mut session, Plan::Probe, options)).await;
    let exited = || CaptureError::Exited { method: "server/discover", status: None, stderr: String::new() };
    match talked {
        Err(_) => Err(CaptureError::Timeout { method: "capture", after: overall, stderr: String::new() }),
        Ok(Err(error)) => Err(error),
        Ok(Ok(Talk::StartAgain(_))) => Err(exited()),
        Ok(Ok(Talk::Read(reading))) => Ok(reading.into_captured(Machine::default(), session.stats().clone())),
    }
}

/// What came of one connection.
enum Talk {
    Read(Box<Reading>),
    StartAgain(Plan),
}

async fn talk(session: &mut Session, plan: Plan, options: &CaptureOptions) -> Result<Talk, CaptureError> {
    let dialect = Dialect::new(options);
    options.report(Progress::Probing);
    let Session::Lines(lines) = session else {
        return Err(CaptureError::Malformed { problem: "a local server is spoken to in lines" });
    };
    match greet(lines, plan, &dialect, options).await? {
        Greeting::StartAgain(plan) => Ok(Talk::StartAgain(plan)),
        Greeting::Done(handshake) => {
            session.ledger().era_settled();
            let reading = read_surface(session, handshake, &dialect, options).await?;
            Ok(Talk::Read(Box::new(reading)))
        }
    }
}

async fn greet(
    lines: &mut LineSession,
    plan: Plan,
    dialect: &Dialect,
    options: &CaptureOptions,
) -> Result<Greeting, CaptureError> {
    let start = options.timeouts.start;
    let deadline = Instant::now() + start;
    let late = |method| CaptureError::Timeout { method, after: start, stderr: String::new() };
    let exited = |method| CaptureError::Exited { method, status: None, stderr: String::new() };
    if plan == Plan::InitializeOnly {
        return initialize(lines, dialect, start, options).await.map(Greeting::Done);
    }
    let discover = dialect.params(Era::Discover, None);
    let Some(probe) = lines.send("server/discover", discover, deadline).await? else {
        return if plan == Plan::Probe {
            Ok(Greeting::StartAgain(Plan::InitializeOnly))
        } else {
            Err(exited("server/discover"))
        };
    };
    if plan == Plan::DiscoverOnly {
        return match lines.wait(deadline).await? {
            Waited::Answer(_, outcome) => match discovered(outcome)? {
                Discovered::Modern(handshake) => Ok(Greeting::Done(handshake)),
                Discovered::NotModern => Err(CaptureError::Malformed {
                    problem: "`server/discover` was answered by one start of the server and refused by the next",
                }),
            },
            Waited::Ended => Err(exited("server/discover")),
            Waited::Late => Err(late("server/discover")),
        };
    }
    let patience = deadline.min(Instant::now() + options.timeouts.stdio_probe);
    match lines.wait(patience).await? {
        Waited::Answer(_, outcome) => match discovered(outcome)? {
            Discovered::Modern(handshake) => Ok(Greeting::Done(handshake)),
            Discovered::NotModern => initialize(lines, dialect, start, options).await.map(Greeting::Done),
        },
        Waited::Ended => Ok(Greeting::StartAgain(Plan::InitializeOnly)),
        Waited::Late => both(lines, probe, dialect, deadline, start, options).await,
    }
}

/// The probe is unanswered and patience is over: `initialize` as well, and see which is answered.
async fn both(
    lines: &mut LineSession,
    probe: u64,
    dialect: &Dialect,
    deadline: Instant,
    start: Duration,
    options: &CaptureOptions,
) -> Result<Greeting, CaptureError> {
    let Some(_) = lines.send("initialize", dialect.initialize(), deadline).await? else {
        return Ok(Greeting::StartAgain(Plan::InitializeOnly));
    };
    loop {
        match lines.wait(deadline).await? {
            Waited::Answer(id, outcome) if id == probe => {
                if let Discovered::Modern(_) = discovered(outcome)? {
                    return Ok(Greeting::StartAgain(Plan::DiscoverOnly));
                }
            }
            Waited::Answer(_, outcome) => {
                lines.ledger.abandon(probe);
                return introduce(lines, outcome, options).await.map(Greeting::Done);
            }
            Waited::Ended => return Ok(Greeting::StartAgain(Plan::InitializeOnly)),
            Waited::Late => {
                return Err(CaptureError::Timeout { method: "initialize", after: start, stderr: String::new() });
            }
        }
    }
}

async fn initialize(
    lines: &mut LineSession,
    dialect: &Dialect,
    timeout: Duration,
    options: &CaptureOptions,
) -> Result<Handshake, CaptureError> {
    let outcome = lines.request("initialize", dialect.initialize(), timeout).await?;
    introduce(lines, outcome, options).await
}

async fn introduce(
    lines: &mut LineSession,
    outcome: Outcome,
    options: &CaptureOptions,
) -> Result<Handshake, CaptureError> {
    let handshake = initialized(outcome)?;
    lines.notify("notifications/initialized", Instant::now() + options.timeouts.request).await?;
    Ok(handshake)
}
