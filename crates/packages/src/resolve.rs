//! One package, looked at.

use mcp_pin_attest::{
    IdentityPolicy, Roots,
    package::{Expected, PackageEvidence},
};
use mcp_pin_model::{
    Artifact, ServerName,
    package_identity::{Ecosystem, Package, Pin},
};
use url::Url;

use crate::{Endpoints, Fetcher, ResolveError, mcpb, npm, oci, pypi};

/// What to hold a package against, beside its name and version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    /// The repository that `server.json` names.
    pub repository: Option<&'a str>,
    /// The server whose package it should be.
    pub server: Option<&'a ServerName>,
    /// Who has to have built it.
    pub builder: Option<&'a IdentityPolicy>,
}

/// What was found out about one artifact.
#[derive(Debug)]
pub struct Resolved {
    /// The artifact, with its digest, and its provenance where that verified.
    pub artifact: Artifact,
    /// The checks.
    pub evidence: PackageEvidence,
    /// Where it came from, for people.
    pub address: String,
}

/// What the parts of this crate judge with.
pub(crate) struct Judge<'a> {
    pub(crate) expected: Expected<'a>,
    pub(crate) roots: &'a Roots,
}

/// Looks at packages.
#[derive(Clone, Debug)]
pub struct Resolver {
    fetcher: Fetcher,
    endpoints: Endpoints,
    roots: Roots,
}

impl Resolver {
    /// A resolver.
    #[must_use]
    pub fn new(fetcher: Fetcher, endpoints: Endpoints, roots: Roots) -> Self {
        Self { fetcher, endpoints, roots }
    }

    /// Looks at a package of a launch: one artifact, or for Python one for each file of the version.
    ///
    /// # Errors
    /// See [`ResolveError`]. What could be fetched and does not hold is no error, but an outcome in the evidence.
    pub async fn resolve(&self, package: &Package, question: Question<'_>) -> Result<Vec<Resolved>, ResolveError> {
        let not_pinned = || ResolveError::NotPinned { name: package.name.clone() };
        let version = match &package.pin {
            Pin::Exact(version) => version.clone(),
            Pin::Digest(digest) => digest.to_string(),
            _ => return Err(not_pinned()),
        };
        let judge = self.judge(&package.name, &version, question);
        let resolved = match (package.ecosystem, &package.pin) {
            (Ecosystem::Npm, _) => {
                let endpoint = self.endpoints.npm(&package.name).await?;
                vec![npm::resolve(&self.fetcher, &endpoint, &package.purl, &judge).await?]
            }
            (Ecosystem::Pypi, _) => {
                let endpoint = self.endpoints.pypi().await?;
                pypi::resolve(&self.fetcher, &endpoint, &package.purl, &judge).await?
            }
            (Ecosystem::Oci, Pin::Digest(digest)) => {
                let (endpoint, name) = self.endpoints.oci(&package.name)?;
                let image = (&endpoint, name);
                vec![oci::resolve(&self.fetcher, &self.endpoints, image, &package.purl, digest, &judge).await?]
            }
            // A tag is whatever its publisher says now.
            _ => return Err(not_pinned()),
        };
        Ok(resolved.into_iter().map(with_provenance).collect())
    }

    /// Looks at an MCP bundle of a `server.json`.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub async fn resolve_mcpb(
        &self,
        url: &Url,
        file_sha256: Option<&str>,
        version: &str,
        question: Question<'_>,
    ) -> Result<Resolved, ResolveError> {
        let name = url.path_segments().and_then(Iterator::last).unwrap_or_default().to_owned();
        let judge = self.judge(&name, version, question);
        mcpb::resolve(&self.fetcher, &self.endpoints, url, file_sha256, &judge).await.map(with_provenance)
    }

    fn judge<'a>(&'a self, name: &'a str, version: &'a str, question: Question<'a>) -> Judge<'a> {
        let Question { repository, server, builder } = question;
        Judge { expected: Expected { name, version, repository, server, builder }, roots: &self.roots }
    }
}

fn with_provenance(mut resolved: Resolved) -> Resolved {
    resolved.artifact.provenance.clone_from(&resolved.evidence.provenance);
    resolved
}
