//! Who is asking.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};

use super::{
    error::Problem,
    middleware::observe::PrincipalSlot,
    once::once,
    session::{self, CookieSlot},
    state::AppState,
};
use crate::{
    service::{Caller, Method},
    tls::CertificateClient,
};

/// Somebody with a valid token. A handler that takes this is not reached without one.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // A token says more than the connection that it came over: a proxy of service to service carries others' tokens.
        let caller = if parts.headers.contains_key(header::AUTHORIZATION) {
            by_token(parts, state).await?
        } else if let Some(client) = parts.extensions.get::<CertificateClient>() {
            state.service().by_certificate(client).await?
        } else {
            by_session(parts, state).await?
        };
        let Some(caller) = caller else {
            // What does not hold is worth no more than nothing. What came with nothing was counted on its way here.
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
        let somebody = parts.headers.contains_key(header::AUTHORIZATION)
            || parts.extensions.get::<CertificateClient>().is_some()
            || session::token(parts, state).is_some();
        if somebody {
            <Self as FromRequestParts<AppState>>::from_request_parts(parts, state).await.map(Some)
        } else {
            Ok(None)
        }
    }
}

async fn by_token(parts: &Parts, state: &AppState) -> Result<Option<Caller>, Problem> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    // Two of them: which one a proxy looked at is anybody's guess.
    let secret = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().and_then(bearer),
        _ => None,
    };
    let Some(secret) = secret else { return Ok(None) };
    let caller = state.service().authenticate(secret).await?;
    // The token of a session is good in its cookie only, which no script can read.
    Ok(caller.filter(|caller| caller.method() != Method::Session))
}

async fn by_session(parts: &Parts, state: &AppState) -> Result<Option<Caller>, Problem> {
    let Some(secret) = session::token(parts, state) else { return Ok(None) };
    let caller = state.service().authenticate(secret).await?;
    let Some(caller) = caller.filter(|caller| caller.method() == Method::Session) else { return Ok(None) };
    if let Some(next) = state.service().turn_session(&caller).await?
        && let (Some(slot), Some(cookie)) =
            (parts.extensions.get::<CookieSlot>(), session::session_cookie(&next.secret))
    {
        slot.set(cookie);
    }
    Ok(Some(caller))
}

/// The token of `Bearer <token>`; the scheme's case does not matter (RFC 9110 section 11.1).
pub(super) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
