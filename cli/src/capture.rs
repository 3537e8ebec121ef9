//! Capturing configured servers, several at a time, and turning a capture into a manifest.

use std::sync::Arc;

use jiff::Timestamp;
use mcp_pin_diff::ChangeReport;
use mcp_pin_mcp::{CaptureError, CaptureOptions, Captured, Progress};
use mcp_pin_model::{
    Alias, Digest, Launch, Manifest, ServerName, ServerVersion, Surface,
    manifest::Capture,
    package_identity::{Package, identify},
    placeholder::{Placeholder, substitute, substitute_at},
    server_json,
};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    context::Context,
    declared::{self, Declared},
    error::CommandError,
    packages::{Packages, resolve_artifacts, resolver},
    project::{
        ConfiguredServer, Project, Secret,
        launching::{Startable, Variables, startable},
        secrets,
    },
    state::verification::{Locked, report_of},
    ui,
};

/// How many servers are started at once: package launchers download and unpack, and more of them at a time are slower
/// on a small machine, not faster.
const CONCURRENT: usize = 4;

/// What we call ourselves in manifests.
const CAPTURED_BY: &str = concat!("mcp-pin/", env!("CARGO_PKG_VERSION"));

/// What a live server declares.
#[derive(Clone, Debug)]
pub struct Live {
    /// The surface in its stored form.
    pub surface: Surface,
    /// Where it holds placeholders.
    pub placeholders: Vec<Placeholder>,
    /// The negotiated protocol version.
    pub protocol: String,
    /// How the server was started or reached, as configured.
    pub launch: Launch,
    /// What its own signed manifest came to, where it offers one (SEP-3140).
    pub evidence: Option<String>,
    /// The packages that the launch runs.
    pub packages: Packages,
    /// Whether it is exactly what is locked; always false where nothing is.
    pub is_locked: bool,
    /// Our own work, without waiting for the server.
    pub processing: std::time::Duration,
}

/// A capture, with the secrets that must not be in it.
type Raw = (Captured, Vec<(String, Secret)>);

/// A server to capture.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// As configured.
    pub server: &'a ConfiguredServer,
    /// As locked, to compare with.
    pub locked: Option<&'a Locked>,
}

