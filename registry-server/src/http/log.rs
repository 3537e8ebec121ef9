//! `/log/…`: the transparency log as static files (C2SP `tlog-tiles`).
//!
//! The checkpoint and the tiles of hashes are for everybody: they say how much was decided and prove that it stays decided.
//! The entries name servers that wait for consent, and who did what, so they take the right to read events.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::HeaderMap,
    response::Response,
};
use mcp_pin_tlog::{TileId, tile::TilePath};

use super::{
    auth::Authenticated,
    cache::{self, CachePolicy},
    error::{Problem, ReadProblems},
    state::AppState,
};
use crate::log::{LogError, LogFiles};

/// Where the log is.
const PREFIX: &str = "/log/";

/// The log's size and root, signed by its key
///
/// A signed note (C2SP `tlog-checkpoint`). It is signed again every few minutes, so that an old one is seen to be old.
#[utoipa::path(
    get,
    path = "/log/checkpoint",
    operation_id = "log_checkpoint",
    tag = "log",
    responses((status = 200, description = "the checkpoint", body = String, content_type = "text/plain"), ReadProblems)
)]
pub async fn checkpoint(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let bytes = read(&state, LogFiles::checkpoint).await?;
    Ok(cache::respond(&headers, CachePolicy::Revalidate, "text/plain; charset=utf-8", bytes))
}

/// A tile of hashes, or a bundle of entries. Its path is C2SP's, in which a slash divides a number, so that OpenAPI has no
/// way to describe it.
pub async fn tile(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    // Nothing in the path of a tile is encoded; what is, names none.
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let found = TileId::from_path(&path).ok_or_else(Problem::not_found)?;
    let policy = match found {
        TilePath::Hashes(_) => CachePolicy::Immutable,
        TilePath::Entries(_) => {
            let Authenticated(caller) = Authenticated::from_request_parts(&mut parts, &state).await?;
            state.service().check_reads_events(&caller).await?;
            CachePolicy::Private
        }
    };
    let bytes = read(&state, move |files| files.at_path(&path)).await?;
    Ok(cache::respond(&parts.headers, policy, "application/octet-stream", bytes))
}

/// Reads a file where no other request waits for the disk.
async fn read(
    state: &AppState,
    file: impl FnOnce(&LogFiles) -> Result<Option<Vec<u8>>, LogError> + Send + 'static,
) -> Result<Vec<u8>, Problem> {
    let files = state.published().log.as_ref().ok_or_else(Problem::not_found)?.files.clone();
    let read = tokio::task::spawn_blocking(move || file(&files)).await;
    match read {
        Ok(Ok(bytes)) => bytes.ok_or_else(Problem::not_found),
        Ok(Err(error)) => Err(Problem::internal(&error)),
        Err(error) => Err(Problem::internal(&error)),
    }
}
