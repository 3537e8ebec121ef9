//! Servers that come from a registry: what it shows is fetched by digest and checked here, as if the registry were
//! anybody.

use std::{collections::BTreeSet, time::Duration};

use mcp_pin_attest::{Attestation, Bundle, Verified, verify};
use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{
    Alias, Consent, Digest, Manifest, Ring, ServerName,
    lockfile::{LockedServer, Source},
};
use mcp_pin_policy::{Case, decide};
use mcp_pin_registry_client::{ClientError, ClientOptions, EntryStatus, RegistryClient};
use mcp_pin_tlog::LogKeys;
use url::Url;

use crate::{
    commands::registry::connection::client_error,
    context::Context,
    error::{CommandError, Status},
    log::{LockedLog, LogProblem, StateProblem, contact, locked_registry},
    project::{ConfiguredServer, Settings, settings::ServerSettings},
    registry_root,
    state::{
        Admission, LoggedState, State,
        lint::Publication,
        verification::{Locked, outcome_failure, replaced_by, report_of, requirements_for, tombstones_of, trust_for},
    },
};

/// How often a registry is asked whether its log commits to what it shows, and how long it is waited in between: it promises
/// that within a second.
const COMMIT_ATTEMPTS: u32 = 10;
const COMMIT_PAUSE: Duration = Duration::from_millis(500);

/// A version that a registry shows and that this project's own trust and policy admit.
#[derive(Clone, Debug)]
pub struct Published {
    /// Where it comes from.
    pub source: Source,
    /// Its manifest.
    pub manifest: Verified<Manifest>,
    /// The consents that this project's trust accepts.
    pub consents: Vec<Verified<Consent>>,
    /// The change report that they are about, relative to the version before it in the registry.
    pub report: ChangeReport,
    /// That version's manifest.
    pub predecessor: Option<Verified<Manifest>>,
    /// The attestations of where its packages were built.
    pub bundles: Vec<Bundle>,
    /// What the registry's log says is live, where the project knows the log.
    pub(crate) log: Option<LoggedState>,
}

impl Published {
    /// Its block in a lock.
    fn locked(&self, alias: &Alias) -> LockedServer {
        Admission::block(alias, &self.source, &self.manifest, &self.consents, &[])
    }

    /// What goes into the lock.
    ///
    /// # Errors
    /// When the project's configuration starts something else than what was published.
    pub fn admission(self, server: &ConfiguredServer, replaces: Option<Locked>) -> Result<Admission, CommandError> {
        let statement = self.manifest.statement();
        let (mut configured, mut published) = (server.launch.clone(), statement.launch.clone());
        configured.normalise();
        published.normalise();
        if configured != published {
            let mut error = CommandError::failed(format!(
                "`{}` is configured with another launch than `{}` {} was published with",
                server.alias,
                statement.name(),
                statement.version()
            ))
            .detail(format!("published:  {}", published.to_value().to_canonical_string()))
            .detail(format!("configured: {}", configured.to_value().to_canonical_string()))
            .hint("configure it as published; the launch is part of what was consented to");
            error.place = server.place().cloned();
            return Err(error);
        }
        let tombstones =
            tombstones_of(statement, self.predecessor.as_ref().map(Verified::statement), self.report.tombstones());
        Ok(Admission {
            alias: server.alias.clone(),
            source: self.source,
            tombstones,
            predecessor: self.predecessor.map(|predecessor| predecessor.attestation().clone()),
            manifest: self.manifest,
            consents: self.consents,
            report: self.report,
            bundles: self.bundles,
            log: self.log,
            replaces: replaces.map(Box::new),
        })
    }
}

/// The newest live version that satisfies the project's requirement.
///
/// # Errors
/// Exit code 4 where the registry shows none or the project's policy wants more consents, 1 where something does not
/// verify, 3 where the registry cannot be asked.
pub fn resolve(
    context: &Context,
    settings: &Settings,
    alias: &Alias,
    wanted: &ServerSettings,
    state: &State,
) -> Result<Published, CommandError> {
    let url = &wanted.registry;
    let progress = context.ui.progress(&format!("{alias}: asking {url}"));
    let published = context.block_on(fetch(context, settings, alias, wanted, url, state));
    progress.finish();
    published
}

