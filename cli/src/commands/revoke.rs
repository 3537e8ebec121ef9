//! `mcp-pin revoke`.

use clap::ValueEnum;
use mcp_pin_attest::sign;
use mcp_pin_model::{Revocation, revocation::RevocationScope};
use mcp_pin_registry_client::{RegistryClient, SubmissionRecord};
use serde::Serialize;

use super::registry::{
    connection::{Connection, ask},
    submissions::SubmissionDocument,
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{json, table::item},
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
    #[arg(long, value_name = "TEXT", required_unless_present = "plan")]
    pub reason: Option<String>,
    /// Sign it with your key, as an approver
    #[arg(long)]
    pub signed: bool,
    /// Only say what it would end
    #[arg(long, conflicts_with_all = ["reason", "signed"])]
    pub plan: bool,
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

/// What a revocation would do.
#[derive(Debug, Serialize)]
struct PlanDocument {
    scope: &'static str,
    target: String,
    /// The versions that it would end.
    ends: Vec<SubmissionDocument>,
    /// The versions that would wait for consent again.
    lapses: Vec<SubmissionDocument>,
}

fn plan(context: &Context, client: &RegistryClient, scope: RevocationScope, target: &str) -> CommandResult {
    let plan = ask(context, "planning", client.plan_revocation(scope, target))?;
    if context.format == Format::Json {
        let documents = |list: &[SubmissionRecord]| list.iter().map(SubmissionDocument::of).collect();
        let document = PlanDocument {
            scope: scope.as_str(),
            target: target.to_owned(),
            ends: documents(&plan.ends),
            lapses: documents(&plan.lapses),
        };
        json::print(&context.ui, "revoke-plan", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new();
    for (word, role, list) in
        [("ends", Role::Bad, &plan.ends), ("would wait for consent again", Role::Warning, &plan.lapses)]
    {
        for submission in list {
            let title = [
                (Role::Strong, format!("{}@{}", submission.server, submission.version)),
                (Role::Plain, submission.state.as_str().to_owned()),
                (role, word.to_owned()),
            ];
            text.append(item(&title, &[format!("manifest {}", submission.manifest)], context.ui.width()));
        }
    }
    if plan.ends.is_empty() && plan.lapses.is_empty() {
        context.ui.talk("it would end nothing that is there now");
    } else {
        context.ui.data(text).map_err(|error| super::output_error(&error))?;
    }
    context.ui.talk("nothing was revoked: this is a plan");
    Ok(Status::Passed)
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let scope = RevocationScope::from(arguments.scope);
    if arguments.plan {
        return plan(context, &client, scope, &arguments.target);
    }
    let (target, reason) = (&arguments.target, arguments.reason.clone().unwrap_or_default());
    if reason.trim().is_empty() {
        return Err(CommandError::usage("a revocation needs a reason"));
    }
    let record = if arguments.signed {
        let revocation = Revocation { scope, target: target.clone(), reason, effective: context.now() };
        let attestation =
            sign(&revocation, context.signing_key()?.as_ref()).map_err(|error| key_error("the revocation", &error))?;
        ask(context, "revoking", client.revoke(&attestation))?
    } else {
        ask(context, "revoking", client.order_revocation(scope, target, &reason))?
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
        json::print(&context.ui, "revoke", &document)?;
    } else {
        context.ui.talk(
            Text::new()
                .with(Role::Good, "revoked ")
                .with(Role::Plain, format!("{} {}", record.scope.as_str(), sanitize::line(&record.target))),
        );
    }
    Ok(Status::Passed)
}
