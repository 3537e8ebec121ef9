//! Which log, and by which key it is known.

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

/// Which log, and what it is known by.
#[derive(Clone, Debug, clap::Args)]
pub struct LogArguments {
    /// The key of the log, `<name>+<id>+<key>` [default: that of mcp-pin.toml, or of the root that it pins, or the one that was accepted]
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
        if let Some(key) = self.pinned_key(context, &client)? {
            return connected(keys_of(&key)?, None);
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

    /// The key that the project names for this registry's log, where there is a project.
    fn pinned_key(&self, context: &Context, client: &RegistryClient) -> Result<Option<String>, CommandError> {
        let project = context.project()?;
        let Ok(base) = Url::parse(client.base()) else { return Ok(None) };
        let mut logs = project.settings.registry_logs.iter();
        Ok(logs.find(|(url, _)| same(url, &base)).map(|(_, key)| key.to_string()))
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
    let keys = registry_root::log_keys(root)?;
    if keys.is_empty() {
        return Err(CommandError::failed("the registry's root has no key of a log"));
    }
    let stated = client.well_known().await.map_err(client_error)?.log_key.ok_or(LogProblem::None)?;
    let name = keys_of(&stated)?.origin().to_owned();
    LogKeys::new(&name, keys).map_err(|error| LogProblem::Key(error).into())
}
