//! Connections: how many, and how long each may dawdle.
//!
//! The framework's own accept loop has no limit on the time that a client takes to send a request's head, so a few
//! slow clients could hold every connection for ever.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, http::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::ServiceExt as _;

use crate::{config::RequestLimits, http::rate::Peer, stall::Impatient, tls::Tls};

/// How long requests may go on after the order to stop: less than what service managers wait before they kill.
const GRACE: Duration = Duration::from_secs(10);

/// The pause after the system refused to accept, which it does while files or memory run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Notes whose connection a request came over.
fn with_peer<B>(mut request: Request<B>, peer: SocketAddr) -> Request<B> {
    request.extensions_mut().insert(Peer(peer));
    request
}

/// Lets a connection come to its end, whatever that is.
async fn finish<E: std::fmt::Display>(
    connection: impl Future<Output = Result<(), E>> + Send,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    if let Err(error) = connection.await {
        tracing::debug!(error.message = ?error.to_string(), "a connection ended early");
    }
    drop(permit);
}

/// Answers until `stop` is ready, then lets what has begun come to its end.
pub(crate) async fn answer(
    listener: TcpListener,
    tls: Option<Tls>,
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
        let stream = Impatient::new(stream, limits.timeout);
        let Some(tls) = &tls else {
            let service = TowerToHyperService::new(router.clone().map_request(move |request| with_peer(request, peer)));
            let connection = graceful.watch(server.serve_connection(TokioIo::new(stream), service).into_owned());
            tokio::spawn(finish(connection, permit));
            continue;
        };
        let (tls, server, router, watcher) = (tls.clone(), server.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            // A client that does not get to the end of its greeting is no better than one that sends no head.
            let greeting = tokio::time::timeout(limits.header_timeout, tls.acceptor().accept(stream)).await;
            let Ok(Ok(stream)) = greeting else {
                tracing::debug!("a connection ended before TLS was spoken");
                return;
            };
            let client = tls.client(stream.get_ref().1.peer_certificates());
            let router = match client {
                Some(client) => router.layer(Extension(client)),
                None => router,
            };
            let service = TowerToHyperService::new(router.map_request(move |request| with_peer(request, peer)));
            let connection = watcher.watch(server.serve_connection(TokioIo::new(stream), service).into_owned());
            finish(connection, permit).await;
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still open after the grace period and are closed");
    }
}
