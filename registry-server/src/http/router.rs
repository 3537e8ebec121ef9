//! The table of contents. A route and its documentation are declared in one place, its handler.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing,
};
use utoipa::{
    OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{Problem, ProblemDocument},
    log, metrics,
    middleware::{
        conditional::conditional, guard::guard, headers::headers, observe::observe, readers::readers,
        throttle::throttle,
    },
    probes,
    state::AppState,
    v0_1, v1, well_known,
};

/// What the document says besides its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "mcp-pin registry",
        description = "A default-deny catalogue of signed, version-pinned MCP server manifests. `/v0.1` is the MCP \
                       Registry API; `/v1` is this registry's own interface. What the official publisher writes to is there \
                       under `/v0` too, for whoever shows a token.",
        license(name = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemDocument))
)]
struct Document;

/// Every route.
fn routes() -> OpenApiRouter<AppState> {
    let mut document = Document::openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of this registry: `mcpp_…`"))
        .build();
    document.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    OpenApiRouter::with_openapi(document)
        // The MCP Registry API
        .routes(routes!(v0_1::list_servers::list_servers))
        .routes(routes!(v0_1::list_versions::list_versions))
        .routes(routes!(v0_1::get_version::get_version, v0_1::edit::edit, v0_1::edit::delete))
        .routes(routes!(v0_1::validate::validate))
        .routes(routes!(v0_1::service::health))
        .routes(routes!(v0_1::service::ping))
        .routes(routes!(v0_1::service::version))
        .routes(routes!(v0_1::publish::publish))
        .routes(routes!(v0_1::status::set_server_status))
        .routes(routes!(v0_1::status::set_version_status))
        .routes(routes!(v0_1::auth::auth))
        // The same under the addresses of the official publisher
        .route("/v0/publish", routing::post(v0_1::publish::publish))
        .route("/v0/validate", routing::post(v0_1::validate::validate))
        .route("/v0/auth/{method}", routing::post(v0_1::auth::auth))
        .route("/v0/servers/{serverName}/status", routing::patch(v0_1::status::set_server_status))
        .route("/v0/servers/{serverName}/versions", routing::get(v0_1::publisher::list_versions))
        .route("/v0/servers/{serverName}/versions/{version}", routing::get(v0_1::publisher::get_version))
        .route("/v0/servers/{serverName}/versions/{version}/status", routing::patch(v0_1::status::set_version_status))
        // Submissions and decisions
        .routes(routes!(v1::submissions::list::list, v1::submissions::create::create))
        .routes(routes!(v1::token_exchange::exchange))
        .routes(routes!(v1::drafts::list))
        .routes(routes!(v1::drafts::show, v1::drafts::withdraw))
        .routes(routes!(v1::submissions::show::show))
        .routes(routes!(v1::submissions::changes::changes))
        .routes(routes!(v1::submissions::reject::reject))
        .routes(routes!(v1::consents::consent))
        .routes(routes!(v1::revocations::list, v1::revocations::create))
        .routes(routes!(v1::revocation_plan::plan))
        .routes(routes!(v1::waiting::list))
        .routes(routes!(v1::rollouts::list::list))
        .routes(routes!(v1::rollouts::show::show))
        .routes(routes!(v1::rollouts::promote::promote))
        .routes(routes!(v1::rollouts::pause::pause))
        .routes(routes!(v1::rollouts::resume::resume))
        .routes(routes!(v1::rollouts::halt::halt))
        .routes(routes!(v1::rollouts::rollback::rollback))
        .routes(routes!(v1::rollouts::drift_reports::list))
        .routes(routes!(v1::break_glass::create))
        .routes(routes!(v1::drift_reports::create))
        .routes(routes!(v1::events::list::list))
        .routes(routes!(v1::webhooks::list::list, v1::webhooks::create::create))
        .routes(routes!(v1::webhooks::show::show, v1::webhooks::remove::remove))
        .routes(routes!(v1::webhooks::rotate::rotate))
        .routes(routes!(v1::webhooks::enable::enable))
        .routes(routes!(v1::webhooks::test::test))
        // Documents
        .routes(routes!(v1::manifests::show::show))
        .routes(routes!(v1::manifests::consents::consents))
        .routes(routes!(v1::manifests::evidence::evidence))
        .routes(routes!(v1::manifests::changes::changes))
        .routes(routes!(v1::resolve::resolve))
        .routes(routes!(v1::search::search))
        // Administration
        .routes(routes!(v1::grants::list, v1::grants::create))
        .routes(routes!(v1::grants::withdraw))
        .routes(routes!(v1::approvers::list, v1::approvers::create))
        .routes(routes!(v1::approvers::withdraw))
        .routes(routes!(v1::tokens::list, v1::tokens::create))
        .routes(routes!(v1::tokens::revoke))
        .routes(routes!(v1::login::start))
        .routes(routes!(v1::login::callback))
        .routes(routes!(v1::login::token))
        .routes(routes!(v1::login::logout))
        .routes(routes!(v1::login::link))
        .routes(routes!(v1::tokens::rotate))
        .routes(routes!(v1::principals::offboard))
        .routes(routes!(v1::principals::reinstate))
        .routes(routes!(v1::policies::list))
        .routes(routes!(v1::policies::reload))
        .routes(routes!(v1::whoami::whoami))
        // The log
        .routes(routes!(log::checkpoint))
        .route("/log/tile/{*path}", routing::get(log::tile))
        .routes(routes!(v1::state::state))
        .routes(routes!(v1::state::part))
        // Operations
        .routes(routes!(v1::openapi::openapi))
        .routes(routes!(well_known::well_known))
        .routes(routes!(well_known::document))
        .routes(routes!(probes::healthz))
        .routes(routes!(probes::readyz))
        .routes(routes!(metrics::metrics))
}

/// The whole interface.
pub fn router(state: AppState) -> Router {
    let (router, _) = routes().split_for_parts();
    // The order of the layers is described in `middleware`; the last one here is the outermost.
    router
        .fallback(fallback)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(from_fn(conditional))
        .layer(from_fn_with_state(state.clone(), readers))
        .layer(from_fn_with_state(state.clone(), throttle))
        .layer(from_fn(headers))
        .layer(from_fn(observe))
        .with_state(state)
}

/// The OpenAPI document, as committed in `schemas/openapi.json`.
///
/// # Panics
/// Never: the document is made of types whose serialisation cannot fail.
#[must_use]
pub fn openapi_document() -> String {
    super::openapi::complete(&routes().into_openapi()).expect("an OpenAPI document is JSON")
}

/// Nothing is here; where only a slash too many is, says so without changing the method (RFC 9110 section 15.4.9).
async fn fallback(request: Request) -> Response {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    // `//host` would be another host's address, and to a browser `/\host` as well.
    if trimmed.len() == path.len() || trimmed.is_empty() || trimmed.starts_with("//") || trimmed.contains('\\') {
        return Problem::no_such_path().into_response();
    }
    let location = request.uri().query().map_or_else(|| trimmed.to_owned(), |query| format!("{trimmed}?{query}"));
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response(),
        Err(_) => Problem::no_such_path().into_response(),
    }
}

async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}
