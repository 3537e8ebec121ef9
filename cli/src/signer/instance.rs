//! Which Sigstore instance signs.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use mcp_pin_attest::{InstanceName, MAX_TRUSTED_ROOT_BYTES, RequiredEvidence, TrustedRoot, TrustedRootError};
use mcp_pin_signing::{MAX_SIGNING_CONFIG_BYTES, Services, ServicesError};

use crate::{context::Context, error::CommandError, state::read_bounded};

/// What the root of a file is called in messages: the file is the instance.
const PRIVATE: &str = "private";

/// A Sigstore instance: the public good one, where nothing else is said.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct InstanceArguments {
    /// Sigstore's staging instance, for trying out: nobody trusts what it vouches for
    #[arg(long)]
    pub staging: bool,
    /// The trusted root of your own instance, which the signature is checked under before anybody sees it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trusted_root: Option<PathBuf>,
    /// The signing config of your own instance: where its certificate authority, log and timestamp authority are
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub signing_config: Option<PathBuf>,
}

impl InstanceArguments {
    /// Whether any of them is given.
    pub(crate) fn is_given(&self) -> bool {
        self.staging || self.trusted_root.is_some() || self.signing_config.is_some()
    }

    fn public(&self) -> InstanceName {
        if self.staging { InstanceName::Staging } else { InstanceName::PublicGood }
    }

    /// The services.
    pub(crate) fn services(&self, context: &Context) -> Result<Services, CommandError> {
        match &self.signing_config {
            Some(path) => {
                let bytes = read(context, path, "signing config", MAX_SIGNING_CONFIG_BYTES)?;
                Services::from_signing_config(&bytes)
                    .map_err(|error: ServicesError| CommandError::usage(error.to_string()).at(path, None))
            }
            None => Services::of_instance(&self.public()).map_err(|error| CommandError::usage(error.to_string())),
        }
    }

    /// The root that what was signed is checked under.
    pub(crate) fn trusted_root(&self, context: &Context) -> Result<TrustedRoot, CommandError> {
        match &self.trusted_root {
            Some(path) => {
                let bytes = read(context, path, "trusted root", MAX_TRUSTED_ROOT_BYTES)?;
                let name = InstanceName::Private(PRIVATE.to_owned());
                TrustedRoot::from_json(name, &bytes, RequiredEvidence::Log)
                    .map_err(|error: TrustedRootError| CommandError::usage(error.to_string()).at(path, None))
            }
            None => TrustedRoot::embedded(&self.public())
                .ok_or_else(|| CommandError::internal("the public instances have roots"))?
                .map_err(|error| CommandError::internal(error.to_string())),
        }
    }
}

fn read(context: &Context, path: &Path, what: &str, limit: usize) -> Result<Vec<u8>, CommandError> {
    read_bounded(&context.directory.join(path), limit as u64)?
        .ok_or_else(|| CommandError::usage(format!("there is no {what} {}", path.display())))
}
