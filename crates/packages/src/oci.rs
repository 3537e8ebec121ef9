//! Image registries: the OCI distribution protocol, read only and without a login.

use mcp_pin_attest::package::{DocumentError, Fetched, Oci, judge_oci};
use mcp_pin_model::{
    Artifact, Digest,
    artifact::ArtifactDigest,
    json::{self, Value},
};
use reqwest::{StatusCode, header};
use url::Url;

use crate::{
    Credential, Endpoint, Endpoints, FetchError, Fetcher, ResolveError, Resolved,
    fetch::{Request, shown},
    github,
    npm::borrowed,
    resolve::Judge,
};

/// Manifests and indexes, of both families.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";

/// What a manifest that carries a bundle says it is.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The most referrers that are looked at: one for each signature and attestation, and a registry is anybody's.
const MAX_REFERRERS: usize = 32;

/// The longest token that is taken: hosts send one of a few kB.
const MAX_TOKEN_BYTES: usize = 32 << 10;

pub(crate) async fn resolve(
    fetcher: &Fetcher,
    endpoints: &Endpoints,
    (endpoint, name): (&Endpoint, &str),
    purl: &str,
    digest: &ArtifactDigest,
    judge: &Judge<'_>,
) -> Result<Resolved, ResolveError> {
    let registry = Registry::connect(fetcher, endpoint, name).await?;
    let not_found = || ResolveError::NotFound { address: shown(&endpoint.url), purl: purl.to_owned() };
    let manifest = registry.manifest(&digest.to_string()).await?.ok_or_else(not_found)?;
    let wrong = |problem: DocumentError| ResolveError::Document { address: shown(&endpoint.url), problem };
    let document = json::parse(&manifest).map_err(|error| wrong(error.into()))?;
    let platform = match first_platform(&document) {
        Some(digest) => Some(registry.manifest(&digest).await?.ok_or_else(not_found)?),
        None => None,
    };
    let config = match &platform {
        Some(bytes) => json::parse(bytes).ok(),
        None => Some(document),
    };
    let config = config.as_ref().and_then(|manifest| manifest.get("config")?.get("digest")?.as_str());
    let config = match config.map(|digest| registry.blob(digest)) {
        Some(request) => crate::npm::fetched(request.await),
        None => Fetched::Absent,
    };
    let referrers = registry.bundles(digest).await;
    let referrers: Fetched<&[Vec<u8>]> = match &referrers {
        Fetched::Found(bundles) => Fetched::Found(bundles),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    };
    let attestations = github::attestations(fetcher, endpoints, judge.expected.repository, digest).await;
    let input = Oci {
        digest,
        manifest: &manifest,
        platform: platform.as_deref(),
        config: borrowed(&config),
        referrers,
        attestations: borrowed(&attestations),
    };
    let evidence = judge_oci(&input, &judge.expected, judge.roots);
    let artifact = Artifact::with_digest(purl, digest.clone());
    Ok(Resolved { artifact, evidence, address: shown(&endpoint.url) })
}

/// The platform whose labels are read: those of all platforms are built together, and what is run is chosen elsewhere.
fn first_platform(document: &Value) -> Option<String> {
    let manifests = document.get("manifests")?.as_array()?;
    let is_image = |manifest: &&Value| {
        // Builders put attestations of their own beside the images, for a platform that there is none of.
        manifest.get("platform").and_then(|platform| platform.get("os")).and_then(Value::as_str) != Some("unknown")
    };
    manifests.iter().find(is_image)?.get("digest")?.as_str().map(str::to_owned)
}

/// One repository of a registry.
struct Registry<'a> {
    fetcher: &'a Fetcher,
    base: Url,
    credential: Option<Credential>,
}

impl<'a> Registry<'a> {
    /// Finds out whether the registry wants a token, and gets one that anybody gets.
    async fn connect(fetcher: &'a Fetcher, endpoint: &Endpoint, name: &str) -> Result<Registry<'a>, ResolveError> {
        let bad = || FetchError::Address { address: shown(&endpoint.url), problem: "the image's name is none" };
        // Names are lower case and made of few characters (distribution specification, "pulling manifests").
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
        if name.is_empty() || !name.chars().all(is_name) || name.split('/').any(|part| matches!(part, "" | "." | ".."))
        {
            return Err(bad().into());
        }
        let root = endpoint.url.join("v2/").map_err(|_| bad())?;
        let base = root.join(&format!("{name}/")).map_err(|_| bad())?;
        let response =
            fetcher.send_whatever(&Request::new(root.clone()).credential(endpoint.credential.as_ref())).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(Self { fetcher, base, credential: endpoint.credential.clone() });
        }
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let refused = || FetchError::Status { address: shown(&root), status: 401 };
        let realm = challenge.and_then(|text| token_address(text, name)).ok_or_else(refused)?;
        let answer = fetcher.document(Request::new(realm).named_by(&endpoint.url)).await?.ok_or_else(refused)?;
        let document = json::parse(&answer).map_err(|_| refused())?;
        let token = document.get("token").or_else(|| document.get("access_token")).and_then(Value::as_str);
        let token = token.filter(|token| token.len() <= MAX_TOKEN_BYTES).ok_or_else(refused)?;
        Ok(Self { fetcher, base, credential: Some(Credential::bearer(token)) })
    }

