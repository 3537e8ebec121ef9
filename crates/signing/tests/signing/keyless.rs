//! Keyless signing against an instance on this machine, and against services that lie, refuse or are not there.

use jiff::Timestamp;
use mcp_pin_attest::{
    Bundle, Evidence, IdentityPolicy, InstanceName, RequiredEvidence, Roots, Trust, TrustedRoot, verify,
};
use mcp_pin_model::{Manifest, statement::Statement as _};
use mcp_pin_signing::{IdentityToken, Keyless, Service, Services, SigningError};
use mcp_pin_test_support::{
    keys::{self, tool},
    sigstore::{TestClaims, TestSigstore, TestSigstoreServer},
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

fn now() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

fn instance() -> TestSigstoreServer {
    TestSigstoreServer::start(TestSigstore::new("acme"), now()).unwrap()
}

fn root_of(name: &str) -> TrustedRoot {
    let json = TestSigstore::new(name).trusted_root_json();
    TrustedRoot::from_json(InstanceName::Private(name.to_owned()), json.as_bytes(), RequiredEvidence::Log).unwrap()
}

fn anna() -> IdentityToken {
    IdentityToken::from_text(&TestClaims::email("anna@acme.example").token(), now()).unwrap()
}

/// The signing config of an instance with one service's address changed.
fn with_service(config: &str, service: &str, url: &str) -> Services {
    #[expect(clippy::disallowed_methods, reason = "our own document, in a test")]
    let mut config: Value = serde_json::from_str(config).unwrap();
    config[service][0]["url"] = json!(url);
    Services::from_signing_config(config.to_string().as_bytes()).unwrap()
}

fn manifest() -> Manifest {
    keys::manifest("io.github.acme/weather", "1.0.0", [tool("forecast", "Tells the weather.")], None)
}

async fn refused(services: &Services, root: TrustedRoot) -> SigningError {
    Keyless::new(services, root).unwrap().sign(&manifest(), &anna()).await.unwrap_err()
}

#[tokio::test]
async fn a_manifest_is_signed_as_an_identity_and_verifies_as_one() {
    let server = instance();
    let services = Services::from_signing_config(server.signing_config_json().as_bytes()).unwrap();
    let signed = Keyless::new(&services, root_of("acme")).unwrap().sign(&manifest(), &anna()).await.unwrap();
    assert!(matches!(&signed.evidence, Evidence::Certificate { claims, entries, .. }
        if claims.subject.as_deref() == Some("anna@acme.example") && entries.len() == 1));
    assert_eq!(signed.bundle.payload_digest_unverified(), manifest().digest());

    let mut roots = Roots::none();
    roots.insert(root_of("acme"));
    let mut trust = Trust::new();
    let policy = IdentityPolicy::new(TestClaims::EMAIL_ISSUER, "anna@acme.example").unwrap();
    trust.add_identity("anna", policy, InstanceName::Private("acme".to_owned()));
    assert_eq!(verify::<Manifest>(&signed.bundle, &trust, &roots).unwrap().principal(), "anna");
}

#[tokio::test]
async fn blobs_and_statements_of_others_are_signed_as_they_are() {
    let server = instance();
    let services = Services::from_signing_config(server.signing_config_json().as_bytes()).unwrap();
    let keyless = Keyless::new(&services, root_of("acme")).unwrap();
    let signed = keyless.sign_blob(b"any bytes", &anna()).await.unwrap();
    assert!(signed.bundle.has_certificate().unwrap());

    // Not in canonical form: the exact bytes are what is signed.
    let digest = "0".repeat(64);
    let statement = format!(
        "{{ \"_type\": \"https://in-toto.io/Statement/v1\", \"subject\": [{{\"name\": \"a\", \"digest\": {{\"sha256\": \"{digest}\"}}}}], \"predicateType\": \"https://example.com/p\", \"predicate\": {{}} }}"
    );
    let signed = keyless.sign_payload(statement.as_bytes(), &anna()).await.unwrap();
    let again = Bundle::from_bytes(signed.bundle.as_bytes().to_vec()).unwrap();
    assert_eq!(again.statement_unverified().unwrap().predicate_type(), "https://example.com/p");

    let error = keyless.sign_payload(b"{}", &anna()).await.unwrap_err();
    assert!(matches!(error, SigningError::Statement(_)), "{error}");
    let undigested = statement.replace("sha256", "md5");
    let error = keyless.sign_payload(undigested.as_bytes(), &anna()).await.unwrap_err();
    assert!(matches!(error, SigningError::NoSubjectDigest), "{error}");
}

#[tokio::test]
async fn t66_what_does_not_verify_under_the_root_is_never_given_out() {
    let server = instance();
    let services = Services::from_signing_config(server.signing_config_json().as_bytes()).unwrap();
    let error = refused(&services, root_of("other")).await;
    assert!(matches!(error, SigningError::DoesNotVerify(_)), "{error}");
    assert!(!error.is_could_not_check());
}

#[tokio::test]
async fn an_answer_of_another_instances_service_is_refused() {
    let (server, other) = (instance(), TestSigstoreServer::start(TestSigstore::new("other"), now()).unwrap());
    let config = server.signing_config_json();
    let timestamps = format!("{}/api/v1/timestamp", other.url());
    for (service, url) in [("caUrls", other.url()), ("rekorTlogUrls", other.url()), ("tsaUrls", &timestamps)] {
        let error = refused(&with_service(&config, service, url), root_of("acme")).await;
        assert!(matches!(error, SigningError::DoesNotVerify(_)), "{service}: {error}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_could_not_be_checked() {
    let server = instance();
    let config = server.signing_config_json();
    // Nobody listens on a port that was just given back.
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (name, service) in
        [("caUrls", Service::Fulcio), ("rekorTlogUrls", Service::Rekor), ("tsaUrls", Service::TimestampAuthority)]
    {
        let error = refused(&with_service(&config, name, &gone), root_of("acme")).await;
        assert!(matches!(error, SigningError::Unreachable { service: which } if which == service), "{name}: {error}");
        assert!(error.is_could_not_check());
    }
}

#[tokio::test]
async fn refusals_and_nonsense_are_told_apart_and_never_repeated() {
    let server = instance();
    let config = server.signing_config_json();
    for (status, body, could_not_check) in [(401, "evil \u{1b}[2J", false), (503, "evil", true), (200, "evil", false)] {
        for (name, service, place) in [
            ("caUrls", Service::Fulcio, "/api/v2/signingCert"),
            ("rekorTlogUrls", Service::Rekor, "/api/v1/log/entries"),
        ] {
            let mock = MockServer::start().await;
            let answer = ResponseTemplate::new(status).set_body_string(body);
            Mock::given(method("POST")).and(path(place)).respond_with(answer).mount(&mock).await;
            let error = refused(&with_service(&config, name, &mock.uri()), root_of("acme")).await;
            match &error {
                SigningError::Refused { service: which, status: said } => {
                    assert!(*which == service && *said == status && status != 200, "{error}");
                }
                SigningError::InvalidAnswer { service: which } => {
                    assert!(*which == service && status == 200, "{error}");
                }
                _ => panic!("{error:?}"),
            }
            assert_eq!(error.is_could_not_check(), could_not_check, "{error}");
            assert!(!format!("{error} {error:?}").contains("evil"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_does_not_carry_the_token_there() {
    let server = instance();
    let (here, elsewhere) = (MockServer::start().await, MockServer::start().await);
    let answer =
        ResponseTemplate::new(307).insert_header("location", format!("{}/api/v2/signingCert", elsewhere.uri()));
    Mock::given(method("POST")).respond_with(answer).mount(&here).await;
    let error = refused(&with_service(&server.signing_config_json(), "caUrls", &here.uri()), root_of("acme")).await;
    assert!(matches!(error, SigningError::Refused { service: Service::Fulcio, status: 307 }), "{error}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}
