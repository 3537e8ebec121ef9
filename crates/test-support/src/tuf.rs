//! A TUF repository of one key on a socket of this machine, as an instance of Sigstore publishes its trusted root; and what
//! an attacker between it and its readers does.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use mcp_pin_attest::{Signer as _, SigningKey};
use mcp_pin_model::Digest;
use serde_json::{Value, json};

use crate::keys;

/// When documents expire, unless a test says otherwise.
const EXPIRES: &str = "2999-01-01T00:00:00Z";

/// The id of the one key. Clients take ids as they stand.
const KEY_ID: &str = "4f95ec0b4e2b6b0e5c0c9d6a4c1a3c2f1d0e9b8a7f6e5d4c3b2a190807060504";

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A repository that is being served; gone when dropped.
#[derive(Debug)]
pub struct TestTufRepository {
    files: Files,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    key: SigningKey,
    thread: Option<thread::JoinHandle<()>>,
}

impl TestTufRepository {
    /// Starts on a free port, with nothing published.
    ///
    /// # Errors
    /// When there is no port or thread to be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (files, stop) = (Files::default(), Arc::new(AtomicBool::new(false)));
        let (served, stopped) = (Arc::clone(&files), Arc::clone(&stop));
        let thread = thread::Builder::new().name("test-tuf".to_owned()).spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A client that went away is no failure of the repository.
                let _ = stream.and_then(|stream| answer(&stream, &served));
            }
        })?;
        Ok(Self { files, address, stop, key: keys::key("tuf"), thread: Some(thread) })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The root that trust in it begins with (TUF specification 1.0, section 4.3).
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        let role = json!({"keyids": [KEY_ID], "threshold": 1});
        let key = json!({
            "keytype": "ecdsa",
            "scheme": "ecdsa-sha2-nistp256",
            "keyval": {"public": self.key.public_key().to_spki_pem()},
        });
        self.signed(&json!({
            "_type": "root",
            "spec_version": "1.0.0",
            "version": 1,
            "expires": EXPIRES,
            "consistent_snapshot": false,
            "keys": {KEY_ID: key},
            "roles": {"root": role, "timestamp": role, "snapshot": role, "targets": role},
        }))
    }

    /// Publishes a trusted root as the repository's state of this version.
    pub fn publish(&self, trusted_root: &[u8], version: u64) {
        self.publish_until(trusted_root, version, EXPIRES);
    }

    /// The same with a time at which the state expires.
    pub fn publish_until(&self, trusted_root: &[u8], version: u64, expires: &str) {
        let targets = self.signed(&json!({
            "_type": "targets",
            "spec_version": "1.0.0",
            "version": version,
            "expires": EXPIRES,
            "targets": {"trusted_root.json": {
                "length": trusted_root.len(),
                "hashes": {"sha256": Digest::of(trusted_root).to_hex()},
            }},
        }));
        let snapshot = self.signed(&json!({
            "_type": "snapshot",
            "spec_version": "1.0.0",
            "version": version,
            "expires": EXPIRES,
            "meta": {"targets.json": described(&targets, version)},
        }));
        let timestamp = self.signed(&json!({
            "_type": "timestamp",
            "spec_version": "1.0.0",
            "version": version,
            "expires": expires,
            "meta": {"snapshot.json": described(&snapshot, version)},
        }));
        self.serve("targets.json", targets);
        self.serve("snapshot.json", snapshot);
        self.serve("timestamp.json", timestamp);
        self.serve("targets/trusted_root.json", trusted_root.to_vec());
    }

    /// Serves any bytes under a name: what an attacker puts there.
    pub fn serve(&self, name: &str, bytes: Vec<u8>) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("/{name}"), bytes);
    }

    fn signed(&self, document: &Value) -> Vec<u8> {
        let signature = self.key.sign(canonical(document).as_bytes()).expect("a key in memory signs");
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"signed": document, "signatures": [{"keyid": KEY_ID, "sig": hex}]}).to_string().into_bytes()
    }
}

impl Drop for TestTufRepository {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn described(bytes: &[u8], version: u64) -> Value {
    json!({"version": version, "length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_hex()}})
}

/// The canonical form of TUF (OLPC): as RFC 8785 for what stands in these documents, but that a line end is itself.
fn canonical(document: &Value) -> String {
    mcp_pin_model::json::to_value(document).expect("short JSON").to_canonical_string().replace("\\n", "\n")
}

fn answer(stream: &TcpStream, files: &Files) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let body = files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
    let (status, body) = body.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
