//! `mcp-pin registry offboard`.

use mcp_pin_registry_client::{OffboardRequest, Offboarding};
use serde::Serialize;

use super::connection::{Connection, ask};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    render::json,
    ui::{Text, sanitize},
};

/// Take from somebody who leaves every token, session, registration, grant and login at once (administrators)
///
/// What is live stays live. With --compromised their keys are revoked too, and with them everything that was signed with
/// them. Again, it does nothing.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Who leaves
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", required_unless_present = "plan")]
    pub reason: Option<String>,
    /// Their keys may be in other hands
    #[arg(long)]
    pub compromised: bool,
    /// Only say what would end
    #[arg(long)]
    pub plan: bool,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    principal: String,
    plan: bool,
    already: bool,
    tokens: Vec<String>,
    approvers: Vec<String>,
    grants: Vec<String>,
    pending: Vec<String>,
    revocations: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let Arguments { principal, reason, compromised, plan, .. } = arguments;
    let request =
        OffboardRequest { reason: reason.clone().unwrap_or_default(), compromised: *compromised, plan: *plan };
    let ended = ask(context, "offboarding", client.offboard(principal, &request))?;
    let Offboarding { principal, already, tokens, approvers, grants, pending, revocations } = ended;
    let document = Document {
        principal,
        plan: *plan,
        already,
        tokens: tokens.iter().map(|token| format!("{} {}", token.id, token.label)).collect(),
        approvers: approvers.iter().map(|approver| format!("{} {}", approver.id, approver.scope)).collect(),
        grants: grants.iter().map(|grant| format!("{} {}", grant.id, grant.namespace)).collect(),
        pending,
        revocations,
    };
    if context.format == Format::Json {
        json::print(&context.ui, "registry-offboard", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new();
    let parts = [
        ("token", &document.tokens),
        ("approver", &document.approvers),
        ("grant", &document.grants),
        ("pending", &document.pending),
        ("revocation", &document.revocations),
    ];
    for (kind, items) in parts {
        for item in items {
            text.plain(format!("{kind} {}\n", sanitize::line(item)));
        }
    }
    context.ui.data(text).map_err(|error| super::super::output_error(&error))?;
    context.ui.talk(match (plan, document.already) {
        (true, _) => "this would end; nothing was changed",
        (false, true) => "offboarded before; whatever was left ended now",
        (false, false) => "offboarded",
    });
    Ok(Status::Passed)
}