/// Captures several servers, with progress; the results are in the order of `wanted`.
///
/// # Errors
/// Only when nothing could be started at all; each server has its own result.
pub fn capture_all(
    context: &Context,
    project: &Project,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Result<Live, CommandError>>, CommandError> {
    let mut lives = capture_surfaces(context, project, wanted)?;
    look_at_packages(context, project, wanted, &mut lives)?;
    Ok(lives)
}

/// The same, without a look at the packages: for who builds a server, and compares nothing but what it declares.
///
/// # Errors
/// See [`capture_all`].
pub fn capture_surfaces(
    context: &Context,
    project: &Project,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Result<Live, CommandError>>, CommandError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let home = context.home();
    let variables = Variables { environment: &context.environment, root: &project.root, home: home.as_deref() };
    let progress = context.ui.progress("starting");
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let captured = context.block_on(async {
        let mut tasks = JoinSet::new();
        let mut results: Vec<Option<Result<Raw, CommandError>>> = Vec::new();
        for (index, wanted) in wanted.iter().enumerate() {
            match prepare(wanted.server, &variables) {
                Ok(startable) => {
                    results.push(None);
                    let permits = Arc::clone(&permits);
                    let alias = wanted.server.alias.clone();
                    let progress = progress.clone();
                    tasks.spawn(async move {
                        // Only a closed semaphore gives none, and nobody closes this one.
                        let _permit = permits.acquire_owned().await;
                        (index, capture_one(&alias, startable, progress).await)
                    });
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        while let Some(joined) = tasks.join_next().await {
            let (index, result) =
                joined.map_err(|error| CommandError::internal(format!("a capture was lost: {error}")))?;
            if let Some(slot) = results.get_mut(index) {
                *slot = Some(result);
            }
        }
        Ok::<_, CommandError>(results)
    })?;
    progress.finish();
    Ok(captured
        .into_iter()
        .zip(wanted)
        .map(|(result, wanted)| {
            let (captured, secrets) =
                result.unwrap_or_else(|| Err(CommandError::internal("a capture has no result")))?;
            let (manifest, wrong) = (captured.declared_manifest.clone(), captured.wrong_content_hashes.clone());
            let mut live = live(captured, &secrets, wanted)?;
            let alias = &wanted.server.alias;
            let declared =
                Declared { alias, launch: &live.launch, surface: &live.surface, placeholders: &live.placeholders };
            declared::check_own_hashes(&declared, &wrong)?;
            let name = wanted.locked.map_or_else(|| ServerName::local(alias), |locked| locked.server.name.clone());
            let publishers = project.settings.publishers_of(&name);
            live.evidence = declared::check_manifest(&declared, &manifest, &publishers, context.now())?;
            Ok(live)
        })
        .collect())
}

/// Adds digests and provenance of the packages that nobody has looked at yet.
fn look_at_packages(
    context: &Context,
    project: &Project,
    wanted: &[Wanted<'_>],
    lives: &mut [Result<Live, CommandError>],
) -> Result<(), CommandError> {
    let captured: Vec<usize> = (0..lives.len()).filter(|index| lives.get(*index).is_some_and(Result::is_ok)).collect();
    let launches: Vec<_> = captured
        .iter()
        .filter_map(|index| wanted.get(*index))
        .map(|wanted| (wanted.server.launch.clone(), wanted.locked))
        .collect();
    if launches.iter().all(|(launch, locked)| !Packages::of_launch(launch, *locked).is_open(launch, *locked)) {
        return Ok(());
    }
    let resolver = resolver(context, project)?;
    let progress = context.ui.progress("looking at packages");
    let found = context.block_on(async { Ok::<_, CommandError>(resolve_artifacts(resolver, launches).await) });
    progress.finish();
    for (index, packages) in captured.into_iter().zip(found?) {
        let (Some(slot), Some(wanted)) = (lives.get_mut(index), wanted.get(index)) else { continue };
        match packages {
            Ok(packages) => {
                for warning in &packages.warnings {
                    context.ui.warn(format!("`{}`: {warning}", wanted.server.alias));
                }
                if let Ok(live) = slot {
                    live.packages = packages;
                }
            }
            Err(error) => *slot = Err(error),
        }
    }
    Ok(())
}

/// Captures one server.
///
/// # Errors
/// When it could not be captured completely: exit code 3.
pub fn capture(context: &Context, project: &Project, wanted: &Wanted<'_>) -> Result<Live, CommandError> {
    capture_all(context, project, std::slice::from_ref(wanted))?
        .pop()
        .unwrap_or_else(|| Err(CommandError::internal("a capture has no result")))
}

fn prepare(server: &ConfiguredServer, variables: &Variables<'_>) -> Result<Startable, CommandError> {
    let at = |error: CommandError| match server.place() {
        Some(place) => error.at(place.path.clone(), place.line),
        None => error,
    };
    if let Some(unsupported) = &server.unsupported {
        return Err(at(CommandError::could_not_check(format!(
            "`{}` could not be checked: {unsupported}",
            server.alias
        ))));
    }
    startable(server, variables)
        .map_err(|error| at(CommandError::could_not_check(format!("`{}` could not be started: {error}", server.alias))))
}

async fn capture_one(alias: &Alias, startable: Startable, progress: ui::Progress) -> Result<Raw, CommandError> {
    let shown = alias.clone();
    let options = CaptureOptions {
        progress: Some(Arc::new(move |event| progress.message(&words(&shown, &event)))),
        ..CaptureOptions::default()
    };
    match Box::pin(mcp_pin_mcp::capture(&startable.target, &options)).await {
        Ok(captured) => Ok((captured, startable.secrets)),
        Err(error) => Err(capture_error(alias, &error, &startable.secrets)),
    }
}

fn words(alias: &Alias, progress: &Progress) -> String {
    match progress {
        Progress::Started => format!("{alias}: starting"),
        Progress::Probing => format!("{alias}: asking for its protocol version"),
        Progress::Restarting => format!("{alias}: starting again"),
        Progress::Negotiated { .. } => format!("{alias}: connected"),
        Progress::Listing { method, page, entries } => format!("{alias}: {method}, page {page}, {entries} entries"),
        Progress::ListingAgain => format!("{alias}: its lists changed, reading them again"),
        Progress::Done { entries } => format!("{alias}: {entries} entries read"),
        _ => format!("{alias}: working"),
    }
}

/// How many lines of a failed server's standard error are shown.
const STDERR_LINES: usize = 12;

fn capture_error(alias: &Alias, error: &CaptureError, secrets: &[(String, Secret)]) -> CommandError {
    let hide = |text: &str| {
        secrets.iter().fold(text.to_owned(), |text, (name, secret)| text.replace(secret.expose(), &format!("<{name}>")))
    };
    let mut out =
        CommandError::could_not_check(format!("`{alias}` could not be captured: {}", hide(&error.to_string())));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        out = out.detail(format!("because: {}", hide(&cause.to_string())));
        source = cause.source();
    }
    if let Some(stderr) = error.stderr() {
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        for line in lines.iter().skip(lines.len().saturating_sub(STDERR_LINES)) {
            out = out.detail(format!("the server said: {}", hide(line)));
        }
    }
    if matches!(error, CaptureError::InvalidTarget { .. }) {
        CommandError { status: crate::error::Status::Usage, ..out }
    } else {
        out
    }
}

/// Brings a capture into its stored form.
fn live(captured: Captured, secrets: &[(String, Secret)], wanted: &Wanted<'_>) -> Result<Live, CommandError> {
    let alias = &wanted.server.alias;
    let refused = |error: mcp_pin_model::surface::SurfaceError| {
        CommandError::could_not_check(format!("`{alias}` could not be captured: {error}"))
    };
    if let Some(name) = secrets::repeated_secret(&captured.surface, secrets) {
        return Err(CommandError::failed(format!(
            "`{alias}` repeats the value of `{name}` in what it declares, so nothing of it is stored"
        ))
        .hint("a server that tells its secrets to the model should not be given any"));
    }
    let (surface, placeholders, is_locked) = stored_form(&captured, wanted.locked).map_err(refused)?;
    let launch = wanted.server.launch.clone();
    Ok(Live {
        surface,
        placeholders,
        protocol: captured.protocol_version,
        packages: Packages::of_launch(&launch, wanted.locked),
        launch,
        evidence: None,
        is_locked,
        processing: captured.stats.processing,
    })
}

/// The surface with placeholders, their places, and whether it is exactly what is locked.
fn stored_form(
    captured: &Captured,
    locked: Option<&Locked>,
) -> Result<(Surface, Vec<Placeholder>, bool), mcp_pin_model::surface::SurfaceError> {
    let at_places = match locked {
        Some(locked) => {
            let places = &locked.manifest.statement().capture.placeholders;
            let surface = substitute_at(&captured.surface, &captured.machine, places)?;
            if surface.digest() == locked.server.surface {
                return Ok((surface, places.clone(), true));
            }
            Some((surface, places, locked.server.surface))
        }
        None => None,
    };
    // Where the surface differs, the new text may name this machine at new places. Where only the places differ, the
    // text at the recorded ones is what counts.
    let (full, found) = substitute(&captured.surface, &captured.machine)?;
    Ok(match at_places {
        Some((surface, places, locked)) if full.digest() == locked => (surface, places.clone(), false),
        _ => (full, found, false),
    })
}

impl Live {
    /// Whether the server negotiated an older protocol than is locked. Versions are dates, which sort as text.
    #[must_use]
    pub fn is_downgrade(&self, locked: &Locked) -> bool {
        self.protocol < locked.server.protocol
    }

    /// Whether anything differs from what is locked. A newer protocol alone does not: the surface is what is pinned.
    #[must_use]
    pub fn is_drift(&self, locked: &Locked) -> bool {
        let mut launch = self.launch.clone();
        launch.normalise();
        !self.is_locked || launch != locked.server.launch || self.is_downgrade(locked)
    }

    /// The manifest of a server that no registry knows.
    ///
    /// # Errors
    /// When the capture does not make an acceptable one.
    pub fn to_local_manifest(
        &self,
        alias: &Alias,
        previous: Option<Digest>,
        at: Timestamp,
    ) -> Result<Manifest, CommandError> {
        let identity = identify(&self.launch);
        let version = self.local_version(identity.package());
        Manifest::new(
            server_json::local(alias, &version, &self.launch),
            self.surface.clone(),
            self.launch.clone(),
            self.packages.artifacts.clone(),
            Capture {
                at,
                by: CAPTURED_BY.to_owned(),
                transport: self.launch.transport().to_owned(),
                protocol_version: self.protocol.clone(),
                auth_profile: None,
                placeholders: self.placeholders.clone(),
            },
            previous,
        )
        .map_err(|error| CommandError::could_not_check(format!("`{alias}` cannot be locked: {error}")))
    }

    /// The version of the package, which never has other bytes. Where the launch does not pin one, the version that the
    /// server claims, which many servers do not maintain; `0.0.0` says that there is none.
    fn local_version(&self, package: Option<&Package>) -> ServerVersion {
        let claimed = || {
            let version = self.surface.server_info()?.get("version")?.as_str()?;
            version.strip_prefix('v').unwrap_or(version).parse().ok()
        };
        package
            .and_then(Package::version)
            .or_else(claimed)
            .unwrap_or_else(|| "0.0.0".parse().expect("a semantic version"))
    }

    /// The change from what is locked to this. Its digest is the same for everybody who looks at the same live server,
    /// and is what `update --accept` takes.
    ///
    /// # Errors
    /// See [`Live::to_local_manifest`].
    pub fn report(&self, alias: &Alias, locked: Option<&Locked>) -> Result<ChangeReport, CommandError> {
        // The time is not part of the report.
        let manifest = self.manifest_like(alias, locked, Timestamp::UNIX_EPOCH)?;
        let predecessor = locked.map(|locked| locked.manifest.statement());
        let tombstones = locked.map(|locked| locked.server.tombstones.as_slice()).unwrap_or_default();
        Ok(report_of(&manifest, None, predecessor, tombstones, None))
    }

    /// The manifest that this would be after what is locked.
    ///
    /// # Errors
    /// See [`Live::to_local_manifest`].
    pub fn manifest_like(
        &self,
        alias: &Alias,
        locked: Option<&Locked>,
        at: Timestamp,
    ) -> Result<Manifest, CommandError> {
        match locked {
            // A server from a registry keeps what the registry says about it; only what was seen is new.
            Some(locked) if locked.server.source != mcp_pin_model::lockfile::Source::Local => {
                let mut manifest = locked.manifest.statement().clone();
                manifest.surface = self.surface.clone();
                manifest.launch = self.launch.clone();
                manifest.capture.protocol_version.clone_from(&self.protocol);
                Ok(manifest)
            }
            _ => self.to_local_manifest(alias, locked.map(|locked| locked.manifest.digest()), at),
        }
    }
}
