//! Who is asking.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};

use super::{error::Problem, middleware::observe::PrincipalSlot, once::once, state::AppState};
use crate::service::Caller;

/// Somebody with a valid token. A handler that takes this is not reached without one.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
        // Two of them: which one a proxy looked at is anybody's guess.
        let secret = match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok().and_then(bearer),
            _ => None,
        };
        let caller = match secret {
            Some(secret) => state.service().authenticate(secret).await?,
            None => None,
        };
        let Some(caller) = caller else {
            // A token that does not hold is worth no more than none. What came without was counted on its way here.
            if parts.headers.contains_key(header::AUTHORIZATION) {
                state.rates().check_address(&parts.extensions, &parts.headers)?;
            }
            return Err(Problem::unauthorized());
        };
        state.rates().check_principal(caller.principal().as_str())?;
        if let Some(slot) = parts.extensions.get::<PrincipalSlot>() {
            slot.set(caller.principal().as_str());
        }
        Ok(Self(match once(parts)? {
            Some(once) => caller.doing_once(once),
            None => caller,
        }))
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
pub(super) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
