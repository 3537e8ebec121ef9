//! `mcp-pin registry show`.

use serde::Serialize;

use super::connection::{Connection, ask};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    render::json,
    ui::{Role, Text, sanitize},
};

/// Show what a registry says about itself and about your token
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    url: String,
    #[serde(rename = "type")]
    kind: String,
    software: String,
    ring: String,
    origin: Option<String>,
    /// Whose token was used; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Token>,
}

#[derive(Debug, Serialize)]
struct Token {
    principal: String,
    roles: Vec<String>,
    id: String,
}

/// Runs it.
///
/// # Errors
/// When the registry cannot be asked.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.client(context)?;
    let authorized = arguments.connection.authorized(context).is_ok();
    let (about, token) = ask(context, "asking the registry", async {
        let about = client.well_known().await?;
        let token = if authorized { Some(client.whoami().await?) } else { None };
        Ok((about, token))
    })?;
    let document = Document {
        url: client.base().to_owned(),
        kind: about.kind,
        software: about.software,
        ring: about.ring,
        origin: about.origin,
        token: token.map(|token| Token {
            principal: token.principal,
            roles: token.roles,
            id: token.token.unwrap_or_default(),
        }),
    };
    match context.format {
        Format::Json => json::print(&context.ui, "registry-show", &document)?,
        Format::Human => {
            let mut text = Text::new().with(Role::Strong, document.url.clone());
            let mut add = |label: &str, value: &str| {
                text.push(Role::Dim, format!("\n  {label:<9}"));
                text.plain(sanitize::line(value));
            };
            add("software", &document.software);
            add("ring", &document.ring);
            if let Some(origin) = &document.origin {
                add("origin", origin);
            }
            match &document.token {
                Some(token) => {
                    add("you are", &token.principal);
                    add("you may", &token.roles.join(", "));
                }
                None => add("you are", "nobody (no token)"),
            }
            context.ui.data(text).map_err(|error| super::super::output_error(&error))?;
        }
    }
    Ok(Status::Passed)
}
