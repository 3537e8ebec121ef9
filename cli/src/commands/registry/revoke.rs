//! `mcp-pin registry revoke`.

use clap::ValueEnum;
use mcp_pin_attest::sign;
use mcp_pin_model::{Revocation, revocation::RevocationScope};
use serde::Serialize;

use super::connection::{Connection, ask};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::json,
    signer::key_error,
    ui::{Role, Text, sanitize},
};

/// End trust in a manifest, version, server, signer or approver
///
/// Approvers sign the revocation with their key (--signed); administrators order it with their token.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What kind of thing
    #[arg(value_enum)]
    pub scope: Scope,
    /// Which one: a manifest's digest, `<server>@<version>`, a server's name, a key's id, or
    /// `<issuer> <subject>`, where the subject may be a pattern as in a grant
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Sign it with your key, as an approver
    #[arg(long)]
    pub signed: bool,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// What is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// One manifest.
    Manifest,
    /// One version.
    Version,
    /// A server with all its versions.
    Server,
    /// A publisher's key or identity.
    Signer,
    /// An approver's key or identity.
    Approver,
}

impl From<Scope> for RevocationScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Manifest => Self::Manifest,
            Scope::Version => Self::Version,
            Scope::Server => Self::Server,
            Scope::Signer => Self::Signer,
            Scope::Approver => Self::Approver,
        }
    }
}

#[derive(Debug, Serialize)]
struct Document {
    id: String,
    scope: &'static str,
    target: String,
    reason: String,
    effective: String,
    principal: String,
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let scope = RevocationScope::from(arguments.scope);
    let (target, reason) = (&arguments.target, &arguments.reason);
    if reason.trim().is_empty() {
        return Err(CommandError::usage("a revocation needs a reason"));
    }
    let record = if arguments.signed {
        let revocation = Revocation { scope, target: target.clone(), reason: reason.clone(), effective: context.now() };
        let attestation =
            sign(&revocation, context.signing_key()?.as_ref()).map_err(|error| key_error("the revocation", &error))?;
        ask(context, "revoking", client.revoke(&attestation))?
    } else {
        ask(context, "revoking", client.order_revocation(scope, target, reason))?
    };
    if context.format == Format::Json {
        let document = Document {
            id: record.id,
            scope: record.scope.as_str(),
            target: record.target,
            reason: record.reason,
            effective: record.effective.to_string(),
            principal: record.principal,
        };
        json::print(&context.ui, "registry-revoke", &document)?;
    } else {
        context.ui.talk(
            Text::new()
                .with(Role::Good, "revoked ")
                .with(Role::Plain, format!("{} {}", record.scope.as_str(), sanitize::line(&record.target))),
        );
    }
    Ok(Status::Passed)
}
