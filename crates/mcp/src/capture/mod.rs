//! A capture from start to end.

mod remote;
mod stdio;

use mcp_pin_model::{
    Surface,
    placeholder::Machine,
    surface::{SurfaceError, SurfaceParts},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use crate::{
    CaptureError, CaptureOptions, CaptureStats, DeclaredManifest, Era, Progress, Target, WrongContentHash,
    declarations,
    dialect::Dialect,
    handshake::Handshake,
    listing::{advertised, read_all},
    session::Session,
};

/// How often the lists are read, at most, when the server says that they changed: two readings in a row must agree.
const MAX_ROUNDS: usize = 3;

/// A complete capture.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The surface, as the server declared it: placeholders are the caller's next step.
    pub surface: Surface,
    /// The negotiated protocol revision.
    pub protocol_version: String,
    /// The era of the protocol.
    pub era: Era,
    /// The values that the server may repeat: for [`mcp_pin_model::placeholder::substitute`]. Empty for a remote server,
    /// which does not run here.
    pub machine: Machine,
    /// The signed manifest that the server offers (SEP-3140); not verified.
    pub declared_manifest: DeclaredManifest,
    /// The entries whose own `contentHash` (SEP-3140) is wrong, as they came over the wire.
    pub wrong_content_hashes: Vec<WrongContentHash>,
    /// What the capture saw and cost.
    pub stats: CaptureStats,
}

/// Captures a server's surface.
///
/// The future may be dropped at any moment: a started process is then killed with its group.
///
/// # Errors
/// See [`CaptureError`]. Whatever the outcome, a started process is gone when this returns.
pub async fn capture(target: &Target, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    let start = Instant::now();
    options.report(Progress::Started);
    let captured = match target {
        Target::Stdio(target) => stdio::capture_process(target, options).await,
        Target::Http(target) => remote::capture_remote(target, options).await,
    };
    finish(captured, start, options)
}

/// Captures the surface of a server at the other end of a pair of streams, in the framing of stdio.
///
/// For tests, benches and transports that somebody else set up: there is no process to start again or to end, so a
/// server that ends when asked for the modern era is an error here.
///
/// # Errors
/// See [`CaptureError`].
pub async fn capture_stream<R, W>(reader: R, writer: W, options: &CaptureOptions) -> Result<Captured, CaptureError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let start = Instant::now();
    options.report(Progress::Started);
    let captured = stdio::capture_streams(Box::new(reader), Box::new(writer), options).await;
    finish(captured, start, options)
}

fn finish(
    captured: Result<Captured, CaptureError>,
    start: Instant,
    options: &CaptureOptions,
) -> Result<Captured, CaptureError> {
    let mut captured = captured?;
    captured.stats.elapsed = start.elapsed();
    options.report(Progress::Done { entries: captured.surface.entries().count() });
    tracing::debug!(
        era = ?captured.era,
        rounds = captured.stats.rounds,
        messages = captured.stats.received,
        bytes = captured.stats.bytes,
        elapsed_ms = captured.stats.elapsed.as_millis(),
        processing_us = captured.stats.processing.as_micros(),
        "captured",
    );
    Ok(captured)
}

/// What was read of a server that has introduced itself.
struct Reading {
    surface: Surface,
    era: Era,
    protocol_version: &'static str,
    declared_manifest: DeclaredManifest,
    wrong_content_hashes: Vec<WrongContentHash>,
}

impl Reading {
    fn into_captured(self, machine: Machine, stats: CaptureStats) -> Captured {
        Captured {
            surface: self.surface,
            protocol_version: self.protocol_version.to_owned(),
            era: self.era,
            machine,
            declared_manifest: self.declared_manifest,
            wrong_content_hashes: self.wrong_content_hashes,
            stats,
        }
    }
}

/// Reads the lists of a server that has introduced itself, until two readings agree if it says that they change.
async fn read_surface(
    session: &mut Session,
    handshake: Handshake,
    dialect: &Dialect,
    options: &CaptureOptions,
) -> Result<Reading, CaptureError> {
    let Handshake { era, protocol_version, server_info, capabilities, instructions } = handshake;
    options.report(Progress::Negotiated { era });
    let sections = advertised(&capabilities)?;
    let mut previous: Option<Surface> = None;
    for round in 1..=MAX_ROUNDS {
        // What is announced before a reading begins is in that reading.
        session.ledger().take_list_changed();
        session.ledger().new_round();
        let lists = read_all(session, &sections, era, dialect, options).await?;
        // Between the same two moments as the lists that it is about.
        let declared_manifest = declarations::read(session, &capabilities, era, dialect, options).await?;
        session.settle(options.timeouts.settle).await?;
        let changed = session.ledger().take_list_changed();
        let wrong_content_hashes = declarations::wrong_content_hashes(&lists);
        let parts = SurfaceParts {
            server_info: server_info.clone(),
            capabilities: capabilities.clone(),
            instructions: instructions.clone(),
            sections: lists,
        };
        let surface = build(session, parts)?;
        if !changed && round == 1 || previous.as_ref() == Some(&surface) {
            return Ok(Reading { surface, era, protocol_version, declared_manifest, wrong_content_hashes });
        }
        previous = Some(surface);
        if round < MAX_ROUNDS {
            options.report(Progress::ListingAgain);
        }
    }
    Err(CaptureError::Unstable { rounds: MAX_ROUNDS })
}

fn build(session: &mut Session, parts: SurfaceParts) -> Result<Surface, SurfaceError> {
    let start = Instant::now();
    let surface = parts.into_surface();
    session.stats().processing += start.elapsed();
    surface
}
