//! A registry of images, and a file behind an address, on this machine.

use mcp_pin_attest::package::CheckKind;
use mcp_pin_model::{Digest, ServerName};
use mcp_pin_packages::{Question, ResolveError, Resolved};
use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, path, query_param},
};

use super::hosts::{package, resolver, serve, slsa, words};

struct Image {
    manifest: String,
    config: String,
}

impl Image {
    fn new() -> Self {
        let config = json!({"config": {"Labels": {"io.modelcontextprotocol.server.name": "io.github.acme/weather"}}})
            .to_string();
        let manifest = json!({"config": {"digest": digest(&config)}, "layers": []}).to_string();
        Self { manifest, config }
    }

    async fn serve(&self, server: &MockServer) {
        serve(server, "/v2/", "{}").await;
        let digest = digest(&self.manifest);
        serve(server, &format!("/v2/acme/weather/manifests/{digest}"), self.manifest.clone()).await;
        serve(server, &format!("/v2/acme/weather/blobs/{}", self::digest(&self.config)), self.config.clone()).await;
        let hex = digest.trim_start_matches("sha256:");
        let bundle = slsa(&json!([{"name": "acme/weather", "digest": {"sha256": hex}}])).to_string();
        let carrier = json!({"layers": [{"digest": self::digest(&bundle)}]}).to_string();
        let list = json!({"manifests": [
            {"digest": self::digest("sbom"), "artifactType": "application/spdx+json"},
            {"digest": self::digest(&carrier), "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json"},
        ]});
        serve(server, &format!("/v2/acme/weather/referrers/{digest}"), list.to_string()).await;
        serve(server, &format!("/v2/acme/weather/manifests/{}", self::digest(&carrier)), carrier).await;
        serve(server, &format!("/v2/acme/weather/blobs/{}", self::digest(&bundle)), bundle).await;
    }

    async fn resolve(&self, server: &MockServer) -> Result<Resolved, ResolveError> {
        let name: ServerName = "io.github.acme/weather".parse().unwrap();
        let question =
            Question { repository: Some("https://github.com/acme/weather"), server: Some(&name), builder: None };
        let reference = format!("acme/weather@{}", digest(&self.manifest));
        let package = package("docker", &["run", "-i", "--rm", &reference]);
        Ok(resolver(server).resolve(&package, question).await?.pop().unwrap())
    }
}

fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

const ALL_GOOD: &str = "integrity passed, publication absent, provenance passed, repository passed, ownership passed";

#[tokio::test]
async fn an_image_with_its_referrers() {
    let server = MockServer::start().await;
    let image = Image::new();
    image.serve(&server).await;
    assert_eq!(words(&image.resolve(&server).await.unwrap()), ALL_GOOD);
}

#[tokio::test]
async fn a_token_that_anybody_gets_is_asked_for_and_sent_to_its_registry_alone() {
    let server = MockServer::start().await;
    let image = Image::new();
    let challenge =
        format!("Bearer realm=\"{}/token\",service=\"images\",scope=\"repository:other:push\"", server.uri());
    Mock::given(path("/v2/"))
        .respond_with(ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str()))
        .mount(&server)
        .await;
    // Reading this repository is what is asked for, whatever the challenge asks for.
    Mock::given(path("/token"))
        .and(query_param("scope", "repository:acme/weather:pull"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"token": "anybody"})))
        .mount(&server)
        .await;
    Mock::given(header("authorization", "Bearer anybody"))
        .and(path(format!("/v2/acme/weather/manifests/{}", digest(&image.manifest))))
        .respond_with(ResponseTemplate::new(200).set_body_string(image.manifest.clone()))
        .mount(&server)
        .await;
    let elsewhere = MockServer::start().await;
    serve(&elsewhere, "/blob", image.config.clone()).await;
    Mock::given(header("authorization", "Bearer anybody"))
        .and(path(format!("/v2/acme/weather/blobs/{}", digest(&image.config))))
        .respond_with(ResponseTemplate::new(307).insert_header("location", format!("{}/blob", elsewhere.uri())))
        .mount(&server)
        .await;
    let resolved = image.resolve(&server).await.unwrap();
    assert_eq!(resolved.evidence.outcome(CheckKind::Ownership).unwrap().word(), "passed");
    for request in elsewhere.received_requests().await.unwrap() {
        assert!(!request.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn t27_an_image_is_what_its_digest_says() {
    let server = MockServer::start().await;
    let image = Image::new();
    serve(&server, "/v2/", "{}").await;
    serve(&server, &format!("/v2/acme/weather/manifests/{}", digest(&image.manifest)), r#"{"config":{}}"#).await;
    assert!(image.resolve(&server).await.is_err());
    let server = MockServer::start().await;
    serve(&server, "/v2/", "{}").await;
    assert!(image.resolve(&server).await.unwrap_err().is_gone());
    // A tag is nothing to look at.
    let package = package("docker", &["run", "-i", "acme/weather:1.4.2"]);
    let error = resolver(&server).resolve(&package, Question::default()).await.unwrap_err();
    assert!(matches!(error, ResolveError::NotPinned { .. }), "{error}");
}

#[tokio::test]
async fn a_file_behind_an_address_with_githubs_attestation() {
    let server = MockServer::start().await;
    serve(&server, "/releases/weather.mcpb", "bundle").await;
    let sha256 = Digest::of(b"bundle").to_hex();
    let document =
        json!({"attestations": [{"bundle": slsa(&json!([{"name": "weather.mcpb", "digest": {"sha256": sha256}}]))}]});
    serve(&server, &format!("/api/repos/acme/weather/attestations/sha256:{sha256}"), document.to_string()).await;
    let url = format!("{}/releases/weather.mcpb", server.uri()).parse().unwrap();
    let question = Question { repository: Some("https://github.com/acme/weather"), ..Question::default() };
    let resolve =
        async |sha256: &str| resolver(&server).resolve_mcpb(&url, Some(sha256), "1.4.2", question).await.unwrap();
    let good = resolve(&sha256).await;
    assert_eq!(words(&good), "integrity passed, publication absent, provenance passed, repository passed");
    let bad = resolve(&Digest::of(b"other").to_hex()).await;
    assert_eq!(bad.evidence.outcome(CheckKind::Integrity).unwrap().word(), "failed");
}
