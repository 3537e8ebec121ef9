//! Who is asking.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};

use super::{error::Problem, middleware::observe::PrincipalSlot, state::AppState};
use crate::service::Caller;

/// Somebody with a valid token. A handler that takes this is not reached without one.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
        // Two of them: which one a proxy looked at is anybody's guess.
        let (Some(value), None) = (values.next(), values.next()) else { return Err(Problem::unauthorized()) };
        let secret = value.to_str().ok().and_then(bearer).ok_or_else(Problem::unauthorized)?;
        let caller = state.service().authenticate(secret).await?.ok_or_else(Problem::unauthorized)?;
        if let Some(slot) = parts.extensions.get::<PrincipalSlot>() {
            slot.set(caller.principal().as_str());
        }
        Ok(Self(caller))
    }
}

impl OptionalFromRequestParts<AppState> for Authenticated {
    type Rejection = Problem;

    /// Nobody is `None`; a token that is not valid is refused, never taken for nobody.
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Option<Self>, Problem> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            <Self as FromRequestParts<AppState>>::from_request_parts(parts, state).await.map(Some)
        } else {
            Ok(None)
        }
    }
}

/// The token of `Bearer <token>`; the scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
