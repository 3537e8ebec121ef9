//! What the server declared before: committed in a file, in a commit, or signed.

use std::path::{Path, PathBuf};

use mcp_pin_attest::{Attestation, verify};
use mcp_pin_model::{Digest, Manifest, Surface};
use semver::Version;

use super::{tree::Tree, version::Source};
use crate::{
    context::Context, error::CommandError, git::Commit, signer::trust_of_keys, state::read_bounded, surface_file,
};

/// The largest signed manifest that is read.
const MAX_BUNDLE_BYTES: u64 = 32 << 20;

/// What is compared with.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What it declares.
    pub surface: Surface,
    /// Where it was found, in words.
    pub called: String,
    /// The files of its package, where they are known.
    pub tree: Option<Tree>,
    /// Its version, where it was signed.
    pub signed_version: Option<(Version, Source)>,
}

impl Baseline {
    /// A committed file.
    ///
    /// # Errors
    /// When there is none, or it is no surface.
    pub fn in_file(context: &Context, file: &Path) -> Result<Self, CommandError> {
        if !context.directory.join(file).exists() {
            return Err(no_file(file));
        }
        let surface = surface_file::surface(context, file).map_err(|refused| refused.error)?;
        Ok(Self { surface, called: file.display().to_string(), tree: None, signed_version: None })
    }

    /// The same file in a git revision; `None` where the revision has none.
    ///
    /// # Errors
    /// When git cannot say, or it is no surface.
    pub fn in_revision(context: &Context, file: &Path, revision: &str) -> Result<Option<Self>, CommandError> {
        let path = relative(file)?;
        let commit = Commit::resolve(&context.directory, revision)?;
        let Some(bytes) = commit.file(&path)? else { return Ok(None) };
        let called = format!("{path} at {revision}");
        let surface = surface_file::parse(Path::new(&called), &bytes).map_err(|refused| refused.error)?;
        Ok(Some(Self { surface, called, tree: Some(Tree::Commit(commit)), signed_version: None }))
    }

    /// A signed manifest, by somebody who is trusted to sign it.
    ///
    /// # Errors
    /// Exit code 1 when the signature does not hold, 3 when nobody is trusted.
    pub fn signed(context: &Context, file: &Path, keys: &[PathBuf]) -> Result<Self, CommandError> {
        let shown = file.display();
        let bytes = read_bounded(&context.directory.join(file), MAX_BUNDLE_BYTES)?
            .ok_or_else(|| CommandError::usage(format!("there is no file {shown}")))?;
        let refused = |why: String| CommandError::failed(format!("{shown} is not accepted: {why}"));
        let attestation = Attestation::from_bytes(bytes).map_err(|error| refused(error.to_string()))?;
        let claimed: Manifest = attestation.statement_unverified().map_err(|error| refused(error.to_string()))?;
        let project = context.project()?;
        let trust = if keys.is_empty() {
            project.settings.publishers_of(claimed.name())
        } else {
            trust_of_keys(context, keys)?
        };
        if trust.is_empty() {
            return Err(CommandError::could_not_check(format!("nobody is trusted to sign for `{}`", claimed.name()))
                .hint("name the key with `--signer-key`, or a [[trust.publisher]] in mcp-pin.toml"));
        }
        let verified = verify::<Manifest>(&attestation, &trust, project.settings.roots())
            .map_err(|error| refused(error.to_string()))?;
        let manifest = verified.statement();
        Ok(Self {
            surface: manifest.surface.clone(),
            called: format!("the manifest of {} {}", manifest.name(), manifest.version()),
            tree: None,
            signed_version: Some((manifest.version().semver().clone(), Source::Manifest)),
        })
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.surface.digest()
    }
}

/// The error of a file that was never written.
#[must_use]
pub fn no_file(file: &Path) -> CommandError {
    CommandError::usage(format!("there is no {}", file.display()))
        .hint("write it with `mcp-pin manifest capture`, and commit it")
}

/// A path within the repository, as git takes it.
fn relative(file: &Path) -> Result<String, CommandError> {
    use std::path::Component;
    let parts: Option<Vec<&str>> = file
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    match parts {
        Some(parts) if !parts.is_empty() => Ok(parts.join("/")),
        _ => Err(CommandError::usage(format!(
            "{} is not a file below this directory, so git cannot be asked for it",
            file.display()
        ))),
    }
}
