//! Which package a launch runs, read from its command line alone.
//!
//! Package launchers (`npx`, `uvx`, `docker run`) fetch what they run by name, so the command line says which package
//! and, where it is pinned, which version. Nothing is resolved here: a name that cannot be read with certainty is
//! [`PackageIdentity::Unknown`], because a wrong name would be believed.

mod npm;
mod oci;
mod options;
mod pypi;
mod unwrap;

use std::fmt;

use crate::{
    Artifact, Launch, ServerVersion,
    artifact::{ArtifactDigest, normal_purl},
};

/// What a launch runs or reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackageIdentity {
    /// A package that a launcher fetches by name.
    Package(Package),
    /// Nothing runs here: the server is reached by its address.
    Remote,
    /// A file of this machine.
    File,
    /// Anything else, or anything that could be read in two ways.
    Unknown,
}

impl PackageIdentity {
    /// The package, where the launch names one.
    #[must_use]
    pub fn package(&self) -> Option<&Package> {
        match self {
            Self::Package(package) => Some(package),
            Self::Remote | Self::File | Self::Unknown => None,
        }
    }
}

/// Where packages of a kind come from, and how their names and versions compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Ecosystem {
    /// JavaScript packages.
    Npm,
    /// Python packages.
    Pypi,
    /// Container images.
    Oci,
}

/// A package as a launch names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its ecosystem.
    pub ecosystem: Ecosystem,
    /// Its name as the launch spells it, without version, extras, tag and digest.
    pub name: String,
    /// Its package URL in [normal form](normal_purl), with the version where the pin is exact or a digest.
    pub purl: String,
    /// What holds it in place.
    pub pin: Pin,
}

/// What holds a package in place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pin {
    /// One version that its ecosystem never gives other bytes.
    Exact(String),
    /// Any version in a range, as spelled.
    Range(String),
    /// Nothing: no version at all, or a tag such as `latest` that its publisher moves.
    Floating,
    /// The digest of the bytes.
    Digest(ArtifactDigest),
}

impl Package {
    fn new(ecosystem: Ecosystem, name: &str, pin: Pin) -> Self {
        let kind = match ecosystem {
            Ecosystem::Npm => "npm",
            Ecosystem::Pypi => "pypi",
            Ecosystem::Oci => "oci",
        };
        let mut purl = normal_purl(&format!("pkg:{kind}/{name}"));
        match &pin {
            Pin::Exact(version) => {
                purl.push('@');
                purl.push_str(&percent_encoded(version));
            }
            Pin::Digest(digest) => {
                purl.push('@');
                purl.push_str(digest.as_str());
            }
            Pin::Range(_) | Pin::Floating => {}
        }
        Self { ecosystem, name: name.to_owned(), purl, pin }
    }

    /// Whether the launch alone decides what runs.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        matches!(self.pin, Pin::Exact(_) | Pin::Digest(_))
    }

    /// The exact version, where there is one and it is a semantic version.
    #[must_use]
    pub fn version(&self) -> Option<ServerVersion> {
        match &self.pin {
            Pin::Exact(version) => version.parse().ok(),
            Pin::Range(_) | Pin::Floating | Pin::Digest(_) => None,
        }
    }

    /// The package as manifests record it. A digest is known only where the launch itself demands it.
    #[must_use]
    pub fn artifact(&self) -> Artifact {
        let digest = match &self.pin {
            Pin::Digest(digest) => Some(digest.clone()),
            Pin::Exact(_) | Pin::Range(_) | Pin::Floating => None,
        };
        Artifact { purl: self.purl.clone(), digest, provenance: None }
    }

    /// How the package would be spelled if it were pinned, with a version (or digest) to fill in.
    #[must_use]
    pub fn pinned_spelling(&self) -> String {
        match self.ecosystem {
            Ecosystem::Npm => format!("{}@1.2.3", self.name),
            Ecosystem::Pypi => format!("{}==1.2.3", self.name),
            Ecosystem::Oci => format!("{}@sha256:…", self.name),
        }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.purl)
    }
}

/// Reads which package a launch runs.
#[must_use]
pub fn identify(launch: &Launch) -> PackageIdentity {
    match launch {
        Launch::Http(_) => PackageIdentity::Remote,
        Launch::Stdio(stdio) => {
            let words = std::iter::once(&stdio.command).chain(&stdio.args).map(String::as_str).collect();
            unwrap::identify(words, stdio.env.iter().map(String::as_str).collect())
        }
    }
}

/// A version as package URLs spell it.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
