//! The options that say who signs.

use mcp_pin_signing::Keyless;

use super::{ChosenSigner, InstanceArguments, TokenArgument, identity_token, signing_error};
use crate::{context::Context, error::CommandError};

/// Who signs: the key of --key, or, with --keyless, an identity.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Signing")]
pub struct SignerArguments {
    /// Sign with your identity instead of a key: that of the CI job, or yours after a login in the browser
    #[arg(long)]
    pub keyless: bool,
    /// The identity token to sign with; `-` reads it from standard input, which other users cannot see
    /// [default: the variable `MCP_PIN_IDENTITY_TOKEN`, else that of the CI job]
    #[arg(long, value_name = "TOKEN|-", hide_default_value = true)]
    pub identity_token: Option<TokenArgument>,
    /// Where identities come from.
    #[command(flatten)]
    pub instance: InstanceArguments,
}

impl SignerArguments {
    /// Gets the key or the identity ready.
    ///
    /// # Errors
    /// When both or neither can be used.
    pub(crate) fn open(&self, context: &Context) -> Result<ChosenSigner, CommandError> {
        if !self.keyless {
            if self.identity_token.is_some() || self.instance.is_given() {
                return Err(CommandError::usage(
                    "--identity-token, --staging, --trusted-root and --signing-config are for signing with an identity",
                )
                .hint("add --keyless"));
            }
            return Ok(ChosenSigner::Key(context.signing_key()?));
        }
        if context.key.is_chosen() {
            return Err(CommandError::usage("both --keyless and a key are given (--key or MCP_PIN_KEY)")
                .hint("leave out one of them"));
        }
        let services = self.instance.services(context)?;
        let root = self.instance.trusted_root(context)?;
        let token = identity_token(context, self.identity_token.as_ref(), &services)?;
        let keyless = Keyless::new(&services, root).map_err(|error| signing_error("nothing", &error))?;
        Ok(ChosenSigner::Identity { keyless: Box::new(keyless), token: Box::new(token) })
    }
}
