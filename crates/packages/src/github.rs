//! GitHub's API of attestations, where one is configured.

use mcp_pin_attest::package::{Fetched, normal_repository};
use mcp_pin_model::artifact::ArtifactDigest;

use crate::{Endpoints, Fetcher, fetch::Request};

/// The document of attestations of an artifact (`/repos/{owner}/{name}/attestations/{digest}`). Not reached where no API
/// is configured, or the repository is none of its own.
pub(crate) async fn attestations(
    fetcher: &Fetcher,
    endpoints: &Endpoints,
    repository: Option<&str>,
    digest: &ArtifactDigest,
) -> Fetched<Vec<u8>> {
    let Some(repository) = repository.and_then(normal_repository) else { return Fetched::NotReached };
    let Some(path) = repository.strip_prefix("https://github.com/") else { return Fetched::NotReached };
    let Ok(Some(api)) = endpoints.github_api() else { return Fetched::NotReached };
    let place = format!("repos/{path}/attestations/sha256:{}", digest.to_hex());
    let Ok(url) = api.url.join(&place) else { return Fetched::NotReached };
    let request = Request::new(url).accept("application/vnd.github+json").credential(api.credential.as_ref());
    match fetcher.document(request).await {
        Ok(Some(bytes)) => Fetched::Found(bytes),
        Ok(None) => Fetched::Absent,
        Err(_) => Fetched::NotReached,
    }
}
