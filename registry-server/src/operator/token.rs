//! `mcp-pin-registry token`

use clap::{Args, Subcommand};
use jiff::SignedDuration;

use super::{OperatorError, RegistryArguments, with_registry};
use crate::{
    service::{Method, NewToken, Token},
    ui,
};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Issue a token; its text is printed this once
    Create(CreateArguments),
    /// List tokens, without their texts
    List(ListArguments),
    /// Revoke a token
    Revoke(RevokeArguments),
}

/// The arguments of `token create`.
#[derive(Debug, Args)]
pub struct CreateArguments {
    /// Whose it will be
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    /// What it may do: admin, approver, auditor, operator, publisher or reader; repeat it for several
    #[arg(long = "role", value_name = "ROLE", required = true)]
    pub roles: Vec<String>,
    /// For a program rather than a person
    #[arg(long)]
    pub robot: bool,
    /// Limit it to a namespace; repeat it for several
    #[arg(long = "namespace", value_name = "NAMESPACE")]
    pub namespaces: Vec<String>,
    /// Limit it to an action (`mcp-pin-registry policy actions`); repeat it for several
    #[arg(long = "action", value_name = "ACTION")]
    pub actions: Vec<String>,
    /// For how many days it is valid [default: without end]
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u16>,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub label: String,
    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArguments,
}

/// The arguments of `token list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only those that are good now
    #[arg(long)]
    pub valid: bool,
    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArguments,
}

/// The arguments of `token revoke`.
#[derive(Debug, Args)]
pub struct RevokeArguments {
    /// The token's public id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArguments,
}

/// Runs it.
///
/// # Errors
/// See [`OperatorError`].
pub fn run(command: &Command) -> Result<(), OperatorError> {
    match command {
        Command::Create(arguments) => create(arguments),
        Command::List(arguments) => list(arguments),
        Command::Revoke(arguments) => {
            let id = arguments.id.parse().map_err(|error| OperatorError::argument("ID", error))?;
            with_registry(&arguments.registry, async |service, operator| {
                Ok(service.revoke_token(operator, &id).await?)
            })
        }
    }
}

fn create(arguments: &CreateArguments) -> Result<(), OperatorError> {
    let roles = arguments.roles.iter().map(|role| role.parse()).collect::<Result<_, _>>();
    let actions = arguments.actions.iter().map(|action| action.parse()).collect::<Result<_, _>>();
    let actions = actions.map_err(|error| OperatorError::argument("--action", error))?;
    let new = NewToken {
        principal: arguments.principal.parse().map_err(|error| OperatorError::argument("PRINCIPAL", error))?,
        roles: roles.map_err(|error| OperatorError::argument("--role", error))?,
        namespaces: (!arguments.namespaces.is_empty()).then(|| arguments.namespaces.iter().cloned().collect()),
        actions: (!arguments.actions.is_empty()).then_some(actions),
        method: if arguments.robot { Method::Robot } else { Method::Token },
        label: arguments.label.clone(),
        expires_at: None,
    };
    let issued = with_registry(&arguments.registry, async |service, operator| {
        let expires_at = match arguments.days {
            Some(days) => {
                let end = service.now().checked_add(SignedDuration::from_hours(24 * i64::from(days)));
                Some(end.map_err(|error| OperatorError::argument("--days", error))?)
            }
            None => None,
        };
        Ok(service.issue_token(operator, NewToken { expires_at, ..new }).await?)
    })?;
    ui::data(&issued.secret);
    ui::say(&format!("token {} of `{}`; its text is not shown again", issued.token.id, issued.token.principal));
    Ok(())
}

fn list(arguments: &ListArguments) -> Result<(), OperatorError> {
    let (tokens, now) = with_registry(&arguments.registry, async |service, operator| {
        Ok((service.tokens(operator).await?, service.now()))
    })?;
    for token in tokens.iter().filter(|token| !arguments.valid || token.is_valid_at(now)) {
        ui::data(&line(token, now));
    }
    Ok(())
}

/// Id, principal, roles, method, state, end, last use, label: separated by tabs. Labels hold no control characters.
fn line(token: &Token, now: jiff::Timestamp) -> String {
    let roles: Vec<&str> = token.roles.iter().map(|role| role.as_str()).collect();
    let state = match token.revoked_at {
        Some(_) => "revoked",
        None if token.is_valid_at(now) => "valid",
        None => "expired",
    };
    let time = |at: Option<jiff::Timestamp>| {
        at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%dT%H:%MZ").to_string())
    };
    [
        token.id.to_string(),
        token.principal.to_string(),
        roles.join(","),
        token.method.to_string(),
        state.to_owned(),
        time(token.expires_at),
        time(token.last_used_at),
        token.label.clone(),
    ]
    .join("\t")
}
