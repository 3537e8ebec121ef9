//! Hosts of packages on this machine, honest and not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use mcp_pin_attest::{InstanceName, RequiredEvidence, Roots, TrustedRoot, package::CheckKind};
use mcp_pin_model::{
    Digest, Launch, ServerName,
    launch::StdioLaunch,
    package_identity::{Package, identify},
};
use mcp_pin_packages::{
    Endpoints, FetchError, Fetcher, FetcherOptions, PackageSettings, Question, ResolveError, Resolved, Resolver,
};
use mcp_pin_test_support::sigstore::{TestClaims, TestSigstore};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

pub(super) fn package(command: &str, args: &[&str]) -> Package {
    let launch = Launch::Stdio(StdioLaunch {
        command: command.to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: Vec::new(),
        cwd: None,
    });
    identify(&launch).package().unwrap().clone()
}

pub(super) fn sigstore() -> TestSigstore {
    TestSigstore::new("hosts")
}

pub(super) fn resolver(server: &MockServer) -> Resolver {
    let url = |place: &str| Some(format!("{}/{place}", server.uri()).parse().unwrap());
    let settings = PackageSettings { npm: url(""), pypi: url("simple"), oci: url(""), github_api: url("api") };
    let mut roots = Roots::none();
    let root = sigstore().trusted_root_json();
    roots.insert(TrustedRoot::from_json(InstanceName::PublicGood, root.as_bytes(), RequiredEvidence::Log).unwrap());
    Resolver::new(Fetcher::new(&FetcherOptions::default()).unwrap(), Endpoints::only(settings), roots)
}

pub(super) async fn serve(server: &MockServer, place: &str, body: impl Into<Vec<u8>>) {
    Mock::given(method("GET"))
        .and(path(place))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(body))
        .mount(server)
        .await;
}

pub(super) fn words(resolved: &Resolved) -> String {
    let words: Vec<String> = resolved
        .evidence
        .checks
        .iter()
        .map(|check| format!("{} {}", check.kind.as_str(), check.outcome.word()))
        .collect();
    words.join(", ")
}

fn tarball() -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let body = br#"{"name":"@acme/weather","mcpName":"io.github.acme/weather"}"#;
    let mut head = tar::Header::new_ustar();
    head.set_size(body.len() as u64);
    head.set_mode(0o644);
    builder.append_data(&mut head, "package/package.json", &body[..]).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

fn sha512(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, bytes).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn slsa(subjects: &Value) -> Value {
    let repository = "https://github.com/acme/weather";
    let payload = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {"externalParameters": {"workflow": {
                "ref": "refs/tags/v1.4.2", "repository": repository, "path": ".github/workflows/release.yml",
            }}},
            "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
        },
    });
    let claims = TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.4.2");
    let at = "2026-11-01T10:00:00Z".parse().unwrap();
    let bytes = sigstore().sign_statement(payload.to_string().as_bytes(), &claims, at);
    serde_json::to_value(mcp_pin_model::json::parse(&bytes).unwrap()).unwrap()
}

const VERSION: &str = "/@acme%2Fweather/1.4.2";

