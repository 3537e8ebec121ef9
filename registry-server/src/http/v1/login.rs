//! `/v1/login`: people, by way of the organisation's identity provider.
//!
//! A browser comes back with a session, a command line with a code for its loopback address, which it exchanges for a token
//! (RFC 8252 section 7.3, with RFC 7636 between it and this registry).

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_pin_model::{Digest, json};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use url::{Host, Url};
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::{StrictJson, done, private},
        error::{Problem, ReadProblems, WriteProblems},
        query::{Query, Segments},
        session,
        state::AppState,
    },
    login::{LoginError, Pending, Provider},
    service::{LoginKind, PrincipalName, ServiceError},
};

/// The longest `return` path and `state` of a command line.
const MAX_TEXT: usize = 512;

/// What is remembered while somebody is at the provider, or their command line is on its way with a code.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Stage {
    /// At the provider.
    Away {
        pending: Pending,
        /// The digest of the cookie of the browser that began it.
        browser: Digest,
        goal: Goal,
    },
    /// Back, with a code for a command line.
    Code { principal: String, roles: BTreeSet<String>, groups: BTreeSet<String>, challenge: String },
}

/// What somebody logs in for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Goal {
    /// A session; then this path.
    Session { path: String },
    /// A token for whoever listens at this loopback address.
    Token { redirect: Url, state: String, challenge: String },
}

fn provider(state: &AppState) -> Result<&Provider, Problem> {
    state.login().ok_or_else(Problem::not_found)
}

/// What a browser hears about a login that failed; the log hears which check it was.
fn refused(error: LoginError) -> Problem {
    tracing::warn!(login.refusal = %error, "a login was refused");
    Problem::from(ServiceError::Login(error))
}

/// Begin a login: on to the identity provider
///
/// A command line gives `redirect`, its address on this machine, with `state` and `challenge` (S256).
#[utoipa::path(
    get,
    path = "/v1/login",
    operation_id = "login_start",
    tag = "login",
    params(
        ("return" = Option<String>, Query, description = "the path to come back to, `/` by default"),
        ("redirect" = Option<String>, Query, description = "`http://127.0.0.1:<port>/…` of a command line"),
        ("state" = Option<String>, Query, description = "what the command line recognises its answer by"),
        ("challenge" = Option<String>, Query, description = "the base64url of the SHA-256 of the command line's verifier"),
    ),
    responses((status = 303, description = "on to the provider"), ReadProblems)
)]
pub async fn start(State(state): State<AppState>, query: Query) -> Result<Response, Problem> {
    let provider = provider(&state)?;
    let goal = goal(&query)?;
    let _turn = state.turn().await?;
    let service = state.service();
    let (nonce, verifier, browser) = (service.secret(), service.secret(), service.secret());
    let pending = Pending { nonce: nonce.to_string(), verifier: verifier.to_string() };
    let stage = Stage::Away { pending: pending.clone(), browser: Digest::of(browser.as_bytes()), goal };
    let secret = service.begin_login(&text(&stage)?).await?;
    let address = provider.address(&secret, &pending, service.now()).await.map_err(refused)?;
    let mut response = see_other(address.as_str())?;
    append(&mut response, session::login_cookie(&browser));
    Ok(response)
}

/// Come back from the identity provider
#[utoipa::path(
    get,
    path = "/v1/login/callback",
    operation_id = "login_callback",
    tag = "login",
    params(
        ("code" = Option<String>, Query, description = "by the provider"),
        ("state" = Option<String>, Query, description = "as it was given to the provider"),
        ("iss" = Option<String>, Query, description = "the provider (RFC 9207)"),
        ("error" = Option<String>, Query, description = "why the provider let nobody in"),
    ),
    responses((status = 303, description = "on to where the login began"), WriteProblems)
)]
pub async fn callback(State(state): State<AppState>, headers: HeaderMap, query: Query) -> Result<Response, Problem> {
    let provider = provider(&state)?;
    let _turn = state.turn().await?;
    let service = state.service();
    let given = query.text("state").unwrap_or_default();
    let details = service.take_login(given).await?.ok_or_else(|| refused(LoginError::Unknown))?;
    let Some(Stage::Away { pending, browser, goal }) = stage(&details) else {
        return Err(refused(LoginError::Unknown));
    };
    // Somebody else's login must not end in this browser, nor this one's in somebody else's (RFC 9700 section 4.7).
    if session::cookie(&headers, session::LOGIN).map(|cookie| Digest::of(cookie.as_bytes())) != Some(browser) {
        return Err(refused(LoginError::Unknown));
    }
    provider.check_issuer(query.text("iss")).map_err(refused)?;
    if query.text("error").is_some() {
        return Err(refused(LoginError::Code("the provider let nobody in".to_owned())));
    }
    let code = query.text("code").ok_or_else(|| refused(LoginError::Code("there is none".to_owned())))?;
    let person = provider.finish(code, &pending, service.now()).await.map_err(refused)?;
    let (roles, groups) = (provider.config().roles_of(&person.groups), person.groups.clone());
    if roles.is_empty() {
        return Err(refused(LoginError::NoRole));
    }
    let subject = person.subject.clone();
    let principal = match service.recognise(person).await {
        Err(ServiceError::Login(error)) => {
            tracing::warn!(login.subject = ?subject, "this subject is not recognised");
            return Err(refused(error));
        }
        other => other?,
    };
    let mut response = match goal {
        Goal::Session { path } => {
            let config = provider.config();
            let kind = LoginKind::Session { idle: config.session_idle, lifetime: config.session };
            let issued = service.log_in(principal, roles, groups, kind).await?;
            let mut response = see_other(&path)?;
            append(&mut response, session::session_cookie(&issued.secret));
            response
        }
        Goal::Token { mut redirect, state: theirs, challenge } => {
            let roles = roles.iter().map(|role| role.as_str().to_owned()).collect();
            let stage = Stage::Code { principal: principal.to_string(), roles, groups, challenge };
            let code = service.continue_login(&text(&stage)?).await?;
            redirect.query_pairs_mut().append_pair("code", &code).append_pair("state", &theirs);
            see_other(redirect.as_str())?
        }
    };
    append(&mut response, session::no_cookie(session::LOGIN));
    Ok(response)
}