    async fn get(&self, path: &str, accept: &str) -> Result<Option<Vec<u8>>, FetchError> {
        let wrong = || FetchError::Address { address: shown(&self.base), problem: "a digest in its manifest is none" };
        let url = self.base.join(path).map_err(|_| wrong())?;
        let request = Request::new(url).accept(accept).credential(self.credential.as_ref()).into_content();
        self.fetcher.document(request).await
    }

    async fn manifest(&self, digest: &str) -> Result<Option<Vec<u8>>, FetchError> {
        self.known(digest, self.get(&format!("manifests/{}", checked(digest)?), MANIFESTS).await?)
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, FetchError> {
        self.known(digest, self.get(&format!("blobs/{}", checked(digest)?), "*/*").await?)
    }

    /// Content is what its digest says, whoever sent it.
    fn known(&self, digest: &str, bytes: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, FetchError> {
        match bytes {
            Some(bytes) if Digest::of(&bytes).to_string() != digest => Err(FetchError::Address {
                address: shown(&self.base),
                problem: "it sent other bytes than those of the digest",
            }),
            bytes => Ok(bytes),
        }
    }

    /// The bundles that refer to an image: the referrers API, and the tag that stands in for it.
    async fn bundles(&self, digest: &ArtifactDigest) -> Fetched<Vec<Vec<u8>>> {
        let list = match self.get(&format!("referrers/sha256:{}", digest.to_hex()), MANIFESTS).await {
            Ok(Some(bytes)) => bytes,
            // Not there: registries from before version 1.1 of the protocol have a tag instead.
            Ok(None) => match self.get(&format!("manifests/sha256-{}", digest.to_hex()), MANIFESTS).await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Fetched::Absent,
                Err(_) => return Fetched::NotReached,
            },
            Err(_) => return Fetched::NotReached,
        };
        let Ok(document) = json::parse(&list) else { return Fetched::NotReached };
        let manifests = document.get("manifests").and_then(Value::as_array).unwrap_or_default();
        let carriers = manifests.iter().filter(|item| item.get("artifactType").and_then(Value::as_str) == Some(BUNDLE));
        let mut bundles = Vec::new();
        for carrier in carriers.take(MAX_REFERRERS + 1) {
            match self.bundle(carrier).await {
                Some(bytes) => bundles.push(bytes),
                // One that is listed and cannot be read might be the one that matters.
                None => return Fetched::NotReached,
            }
        }
        if bundles.is_empty() { Fetched::Absent } else { Fetched::Found(bundles) }
    }

    async fn bundle(&self, carrier: &Value) -> Option<Vec<u8>> {
        let manifest = self.manifest(carrier.get("digest")?.as_str()?).await.ok()??;
        let manifest = json::parse(&manifest).ok()?;
        let [layer] = manifest.get("layers")?.as_array()? else { return None };
        self.blob(layer.get("digest")?.as_str()?).await.ok()?
    }
}

/// A digest that stands in a document of others becomes part of an address.
fn checked(digest: &str) -> Result<&str, FetchError> {
    match digest.parse::<Digest>() {
        Ok(_) => Ok(digest),
        Err(_) => Err(FetchError::Address { address: digest.to_owned(), problem: "it is no SHA-256 digest" }),
    }
}

/// `Bearer realm="…",service="…"` (distribution specification, token authentication). What is asked for is reading this
/// one repository, whatever the challenge asks for.
fn token_address(challenge: &str, name: &str) -> Option<Url> {
    let parameters = challenge.strip_prefix("Bearer ")?;
    let parameter = |wanted: &str| {
        parameters.split(',').find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            (name == wanted).then(|| value.trim_matches('"'))
        })
    };
    let mut url = Url::parse(parameter("realm")?).ok()?;
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = parameter("service") {
            query.append_pair("service", service);
        }
        query.append_pair("scope", &format!("repository:{name}:pull"));
    }
    Some(url)
}
