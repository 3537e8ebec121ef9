//! `mcp-pin registry grant`.

use serde::Serialize;

use super::{
    connection::{Connection, ask},
    credential::{CredentialDocument, IdentityArguments},
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{json, table::item},
    ui::{Role, Text, sanitize},
};

/// Grant a namespace to a publisher's key or identity, list the grants, or withdraw one (administrators)
///
/// The key is the file that --key names: a public key in PEM, or a private one whose public half is taken. With
/// --identity-issuer and --identity-subject it is a workflow or a person that signs without a key.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What stands before the slash in server names, such as `io.github.acme`
    #[arg(value_name = "NAMESPACE")]
    pub namespace: String,
    /// Who gets it; several keys and identities can be theirs
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "withdraw"])]
    pub principal: Option<String>,
    /// List the grants of the namespace instead
    #[arg(long, conflicts_with_all = ["principal", "withdraw"])]
    pub list: bool,
    /// Withdraw the grant with this id instead
    #[arg(long, value_name = "ID", conflicts_with = "principal")]
    pub withdraw: Option<String>,
    /// An identity instead of the key.
    #[command(flatten)]
    pub identity: IdentityArguments,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
struct Document {
    grants: Vec<Grant>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    id: String,
    namespace: String,
    principal: String,
    #[serde(flatten)]
    credential: CredentialDocument,
    granted_by: String,
    granted_at: String,
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let namespace = &arguments.namespace;
    if let Some(id) = &arguments.withdraw {
        ask(context, "withdrawing the grant", client.withdraw_grant(namespace, id))?;
        context.ui.talk(format!("withdrew the grant {}", sanitize::line(id)));
        return Ok(Status::Passed);
    }
    let grants = if arguments.list {
        ask(context, "reading the grants", client.grants(namespace))?
    } else {
        let principal = arguments.principal.as_deref().ok_or_else(|| CommandError::usage("--principal is missing"))?;
        let credential = arguments.identity.credential(context)?;
        vec![ask(context, "granting the namespace", client.grant(namespace, principal, &credential))?]
    };
    let grants: Vec<Grant> = grants
        .into_iter()
        .map(|grant| Grant {
            id: grant.id,
            namespace: grant.namespace,
            principal: grant.principal,
            credential: grant.credential.into(),
            granted_by: grant.granted_by,
            granted_at: grant.granted_at.to_string(),
        })
        .collect();
    match context.format {
        Format::Json => json::print(&context.ui, "registry-grants", &Document { grants })?,
        Format::Human if arguments.list => {
            let mut text = Text::new();
            for grant in &grants {
                let title = [(Role::Strong, grant.principal.clone())];
                text.append(item(&title, &[], context.ui.width()));
                text.append(grant.credential.particulars());
                text.push(
                    Role::Dim,
                    format!("  granted by {}, id {}", sanitize::line(&grant.granted_by), sanitize::line(&grant.id)),
                );
                text.newline();
            }
            context.ui.data(text).map_err(|error| super::super::output_error(&error))?;
        }
        Format::Human => {
            for grant in &grants {
                context.ui.talk(Text::new().with(Role::Good, "granted ").with(
                    Role::Plain,
                    format!(
                        "{} to {}, {}",
                        sanitize::line(&grant.namespace),
                        sanitize::name(&grant.principal),
                        sanitize::line(&grant.credential.line())
                    ),
                ));
            }
        }
    }
    Ok(Status::Passed)
}
