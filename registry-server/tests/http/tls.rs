//! TLS by the server itself, and certificates of clients.

use std::path::Path;

use mcp_pin_registry::{config::Config, tls::TlsSection};
use mcp_pin_test_support::sigstore::{TestCertificate, TestTls};

use crate::support::TestRegistry;

const GATEWAY: &str = "spiffe://acme.example/gateway";

struct Scene {
    address: String,
    authority: TestTls,
    _registry: TestRegistry,
    _folder: tempfile::TempDir,
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn section(text: &str) -> TlsSection {
    toml::from_str(text).unwrap()
}

const SECTION: &str = r#"
    certificate = "server.pem"
    key = "server.key"
    client-ca = "ca.pem"
    client = [{ san = "URI:spiffe://acme.example/gateway", principal = "gateway", roles = ["reader"] }]
"#;

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = TestTls::new("acme");
        let server = authority.server("localhost");
        write(folder.path(), "server.pem", &server.certificate);
        write(folder.path(), "server.key", &server.key);
        write(folder.path(), "ca.pem", &authority.pem());
        let tls = section(SECTION).read(folder.path()).unwrap();
        let change = |config: Config| Config { tls: Some(tls), ..config };
        let mut registry = TestRegistry::configured(change).await;
        let address = registry.listen().replace("http://127.0.0.1", "https://localhost");
        Self { address, authority, _registry: registry, _folder: folder }
    }

    fn client(&self, own: Option<&TestCertificate>) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(self.authority.pem().as_bytes()).unwrap();
        let mut builder = reqwest::Client::builder().tls_certs_only([root]);
        if let Some(own) = own {
            let both = format!("{}{}", own.key, own.certificate);
            builder = builder.identity(reqwest::Identity::from_pem(both.as_bytes()).unwrap());
        }
        builder.build().unwrap()
    }

    async fn whoami(&self, own: Option<&TestCertificate>) -> Result<(u16, serde_json::Value), reqwest::Error> {
        let answer = self.client(own).get(format!("{}/v1/whoami", self.address)).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }
}

#[tokio::test]
async fn a_certificate_of_the_right_authority_is_a_principal() {
    let scene = Scene::new().await;
    let (status, _) = scene.whoami(None).await.unwrap();
    assert_eq!(status, 401, "TLS alone says nothing about who it is");
    let gateway = scene.authority.client(&[GATEWAY]);
    let (status, me) = scene.whoami(Some(&gateway)).await.unwrap();
    assert_eq!(status, 200, "{me}");
    assert_eq!((&me["principal"], &me["method"]), (&"gateway".into(), &"certificate".into()));
    assert_eq!(me["roles"], serde_json::json!(["reader"]));
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_is_nobody() {
    let scene = Scene::new().await;
    for name in ["spiffe://acme.example/gateway2", "spiffe://acme.example/Gateway", "https://acme.example"] {
        let (status, _) = scene.whoami(Some(&scene.authority.client(&[name]))).await.unwrap();
        assert_eq!(status, 401, "{name}");
    }
    let stranger = TestTls::new("mallory").client(&[GATEWAY]);
    assert!(scene.whoami(Some(&stranger)).await.is_err(), "another authority's certificate ends the greeting");
    let server = scene.authority.server("gateway");
    assert!(scene.whoami(Some(&server)).await.is_err(), "a server's certificate is no client's");
}

#[tokio::test]
async fn plain_http_gets_nothing_where_tls_is_spoken() {
    let scene = Scene::new().await;
    let plain = scene.address.replace("https://localhost", "http://127.0.0.1");
    let client = reqwest::Client::builder().build().unwrap();
    assert!(client.get(format!("{plain}/healthz")).send().await.is_err());
}

#[test]
fn what_could_not_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "certificate = \"a\"\nkey = \"b\"\nclient = [{ san = \"URI:x\", principal = \"p\", roles = [] }]",
        "certificate = \"a\"\nkey = \"b\"\nclient-ca = \"c\"\nclient = [{ san = \"x\", principal = \"p\", roles = [] }]",
        "certificate = \"a\"\nkey = \"b\"\nclient-ca = \"c\"\nclient = [{ san = \"URI:x\", principal = \"P\", roles = [] }]",
        "certificate = \"a\"\nkey = \"b\"\nclient-ca = \"c\"\nclient = [{ san = \"URI:x\", principal = \"p\", roles = [\"root\"] }]",
    ] {
        assert!(section(text).read(folder.path()).is_err(), "{text}");
    }
    assert!(toml::from_str::<TlsSection>("certificate = \"a\"\nkey = \"b\"\nverify = false").is_err());
}
