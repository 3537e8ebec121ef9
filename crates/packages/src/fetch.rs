//! Requests: bounded in bytes and time, and sent where they were meant to go.

use std::{net::IpAddr, sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256, SHA512};
use mcp_pin_attest::package::Hashed;
use reqwest::{
    Response, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::{FetchError, archive::MAX_READ_BYTES};

/// The largest document: an index page of a project with thousands of files.
pub(crate) const MAX_DOCUMENT_BYTES: u64 = 16 << 20;

/// How many redirects are followed within an origin: one normalises a name, two are a loop.
const MAX_REDIRECTS: usize = 2;

/// How a fetcher behaves.
#[derive(Clone, Debug)]
pub struct FetcherOptions {
    /// How long a connection may take to come up.
    pub connect_timeout: Duration,
    /// How long a document may take.
    pub document_timeout: Duration,
    /// How long the bytes of an archive may stay away before it is given up.
    pub read_timeout: Duration,
    /// What the client calls itself.
    pub user_agent: String,
}

impl Default for FetcherOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            document_timeout: Duration::from_secs(40),
            read_timeout: Duration::from_secs(30),
            user_agent: concat!("mcp-pin/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What is sent to prove who asks, to the one origin that it was configured for. Never shown.
#[derive(Clone)]
pub struct Credential {
    header: Zeroizing<String>,
}

impl Credential {
    /// A bearer token.
    #[must_use]
    pub fn bearer(token: &str) -> Self {
        Self { header: Zeroizing::new(format!("Bearer {token}")) }
    }

    /// A user name and password, encoded as HTTP's basic scheme wants them.
    #[must_use]
    pub fn basic(encoded: &str) -> Self {
        Self { header: Zeroizing::new(format!("Basic {encoded}")) }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// Whether an address was chosen by whoever configured us, or by a host in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// By configuration. It may be on a private network, as mirrors are.
    ByUs,
    /// By the host at this origin. Another origin has to be on the public network, and gets no credentials.
    ByHost,
}

/// Whether what comes back is known by its digest, or judged by its signature: only then another host may send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirects {
    WithinOrigin,
    /// Hosts of images keep blobs elsewhere. One redirect to a public host is followed, without credentials.
    ToContent,
}

/// One request.
pub(crate) struct Request<'a> {
    pub(crate) url: Url,
    pub(crate) accept: &'a str,
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) redirects: Redirects,
    /// Where it was named, if a host named it.
    pub(crate) named_by: Option<&'a Url>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(url: Url) -> Self {
        Self { url, accept: "application/json", credential: None, redirects: Redirects::WithinOrigin, named_by: None }
    }

    pub(crate) fn accept(self, accept: &'a str) -> Self {
        Self { accept, ..self }
    }

    pub(crate) fn credential(self, credential: Option<&'a Credential>) -> Self {
        Self { credential, ..self }
    }

    pub(crate) fn named_by(self, host: &'a Url) -> Self {
        Self { named_by: Some(host), ..self }
    }

    pub(crate) fn into_content(self) -> Self {
        Self { redirects: Redirects::ToContent, ..self }
    }
}

/// The bytes of an archive, hashed while they came.
pub(crate) struct Download {
    pub(crate) hashed: Hashed,
    pub(crate) length: u64,
    /// The bytes, unless there are more than are read.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Sends requests.
#[derive(Clone, Debug)]
pub struct Fetcher {
    configured: reqwest::Client,
    public: reqwest::Client,
    document_timeout: Duration,
}

impl Fetcher {
    /// A fetcher.
    ///
    /// # Errors
    /// [`FetchError::Setup`].
    pub fn new(options: &FetcherOptions) -> Result<Self, FetchError> {
        let builder = || {
            reqwest::Client::builder()
                .user_agent(&options.user_agent)
                .connect_timeout(options.connect_timeout)
                .read_timeout(options.read_timeout)
                .redirect(redirect::Policy::none())
        };
        Ok(Self {
            configured: builder().build().map_err(FetchError::Setup)?,
            public: builder().dns_resolver(Arc::new(PublicAddresses)).build().map_err(FetchError::Setup)?,
            document_timeout: options.document_timeout,
        })
    }

