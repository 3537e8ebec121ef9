//! The handler to compare with: the framework as it comes, and bytes that are there already.

use std::{future::ready, io::Read as _};

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, header},
    routing::{get, post},
};

use crate::Failure;

/// Serves the bytes of standard input with the status of its argument, whatever is asked. Says where on standard output.
pub(crate) fn main() -> Result<(), Failure> {
    let status: StatusCode = std::env::args().nth(1).ok_or("no status")?.parse()?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    let body = Bytes::from(body);
    let answer = move || ready((status, [(header::CONTENT_TYPE, "application/json")], body.clone()));
    let router = Router::new()
        .route("/v0.1/servers", get(answer.clone()))
        .route("/v0.1/servers/{serverName}/versions/{version}", get(answer.clone()))
        .route("/v1/resolve", post(move |_: Bytes| answer()));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        Ok(axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| _ = stream.set_nodelay(true)), router)
            .await?)
    })
}