/// An npm registry with one version; `tarball` is where its document says that the archive is.
async fn npm(server: &MockServer, integrity_of: &[u8], tarball_at: &str) {
    let document = json!({
        "name": "@acme/weather", "version": "1.4.2",
        "dist": {
            "tarball": tarball_at,
            "integrity": format!("sha512-{}", STANDARD.encode(sha512(integrity_of))),
        },
    });
    serve(server, VERSION, document.to_string()).await;
    serve(server, "/-/npm/v1/keys", r#"{"keys":[]}"#).await;
}

async fn resolve_npm(server: &MockServer) -> Result<Resolved, ResolveError> {
    let name: ServerName = "io.github.acme/weather".parse().unwrap();
    let question = Question { repository: Some("https://github.com/acme/weather"), server: Some(&name), builder: None };
    let package = package("npx", &["-y", "@acme/weather@1.4.2"]);
    Ok(resolver(server).resolve(&package, question).await?.pop().unwrap())
}

#[tokio::test]
async fn an_npm_package_with_provenance() {
    let server = MockServer::start().await;
    npm(&server, &tarball(), &format!("{}/files/weather.tgz", server.uri())).await;
    serve(&server, "/files/weather.tgz", tarball()).await;
    let subjects = json!([{"name": "pkg:npm/%40acme/weather@1.4.2", "digest": {"sha512": hex(&sha512(&tarball()))}}]);
    let document = json!({"attestations": [{"bundle": slsa(&subjects)}]});
    serve(&server, "/-/npm/v1/attestations/@acme%2Fweather@1.4.2", document.to_string()).await;
    let resolved = resolve_npm(&server).await.unwrap();
    assert_eq!(
        words(&resolved),
        "integrity passed, registry-signature absent, publication absent, provenance passed, repository passed, \
         ownership passed"
    );
    assert_eq!(resolved.artifact.purl, "pkg:npm/%40acme/weather@1.4.2");
    assert!(resolved.artifact.digest.unwrap().as_str().starts_with("sha512-"));
    assert_eq!(resolved.artifact.provenance.unwrap().reference.as_deref(), Some("refs/tags/v1.4.2"));
}

#[tokio::test]
async fn t27_other_bytes_than_the_registry_says() {
    let server = MockServer::start().await;
    npm(&server, b"other", &format!("{}/files/weather.tgz", server.uri())).await;
    serve(&server, "/files/weather.tgz", tarball()).await;
    let resolved = resolve_npm(&server).await.unwrap();
    assert_eq!(resolved.evidence.outcome(CheckKind::Integrity).unwrap().word(), "failed");
}

#[tokio::test]
async fn not_reached_is_not_absent() {
    let server = MockServer::start().await;
    npm(&server, &tarball(), &format!("{}/files/weather.tgz", server.uri())).await;
    serve(&server, "/files/weather.tgz", tarball()).await;
    // The registry has keys, so that it knows what an attestation is: there is none.
    let word = async || resolve_npm(&server).await.unwrap().evidence.outcome(CheckKind::Provenance).unwrap().word();
    assert_eq!(word().await, "absent");
    server.reset().await;
    let document = json!({"name": "@acme/weather", "version": "1.4.2", "dist": {
        "tarball": format!("{}/files/weather.tgz", server.uri()),
        "attestations": {"url": "https://elsewhere.example/"},
    }});
    serve(&server, VERSION, document.to_string()).await;
    serve(&server, "/files/weather.tgz", tarball()).await;
    assert_eq!(word().await, "unsupported", "announced, and not there");
    Mock::given(method("GET"))
        .and(path("/-/npm/v1/attestations/@acme%2Fweather@1.4.2"))
        .respond_with(ResponseTemplate::new(503))
        .mount(&server)
        .await;
    assert_eq!(word().await, "unsupported", "an outage");
}

#[tokio::test]
async fn a_host_does_not_send_us_into_a_network() {
    for address in
        ["https://169.254.169.254/latest/", "https://10.0.0.1/x", "http://packages.example/x", "file:///etc/passwd"]
    {
        let server = MockServer::start().await;
        npm(&server, &tarball(), address).await;
        let error = resolve_npm(&server).await.unwrap_err();
        assert!(matches!(error, ResolveError::Fetch(FetchError::Address { .. })), "{address}: {error}");
    }
    let server = MockServer::start().await;
    npm(&server, &tarball(), &format!("{}/files/weather.tgz", server.uri())).await;
    let elsewhere = MockServer::start().await;
    Mock::given(path("/files/weather.tgz"))
        .respond_with(ResponseTemplate::new(302).insert_header("location", elsewhere.uri()))
        .mount(&server)
        .await;
    let error = resolve_npm(&server).await.unwrap_err();
    assert!(matches!(error, ResolveError::Fetch(FetchError::Redirect { .. })), "{error}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_gone_is_told_from_what_is_out_of_reach() {
    let server = MockServer::start().await;
    assert!(resolve_npm(&server).await.unwrap_err().is_gone());
    let server = MockServer::start().await;
    Mock::given(path(VERSION)).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    assert!(!resolve_npm(&server).await.unwrap_err().is_gone());
    let resolver = resolver(&server);
    let address = server.uri();
    drop(server);
    let error = resolver.resolve(&package("npx", &["x@1.0.0"]), Question::default()).await.unwrap_err();
    assert!(
        matches!(&error, ResolveError::Fetch(FetchError::Unreachable { .. } | FetchError::Status { .. }))
            || error.is_gone(),
        "{address}: {error}"
    );
    let error = resolver.resolve(&package("npx", &["x@latest"]), Question::default()).await.unwrap_err();
    assert!(matches!(error, ResolveError::NotPinned { .. }), "{error}");
}

const WHEEL: &str = "acme_weather-1.4.2-py3-none-any.whl";

#[tokio::test]
async fn every_file_of_a_python_version() {
    let server = MockServer::start().await;
    let sha256 = |bytes: &[u8]| Digest::of(bytes).to_hex();
    let page = json!({"files": [
        {"filename": WHEEL, "url": "../files/w.whl", "hashes": {"sha256": sha256(b"wheel")}, "provenance": "../p"},
        {"filename": "acme_weather-1.4.2.tar.gz", "url": "../files/s", "hashes": {"sha256": sha256(b"other")}, "provenance": null},
        {"filename": "acme_weather-1.4.3.tar.gz", "url": "../files/x", "hashes": {}},
    ]});
    Mock::given(path("/simple/acme-weather/"))
        .and(header("accept", "application/vnd.pypi.simple.v1+json"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page))
        .mount(&server)
        .await;
    serve(&server, "/simple/files/w.whl", "wheel").await;
    serve(&server, "/simple/files/s", "source").await;
    let bundle = slsa(&json!([{"name": WHEEL, "digest": {"sha256": sha256(b"wheel")}}]));
    let attestation = json!({
        "version": 1,
        "verification_material": {
            "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": bundle["dsseEnvelope"]["payload"],
            "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
        },
    });
    let provenance = json!({"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": [attestation]}]});
    serve(&server, "/simple/p", provenance.to_string()).await;
    let package = package("uvx", &["Acme.Weather==1.4.2"]);
    let resolved = resolver(&server).resolve(&package, Question::default()).await.unwrap();
    let [wheel, source] = &resolved[..] else { panic!("{} files", resolved.len()) };
    assert_eq!(words(wheel), "integrity passed, provenance passed");
    assert_eq!(wheel.artifact.purl, format!("pkg:pypi/acme-weather@1.4.2?file_name={WHEEL}"));
    assert_eq!(words(source), "integrity failed, provenance absent");
}

#[tokio::test]
async fn an_index_that_speaks_html_could_not_be_checked() {
    let server = MockServer::start().await;
    serve(&server, "/simple/weather/", "<!doctype html>").await;
    let error = resolver(&server).resolve(&package("uvx", &["weather==1.0"]), Question::default()).await.unwrap_err();
    assert!(matches!(error, ResolveError::Document { .. }), "{error}");
}