    /// A document; `None` where the host says that there is none.
    pub(crate) async fn document(&self, request: Request<'_>) -> Result<Option<Vec<u8>>, FetchError> {
        let address = shown(&request.url);
        let work = async {
            let Some(mut response) = self.send(&request).await? else { return Ok(None) };
            let mut bytes = Vec::new();
            while let Some(chunk) = chunk(&mut response, &address).await? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
                    return Err(FetchError::TooLarge { address: address.clone(), limit: MAX_DOCUMENT_BYTES });
                }
            }
            Ok(Some(bytes))
        };
        match tokio::time::timeout(self.document_timeout, work).await {
            Ok(result) => result,
            Err(_) => Err(FetchError::Timeout { address: address.clone() }),
        }
    }

    /// An archive of at most `limit` bytes; `None` where the host says that there is none.
    pub(crate) async fn archive(&self, request: Request<'_>, limit: u64) -> Result<Option<Download>, FetchError> {
        let address = shown(&request.url);
        let Some(mut response) = self.send(&request).await? else { return Ok(None) };
        let (mut sha256, mut sha512) = (Context::new(&SHA256), Context::new(&SHA512));
        let mut length = 0_u64;
        let mut bytes = Some(Vec::new());
        while let Some(chunk) = chunk(&mut response, &address).await? {
            length += chunk.len() as u64;
            if length > limit {
                return Err(FetchError::TooLarge { address, limit });
            }
            sha256.update(&chunk);
            sha512.update(&chunk);
            bytes = bytes.filter(|bytes| bytes.len() + chunk.len() <= MAX_READ_BYTES).map(|mut bytes| {
                bytes.extend_from_slice(&chunk);
                bytes
            });
        }
        let text = |algorithm: &str, digest: &[u8]| {
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{algorithm}:{hex}").parse().expect("a digest in the spelling of digests")
        };
        let hashed = Hashed {
            sha256: text("sha256", sha256.finish().as_ref()),
            sha512: text("sha512", sha512.finish().as_ref()),
        };
        Ok(Some(Download { hashed, length, bytes }))
    }

    /// The answer to a request, redirects followed as far as they are; `None` for "there is none".
    async fn send(&self, request: &Request<'_>) -> Result<Option<Response>, FetchError> {
        let response = self.send_whatever(request).await?;
        match response.status() {
            StatusCode::OK => Ok(Some(response)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status => Err(FetchError::Status { address: shown(&request.url), status: status.as_u16() }),
        }
    }

    /// The answer to a request, whatever its status.
    pub(crate) async fn send_whatever(&self, request: &Request<'_>) -> Result<Response, FetchError> {
        let mut url = request.url.clone();
        let mut public = match request.named_by {
            Some(host) => check_named(&url, host)? && is_on_public_network(host).await,
            None => {
                check(&url, Chosen::ByUs)?;
                false
            }
        };
        for _ in 0..=MAX_REDIRECTS {
            let client = if public { &self.public } else { &self.configured };
            let mut sending = client.get(url.clone()).header(header::ACCEPT, request.accept);
            // Only the origin that was asked first is the one that the credential is for.
            if let Some(credential) = request.credential.filter(|_| url.origin() == request.url.origin() && !public) {
                let mut value = header::HeaderValue::from_str(&credential.header).map_err(|_| FetchError::Address {
                    address: shown(&url),
                    problem: "the credential configured for it holds characters that no header holds",
                })?;
                value.set_sensitive(true);
                sending = sending.header(header::AUTHORIZATION, value);
            }
            let response = sending
                .send()
                .await
                .map_err(|source| FetchError::Unreachable { address: shown(&url), source: source.without_url() })?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let refused = || FetchError::Redirect { address: shown(&url) };
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok()).ok_or_else(refused)?;
            if next.origin() != url.origin() {
                if request.redirects != Redirects::ToContent || public {
                    return Err(refused());
                }
                public = check_named(&next, &url)? && is_on_public_network(&url).await;
            }
            url = next;
        }
        Err(FetchError::Redirect { address: shown(&url) })
    }
}

