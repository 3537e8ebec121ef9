//! The packages that launches run: their digests and where they were built, for captures and for `verify --online`.

use std::sync::Arc;

use mcp_pin_attest::{
    Bundle, InstanceName, Roots,
    package::{Outcome, PackageEvidence},
};
use mcp_pin_model::{Artifact, Launch, package_identity::identify};
use mcp_pin_packages::{Endpoints, Fetcher, FetcherOptions, Question, ResolveError, Resolver, Surroundings};
use tokio::task::JoinSet;

use crate::{
    context::Context,
    error::CommandError,
    project::{Project, Settings},
    state::verification::Locked,
    ui::sanitize,
};

/// What is known about the packages of a launch.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// As a manifest records them.
    pub artifacts: Vec<Artifact>,
    /// The attestations that their provenance is from, to be kept beside the lock.
    pub bundles: Vec<Bundle>,
    /// What could not be found out; worth telling, and no reason not to lock.
    pub warnings: Vec<String>,
}

impl Packages {
    /// What the launch itself says, and what is locked about the same version.
    #[must_use]
    pub fn of_launch(launch: &Launch, locked: Option<&Locked>) -> Self {
        let identity = identify(launch);
        let named: Vec<Artifact> = identity.package().map(|package| package.artifact()).into_iter().collect();
        let locked = locked.map(|locked| locked.manifest.statement().artifacts.clone()).unwrap_or_default();
        let same = |artifact: &Artifact| named.iter().any(|named| named.purl == version_of(&artifact.purl));
        let artifacts = if !locked.is_empty() && locked.iter().all(same) { locked } else { named };
        Self { artifacts, ..Self::default() }
    }

    /// Whether there is a package whose bytes or origin nobody has looked at yet.
    pub(crate) fn is_open(&self, launch: &Launch, locked: Option<&Locked>) -> bool {
        // What is locked stays what it is until its version changes: the report of a change must not depend on which
        // hosts can be reached while it is computed.
        let is_locked = locked.is_some_and(|locked| locked.manifest.statement().artifacts == self.artifacts);
        !is_locked && identify(launch).package().is_some_and(mcp_pin_model::package_identity::Package::is_pinned)
    }
}

/// A package URL without the name of a file.
pub(crate) fn version_of(purl: &str) -> &str {
    purl.split("?file_name=").next().unwrap_or(purl)
}

/// Looks at packages with what the project and the user's clients are configured with.
///
/// # Errors
/// When the roots cannot be read.
pub fn resolver(context: &Context, project: &Project) -> Result<Resolver, CommandError> {
    let home = context.home();
    let surroundings = Surroundings::new(context.environment.variables(), &project.root, home.as_deref());
    let endpoints = Endpoints::of_user(project.settings.packages.clone(), surroundings);
    let fetcher = Fetcher::new(&FetcherOptions::default())
        .map_err(|error| CommandError::internal(format!("packages cannot be fetched: {error}")))?;
    Ok(Resolver::new(fetcher, endpoints, roots(&project.settings)?))
}

/// The roots under which packages are attested: the public ones, and those that the project configures.
///
/// # Errors
/// When a root cannot be read.
pub fn roots(settings: &Settings) -> Result<Roots, CommandError> {
    let mut roots = Roots::none();
    for instance in [InstanceName::PublicGood, InstanceName::GitHub] {
        if let Some(root) = settings.user_roots.in_force(&instance)? {
            roots.insert(root.root);
        }
    }
    for root in settings.roots().iter() {
        roots.insert(root.clone());
    }
    Ok(roots)
}

/// Finds out the digests and the provenance of the packages of several launches; the results are in their order.
///
/// A host that cannot be reached leaves the digest open, with a warning. Evidence that does not hold is an error.
pub async fn resolve_artifacts(
    resolver: Resolver,
    launches: Vec<(Launch, Option<&Locked>)>,
) -> Vec<Result<Packages, CommandError>> {
    let resolver = Arc::new(resolver);
    let mut tasks = JoinSet::new();
    let mut results = Vec::new();
    for (index, (launch, locked)) in launches.into_iter().enumerate() {
        let known = Packages::of_launch(&launch, locked);
        if known.is_open(&launch, locked) {
            let resolver = Arc::clone(&resolver);
            let known = known.clone();
            tasks.spawn(async move { (index, resolve(&resolver, &launch, known).await) });
        }
        results.push(Ok(known));
    }
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok((index, result)) => {
                if let Some(slot) = results.get_mut(index) {
                    *slot = result;
                }
            }
            Err(error) => {
                let error = CommandError::internal(format!("a package was lost: {error}"));
                return results.into_iter().map(|_| Err(error.clone())).collect();
            }
        }
    }
    results
}

async fn resolve(resolver: &Resolver, launch: &Launch, known: Packages) -> Result<Packages, CommandError> {
    let identity = identify(launch);
    let Some(package) = identity.package() else { return Ok(known) };
    let resolved = match resolver.resolve(package, Question::default()).await {
        Ok(resolved) => resolved,
        Err(error) => {
            let warning = format!(
                "the bytes of {} are not locked, because they could not be checked: {}",
                package.purl,
                chain(&error)
            );
            return Ok(Packages { warnings: vec![warning], ..known });
        }
    };
    let mut packages = Packages::default();
    for one in resolved {
        if let Some((check, why)) = failures(&one.evidence).into_iter().next() {
            return Err(CommandError::failed(format!("{}: {check}: {why}", one.artifact.purl))
                .hint(format!("{} is not what {} says it is; nothing of it was locked", package.name, one.address)));
        }
        for check in &one.evidence.checks {
            if let Outcome::Unsupported(reason) = &check.outcome {
                let what = check.kind.as_str();
                packages.warnings.push(format!("{}: {what} could not be checked: {reason}", one.artifact.purl));
            }
        }
        packages.artifacts.push(one.artifact);
        packages.bundles.extend(one.evidence.bundle);
    }
    Ok(packages)
}

/// The checks that failed, each with its reason.
pub(crate) fn failures(evidence: &PackageEvidence) -> Vec<(&'static str, String)> {
    let failed = evidence.checks.iter().filter(|check| matches!(check.outcome, Outcome::Failed(_)));
    failed.map(|check| (check.kind.as_str(), check.outcome.reason().unwrap_or_default())).collect()
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &ResolveError) -> String {
    let mut out = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !out.contains(&cause_text) {
            out.push_str(": ");
            out.push_str(&cause_text);
        }
        source = cause.source();
    }
    sanitize::one_line(&out)
}
