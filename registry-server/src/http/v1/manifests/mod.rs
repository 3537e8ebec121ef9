//! `/v1/manifests/{digest}`: documents that never change. What is live, or was, anybody may read; the rest takes a
//! token of somebody who may see the submission.

pub mod changes;
pub mod consents;
pub mod evidence;
pub mod show;

use axum::http::HeaderMap;
use mcp_pin_model::Digest;

use crate::http::{cache::CachePolicy, state::AppState};

/// How a document of a manifest may be kept: `live` where anybody may read it, else by the caller only.
fn policy(state: &AppState, headers: &HeaderMap, manifest: &Digest, live: CachePolicy) -> CachePolicy {
    let anonymous = !headers.contains_key(axum::http::header::AUTHORIZATION);
    if anonymous && state.service().live().has_manifest(manifest) { live } else { CachePolicy::Private }
}