async fn chunk(
    response: &mut Response,
    address: &str,
) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]> + use<>>, FetchError> {
    response
        .chunk()
        .await
        .map_err(|source| FetchError::Unreachable { address: address.to_owned(), source: source.without_url() })
}

/// An address for people: without user, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither fails for an address that a request is sent to.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// `https`, or plain `http` with this machine, where whoever configured us says so.
pub(crate) fn check(url: &Url, chosen: Chosen) -> Result<(), FetchError> {
    let wrong = |problem| Err(FetchError::Address { address: shown(url), problem });
    match (url.scheme(), chosen) {
        ("https", _) => {}
        ("http", Chosen::ByUs) if is_loopback(url) => {}
        ("http", _) => return wrong("plain `http` is for this machine only; use `https`"),
        _ => return wrong("it is no `https` address"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("it holds a user name or password");
    }
    Ok(())
}

/// Whether an address that a host named has to be asked for with the client that speaks to public addresses only.
fn check_named(url: &Url, host: &Url) -> Result<bool, FetchError> {
    if url.origin() == host.origin() {
        check(url, Chosen::ByUs)?;
        return Ok(false);
    }
    // A host on this machine is a test or a mirror of the user's own, and may name its neighbours.
    if is_loopback(host) && is_loopback(url) {
        check(url, Chosen::ByUs)?;
        return Ok(false);
    }
    check(url, Chosen::ByHost)?;
    match url.host() {
        Some(Host::Domain(name)) if name != "localhost" && !name.ends_with(".localhost") => Ok(true),
        _ => Err(FetchError::Address {
            address: shown(url),
            problem: "another host named it, and it is no name of a public host",
        }),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Resolves names to public addresses only: what a host names must not reach into the network that we stand in.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether a host itself is on the public network. A mirror on a private one, or a name that a private network answers
/// for, may send us to its neighbours: whoever set it up decides about that network anyway.
async fn is_on_public_network(host: &Url) -> bool {
    let (Some(name), Some(port)) = (host.host_str(), host.port_or_known_default()) else { return true };
    match tokio::net::lookup_host((name.trim_matches(['[', ']']), port)).await {
        Ok(mut addresses) => addresses.any(|address| is_public(address.ip())),
        Err(_) => true,
    }
}

/// Whether an address is on the public network (IANA special-purpose address registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Global unicast, without the ranges that carry IPv4 addresses in them or document.
            None => {
                let [first, second, ..] = v6.segments();
                (0x2000..0x4000).contains(&first)
                    && first != 0x2002
                    && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_told_from_public_ones() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "2002:a00:1::",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn what_a_host_names_is_checked() {
        let url = |text: &str| Url::parse(text).unwrap();
        let host = url("https://packages.example/simple/");
        assert!(!check_named(&url("https://packages.example/files/x"), &host).unwrap());
        assert!(check_named(&url("https://files.example/x"), &host).unwrap());
        for refused in [
            "http://files.example/x",
            "http://packages.example/x",
            "https://127.0.0.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/x",
            "https://[::1]/x",
            "https://user@files.example/x",
            "file:///etc/passwd",
        ] {
            assert!(check_named(&url(refused), &host).is_err(), "{refused}");
        }
        assert!(!check_named(&url("http://127.0.0.1:2/x"), &url("http://127.0.0.1:1/")).unwrap());
        assert_eq!(shown(&url("https://a:b@h.example/p?token=x#y")), "https://h.example/p");
    }
}
