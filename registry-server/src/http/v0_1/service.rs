//! `GET /v0.1/health`, `/v0.1/ping`, `/v0.1/version`

use axum::{http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{body::private, error::Problem, probes::ProbeDocument};

/// The answer of `ping`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pong {
    /// `true`.
    pub pong: bool,
}

/// The answer of `version`.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionDocument {
    /// The version of the registry's software.
    pub version: &'static str,
}

/// The service runs
#[utoipa::path(get, path = "/v0.1/health", tag = "MCP Registry v0.1", responses((status = 200, description = "the document", body = ProbeDocument)))]
pub async fn health() -> Result<Response, Problem> {
    private(StatusCode::OK, &ProbeDocument { status: "ok" })
}

/// The service answers
#[utoipa::path(get, path = "/v0.1/ping", tag = "MCP Registry v0.1", responses((status = 200, description = "the document", body = Pong)))]
pub async fn ping() -> Result<Response, Problem> {
    private(StatusCode::OK, &Pong { pong: true })
}

/// Which software this is
#[utoipa::path(get, path = "/v0.1/version", tag = "MCP Registry v0.1", responses((status = 200, description = "the document", body = VersionDocument)))]
pub async fn version() -> Result<Response, Problem> {
    private(StatusCode::OK, &VersionDocument { version: env!("CARGO_PKG_VERSION") })
}
