//! The client and its requests.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_attest::{Attestation, Bundle, MAX_ATTESTATION_BYTES, registry_root::MAX_ROOT_BYTES};
use mcp_pin_model::{Digest, Ring, ServerName, ServerVersion, json};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response, StatusCode, header, redirect};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    catalogue::{self, CatalogueEntry, CataloguePage, CatalogueQuery},
    error::{ClientError, RefusalKind},
    records::{
        ConsentDocument, ConsentOutcome, EventPage, ResolvedServer, RevocationRecord, SubmissionPage, SubmissionRecord,
        SubmissionState, WellKnown,
    },
    token::AccessToken,
    wire,
};

/// The largest list or change report: as large as the largest document that is parsed at all.
pub(crate) const MAX_ANSWER_BYTES: usize = 16 << 20;

/// The largest error document: the registry's own limit is a tenth of it.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// How often a read is sent at most: a restart of the registry or of a proxy is over by the third time.
const MAX_ATTEMPTS: u32 = 3;

/// The pause before the first repetition; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause that a registry may ask for with `Retry-After`.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// How many redirects are followed, all of them within the origin: one normalises a trailing slash, two are a loop.
const MAX_REDIRECTS: usize = 2;

/// Everything except what is unreserved in RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether plain HTTP may be spoken with another machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// With this machine only.
    #[default]
    LoopbackOnly,
    /// With any machine: tokens and answers travel readable and changeable. For development.
    InsecureDev,
}

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How long a connection may take to come up.
    pub connect_timeout: Duration,
    /// How long one request may take, its answer included.
    pub timeout: Duration,
    /// Whether plain HTTP is acceptable.
    pub plain_http: PlainHttp,
    /// What the client calls itself.
    pub user_agent: String,
    /// The ring whose versions are asked for, where it is not for the registry to say.
    pub ring: Option<Ring>,
    /// By what the registry tells clients without a token apart when it says which ring they are in.
    pub client_id: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(40),
            plain_http: PlainHttp::default(),
            user_agent: concat!("mcp-pin/", env!("CARGO_PKG_VERSION")).to_owned(),
            ring: None,
            client_id: None,
        }
    }
}

/// A client of one registry.
#[derive(Clone, Debug)]
pub struct RegistryClient {
    pub(crate) http: reqwest::Client,
    base: Url,
    pub(crate) token: Option<AccessToken>,
}