async fn fetch(
    context: &Context,
    settings: &Settings,
    alias: &Alias,
    wanted: &ServerSettings,
    url: &Url,
    state: &State,
) -> Result<Published, CommandError> {
    // What is live is shown to everybody. A project file names the registry, so a token is sent there only for what
    // needs one.
    let client = RegistryClient::new(url.as_str(), None, &reader_options(context, wanted)).map_err(client_error)?;
    let log = Log::of(context, settings, url, &client, state).await?;
    let name = &wanted.name;
    let not_admitted = || {
        CommandError::consent_required(format!("`{name}` {} is not admitted in {url}", wanted.version))
            .hint("somebody has to submit it there, and its approvers have to consent")
    };
    let versions = match client.versions(name).await {
        Ok(versions) => versions,
        Err(ClientError::NotFound { .. }) => return Err(not_admitted()),
        Err(error) => return Err(client_error(error)),
    };
    let newest = versions
        .into_iter()
        .filter(|entry| entry.status != EntryStatus::Deleted && wanted.version.matches(entry.version.semver()))
        .max_by(|a, b| a.version.cmp(&b.version))
        .ok_or_else(not_admitted)?;
    let digest = newest.manifest.ok_or_else(|| {
        CommandError::failed(format!(
            "{url} shows `{name}` {} without a manifest, so it cannot be checked",
            newest.version
        ))
    })?;
    let (publishers, approvers) = trust_for(settings, &Source::Registry(url.clone()), name);
    let attestation = client.manifest(&digest).await.map_err(client_error)?;
    let manifest = verify::<Manifest>(&attestation, &publishers, settings.roots()).map_err(|error| {
        let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Failed };
        CommandError::new(status, format!("the manifest of `{name}` {} is not accepted: {error}", newest.version))
            .hint("whoever publishes it stands in mcp-pin.toml as [[trust.publisher]], with names, and key or identity")
    })?;
    let statement = manifest.statement();
    if statement.name() != name || *statement.version() != newest.version {
        return Err(CommandError::failed(format!(
            "{url} shows the manifest of another server or version for `{name}`"
        )));
    }
    let publication = Publication { manifest: &manifest, publishers: &publishers, roots: settings.roots() };
    let mut consents = Vec::new();
    for document in client.consents(&digest).await.map_err(client_error)? {
        // Consents of people this project does not know are no error: they only do not count here. Nor does what could
        // never count, which is not locked either: somebody would have to explain it later.
        if let Ok(consent) = verify::<Consent>(&document.attestation, &approvers, settings.roots())
            && publication.may_count(&consent)
        {
            consents.push(consent);
        }
    }
    // Those of an earlier review of the same version are about another report.
    if let Some((changes, replaces)) = consents
        .iter()
        .map(Verified::statement)
        .max_by_key(|consent| consent.at)
        .map(|consent| (consent.changes, consent.replaces))
    {
        consents.retain(|consent| {
            let consent = consent.statement();
            consent.changes == changes && consent.replaces == replaces
        });
    }
    let predecessor = match replaced_by(&consents) {
        Some(previous) => {
            // What was locked before is here already.
            let attestation = match state.attestation(&previous) {
                Ok(attestation) => attestation,
                Err(_) => replaced(context, &client, url, &previous).await?,
            };
            Some(verify::<Manifest>(&attestation, &publishers, settings.roots()).map_err(|error| {
                CommandError::failed(format!(
                    "the manifest before `{name}` {} is not accepted: {error}",
                    newest.version
                ))
            })?)
        }
        None => None,
    };
    let before = predecessor.as_ref().map(Verified::statement);
    let report = match consents.first().map(|consent| consent.statement().changes) {
        Some(changes) => {
            let bytes = client.changes(&digest, &changes).await.map_err(client_error)?;
            let report = ChangeReport::parse(&bytes)
                .map_err(|error| CommandError::failed(format!("the change report of `{name}` is damaged: {error}")))?;
            let recomputed = report_of(statement, Some(digest), before, report.tombstones(), Some(&report));
            if recomputed != report {
                return Err(CommandError::failed(format!(
                    "the change report of `{name}` {} is not what this mcp-pin finds between the two versions",
                    newest.version
                )));
            }
            report
        }
        None => report_of(statement, Some(digest), before, &[], None),
    };
    let ring: Ring = wanted.ring.clone();
    let case = Case {
        report: &report,
        manifest: digest,
        replaces: report.from().and_then(|side| side.manifest),
        name,
        version: statement.version(),
        publisher: manifest.principal(),
        ring: &ring,
        at: context.now(),
    };
    let source = Source::Registry(url.clone());
    if let Some(failure) = outcome_failure(&decide(&case, &consents, &requirements_for(settings, &source))) {
        return Err(CommandError::new(
            failure.status,
            format!("`{name}` {} is not admitted by this project's trust: {}", newest.version, failure.message),
        )
        .hint("whoever may consent stands in mcp-pin.toml as [[trust.approver]]"));
    }
    let bundles = evidence(&client, &manifest).await?;
    let mut published = Published { source, manifest, consents, report, predecessor, bundles, log: None };
    if let Some(log) = log {
        published.log = Some(log.hold(context, &client, &published, alias).await?);
    }
    Ok(published)
}

