//! The identity token of the CI job that this runs in.

use ambient_id::{Detector, Error, GitHubError};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{SigningError, http};

/// Whom tokens have to be for, so that Fulcio takes them.
const AUDIENCE: &str = "sigstore";

/// Why a CI job's token could not be had, although this runs in one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AmbientError {
    /// GitHub Actions gives no token to this job.
    #[error("this GitHub Actions job may not ask for an identity token: it needs `permissions: id-token: write`")]
    GitHubPermission,
    /// GitHub's token service did not give one.
    #[error("the identity token service of GitHub Actions did not answer")]
    GitHub,
    /// GitLab gives no token to this job.
    #[error("this GitLab job has no SIGSTORE_ID_TOKEN: it needs `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`")]
    GitLab,
    /// The same, for another audience.
    #[error("this GitLab job has no token for `{0}`: it needs one under `id_tokens:` with that `aud`")]
    GitLabAudience(String),
    /// The agent of Buildkite gave none.
    #[error("`buildkite-agent oidc request-token` gave no identity token")]
    Buildkite,
    /// CircleCI's program gave none.
    #[error("`circleci run oidc get` gave no identity token")]
    CircleCi,
    /// Another failure.
    #[error("the CI job's identity token could not be had")]
    Other,
    /// The HTTP client could not be made.
    #[error(transparent)]
    Setup(#[from] SigningError),
}

impl AmbientError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        matches!(self, Self::GitHub | Self::Buildkite | Self::CircleCi | Self::Other | Self::Setup(_))
    }
}

/// Asks GitHub Actions, GitLab, Buildkite or CircleCI, whichever this runs in, for a token to sign with. None where it
/// runs in none of them.
///
/// # Errors
/// See [`AmbientError`].
pub async fn ambient() -> Result<Option<Zeroizing<String>>, AmbientError> {
    ambient_for(AUDIENCE).await
}

/// Asks for a token for somebody else, such as a registry to log in at. GitLab's jobs name their tokens by themselves, so
/// theirs stands in the variable that is named after the audience: its letters and digits in upper case, `_` for the
/// rest, and `_ID_TOKEN`.
///
/// # Errors
/// See [`AmbientError`].
pub async fn ambient_for(audience: &str) -> Result<Option<Zeroizing<String>>, AmbientError> {
    let token = Detector::new_with_client(http::client()?).detect(audience).await.map_err(|error| match error {
        Error::GitHubActions(GitHubError::InsufficientPermissions(_)) => AmbientError::GitHubPermission,
        Error::GitHubActions(_) => AmbientError::GitHub,
        Error::GitLabCI(_) if audience == AUDIENCE => AmbientError::GitLab,
        Error::GitLabCI(_) => AmbientError::GitLabAudience(audience.to_owned()),
        Error::Buildkite(_) => AmbientError::Buildkite,
        Error::CircleCI(_) => AmbientError::CircleCi,
        #[expect(unreachable_patterns, reason = "the library adds platforms in patch releases")]
        _ => AmbientError::Other,
    })?;
    Ok(token.map(|token| Zeroizing::new(token.reveal().to_owned())))
}