impl RegistryClient {
    /// A client of the registry at `url`: `https://…`, or `http://…` on this machine. A path prefix is kept.
    ///
    /// # Errors
    /// [`ClientError::Address`] and [`ClientError::Setup`].
    pub fn new(url: &str, token: Option<AccessToken>, options: &ClientOptions) -> Result<Self, ClientError> {
        let wrong = |problem| ClientError::Address { url: url.to_owned(), problem };
        let mut base = Url::parse(url).map_err(|_| wrong("it is not a URL"))?;
        let loopback = match base.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(domain)) => domain == "localhost",
            None => return Err(wrong("it names no host")),
        };
        match base.scheme() {
            "https" => {}
            "http" if loopback || options.plain_http == PlainHttp::InsecureDev => {}
            "http" => return Err(wrong("plain `http` is for this machine only; use `https`")),
            _ => return Err(wrong("it is neither `https` nor `http`")),
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("it holds a user name or password; use a token"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("it holds a query or fragment"));
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let mut headers = header::HeaderMap::new();
        for (name, value) in [
            ("mcp-pin-ring", options.ring.as_ref().map(Ring::as_str)),
            ("mcp-pin-client", options.client_id.as_deref()),
        ] {
            if let Some(value) = value {
                let value =
                    header::HeaderValue::from_str(value).map_err(|_| wrong("the client id is no header value"))?;
                headers.insert(name, value);
            }
        }
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .redirect(redirect::Policy::custom(|attempt| {
                let same =
                    attempt.previous().last().is_some_and(|previous| previous.origin() == attempt.url().origin());
                if same && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
            }))
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self { http, base, token })
    }

    /// The registry's address, without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    // The catalogue: the MCP Registry API v0.1.

    /// One page of the catalogue.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list(&self, query: &CatalogueQuery) -> Result<CataloguePage, ClientError> {
        let mut url = self.url(&["v0.1", "servers"])?;
        query.write_to(&mut url.query_pairs_mut());
        catalogue::page(&self.get_json(url, "catalogue").await?)
    }

    /// The live versions of a server, newest first.
    ///
    /// # Errors
    /// See [`ClientError`]; a server with nothing live is [`ClientError::NotFound`].
    pub async fn versions(&self, name: &ServerName) -> Result<Vec<CatalogueEntry>, ClientError> {
        let url = self.url(&["v0.1", "servers", name.as_str(), "versions"])?;
        let page = catalogue::page(&self.get_json(url, "server").await?)?;
        page.entries.into_iter().map(|entry| of_server(entry, name)).collect()
    }

    /// The version of a server that is to be used now.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn latest(&self, name: &ServerName) -> Result<CatalogueEntry, ClientError> {
        let url = self.url(&["v0.1", "servers", name.as_str(), "versions", "latest"])?;
        of_server(catalogue::entry(&self.get_json(url, "server").await?)?, name)
    }

    /// One live version of a server.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn version(&self, name: &ServerName, version: &ServerVersion) -> Result<CatalogueEntry, ClientError> {
        let url = self.url(&["v0.1", "servers", name.as_str(), "versions", &version.to_string()])?;
        let entry = of_server(catalogue::entry(&self.get_json(url, "version").await?)?, name)?;
        if entry.version == *version { Ok(entry) } else { Err(shape("another version than was asked for")) }
    }

    /// Looks many servers up at once, each by its name and, where given, an exact version; the answers come in the same
    /// order, with `None` for what is not live.
    ///
    /// # Errors
    /// See [`ClientError`]; more than 200 names are refused.
    pub async fn resolve(
        &self,
        servers: &[(ServerName, Option<ServerVersion>)],
    ) -> Result<Vec<Option<ResolvedServer>>, ClientError> {
        let url = self.url(&["v1", "resolve"])?;
        let wanted = servers.iter().map(|(name, version)| wire::ResolveName { name, version: version.as_ref() });
        let body = body(&wire::ResolveRequest { servers: wanted.collect() })?;
        let list: wire::ResolveList = typed(&self.send_json(Method::POST, url, "server", body).await?)?;
        if list.servers.len() != servers.len() {
            return Err(shape("another number of answers than of questions"));
        }
        let answers = list.servers.into_iter().zip(servers).map(|(found, (name, version))| match found {
            wire::Resolved { live: false, .. } => Ok(None),
            wire::Resolved { name: Some(own), version: Some(found), manifest: Some(manifest), .. }
                if own == *name && version.as_ref().is_none_or(|version| *version == found) =>
            {
                Ok(Some(ResolvedServer { name: own, version: found, manifest }))
            }
            _ => Err(shape("another server or version than was asked for")),
        });
        answers.collect()
    }

    /// What the catalogue answers for one of its paths, byte for byte: for whoever serves it again.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn catalogue_bytes(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Vec<u8>, ClientError> {
        let path: Vec<&str> = ["v0.1", "servers"].iter().chain(segments).copied().collect();
        let mut url = self.url(&path)?;
        for (name, value) in query {
            url.query_pairs_mut().append_pair(name, value);
        }
        self.get(url, "catalogue", MAX_ANSWER_BYTES).await
    }

    // Documents by digest.

    /// The bundle of a manifest. Its payload has the digest that was asked for; its signature is not checked here.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn manifest(&self, manifest: &Digest) -> Result<Attestation, ClientError> {
        let url = self.url(&["v1", "manifests", &manifest.to_string()])?;
        let bytes = self.get(url, "manifest", MAX_ATTESTATION_BYTES).await?;
        let attestation = Attestation::from_bytes(bytes).map_err(ClientError::Attestation)?;
        expect_digest(manifest, attestation.payload_digest_unverified())?;
        Ok(attestation)
    }

    /// The consents about a manifest, in the order in which the registry took them; signatures are not checked here.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn consents(&self, manifest: &Digest) -> Result<Vec<ConsentDocument>, ClientError> {
        let url = self.url(&["v1", "manifests", &manifest.to_string(), "consents"])?;
        let list: wire::Consents = typed(&self.get_json(url, "manifest").await?)?;
        list.consents.into_iter().map(ConsentDocument::from_wire).collect()
    }

    /// The canonical bytes of the change report of a manifest; `changes` is the digest that they must have.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn changes(&self, manifest: &Digest, changes: &Digest) -> Result<Vec<u8>, ClientError> {
        let mut url = self.url(&["v1", "manifests", &manifest.to_string(), "changes"])?;
        // The one that is named, also where consents are asked for another one by now.
        url.query_pairs_mut().append_pair("report", &changes.to_string());
        let bytes = self.get(url, "change report", MAX_ANSWER_BYTES).await?;
        expect_digest(changes, Digest::of(&bytes))?;
        Ok(bytes)
    }

    // Submissions.

    /// Submits a version: the bundle of its manifest.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submit(&self, manifest: &Attestation) -> Result<SubmissionRecord, ClientError> {
        let url = self.url(&["v1", "submissions"])?;
        typed(&self.send_json(Method::POST, url, "submission", manifest.as_bytes().to_vec()).await?)
    }

    /// Submits a version with evidence about its packages.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submit_with_evidence(
        &self,
        manifest: &Attestation,
        evidence: &[Bundle],
    ) -> Result<SubmissionRecord, ClientError> {
        let url = self.url(&["v1", "submissions"])?;
        let body = body(&wire::NewSubmission {
            manifest: STANDARD.encode(manifest.as_bytes()),
            evidence: evidence.iter().map(|bundle| STANDARD.encode(bundle.as_bytes())).collect(),
        })?;
        typed(&self.send_json(Method::POST, url, "submission", body).await?)
    }

    /// The evidence that was submitted with a manifest, in the order in which it came: foreign bundles, not verified.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn evidence(&self, manifest: &Digest) -> Result<Vec<Bundle>, ClientError> {
        let url = self.url(&["v1", "manifests", &manifest.to_string(), "evidence"])?;
        let list: wire::EvidenceList = typed(&self.get_json(url, "manifest").await?)?;
        let bundles = list.evidence.into_iter().map(|evidence| {
            let bytes = STANDARD.decode(&evidence.bundle).map_err(|_| shape("an evidence bundle is not base64"))?;
            expect_digest(&evidence.digest, Digest::of(&bytes))?;
            Bundle::from_bytes(bytes).map_err(ClientError::Attestation)
        });
        bundles.collect()
    }

    /// A page of the submissions that the caller may see, oldest first, optionally only those in one state and only
    /// those after one id.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submissions(
        &self,
        state: Option<SubmissionState>,
        after: Option<&str>,
    ) -> Result<SubmissionPage, ClientError> {
        let mut url = self.url(&["v1", "submissions"])?;
        if let Some(state) = state {
            url.query_pairs_mut().append_pair("state", state.as_str());
        }
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        typed(&self.get_json(url, "submission").await?)
    }

    /// One submission.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submission(&self, id: &str) -> Result<SubmissionRecord, ClientError> {
        typed(&self.get_json(self.url(&["v1", "submissions", id])?, "submission").await?)
    }

    /// The canonical bytes of a submission's change report, checked against the digest in the record.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submission_changes(&self, submission: &SubmissionRecord) -> Result<Vec<u8>, ClientError> {
        let url = self.url(&["v1", "submissions", &submission.id, "changes"])?;
        let bytes = self.get(url, "submission", MAX_ANSWER_BYTES).await?;
        expect_digest(&submission.changes, Digest::of(&bytes))?;
        Ok(bytes)
    }

    /// Gives consent: the bundle of a consent statement.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn consent(&self, consent: &Attestation) -> Result<ConsentOutcome, ClientError> {
        let url = self.url(&["v1", "consents"])?;
        typed(&self.send_json(Method::POST, url, "submission", consent.as_bytes().to_vec()).await?)
    }

    /// Rejects a submission.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn reject(&self, id: &str, reason: &str) -> Result<SubmissionRecord, ClientError> {
        let url = self.url(&["v1", "submissions", id, "reject"])?;
        let body = body(&wire::Reason { reason: reason.to_owned() })?;
        typed(&self.send_json(Method::POST, url, "submission", body).await?)
    }

    // Revocations.

    /// Revokes with an approver's signed statement.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn revoke(&self, revocation: &Attestation) -> Result<RevocationRecord, ClientError> {
        let url = self.url(&["v1", "revocations"])?;
        typed(&self.send_json(Method::POST, url, "target", revocation.as_bytes().to_vec()).await?)
    }

    /// Revokes by an administrator's order.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn order_revocation(
        &self,
        scope: mcp_pin_model::revocation::RevocationScope,
        target: &str,
        reason: &str,
    ) -> Result<RevocationRecord, ClientError> {
        let url = self.url(&["v1", "revocations"])?;
        let body = body(&wire::RevocationOrder { scope, target: target.to_owned(), reason: reason.to_owned() })?;
        typed(&self.send_json(Method::POST, url, "target", body).await?)
    }

    /// All revocations.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn revocations(&self) -> Result<Vec<RevocationRecord>, ClientError> {
        let list: wire::Revocations = typed(&self.get_json(self.url(&["v1", "revocations"])?, "list").await?)?;
        Ok(list.revocations)
    }

    /// The same client, with this token.
    #[must_use]
    pub fn with_token(self, token: AccessToken) -> Self {
        Self { token: Some(token), ..self }
    }

    // What the registry is.

    /// The decisions after a sequence number (0 for the first), in order.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn events(&self, after: u64, limit: u16) -> Result<EventPage, ClientError> {
        let mut url = self.url(&["v1", "events"])?;
        url.query_pairs_mut().append_pair("after", &after.to_string()).append_pair("limit", &limit.to_string());
        typed(&self.get_json(url, "event").await?)
    }

    /// What the registry says about itself.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn well_known(&self) -> Result<WellKnown, ClientError> {
        typed(&self.get_json(self.url(&[".well-known", "mcp-pin"])?, "registry description").await?)
    }

    /// A root of the registry, as an envelope that is not verified here: the current one, or one by its version. None
    /// where the registry has no such root.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn root(&self, version: Option<u64>) -> Result<Option<Vec<u8>>, ClientError> {
        let name = version.map_or_else(|| "root.json".to_owned(), |version| format!("{version}.root.json"));
        match self.get(self.url(&[".well-known", "mcp-pin", &name])?, "root", MAX_ROOT_BYTES).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ClientError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    // Transport.

    /// The address of a path, every segment encoded, so that a name's slash is `%2F`. A segment that would climb or
    /// vanish names nothing.
    pub(crate) fn url(&self, segments: &[&str]) -> Result<Url, ClientError> {
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(ClientError::NotFound { url: self.base().to_owned(), what: "record" });
        }
        let path: Vec<String> =
            segments.iter().map(|segment| utf8_percent_encode(segment, SEGMENT).to_string()).collect();
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path(), path.join("/")));
        Ok(url)
    }

    pub(crate) async fn get_json(&self, url: Url, what: &'static str) -> Result<json::Value, ClientError> {
        parse(&self.get(url, what, MAX_ANSWER_BYTES).await?)
    }

    pub(crate) async fn get(&self, url: Url, what: &'static str, limit: usize) -> Result<Vec<u8>, ClientError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let (error, wait) = match self.send(Method::GET, url.clone(), None).await {
                Ok(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    let wait = retry_after(&response);
                    (self.refusal(response, what).await, wait)
                }
                Ok(response) => return self.answer(response, what, limit).await,
                Err(error @ ClientError::Unreachable { .. }) => (error, None),
                Err(error) => return Err(error),
            };
            if attempt == MAX_ATTEMPTS {
                return Err(error);
            }
            tracing::debug!(attempt, "the registry is not available; asking again");
            tokio::time::sleep(wait.unwrap_or(pause).min(MAX_PAUSE)).await;
            attempt += 1;
            pause *= 2;
        }
    }

    pub(crate) async fn send_json(
        &self,
        method: Method,
        url: Url,
        what: &'static str,
        body: Vec<u8>,
    ) -> Result<json::Value, ClientError> {
        let response = self.send(method, url, Some(body)).await?;
        parse(&self.answer(response, what, MAX_ANSWER_BYTES).await?)
    }

    pub(crate) async fn delete(&self, url: Url, what: &'static str) -> Result<(), ClientError> {
        let response = self.send(Method::DELETE, url, None).await?;
        self.answer(response, what, MAX_ERROR_BYTES).await.map(drop)
    }

    pub(crate) async fn send(&self, method: Method, url: Url, body: Option<Vec<u8>>) -> Result<Response, ClientError> {
        let mut request = self.http.request(method, url).header(header::ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        request.send().await.map_err(|error| self.transport(error))
    }

    pub(crate) fn transport(&self, error: reqwest::Error) -> ClientError {
        let url = self.base().to_owned();
        if error.is_timeout() {
            ClientError::Timeout { url }
        } else {
            ClientError::Unreachable { url, source: error.without_url() }
        }
    }

    pub(crate) async fn answer(
        &self,
        response: Response,
        what: &'static str,
        limit: usize,
    ) -> Result<Vec<u8>, ClientError> {
        if response.status().is_success() {
            self.read(response, limit).await
        } else {
            Err(self.refusal(response, what).await)
        }
    }

    /// What an answer other than success means.
    pub(crate) async fn refusal(&self, response: Response, what: &'static str) -> ClientError {
        let status = response.status();
        let url = self.base().to_owned();
        let kind = match status {
            StatusCode::NOT_FOUND => return ClientError::NotFound { url, what },
            StatusCode::UNAUTHORIZED => RefusalKind::Unauthorized,
            StatusCode::FORBIDDEN => RefusalKind::Forbidden,
            StatusCode::CONFLICT => RefusalKind::Conflict,
            StatusCode::PAYLOAD_TOO_LARGE => RefusalKind::TooLarge,
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => RefusalKind::Invalid,
            status if status.is_redirection() => return ClientError::ForeignRedirect { url },
            status => return ClientError::Unavailable { url, status: status.as_u16() },
        };
        let problem = match self.read(response, MAX_ERROR_BYTES).await {
            Ok(bytes) => json::parse(&bytes).unwrap_or(json::Value::Null),
            Err(error) => return error,
        };
        let text = |member: &str| problem.get(member).and_then(json::Value::as_str);
        let code = text("type").and_then(|kind| kind.strip_prefix("urn:mcp-pin:problem:")).filter(|code| {
            !code.is_empty() && code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        });
        ClientError::Refused {
            status: status.as_u16(),
            kind,
            code: code.map(str::to_owned),
            detail: text("detail").or_else(|| text("error")).unwrap_or_default().to_owned(),
        }
    }

    async fn read(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(error))? {
            if bytes.len() + chunk.len() > limit {
                return Err(ClientError::TooLarge { limit });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// The pause that the registry asks for, if it asks in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

fn expect_digest(expected: &Digest, found: Digest) -> Result<(), ClientError> {
    if *expected == found { Ok(()) } else { Err(ClientError::WrongDigest { expected: *expected, found }) }
}

fn of_server(entry: CatalogueEntry, name: &ServerName) -> Result<CatalogueEntry, ClientError> {
    if entry.name == *name { Ok(entry) } else { Err(shape("another server than was asked for")) }
}

pub(crate) fn shape(problem: impl Into<String>) -> ClientError {
    ClientError::Shape { problem: problem.into() }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<json::Value, ClientError> {
    json::parse_with(bytes, &json::Limits::OURS).map_err(|error| shape(error.to_string()))
}

pub(crate) fn typed<T: DeserializeOwned>(value: &json::Value) -> Result<T, ClientError> {
    json::from_value(value).map_err(|error| shape(error.to_string()))
}

pub(crate) fn body<T: serde::Serialize>(document: &T) -> Result<Vec<u8>, ClientError> {
    json::to_value(document).map(|value| value.to_canonical_bytes()).map_err(|error| shape(error.to_string()))
}
