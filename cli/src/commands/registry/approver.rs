//! `mcp-pin registry approver`.

use mcp_pin_registry_client::ApproverRecord;
use serde::Serialize;

use super::{
    connection::{Connection, ask},
    credential::{CredentialDocument, IdentityArguments},
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    render::{json, table::item},
    ui::{Role, Text, sanitize},
};

/// Register who may approve (administrators)
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with approvers.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Register an approver's key, the file that --key names (of a private one, the public half), or their identity
    Add {
        /// Who approves
        #[arg(value_name = "PRINCIPAL")]
        principal: String,
        /// Only for one namespace
        #[arg(long, value_name = "NAMESPACE", default_value = "*")]
        scope: String,
        /// An identity instead of the key.
        #[command(flatten)]
        identity: Box<IdentityArguments>,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// List the approvers
    List {
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// Withdraw a registration
    Remove {
        /// The registration's id
        #[arg(value_name = "ID")]
        id: String,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Serialize)]
struct Document {
    approvers: Vec<Approver>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Approver {
    id: String,
    principal: String,
    #[serde(flatten)]
    credential: CredentialDocument,
    scope: String,
    registered_by: String,
    registered_at: String,
}

impl From<ApproverRecord> for Approver {
    fn from(record: ApproverRecord) -> Self {
        Self {
            id: record.id,
            principal: record.principal,
            credential: record.credential.into(),
            scope: record.scope,
            registered_by: record.registered_by,
            registered_at: record.registered_at.to_string(),
        }
    }
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    match &arguments.action {
        Action::Add { principal, scope, identity, connection } => {
            let client = connection.authorized(context)?;
            let credential = identity.credential(context)?;
            let record = ask(context, "registering the approver", client.add_approver(principal, &credential, scope))?;
            let approver = Approver::from(record);
            if context.format == Format::Json {
                json::print(&context.ui, "registry-approvers", &Document { approvers: vec![approver] })?;
            } else {
                let scope =
                    if approver.scope == "*" { "everything".to_owned() } else { sanitize::line(&approver.scope) };
                context.ui.talk(Text::new().with(Role::Good, "registered ").with(
                    Role::Plain,
                    format!(
                        "{} as approver of {scope}, {}",
                        sanitize::name(&approver.principal),
                        sanitize::line(&approver.credential.line())
                    ),
                ));
            }
        }
        Action::List { connection } => {
            let client = connection.authorized(context)?;
            let approvers: Vec<Approver> =
                ask(context, "reading the approvers", client.approvers())?.into_iter().map(Approver::from).collect();
            if context.format == Format::Json {
                json::print(&context.ui, "registry-approvers", &Document { approvers })?;
            } else {
                let mut text = Text::new();
                for approver in &approvers {
                    let title = [
                        (Role::Strong, approver.principal.clone()),
                        (Role::Plain, format!("scope {}", approver.scope)),
                    ];
                    text.append(item(&title, &[], context.ui.width()));
                    text.append(approver.credential.particulars());
                    text.push(
                        Role::Dim,
                        format!(
                            "  registered by {}, id {}",
                            sanitize::line(&approver.registered_by),
                            sanitize::line(&approver.id)
                        ),
                    );
                    text.newline();
                }
                context.ui.data(text).map_err(|error| super::super::output_error(&error))?;
            }
        }
        Action::Remove { id, connection } => {
            let client = connection.authorized(context)?;
            ask(context, "withdrawing the registration", client.withdraw_approver(id))?;
            context.ui.talk(format!("withdrew the registration {}", sanitize::line(id)));
        }
    }
    Ok(Status::Passed)
}
