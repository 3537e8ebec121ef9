//! npm's registry protocol.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_attest::package::{DocumentError, Fetched, Npm, judge_npm};
use mcp_pin_model::{
    Artifact,
    artifact::ArtifactDigest,
    json::{self, Value},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::{
    Endpoint, Fetcher, ResolveError, Resolved,
    archive::{MAX_ARCHIVE_BYTES, file_of_tar_gz},
    fetch::{Request, shown},
    resolve::Judge,
};

/// Everything except what is unreserved, and the `@` that registries expect as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

pub(crate) async fn resolve(
    fetcher: &Fetcher,
    endpoint: &Endpoint,
    purl: &str,
    judge: &Judge<'_>,
) -> Result<Resolved, ResolveError> {
    let expected = &judge.expected;
    let encoded = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
    let place = |path: String| {
        endpoint
            .url
            .join(&path)
            .map_err(|_| ResolveError::NotFound { address: shown(&endpoint.url), purl: purl.to_owned() })
    };
    let get = |url: Url| fetcher.document(Request::new(url).credential(endpoint.credential.as_ref()));
    let url = place(format!("{}/{}", encoded(expected.name), encoded(expected.version)))?;
    let address = shown(&url);
    let not_found = || ResolveError::NotFound { address: address.clone(), purl: purl.to_owned() };
    let version = get(url).await?.ok_or_else(not_found)?;
    let wrong = |problem: DocumentError| ResolveError::Document { address: address.clone(), problem };
    let document = json::parse(&version).map_err(|error| wrong(error.into()))?;
    let tarball = document.get("dist").and_then(|dist| dist.get("tarball")).and_then(Value::as_str);
    let tarball =
        tarball.and_then(|text| Url::parse(text).ok()).ok_or_else(|| wrong(DocumentError::Member("dist.tarball")))?;
    let request = Request::new(tarball).accept("*/*").credential(endpoint.credential.as_ref()).named_by(&endpoint.url);
    let archive = fetcher.archive(request, MAX_ARCHIVE_BYTES).await?.ok_or_else(not_found)?;
    let attestations =
        place(format!("-/npm/v1/attestations/{}@{}", encoded(expected.name), encoded(expected.version)))?;
    let answer = fetched(get(attestations).await);
    let keys = fetched(get(place("-/npm/v1/keys".to_owned())?).await);
    // A registry that attests publishes its keys, and says in the version's document that there is something. A mirror that
    // knows of neither cannot say that there is none.
    let is_announced = document.get("dist").is_some_and(|dist| dist.get("attestations").is_some());
    let attestations = match answer {
        Fetched::Absent if is_announced || matches!(keys, Fetched::Absent) => Fetched::NotReached,
        answer => answer,
    };
    let package_json = match archive.bytes.as_deref().map(|bytes| file_of_tar_gz(bytes, "package.json")) {
        Some(Ok(Some(bytes))) => Fetched::Found(bytes),
        Some(Ok(None)) => Fetched::Absent,
        Some(Err(_)) | None => Fetched::NotReached,
    };
    let input = Npm {
        version: &version,
        attestations: borrowed(&attestations),
        keys: borrowed(&keys),
        hashed: &archive.hashed,
        package_json: borrowed(&package_json),
    };
    let evidence = judge_npm(&input, expected, judge.roots);
    // As npm spells it, so that it is the line of the user's own lock files.
    let digest = sri(&archive.hashed.sha512);
    Ok(Resolved {
        artifact: Artifact { purl: purl.to_owned(), digest, provenance: None },
        evidence,
        address: shown(&endpoint.url),
    })
}

fn sri(digest: &ArtifactDigest) -> Option<ArtifactDigest> {
    format!("sha512-{}", STANDARD.encode(digest.as_bytes())).parse().ok()
}

/// What became of a document that is evidence: failing to fetch it is an outcome, not the end.
pub(crate) fn fetched(result: Result<Option<Vec<u8>>, crate::FetchError>) -> Fetched<Vec<u8>> {
    match result {
        Ok(Some(bytes)) => Fetched::Found(bytes),
        Ok(None) => Fetched::Absent,
        Err(_) => Fetched::NotReached,
    }
}

pub(crate) fn borrowed(document: &Fetched<Vec<u8>>) -> Fetched<&[u8]> {
    match document {
        Fetched::Found(bytes) => Fetched::Found(bytes),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    }
}