/// A command line's code, and what proves that it asked for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginTokenRequest {
    /// As it came to the loopback address.
    pub code: String,
    /// The text whose SHA-256 is the challenge.
    pub verifier: String,
}

/// A token of hours.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginTokenDocument {
    /// The token.
    pub token: String,
    /// Whose it is.
    pub principal: String,
    /// What it carries, sorted.
    pub roles: Vec<&'static str>,
    /// When it ends.
    pub expires_at: String,
}

/// Exchange a command line's code for a token of hours
#[utoipa::path(
    post,
    path = "/v1/login/token",
    operation_id = "login_token",
    tag = "login",
    request_body = LoginTokenRequest,
    responses((status = 200, description = "a token", body = LoginTokenDocument), WriteProblems)
)]
pub async fn token(
    State(state): State<AppState>,
    StrictJson(request): StrictJson<LoginTokenRequest>,
) -> Result<Response, Problem> {
    let provider = provider(&state)?;
    let _turn = state.turn().await?;
    let service = state.service();
    let details = service.take_login(&request.code).await?.ok_or_else(|| refused(LoginError::Unknown))?;
    let Some(Stage::Code { principal, roles, groups, challenge }) = stage(&details) else {
        return Err(refused(LoginError::Unknown));
    };
    if URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(request.verifier.as_bytes())) != challenge {
        return Err(refused(LoginError::Unknown));
    }
    let principal: PrincipalName = principal.parse().map_err(|_| refused(LoginError::Unknown))?;
    let roles = roles.iter().map(|role| role.parse()).collect::<Result<_, _>>();
    let roles = roles.map_err(|_: mcp_pin_storage::PrincipalError| refused(LoginError::Unknown))?;
    let kind = LoginKind::Token { lifetime: provider.config().token };
    let issued = service.log_in(principal, roles, groups, kind).await?;
    let mut roles: Vec<&'static str> = issued.token.roles.iter().map(|role| role.as_str()).collect();
    roles.sort_unstable();
    private(
        StatusCode::OK,
        &LoginTokenDocument {
            token: issued.secret.to_string(),
            principal: issued.token.principal.to_string(),
            roles,
            expires_at: issued.token.expires_at.map(|at| at.to_string()).unwrap_or_default(),
        },
    )
}

/// End the session, or the token that was sent
#[utoipa::path(
    post,
    path = "/v1/logout",
    operation_id = "logout",
    tag = "login",
    security(("token" = [])),
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn logout(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    state.service().log_out(&caller).await?;
    let mut response = done();
    append(&mut response, session::no_session());
    Ok(response)
}

/// Somebody of the identity provider.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The provider, exactly as its tokens have it in `iss`.
    pub issuer: String,
    /// Its subject, exactly as its tokens have it in `sub`.
    pub subject: String,
}

/// Say that somebody of the identity provider is this principal
#[utoipa::path(
    post,
    path = "/v1/principals/{name}/identities",
    operation_id = "principals_link",
    tag = "administration",
    security(("token" = [])),
    params(("name" = String, Path, description = "the principal")),
    request_body = LinkRequest,
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn link(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<LinkRequest>,
) -> Result<Response, Problem> {
    let principal = segments.parse("name")?;
    state.service().link_identity(&caller, &principal, &request.issuer, &request.subject).await?;
    Ok(done())
}

fn goal(query: &Query) -> Result<Goal, Problem> {
    let Some(redirect) = query.text("redirect") else {
        let path = query.text("return").unwrap_or("/");
        // A path of this registry: `//host` and `/\host` are other hosts to a browser.
        let plain = path.len() <= MAX_TEXT
            && path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        return if plain {
            Ok(Goal::Session { path: path.to_owned() })
        } else {
            Err(Problem::unprocessable("return", "`return` is a path of this registry"))
        };
    };
    let address = Url::parse(redirect).ok().filter(is_loopback_address);
    let address = address.ok_or_else(|| {
        Problem::unprocessable("redirect", "`redirect` is `http://127.0.0.1:<port>/…` without a query")
    })?;
    let state = query.text("state").filter(|text| (16..=MAX_TEXT).contains(&text.len()));
    let state = state.ok_or_else(|| Problem::unprocessable("state", "`state` has 16 to 512 characters"))?;
    let challenge =
        query.text("challenge").filter(|text| URL_SAFE_NO_PAD.decode(text).is_ok_and(|hash| hash.len() == 32));
    let challenge = challenge.ok_or_else(|| {
        Problem::unprocessable("challenge", "`challenge` is the base64url of a SHA-256, without padding")
    })?;
    Ok(Goal::Token { redirect: address, state: state.to_owned(), challenge: challenge.to_owned() })
}

/// The address itself and not `localhost`: what that is, is for a resolver to say (RFC 8252 section 8.3).
fn is_loopback_address(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    url.scheme() == "http"
        && loopback
        && url.port().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

/// What was remembered; none where another version of this program wrote it.
fn stage(details: &str) -> Option<Stage> {
    json::from_value(&json::parse(details.as_bytes()).ok()?).ok()
}

fn text(stage: &Stage) -> Result<String, Problem> {
    serde_json::to_string(stage).map_err(|error| Problem::internal(&error))
}

fn see_other(address: &str) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(address).map_err(|error| Problem::internal(&error))?;
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
