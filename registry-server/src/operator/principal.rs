//! `mcp-pin-registry principal`

use clap::{Args, Subcommand};

use super::{OperatorError, RegistryArguments, with_registry};
use crate::{
    service::{Keys, Offboarding},
    ui,
};

/// What to do with people and programs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take from a principal everything that it may do
    Offboard(OffboardArguments),
    /// Let things be given again to a principal that was offboarded; nothing that ended comes back
    Reinstate(ReinstateArguments),
}

/// The arguments of `principal offboard`.
#[derive(Debug, Args)]
pub struct OffboardArguments {
    /// Who leaves
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", required_unless_present = "plan")]
    pub reason: Option<String>,
    /// Their keys may be in other hands: revoke them, and everything that was signed with them
    #[arg(long)]
    pub compromised: bool,
    /// Only say what would end
    #[arg(long)]
    pub plan: bool,
    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArguments,
}

/// The arguments of `principal reinstate`.
#[derive(Debug, Args)]
pub struct ReinstateArguments {
    /// Who returns
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    /// Which registry.
    #[command(flatten)]
    pub registry: RegistryArguments,
}

/// Runs it.
///
/// # Errors
/// See [`OperatorError`].
pub fn run(command: &Command) -> Result<(), OperatorError> {
    let principal = |text: &str| text.parse().map_err(|error| OperatorError::argument("PRINCIPAL", error));
    match command {
        Command::Offboard(arguments) => {
            let who = principal(&arguments.principal)?;
            let keys = if arguments.compromised { Keys::Compromised } else { Keys::Kept };
            let ending = with_registry(&arguments.registry, async |service, operator| {
                Ok(if arguments.plan {
                    service.plan_offboarding(operator, &who, keys).await?
                } else {
                    service.offboard(operator, &who, keys, arguments.reason.as_deref().unwrap_or_default()).await?
                })
            })?;
            show(&ending, arguments.plan);
            Ok(())
        }
        Command::Reinstate(arguments) => {
            let who = principal(&arguments.principal)?;
            with_registry(&arguments.registry, async |service, operator| Ok(service.reinstate(operator, &who).await?))
        }
    }
}

fn show(ending: &Offboarding, plan: bool) {
    for token in &ending.tokens {
        ui::data(&format!("token\t{}\t{}\t{}", token.id, token.method, token.label));
    }
    for approver in &ending.approvers {
        ui::data(&format!("approver\t{}\t{}", approver.id, approver.scope));
    }
    for grant in &ending.grants {
        ui::data(&format!("grant\t{}\t{}", grant.id, grant.namespace));
    }
    for identity in &ending.identities {
        ui::data(&format!("identity\t{}\t{}", identity.issuer, identity.subject.escape_debug()));
    }
    for submission in &ending.pending {
        ui::data(&format!("pending\t{}@{}", submission.server, submission.version));
    }
    for (scope, target) in &ending.revocations {
        ui::data(&format!("revocation\t{}\t{target}", scope.as_str()));
    }
    ui::say(match (plan, ending.already) {
        (true, _) => "this would end; nothing was changed",
        (false, true) => "offboarded before; this ended now",
        (false, false) => "offboarded; this ended",
    });
}
