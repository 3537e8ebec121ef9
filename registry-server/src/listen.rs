//! Connections: how many, and how long each may dawdle.
//!
//! The framework's own accept loop has no limit on the time that a client takes to send a request's head, so a few
//! slow clients could hold every connection for ever.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, http::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::ServiceExt as _;

use crate::{config::RequestLimits, http::rate::Peer, stall::Impatient};

/// How long requests may go on after the order to stop: less than what service managers wait before they kill.
const GRACE: Duration = Duration::from_secs(10);

/// The pause after the system refused to accept, which it does while files or memory run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Notes whose connection a request came over.
fn with_peer<B>(mut request: Request<B>, peer: SocketAddr) -> Request<B> {
    request.extensions_mut().insert(Peer(peer));
    request
}

/// Answers until `stop` is ready, then lets what has begun come to its end.
pub(crate) async fn answer(
    listener: TcpListener,
    router: Router,
    limits: RequestLimits,
    stop: impl Future<Output = ()> + Send,
) {
    let connections = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
    server.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_timeout);
    let next = async || {
        let permit = Arc::clone(&connections).acquire_owned().await.map_err(io::Error::other)?;
        listener.accept().await.map(|(stream, peer)| (stream, peer, permit))
    };
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = next() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            // The client went away before it was its turn.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
                continue;
            }
            Err(error) => {
                tracing::error!(error.message = ?error.to_string(), "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are written whole; waiting for more of them only costs time. A failure costs only that.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone().map_request(move |request| with_peer(request, peer)));
        let connection =
            server.serve_connection(TokioIo::new(Impatient::new(stream, limits.timeout)), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error.message = ?error.to_string(), "a connection ended early");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still open after the grace period and are closed");
    }
}
