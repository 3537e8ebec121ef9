//! The index of Python packages: PEP 503 and 691, with the provenance of PEP 740.

use mcp_pin_attest::package::{DocumentError, Fetched, Pypi, judge_pypi};
use mcp_pin_model::{
    Artifact,
    json::{self, Value},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::{
    Endpoint, Fetcher, ResolveError, Resolved,
    archive::{MAX_ARCHIVE_BYTES, file_of_tar_gz, file_of_zip},
    fetch::{Download, Request, shown},
    npm::{borrowed, fetched},
    resolve::Judge,
};

/// The media type of an index page in JSON (PEP 691).
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";

/// The most files of a version that are looked at. A server is a wheel and a source archive; a package with compiled code
/// has a wheel for each platform.
const MAX_FILES: usize = 64;

/// A file as the index lists it.
struct Listed {
    name: String,
    url: Url,
    sha256: Option<String>,
    provenance: Place,
}

/// Where the provenance of a file is, by the index.
enum Place {
    /// There.
    At(Url),
    /// Nowhere.
    None,
    /// The index does not know of such things.
    Unknown,
}

/// Every file of the version: which of them is installed depends on the machine, so that each of them is the package.
pub(crate) async fn resolve(
    fetcher: &Fetcher,
    endpoint: &Endpoint,
    purl: &str,
    judge: &Judge<'_>,
) -> Result<Vec<Resolved>, ResolveError> {
    let files = list(fetcher, endpoint, purl, judge).await?;
    let mut resolved = Vec::new();
    let mut total = 0_u64;
    for file in files {
        let not_found = || ResolveError::NotFound { address: shown(&file.url), purl: purl.to_owned() };
        let request = Request::new(file.url.clone())
            .accept("*/*")
            .credential(endpoint.credential.as_ref())
            .named_by(&endpoint.url);
        let archive = fetcher.archive(request, MAX_ARCHIVE_BYTES - total).await?.ok_or_else(not_found)?;
        total += archive.length;
        let provenance = match &file.provenance {
            Place::None => Fetched::Absent,
            Place::At(url) => fetched(
                fetcher
                    .document(
                        Request::new(url.clone()).credential(endpoint.credential.as_ref()).named_by(&endpoint.url),
                    )
                    .await,
            ),
            Place::Unknown => provenance_beside(fetcher, endpoint, &file, judge).await,
        };
        let metadata = metadata(&file.name, &archive);
        let input = Pypi {
            file_name: &file.name,
            published: file.sha256.as_deref(),
            provenance: borrowed(&provenance),
            hashed: &archive.hashed,
            metadata: borrowed(&metadata),
        };
        let evidence = judge_pypi(&input, &judge.expected, judge.roots);
        let name = utf8_percent_encode(&file.name, SEGMENT);
        let artifact = Artifact::with_digest(format!("{purl}?file_name={name}"), archive.hashed.sha256);
        resolved.push(Resolved { artifact, evidence, address: shown(&endpoint.url) });
    }
    Ok(resolved)
}

const SEGMENT: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

async fn list(
    fetcher: &Fetcher,
    endpoint: &Endpoint,
    purl: &str,
    judge: &Judge<'_>,
) -> Result<Vec<Listed>, ResolveError> {
    let name = normal_name(judge.expected.name);
    let url = endpoint.url.join(&format!("{name}/"));
    let not_found = || ResolveError::NotFound { address: shown(&endpoint.url), purl: purl.to_owned() };
    let url = url.map_err(|_| not_found())?;
    let request = Request::new(url.clone()).accept(SIMPLE_JSON).credential(endpoint.credential.as_ref());
    let bytes = fetcher.document(request).await?.ok_or_else(not_found)?;
    let wrong = |problem: DocumentError| ResolveError::Document { address: shown(&url), problem };
    // An index that only speaks HTML ends here, with what it is not.
    let document = json::parse(&bytes).map_err(|error| wrong(error.into()))?;
    let files = document.get("files").and_then(Value::as_array).ok_or_else(|| wrong(DocumentError::Member("files")))?;
    let mut found = Vec::new();
    for file in files {
        let Some(file_name) = file.get("filename").and_then(Value::as_str) else {
            return Err(wrong(DocumentError::Member("filename")));
        };
        if !is_of_version(file_name, &name, judge.expected.version) {
            continue;
        }
        if found.len() == MAX_FILES {
            return Err(ResolveError::TooManyFiles { purl: purl.to_owned(), limit: MAX_FILES });
        }
        let link = |value: &str| url.join(value).map_err(|_| wrong(DocumentError::Member("url")));
        let address = file.get("url").and_then(Value::as_str).ok_or_else(|| wrong(DocumentError::Member("url")))?;
        let provenance = match file.get("provenance") {
            Some(Value::String(address)) => Place::At(link(address)?),
            Some(_) => Place::None,
            None => Place::Unknown,
        };
        found.push(Listed {
            name: file_name.to_owned(),
            url: link(address)?,
            sha256: file
                .get("hashes")
                .and_then(|hashes| hashes.get("sha256"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            provenance,
        });
    }
    if found.is_empty() { Err(not_found()) } else { Ok(found) }
}

/// The integrity API beside the index, for indexes whose pages do not point at it.
async fn provenance_beside(
    fetcher: &Fetcher,
    endpoint: &Endpoint,
    file: &Listed,
    judge: &Judge<'_>,
) -> Fetched<Vec<u8>> {
    let version = utf8_percent_encode(judge.expected.version, SEGMENT);
    let path = format!("/integrity/{}/{version}/{}/provenance", normal_name(judge.expected.name), file.name);
    match endpoint.url.join(&path) {
        // An index that knows of provenance says in its page that there is none; this one does not know.
        Ok(url) => match fetcher.document(Request::new(url).credential(endpoint.credential.as_ref())).await {
            Ok(Some(bytes)) => Fetched::Found(bytes),
            Ok(None) | Err(_) => Fetched::NotReached,
        },
        Err(_) => Fetched::NotReached,
    }
}

fn metadata(file_name: &str, archive: &Download) -> Fetched<Vec<u8>> {
    let Some(bytes) = &archive.bytes else { return Fetched::NotReached };
    let found = if file_name.ends_with(".whl") {
        file_of_zip(bytes, ".dist-info", "METADATA")
    } else if file_name.ends_with(".tar.gz") {
        file_of_tar_gz(bytes, "PKG-INFO")
    } else {
        return Fetched::NotReached;
    };
    match found {
        Ok(Some(bytes)) => Fetched::Found(bytes),
        Ok(None) => Fetched::Absent,
        Err(_) => Fetched::NotReached,
    }
}

/// PEP 503.
fn normal_name(name: &str) -> String {
    let parts: Vec<String> =
        name.split(['-', '_', '.']).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect();
    parts.join("-")
}

/// Whether a file of the project is of the version. Whether the index tells the truth about it is for the judgement.
fn is_of_version(file_name: &str, name: &str, version: &str) -> bool {
    let stem = [".tar.gz", ".zip", ".whl"].iter().find_map(|end| file_name.strip_suffix(end));
    let Some(stem) = stem.map(normal_name) else { return false };
    let version = normal_name(&version.replace('+', "-"));
    let rest = stem.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    rest.and_then(|rest| rest.strip_prefix(version.as_str()))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
