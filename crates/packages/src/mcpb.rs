//! MCP bundles: one file behind an address.

use mcp_pin_attest::package::{Mcpb, judge_mcpb};
use mcp_pin_model::Artifact;
use url::Url;

use crate::{
    Endpoints, Fetcher, ResolveError, Resolved,
    archive::MAX_ARCHIVE_BYTES,
    fetch::{Request, shown},
    github,
    npm::borrowed,
    resolve::Judge,
};

/// The address is `server.json`'s, so it is treated as one that a host named.
pub(crate) async fn resolve(
    fetcher: &Fetcher,
    endpoints: &Endpoints,
    url: &Url,
    file_sha256: Option<&str>,
    judge: &Judge<'_>,
) -> Result<Resolved, ResolveError> {
    let purl = format!("pkg:generic/{}?download_url={}", judge.expected.name, shown(url));
    // Nothing but the file is worth speaking to that host for; it gets no credentials and has to be public.
    let nowhere = Url::parse("https://server.json.invalid/").expect("a constant address");
    let by = if url.scheme() == "http" { url } else { &nowhere };
    let request = Request::new(url.clone()).accept("*/*").named_by(by).into_content();
    let archive = fetcher.archive(request, MAX_ARCHIVE_BYTES).await?;
    let archive = archive.ok_or_else(|| ResolveError::NotFound { address: shown(url), purl: purl.clone() })?;
    let attestations =
        github::attestations(fetcher, endpoints, judge.expected.repository, &archive.hashed.sha256).await;
    let input = Mcpb {
        file_sha256,
        file_name: judge.expected.name,
        hashed: &archive.hashed,
        attestations: borrowed(&attestations),
    };
    let evidence = judge_mcpb(&input, &judge.expected, judge.roots);
    Ok(Resolved { artifact: Artifact::with_digest(purl, archive.hashed.sha256), evidence, address: shown(url) })
}
