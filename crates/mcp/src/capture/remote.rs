//! Remote servers.

use mcp_pin_model::placeholder::Machine;

use super::{Captured, Reading, read_surface};
use crate::{
    CaptureError, CaptureOptions, Era, HttpTarget, Progress,
    dialect::Dialect,
    handshake::{Discovered, Handshake, discovered, initialized},
    http::HttpSession,
    session::Session,
};

/// Captures a remote server.
pub(super) async fn capture_remote(target: &HttpTarget, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    let http = HttpSession::new(target, options)?;
    let overall = options.timeouts.overall;
    let mut session = Session::Http(http);
    let talked = tokio::time::timeout(overall, Box::pin(talk(&mut session, options))).await;
    let talked =
        talked.unwrap_or(Err(CaptureError::Timeout { method: "capture", after: overall, stderr: String::new() }));
    let Session::Http(http) = session else {
        return Err(CaptureError::Malformed { problem: "a remote server is spoken to in HTTP" });
    };
    let stats = http.end(options.timeouts.shutdown).await.stats;
    // It runs elsewhere: what looks like a path of this machine in it is not one.
    Ok(talked?.into_captured(Machine::default(), stats))
}

async fn talk(session: &mut Session, options: &CaptureOptions) -> Result<Reading, CaptureError> {
    let dialect = Dialect::new(options);
    options.report(Progress::Probing);
    let Session::Http(http) = session else {
        return Err(CaptureError::Malformed { problem: "a remote server is spoken to in HTTP" });
    };
    let handshake = greet(http, &dialect, options).await?;
    session.ledger().era_settled();
    read_surface(session, handshake, &dialect, options).await
}

async fn greet(http: &mut HttpSession, dialect: &Dialect, options: &CaptureOptions) -> Result<Handshake, CaptureError> {
    let params = dialect.params(Era::Discover, None);
    match http.request("server/discover", params, options.timeouts.http_probe).await {
        Ok(outcome) => {
            if let Discovered::Modern(handshake) = discovered(outcome)? {
                return Ok(handshake);
            }
        }
        // Credentials are wanted whatever the era.
        Err(error @ CaptureError::HttpStatus { status: 401 | 403, .. }) => return Err(error),
        // An old server may answer what it does not know in any way, or not at all.
        Err(
            CaptureError::HttpStatus { .. }
            | CaptureError::Timeout { .. }
            | CaptureError::ContentType { .. }
            | CaptureError::StreamEnded { .. },
        ) => {}
        Err(error) => return Err(error),
    }
    http.use_sessions();
    let outcome = match http.request("initialize", dialect.initialize(), options.timeouts.start).await {
        Ok(outcome) => outcome,
        // 2025-03-26, transports, backwards compatibility: these answers to POST point to the transport before.
        Err(error @ CaptureError::HttpStatus { status: 400 | 404 | 405, .. }) => {
            return Err(if http.is_old_transport(options.timeouts.request).await {
                CaptureError::OldHttpSse
            } else {
                error
            });
        }
        Err(error) => return Err(error),
    };
    let handshake = initialized(outcome)?;
    http.negotiated(handshake.protocol_version);
    http.notify("notifications/initialized", options.timeouts.request).await?;
    Ok(handshake)
}
