//! `mcp-pin-registry namespace`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use mcp_pin_attest::MAX_KEY_TEXT_BYTES;

use super::{OperatorError, RegistryArguments, with_registry};
use crate::{
    service::{NewCredential, NewGrant},
    ui,
};

/// What to do with namespaces.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Grant a namespace to a principal and a key
    Grant(GrantArguments),
    /// List the grants in force
    List(ListArguments),
    /// Withdraw a grant; what is live stays live
    Withdraw(WithdrawArguments),
}

/// The arguments of `namespace grant`.
#[derive(Debug, Args)]
pub struct GrantArguments {
    /// What stands before the slash of a name
    #[arg(value_name = "NAMESPACE")]
    pub namespace: String,
    /// Who may publish
    #[arg(long, value_name = "PRINCIPAL")]
    pub principal: String,
    /// Their P-256 public key (PEM)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArguments,
}

/// The arguments of `namespace list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only this one
    #[arg(value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArguments,
}

/// The arguments of `namespace withdraw`.
#[derive(Debug, Args)]
pub struct WithdrawArguments {
    /// What stands before the slash of a name
    #[arg(value_name = "NAMESPACE")]
    pub namespace: String,
    /// The grant's id
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
        Command::Grant(arguments) => {
            let failed = |problem: String| OperatorError::argument("--key", problem);
            let length = std::fs::metadata(&arguments.key).map_err(|error| failed(error.to_string()))?.len();
            if length > MAX_KEY_TEXT_BYTES as u64 {
                return Err(failed("the file is too large to be a key".to_owned()));
            }
            let text = std::fs::read_to_string(&arguments.key).map_err(|error| failed(error.to_string()))?;
            let new = NewGrant {
                namespace: arguments.namespace.clone(),
                principal: arguments
                    .principal
                    .parse()
                    .map_err(|error| OperatorError::argument("--principal", error))?,
                credential: NewCredential::Key(text),
            };
            let grant = with_registry(&arguments.registry, async |service, operator| {
                Ok(service.grant_namespace(operator, new).await?)
            })?;
            ui::data(&grant.id.to_string());
            Ok(())
        }
        Command::List(arguments) => {
            let grants = with_registry(&arguments.registry, async |service, operator| {
                Ok(service.grants(operator, arguments.namespace.as_deref()).await?)
            })?;
            for grant in grants {
                ui::data(&format!("{}\t{}\t{}\t{}", grant.id, grant.namespace, grant.principal, grant.credential.id()));
            }
            Ok(())
        }
        Command::Withdraw(arguments) => {
            let id = arguments.id.parse().map_err(|error| OperatorError::argument("ID", error))?;
            with_registry(&arguments.registry, async |service, operator| {
                Ok(service.withdraw_grant(operator, &arguments.namespace, &id).await?)
            })
        }
    }
}