/// The log of a registry, as far as the project knows it.
struct Log<'a> {
    url: &'a Url,
    keys: LogKeys,
    locked: LockedLog,
    /// The servers of this registry that the project has or wants.
    servers: BTreeSet<ServerName>,
}

impl<'a> Log<'a> {
    /// Follows the registry's root, where one is pinned, and finds the log's key; none where the project knows none.
    async fn of(
        context: &Context,
        settings: &Settings,
        url: &'a Url,
        client: &RegistryClient,
        state: &State,
    ) -> Result<Option<Self>, CommandError> {
        let root = match settings.registry_roots.get(url) {
            Some(known) => Some(registry_root::follow(client, known, context.now()).await?),
            None => None,
        };
        let Some(key) = settings.registry_logs.get(url) else { return Ok(None) };
        if let Some(root) = &root {
            registry_root::check_log_key(root, key)?;
        }
        let keys = LogKeys::new(key.name(), [*key.key()]).map_err(LogProblem::Key)?;
        let lock = state.read_lock()?.unwrap_or_default();
        let wanted = settings.servers.values().filter(|server| server.registry == *url).map(|server| &server.name);
        let locked = lock.servers().iter().filter(|server| server.source == Source::Registry(url.clone()));
        let servers = wanted.chain(locked.map(|server| &server.name)).cloned().collect();
        Ok(Some(Self { url, keys, locked: LockedLog::of(state, &lock, url), servers }))
    }

    /// Holds what the registry shows against what its log commits to.
    async fn hold(
        mut self,
        context: &Context,
        client: &RegistryClient,
        published: &Published,
        alias: &Alias,
    ) -> Result<LoggedState, CommandError> {
        let server = published.locked(alias);
        self.servers.insert(server.name.clone());
        let servers: Vec<ServerName> = self.servers.into_iter().collect();
        let known = context.logs.as_ref().map(|logs| logs.of(client.base()));
        let mut attempt = 1;
        loop {
            let now = context.now();
            let (record, seen) = contact(client, &self.keys, known.as_ref(), &self.locked, &servers, now).await?;
            match seen.judge(&server) {
                Ok(_) => return Ok(LoggedState { registry: locked_registry(self.url, &seen), record }),
                // What was decided a moment ago may not be committed to yet.
                Err(StateProblem::Absent) if attempt < COMMIT_ATTEMPTS => attempt += 1,
                Err(problem) => {
                    let text = format!("`{}` {} is shown, but {problem}", server.name, server.version);
                    let error = CommandError::new(problem.status(), text);
                    return Err(match problem.hint() {
                        Some(hint) => error.hint(hint),
                        None => error,
                    });
                }
            }
            tokio::time::sleep(COMMIT_PAUSE).await;
        }
    }
}

/// What a registry is told about who reads: the ring that the project is in, where it says one, or else what the
/// machine's owner calls it.
fn reader_options(context: &Context, wanted: &ServerSettings) -> ClientOptions {
    ClientOptions {
        ring: (wanted.ring != Ring::stable()).then(|| wanted.ring.clone()),
        client_id: context.environment.get("MCP_PIN_CLIENT").map(str::to_owned).filter(|id| !id.is_empty()),
        ..ClientOptions::default()
    }
}

/// The attestations that a manifest names for its packages. The lock verifies them itself, so that it need not believe the
/// registry.
async fn evidence(client: &RegistryClient, manifest: &Verified<Manifest>) -> Result<Vec<Bundle>, CommandError> {
    let provenance = |artifact: &mcp_pin_model::Artifact| artifact.provenance.as_ref().map(|it| it.attestation);
    let wanted: Vec<Digest> = manifest.statement().artifacts.iter().filter_map(provenance).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut bundles = client.evidence(&manifest.digest()).await.map_err(client_error)?;
    bundles.retain(|bundle| bundle.payload_digest_unverified().is_ok_and(|digest| wanted.contains(&digest)));
    Ok(bundles)
}

/// A manifest that was replaced, which registries show to holders of a token only.
async fn replaced(
    context: &Context,
    client: &RegistryClient,
    url: &Url,
    digest: &Digest,
) -> Result<Attestation, CommandError> {
    match client.manifest(digest).await {
        Err(ClientError::NotFound { .. }) => {}
        answer => return answer.map_err(client_error),
    }
    let Some(token) = context.environment.get("MCP_PIN_TOKEN") else {
        return Err(CommandError::could_not_check(format!("{url} does not show the version before to everybody"))
            .hint("an access token of that registry in the variable MCP_PIN_TOKEN shows it"));
    };
    let token = token.parse().map_err(|error| CommandError::usage(format!("MCP_PIN_TOKEN: {error}")))?;
    let client = RegistryClient::new(url.as_str(), Some(token), &ClientOptions::default()).map_err(client_error)?;
    client.manifest(digest).await.map_err(client_error)
}
