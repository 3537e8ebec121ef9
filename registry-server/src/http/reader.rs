//! Which ring a reader is in.
//!
//! | the request has | the ring is |
//! |---|---|
//! | `Mcp-Pin-Ring: canary` | that one: a project says so about itself |
//! | a valid token | by a stable hash of the token's principal |
//! | `Mcp-Pin-Client: <id>` | by a stable hash of that |
//! | nothing of these | the last one |
//!
//! Rings are an order of arrival, not a right: everything that any ring serves was consented to, and is readable by digest.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use mcp_pin_model::Ring;

use super::{auth::bearer, error::Problem, state::AppState};

/// The header by which a client names its ring.
const RING: &str = "mcp-pin-ring";

/// The header by which a client without a token says which one it is.
const CLIENT: &str = "mcp-pin-client";

/// Everything by which rings are told apart, for caches between here and the client.
pub const VARY: &str = "Authorization, Mcp-Pin-Ring, Mcp-Pin-Client";

/// The longest client id.
const MAX_CLIENT_ID: usize = 200;

/// The ring of whoever asks. Nobody is refused for a token that is not valid: readers need none.
#[derive(Clone, Debug)]
pub struct ReaderRing(pub Ring);

impl FromRequestParts<AppState> for ReaderRing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let rings = &state.service().settings().rings;
        if let Some(named) = parts.headers.get(RING) {
            let ring = named.to_str().ok().and_then(|name| name.parse::<Ring>().ok());
            // In a ring that is not there, nothing is.
            let ring = ring.filter(|ring| rings.get(ring).is_some()).ok_or_else(Problem::server_not_found)?;
            return Ok(Self(ring));
        }
        if rings.count() == 1 {
            return Ok(Self(rings.last().clone()));
        }
        let secret = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
        if let Some(secret) = secret {
            // Also where the store cannot be asked: reads go on without it.
            if let Ok(Some(caller)) = state.service().authenticate(secret).await {
                return Ok(Self(rings.of_client(caller.principal().as_str()).clone()));
            }
        }
        let client = parts.headers.get(CLIENT).and_then(|value| value.to_str().ok()).map(str::trim);
        Ok(Self(match client {
            // Apart from principals: nobody becomes another one's neighbour by borrowing a name.
            Some(id) if !id.is_empty() && id.len() <= MAX_CLIENT_ID => rings.of_client(&format!("client:{id}")).clone(),
            _ => rings.last().clone(),
        }))
    }
}
