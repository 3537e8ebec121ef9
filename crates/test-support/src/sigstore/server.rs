//! The instance behind a socket of this machine: Fulcio v2, Rekor v1 and an RFC 3161 authority, as far as a signer
//! uses them. It refuses what they would refuse: a key without proof, a signature that is none.

use std::{io, net::Ipv4Addr, sync::Arc, thread};

use aws_lc_rs::{
    digest::{Digest as ImportedDigest, SHA256},
    signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use mcp_pin_attest::PublicKey;
use mcp_pin_model::Digest;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};
use x509_cert::Certificate;

use super::{
    TestSigstore, certificate::Leaf, parse, pre_authentication_encoding, signer::pem, timestamp::TimeStampRequest,
    token,
};

/// A refused request: what is wrong with it.
type Refusal = (StatusCode, &'static str);

/// An instance that answers over HTTP, on a thread of its own; gone when dropped.
#[derive(Debug)]
pub struct TestSigstoreServer {
    url: String,
    instance: Arc<TestSigstore>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<io::Result<()>>>,
}

/// What the handlers share.
#[derive(Clone)]
struct Services {
    instance: Arc<TestSigstore>,
    now: Timestamp,
}

impl TestSigstoreServer {
    /// Starts on a free port. For the server it is always `now`, which must not be in a verifier's future.
    ///
    /// # Errors
    /// When there is no port, runtime or thread to be had.
    pub fn start(sigstore: TestSigstore, now: Timestamp) -> io::Result<Self> {
        let instance = Arc::new(sigstore);
        let services = Services { instance: Arc::clone(&instance), now };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("test-sigstore".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener)?;
                let serve = axum::serve(listener, router(services)).into_future();
                // Connections that a client keeps open must not hold the test up.
                tokio::select! { served = serve => served, _ = stopped => Ok(()) }
            })
        })?;
        Ok(Self { url, instance, stop: Some(stop), thread: Some(thread) })
    }

    /// Below which all services are.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The instance that answers: what a verifier trusts, and more signatures.
    #[must_use]
    pub fn sigstore(&self) -> &TestSigstore {
        &self.instance
    }

    /// Where a signer finds this server's services (`signing_config.json`).
    #[must_use]
    pub fn signing_config_json(&self) -> String {
        self.instance.signing_config_json(&self.url)
    }
}

impl Drop for TestSigstoreServer {
    fn drop(&mut self) {
        // Dropping the sender stops the thread; what it then returns is of no interest to a finished test.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn router(services: Services) -> Router {
    Router::new()
        .route("/api/v2/signingCert", post(issue_certificate))
        .route("/api/v1/log/entries", post(log_entry))
        .route("/api/v1/timestamp", post(timestamp))
        .with_state(services)
}

/// Fulcio v2 `CreateSigningCertificate` (sigstore/fulcio, `fulcio.proto`).
async fn issue_certificate(State(services): State<Services>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let request = parse(&body).ok_or_else(|| bad("the request is not JSON"))?;
    let token = text(&request, "/credentials/oidcIdentityToken")?;
    let (claims, challenge) = token::read(token).map_err(|reason| (StatusCode::UNAUTHORIZED, reason))?;
    let key = PublicKey::from_spki_pem(text(&request, "/publicKeyRequest/publicKey/content")?)
        .map_err(|_| bad("the public key is not P-256"))?;
    let proof = bytes(&request, "/publicKeyRequest/proofOfPossession")?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.spki_der())
        .verify(challenge.as_bytes(), &proof)
        .map_err(|_| bad("the proof of possession does not verify"))?;
    let leaf = services.instance.issue(&Leaf { key: &key, claims: &claims, from: services.now }, true);
    let [intermediate, root] = services.instance.authority.chain();
    let chain = [leaf, intermediate, root].map(|certificate| pem(&certificate));
    Ok(Json(json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}})))
}

/// Rekor v1 `createLogEntry` (sigstore/rekor, `openapi.yaml`), for `dsse` and `hashedrekord` 0.0.1.
async fn log_entry(State(services): State<Services>, body: Bytes) -> Result<(StatusCode, Json<Value>), Refusal> {
    let request = parse(&body).ok_or_else(|| bad("the request is not JSON"))?;
    let rekor = &services.instance.rekor;
    let entry = match text(&request, "/kind")? {
        "dsse" => {
            let content = text(&request, "/spec/proposedContent/envelope")?;
            let envelope = parse(content.as_bytes()).ok_or_else(|| bad("the envelope is not JSON"))?;
            let (certificate, key) = verifier(&request, "/spec/proposedContent/verifiers/0")?;
            let payload = bytes(&envelope, "/payload")?;
            let signature = bytes(&envelope, "/signatures/0/sig")?;
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
                .verify(&pre_authentication_encoding(text(&envelope, "/payloadType")?, &payload), &signature)
                .map_err(|_| bad("the envelope's signature does not verify"))?;
            rekor.append_dsse(content.as_bytes(), &payload, &signature, &certificate, services.now)
        }
        "hashedrekord" => {
            let (certificate, key) = verifier(&request, "/spec/signature/publicKey/content")?;
            let digest = Digest::from_hex(text(&request, "/spec/data/hash/value")?)
                .map_err(|_| bad("the artifact's digest is no SHA-256"))?;
            let signature = bytes(&request, "/spec/signature/content")?;
            ImportedDigest::import_less_safe(digest.as_bytes(), &SHA256)
                .and_then(|digest| {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify_digest(&digest, &signature)
                })
                .map_err(|_| bad("the artifact's signature does not verify"))?;
            rekor.append_hashedrekord(&digest.to_hex(), &signature, &certificate, services.now)
        }
        _ => return Err(bad("the kind of entry is not one of this log")),
    };
    Ok((StatusCode::CREATED, Json(entry.in_response())))
}

/// RFC 3161, section 3.4.
async fn timestamp(State(services): State<Services>, body: Bytes) -> Result<Response, Refusal> {
    let request = TimeStampRequest::from_der(&body).map_err(|_| bad("the request is no timestamp query"))?;
    let response = services.instance.timestamps.timestamp(request.message_imprint, request.nonce, services.now);
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, "application/timestamp-reply")], response).into_response())
}

fn bad(reason: &'static str) -> Refusal {
    (StatusCode::BAD_REQUEST, reason)
}

fn text<'a>(request: &'a Value, pointer: &str) -> Result<&'a str, Refusal> {
    request.pointer(pointer).and_then(Value::as_str).ok_or_else(|| bad("a member is missing, or is not text"))
}

fn bytes(request: &Value, pointer: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text(request, pointer)?).map_err(|_| bad("a member is not base64"))
}

/// A certificate as Rekor is sent it, in PEM, and the DER `SubjectPublicKeyInfo` of its key.
fn verifier(request: &Value, pointer: &str) -> Result<(String, Vec<u8>), Refusal> {
    let malformed = || bad("the verifier is no certificate");
    let certificate = String::from_utf8(bytes(request, pointer)?).map_err(|_| malformed())?;
    let (_, der) = pem_rfc7468::decode_vec(certificate.as_bytes()).map_err(|_| malformed())?;
    let parsed = Certificate::from_der(&der).map_err(|_| malformed())?;
    let key = parsed.tbs_certificate.subject_public_key_info.to_der().map_err(|_| malformed())?;
    Ok((certificate, key))
}
