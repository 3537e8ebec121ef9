//! `mcp-pin registry token`.

use clap::ValueEnum;
use jiff::Timestamp;
use mcp_pin_registry_client::{NewToken, TokenRecord};
use serde::Serialize;

use super::connection::{Connection, ask};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    render::{json, table::item},
    ui::{self, Text, sanitize},
};

/// Issue, list and revoke access tokens (administrators)
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with tokens.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Issue a token and print it, the only time it is seen
    Create {
        /// Whose it will be
        #[arg(value_name = "PRINCIPAL")]
        principal: String,
        /// What it may do
        #[arg(long, value_enum, required = true)]
        role: Vec<Role>,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        /// When it ends by itself, such as 2030-01-01T00:00:00Z
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// List the tokens, without their texts
    List {
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// Revoke a token
    Revoke {
        /// The token's public id
        #[arg(value_name = "ID")]
        id: String,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything that decides who may do what.
    Admin,
    /// Consent.
    Approver,
    /// See everything and change nothing.
    Auditor,
    /// Move versions between rings, and run the registry.
    Operator,
    /// Submit.
    Publisher,
    /// Read.
    Reader,
    /// With `admin`: make versions live in an emergency, without the consents that they take.
    BreakGlass,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Publisher => "publisher",
            Self::Reader => "reader",
            Self::BreakGlass => "break-glass",
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    id: String,
    principal: String,
    roles: Vec<String>,
    label: String,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
    /// The token itself, right after it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Document {
    tokens: Vec<Token>,
}

impl Token {
    fn of(record: TokenRecord, secret: Option<String>) -> Self {
        Self {
            id: record.id,
            principal: record.principal,
            roles: record.roles,
            label: record.label,
            created_at: record.created_at.to_string(),
            expires_at: record.expires_at.map(|at| at.to_string()),
            revoked_at: record.revoked_at.map(|at| at.to_string()),
            last_used_at: record.last_used_at.map(|at| at.to_string()),
            token: secret,
        }
    }
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let written = |error: std::io::Error| super::super::output_error(&error);
    match &arguments.action {
        Action::Create { principal, role, label, expires, connection } => {
            let client = connection.authorized(context)?;
            let wanted = NewToken {
                principal: principal.clone(),
                roles: role.iter().map(|role| role.as_str().to_owned()).collect(),
                label: label.clone(),
                expires_at: *expires,
            };
            let issued = ask(context, "issuing the token", client.issue_token(&wanted))?;
            let secret = issued.secret.expose().to_owned();
            if context.format == Format::Json {
                let tokens = vec![Token::of(issued.record, Some(secret))];
                json::print(&context.ui, "registry-tokens", &Document { tokens })?;
            } else {
                context.ui.talk(format!(
                    "a token for {} ({}); it is never shown again:",
                    sanitize::name(&issued.record.principal),
                    sanitize::line(&issued.record.roles.join(", "))
                ));
                context.ui.data(secret).map_err(written)?;
            }
        }
        Action::List { connection } => {
            let client = connection.authorized(context)?;
            let tokens = ask(context, "reading the tokens", client.tokens())?;
            if context.format == Format::Json {
                let tokens = tokens.into_iter().map(|record| Token::of(record, None)).collect();
                json::print(&context.ui, "registry-tokens", &Document { tokens })?;
            } else {
                let mut text = Text::new();
                for token in &tokens {
                    let state = if token.revoked_at.is_some() { "revoked" } else { "valid" };
                    let title = [
                        (ui::Role::Strong, token.principal.clone()),
                        (ui::Role::Plain, token.roles.join(", ")),
                        (ui::Role::Plain, state.to_owned()),
                    ];
                    let particulars = [token.label.clone(), format!("id {}", token.id)];
                    text.append(item(&title, &particulars, context.ui.width()));
                }
                context.ui.data(text).map_err(written)?;
            }
        }
        Action::Revoke { id, connection } => {
            let client = connection.authorized(context)?;
            ask(context, "revoking the token", client.revoke_token(id))?;
            context.ui.talk(format!("revoked the token {}", sanitize::line(id)));
        }
    }
    Ok(Status::Passed)
}
