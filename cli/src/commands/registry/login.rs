//! `mcp-pin registry login`, and the login of a CI job that `mcp-pin submit` uses.

use mcp_pin_registry_client::{ClientError, ExchangedToken, RefusalKind, RegistryClient};
use mcp_pin_signing::{AmbientError, ambient_for};
use serde::Serialize;
use zeroize::Zeroizing;

use super::connection::{Connection, ask, client_error};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::json,
    signer::{TokenArgument, token_text},
    ui::{Role, Text, sanitize},
};

/// The variable that holds an identity token for the registry. Not the one for signing: that token is for another
/// audience, and would be worth nothing here.
const VARIABLE: &str = "MCP_PIN_REGISTRY_IDENTITY_TOKEN";

/// Whose identity token a registry is shown.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Registry")]
pub struct LoginArguments {
    /// The CI job's identity token to log in with, for the registry's address as its audience; `-` reads it from standard
    /// input [default: the variable `MCP_PIN_REGISTRY_IDENTITY_TOKEN`, else that of the CI job]
    #[arg(long, value_name = "TOKEN|-", hide_default_value = true)]
    pub registry_identity_token: Option<TokenArgument>,
}

/// Log in as a person (--web), or try the login of a CI job
///
/// With --web a browser goes to the organisation's identity provider, and the token that comes back is kept for hours, for
/// this registry, where only you can read it. Without it, the identity of a CI job is tried: what it may submit, without
/// submitting anything; nothing is stored. `mcp-pin submit` logs in by itself where it has no access token.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// As a person, with a browser
    #[arg(long, conflicts_with = "registry_identity_token")]
    pub web: bool,
    /// With what.
    #[command(flatten)]
    pub login: LoginArguments,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    registry: &'a str,
    principal: &'a str,
    namespaces: &'a [String],
    expires_in_seconds: u32,
}

/// Runs it.
///
/// # Errors
/// When there is no identity token, or the registry does not take it.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.anonymous(context)?;
    if arguments.web {
        return super::person::log_in(context, &client);
    }
    let exchanged = exchange(context, &client, &arguments.login)?;
    let registry = client.base().to_owned();
    // It was for trying out: nothing is left behind.
    let client = client.with_token(exchanged.secret.clone());
    ask(context, "logging out", async { client.logout().await })?;
    let ExchangedToken { principal, namespaces, expires_in, .. } = &exchanged;
    if context.format == Format::Json {
        let document = Document { registry: &registry, principal, namespaces, expires_in_seconds: *expires_in };
        json::print(&context.ui, "registry-login", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new().with(Role::Good, "logged in ").with(Role::Plain, format!("at {registry} as "));
    text.append(sanitize::name(principal).into());
    text.plain(format!("; may submit to {}", sanitize::line(&namespaces.join(", "))));
    context.ui.talk(text);
    Ok(Status::Passed)
}

/// A client with the access token where there is one, else with one that is given for the CI job's identity token.
pub(crate) fn publisher(
    context: &Context,
    connection: &Connection,
    login: &LoginArguments,
) -> Result<RegistryClient, CommandError> {
    if login.registry_identity_token.is_none() && connection.has_token(context) {
        return connection.authorized(context);
    }
    let client = connection.anonymous(context)?;
    let exchanged = exchange(context, &client, login)?;
    Ok(client.with_token(exchanged.secret))
}

/// The one place where an identity token meets a registry.
fn exchange(
    context: &Context,
    client: &RegistryClient,
    login: &LoginArguments,
) -> Result<ExchangedToken, CommandError> {
    let token = identity_token(context, client, login)?;
    let progress = context.ui.progress("logging in");
    let answer = context.block_on(async { client.exchange(&token).await.map_err(|error| refusal(client, error)) });
    progress.finish();
    answer
}

/// The token: as named, else of the CI job. Its audience is the address that the user named, never one that the registry
/// says it has: it could say that of another one.
fn identity_token(
    context: &Context,
    client: &RegistryClient,
    login: &LoginArguments,
) -> Result<Zeroizing<String>, CommandError> {
    if let Some(token) = token_text(context, login.registry_identity_token.as_ref(), VARIABLE)? {
        return Ok(Zeroizing::new(token.trim().to_owned()));
    }
    let token = context.block_on(async {
        ambient_for(client.base()).await.map_err(|error| {
            let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Usage };
            CommandError::new(status, error.to_string()).hint(match error {
                AmbientError::GitLabAudience(_) => format!("or put its token into {VARIABLE}"),
                _ => "an access token does as well: --token-file, or MCP_PIN_TOKEN".to_owned(),
            })
        })
    })?;
    token.ok_or_else(|| {
        CommandError::usage("this needs an access token of the registry, or the identity token of a CI job")
            .hint("put an access token into a file and name that with --token-file, or into the variable MCP_PIN_TOKEN")
    })
}

/// What to do about a login that was refused.
fn refusal(client: &RegistryClient, error: ClientError) -> CommandError {
    let hint = match &error {
        ClientError::NotFound { .. } => "an administrator names the issuer under [[oidc.issuer]] in its configuration",
        ClientError::Refused { code: Some(code), kind: RefusalKind::Forbidden, .. } => match code.as_str() {
            "identity-not-granted" => "an administrator grants it: `mcp-pin registry grant … --identity-issuer …`",
            "token-audience" => "the address given here has to be the one that the registry is configured with",
            _ => return client_error(error),
        },
        _ => return client_error(error),
    };
    let hint = format!("{hint} ({})", client.base());
    client_error(error).hint(hint)
}
