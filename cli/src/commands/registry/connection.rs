//! How a command reaches a registry.

use std::{future::Future, path::PathBuf};

use clap::ValueHint;
use mcp_pin_attest::{MAX_KEY_TEXT_BYTES, PublicKey};
use mcp_pin_model::Ring;
use mcp_pin_registry_client::{AccessToken, ClientError, ClientOptions, RefusalKind, RegistryClient};
use zeroize::Zeroizing;

use crate::{
    context::Context,
    error::{CommandError, Status},
    signer::KeySource,
    state::read_bounded,
    ui::sanitize,
};

/// The largest token file: a token has at most 256 characters.
const MAX_TOKEN_BYTES: u64 = 4096;

/// Which registry, and as whom. A token is never an argument: arguments can be read by every process of the machine.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Registry")]
pub struct Connection {
    /// The registry [default: the one of mcp-pin.toml]
    #[arg(long, value_name = "URL", env = "MCP_PIN_REGISTRY", value_hint = ValueHint::Url)]
    pub registry: Option<String>,
    /// A file that holds the access token [default: the variable MCP_PIN_TOKEN]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
}

impl Connection {
    /// A client; the token comes along where there is one.
    pub(crate) fn client(&self, context: &Context) -> Result<RegistryClient, CommandError> {
        let token = self.token(context)?;
        RegistryClient::new(&self.url(context)?, token, &ClientOptions::default()).map_err(client_error)
    }

    /// A client that asks for what is live in a ring.
    pub(crate) fn in_ring(&self, context: &Context, ring: &Ring) -> Result<RegistryClient, CommandError> {
        let options = ClientOptions { ring: Some(ring.clone()), ..ClientOptions::default() };
        RegistryClient::new(&self.url(context)?, self.token(context)?, &options).map_err(client_error)
    }

    /// A client for what nobody may do without a token.
    pub(crate) fn authorized(&self, context: &Context) -> Result<RegistryClient, CommandError> {
        if self.token(context)?.is_none() {
            return Err(CommandError::usage("this needs an access token of the registry").hint(
                "log in with `mcp-pin registry login --web`, or name a file with --token-file, or set MCP_PIN_TOKEN",
            ));
        }
        self.client(context)
    }

    /// A client without a token.
    pub(crate) fn anonymous(&self, context: &Context) -> Result<RegistryClient, CommandError> {
        RegistryClient::new(&self.url(context)?, None, &ClientOptions::default()).map_err(client_error)
    }

    /// Whether an access token is named.
    pub(crate) fn has_token(&self, context: &Context) -> bool {
        self.token_file.is_some()
            || context.environment.get("MCP_PIN_TOKEN").is_some()
            || self.token(context).is_ok_and(|token| token.is_some())
    }

    fn url(&self, context: &Context) -> Result<String, CommandError> {
        if let Some(url) = &self.registry {
            return Ok(url.clone());
        }
        let project = context.project()?;
        match project.settings.registries.as_slice() {
            [url] => Ok(url.to_string()),
            [] => Err(CommandError::usage("no registry is named, and mcp-pin.toml has none")
                .hint("name one with --registry <url>, or add it to the project with `mcp-pin registry add <url>`")),
            _ => {
                Err(CommandError::usage("mcp-pin.toml has several registries").hint("say which with --registry <url>"))
            }
        }
    }

    fn token(&self, context: &Context) -> Result<Option<AccessToken>, CommandError> {
        if self.token_file.is_none() && context.environment.get("MCP_PIN_TOKEN").is_none() {
            return super::person::kept_token(context, &self.url(context)?);
        }
        let text = match &self.token_file {
            Some(path) => {
                let path = context.directory.join(path);
                let bytes = read_bounded(&path, MAX_TOKEN_BYTES)?
                    .ok_or_else(|| CommandError::usage(format!("there is no token file {}", path.display())))?;
                Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
            }
            None => match context.environment.get("MCP_PIN_TOKEN") {
                Some(token) => Zeroizing::new(token.to_owned()),
                None => return Ok(None),
            },
        };
        let place = self.token_file.as_ref().map_or("MCP_PIN_TOKEN".to_owned(), |path| path.display().to_string());
        text.parse().map(Some).map_err(|error| CommandError::usage(format!("{place}: {error}")))
    }
}

/// Asks a registry something, with progress.
pub(crate) fn ask<T>(
    context: &Context,
    doing: &str,
    work: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, CommandError> {
    let progress = context.ui.progress(doing);
    let answer = context.block_on(async { work.await.map_err(client_error) });
    progress.finish();
    answer
}

/// What a failed request means for the caller. What the registry said is foreign text and is shown as such.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
pub(crate) fn client_error(error: ClientError) -> CommandError {
    let status = match &error {
        ClientError::Address { .. } => Status::Usage,
        error if error.is_could_not_check() => Status::CouldNotCheck,
        _ => Status::Failed,
    };
    let mut out = CommandError::new(status, error.to_string());
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        out = out.detail(format!("because: {cause}"));
        source = cause.source();
    }
    if let ClientError::Refused { kind, detail, .. } = &error {
        if !detail.is_empty() {
            out = out.detail(format!("the registry said: {}", sanitize::line(detail)));
        }
        out = match kind {
            RefusalKind::Unauthorized => {
                out.hint("an access token goes into a file for --token-file, or into MCP_PIN_TOKEN")
            }
            RefusalKind::Forbidden => out.hint("`mcp-pin registry show` tells what your token may do"),
            _ => out,
        };
    }
    out
}

/// The public key that `--key` names: a public key in PEM, or the public half of a signing key.
pub(crate) fn public_key(context: &Context) -> Result<PublicKey, CommandError> {
    let KeySource::File(file) = &context.key else {
        return Ok(context.signing_key()?.public_key().clone());
    };
    let path = file.path();
    let bytes = Zeroizing::new(read_bounded(path, MAX_KEY_TEXT_BYTES as u64)?.ok_or_else(|| {
        CommandError::usage(format!("there is no key file {}", path.display()))
            .hint("name the public key's file with --key; `mcp-pin key show --public` prints one")
    })?);
    let text =
        std::str::from_utf8(&bytes).map_err(|_| CommandError::usage(format!("{} is not PEM", path.display())))?;
    if text.contains("PRIVATE KEY") {
        return Ok(context.signing_key()?.public_key().clone());
    }
    PublicKey::from_spki_pem(text)
        .map_err(|error| CommandError::usage(format!("{} is not a P-256 public key: {error}", path.display())))
}
