//! Which log, and by which key it is known.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_attest::registry_root::{RegistryRoot, RootPin};
use mcp_pin_registry_client::RegistryClient;
use mcp_pin_tlog::LogKeys;
use url::Url;

use crate::{
    commands::registry::connection::{Connection, client_error},
    context::Context,
    error::CommandError,
    log::{KnownLog, LogProblem, keys_of},
    registry_root,
};

/// What precedes the 32 bytes of an Ed25519 public key in its `SubjectPublicKeyInfo` (RFC 8410 section 4).
const SPKI_PREFIX: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// Which log, and what it is known by.
#[derive(Clone, Debug, clap::Args)]
pub struct LogArguments {
    /// The key of the log, `<name>+<id>+<key>` [default: the root that mcp-pin.toml pins, or the key that was accepted]
    #[arg(long, value_name = "KEY")]
    pub log_key: Option<String>,
    /// Accept, for now and later, the key that the registry states itself
    #[arg(long, value_name = "WHAT")]
    pub accept: Option<Accept>,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// What is accepted without having been seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Accept {
    /// A log that was never seen on this machine.
    FirstUse,
}

/// A log that can be met.
pub(super) struct Connected {
    pub(super) client: RegistryClient,
    pub(super) known: KnownLog,
    pub(super) keys: LogKeys,
    /// The key's text, where it was accepted just now and has to be kept.
    accepted: Option<String>,
}

impl LogArguments {
    /// Finds the registry and the key.
    pub(super) async fn connect(&self, context: &Context) -> Result<Connected, CommandError> {
        let client = self.connection.client(context)?;
        let logs =
            context.logs.as_ref().ok_or_else(|| CommandError::usage("there is no folder to keep what was seen in"))?;
        let known = logs.of(client.base());
        let connected = |keys, accepted| Ok(Connected { client: client.clone(), known: known.clone(), keys, accepted });
        if let Some(key) = &self.log_key {
            return connected(keys_of(key)?, None);
        }
        if let Some(pin) = self.pinned_root(context, &client)? {
            let root = registry_root::follow(&client, &pin, context.now()).await?;
            return connected(keys_of_root(&client, &root).await?, None);
        }
        if let Some(key) = known.key()? {
            return connected(keys_of(&key)?, None);
        }
        let stated = client.well_known().await.map_err(client_error)?.log_key;
        let stated = stated.ok_or(LogProblem::None)?;
        if self.accept != Some(Accept::FirstUse) {
            return Err(CommandError::consent_required("the key of this log was never seen on this machine")
                .detail(format!("the registry says that it is {}", crate::ui::sanitize::line(&stated)))
                .hint("compare it with what its operators say by another way, then give it with --log-key, or take it with --accept first-use"));
        }
        connected(keys_of(&stated)?, Some(stated))
    }

    /// The root that the project pins for this registry, where there is a project.
    fn pinned_root(&self, context: &Context, client: &RegistryClient) -> Result<Option<RootPin>, CommandError> {
        let project = context.project()?;
        let Ok(base) = Url::parse(client.base()) else { return Ok(None) };
        Ok(project.settings.registry_roots.iter().find(|(url, _)| same(url, &base)).map(|(_, pin)| *pin))
    }
}

/// Whether two addresses are of one registry: a slash at the end makes no other.
fn same(a: &Url, b: &Url) -> bool {
    a.as_str().trim_end_matches('/') == b.as_str().trim_end_matches('/')
}

impl Connected {
    /// Notes what was seen, and the key if it was accepted just now.
    pub(super) fn keep(&self, size: u64, checkpoint: &[u8]) -> Result<(), CommandError> {
        if let Some(key) = &self.accepted {
            self.known.keep_key(key)?;
        }
        self.known.keep(size, checkpoint).map_err(Into::into)
    }
}

/// The keys of the role `log` of a root. The log's name is what the registry says: whoever has the key signs it.
async fn keys_of_root(client: &RegistryClient, root: &RegistryRoot) -> Result<LogKeys, CommandError> {
    let document = root.document();
    let role = document.roles.log.as_ref();
    let role = role.ok_or_else(|| CommandError::failed("the registry's root has no key of a log"))?;
    let mut keys = Vec::new();
    for id in &role.keyids {
        let der = document.keys.get(id).and_then(|key| STANDARD.decode(&key.public_key).ok()).unwrap_or_default();
        let key = der.strip_prefix(&SPKI_PREFIX).and_then(|key| <[u8; 32]>::try_from(key).ok());
        keys.push(
            key.ok_or_else(|| CommandError::failed("the key of the log in the registry's root is no Ed25519 key"))?,
        );
    }
    let stated = client.well_known().await.map_err(client_error)?.log_key.ok_or(LogProblem::None)?;
    let name = keys_of(&stated)?.origin().to_owned();
    LogKeys::new(&name, keys).map_err(|error| LogProblem::Key(error).into())
}
