//! `GET /v1/state`, `GET /v1/state/parts/{digest}`: what is live and revoked now, as the log commits to it.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        body::{JSON, answer},
        cache::{self, CachePolicy},
        error::{Problem, ReadProblems},
        query::Segments,
        state::AppState,
    },
    log::{LogError, PublishedLog},
    service::{Service, StateView},
};

/// The signed state. Each member is text that is verified as it is, byte for byte.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StateDocument {
    /// The snapshot, in canonical form: see `state.schema.json`.
    pub snapshot: String,
    /// The entry of the log that commits to it: its `target` is the snapshot's digest.
    pub entry: String,
    /// That the entry is in the log: its index, an inclusion proof and a signed checkpoint (C2SP `tlog-proof`).
    pub receipt: String,
}

/// What is live and revoked now, and until when that may be believed
///
/// A snapshot that names its parts by digest, the entry of the log that commits to it, and the proof. 404 where the registry
/// publishes no log.
#[utoipa::path(
    get,
    path = "/v1/state",
    operation_id = "state",
    tag = "log",
    responses((status = 200, description = "the state", body = StateDocument), ReadProblems)
)]
pub async fn state(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let log = state.published().log.as_ref().ok_or_else(Problem::not_found)?;
    let document = document(log, state.service()).await?;
    answer(&headers, CachePolicy::Revalidate, &document)
}

/// A part of the state, by its digest
///
/// The servers whose names' SHA-256 begins with one byte, with their versions; or everything that was revoked.
#[utoipa::path(
    get,
    path = "/v1/state/parts/{digest}",
    operation_id = "state_part",
    tag = "log",
    params(("digest" = String, Path, description = "`sha256:…`")),
    responses((status = 200, description = "the part", body = Object), ReadProblems)
)]
pub async fn part(State(state): State<AppState>, headers: HeaderMap, segments: Segments) -> Result<Response, Problem> {
    let digest = segments.text("digest").parse().map_err(|_| Problem::not_found())?;
    let bytes = state.service().state_part(&digest).await?.ok_or_else(Problem::not_found)?;
    Ok(cache::respond(&headers, CachePolicy::Immutable, JSON, bytes))
}

async fn document(log: &PublishedLog, service: &Service) -> Result<StateDocument, Problem> {
    let checkpoint = read(log, PublishedLog::checkpoint).await?;
    // Before the first checkpoint nothing is committed to.
    let checkpoint = checkpoint.ok_or_else(Problem::not_found)?;
    let found = service.state_snapshot(checkpoint.checkpoint().size).await?;
    let StateView { snapshot, entry, index } = found.ok_or_else(Problem::not_found)?;
    let receipt = read(log, move |log| log.receipt(index, &checkpoint)).await?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|error| Problem::internal(&error));
    Ok(StateDocument { snapshot: text(snapshot)?, entry: text(entry)?, receipt: text(receipt)? })
}

/// Reads files of the log where no other request waits for the disk.
async fn read<T: Send + 'static>(
    log: &PublishedLog,
    what: impl FnOnce(&PublishedLog) -> Result<T, LogError> + Send + 'static,
) -> Result<T, Problem> {
    let log = log.clone();
    match tokio::task::spawn_blocking(move || what(&log)).await {
        Ok(read) => read.map_err(|error| Problem::internal(&error)),
        Err(error) => Err(Problem::internal(&error)),
    }
}
