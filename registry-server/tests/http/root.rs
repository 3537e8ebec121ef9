//! The registry's root: made by its holders with the operator's commands, and served.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use mcp_pin_attest::{
    InstanceName, RequiredEvidence, TrustedRoot,
    registry_root::{RegistryRoot, SignedRoot},
};
use mcp_pin_registry::{
    cli::{Arguments, Command},
    config::Config,
    root::commands::{KeysError, run},
    serve::{Environment, Server},
};
use mcp_pin_test_support::keys::{key, now};

use crate::support::{TestRegistry, config};

/// A folder with the key files of people, and drafts.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for name in ["ada", "bea", "cem"] {
            std::fs::write(desk.path(&format!("{name}.pub.pem")), key(name).public_key().to_spki_pem()).unwrap();
            let private = desk.path(&format!("{name}.pem"));
            std::fs::write(&private, key(name).to_pkcs8_pem().as_str()).unwrap();
            #[cfg(unix)]
            std::fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `keys …`; `@name` is a file on the desk.
    fn keys(&self, data: &Path, arguments: &[&str]) -> Result<(), KeysError> {
        let words = arguments.iter().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None if *word == "DATA" => data.as_os_str().to_owned(),
            None => (*word).into(),
        });
        let all = ["mcp-pin-registry", "keys"].into_iter().map(Into::into).chain(words);
        match Arguments::parse_from(all).command {
            Command::Keys(command) => run(&command),
            other => panic!("{other:?}"),
        }
    }

    fn init(&self, data: &Path) {
        let init = ["init", "--data-dir", "DATA", "--root-key", "@ada.pub.pem", "--root-key", "@bea.pub.pem"];
        self.keys(data, &[&init[..], &["--threshold", "2", "--output", "@1.json"]].concat()).unwrap();
    }

    fn sign(&self, data: &Path, file: &str, by: &str) {
        self.keys(data, &["sign", file, "--key", by]).unwrap();
    }

    /// A data directory with a first root.
    fn first(&self, data: &Path) {
        self.init(data);
        self.sign(data, "@1.json", "@ada.pem");
        self.sign(data, "@1.json", "@bea.pem");
        self.keys(data, &["install", "@1.json", "--data-dir", "DATA"]).unwrap();
    }
}

fn public(config: Config) -> Config {
    Config { public_url: Some("https://mcp.acme.example".parse().unwrap()), ..config }
}

#[tokio::test]
async fn a_registry_serves_its_roots_and_what_sigstore_clients_trust_of_its_log() {
    let desk = Desk::new();
    let registry = TestRegistry::configured(|config| {
        desk.first(&config.data_dir);
        // The next one, with Cem in Bea's place: signed by both of before, and by both of then.
        let rotate = ["rotate", "--data-dir", "DATA", "--root-key", "@ada.pub.pem", "--root-key", "@cem.pub.pem"];
        desk.keys(&config.data_dir, &[&rotate[..], &["--output", "@2.json"]].concat()).unwrap();
        desk.sign(&config.data_dir, "@2.json", "@ada.pem");
        desk.sign(&config.data_dir, "@2.json", "@cem.pem");
        let early = desk.keys(&config.data_dir, &["install", "@2.json", "--data-dir", "DATA"]);
        assert!(early.is_err(), "Bea has a say in who follows her");
        let alone = desk.keys(&config.data_dir, &["sign", "@2.json", "--key", "@bea.pem"]);
        assert!(matches!(alone, Err(KeysError::File { .. })), "only with the root in which she has it");
        desk.keys(&config.data_dir, &["sign", "@2.json", "--key", "@bea.pem", "--previous", "@1.json"]).unwrap();
        desk.keys(&config.data_dir, &["install", "@2.json", "--data-dir", "DATA"]).unwrap();
        public(config)
    })
    .await;
    let reader = registry.anonymous();
    let get = async |name: &str| reader.get(&format!("/.well-known/mcp-pin/{name}")).await;
    let current = get("root.json").await;
    assert_eq!(current.header("cache-control"), "no-cache");
    let (first, second) = (get("1.root.json").await, get("2.root.json").await);
    assert!(first.header("cache-control").contains("immutable"));
    assert_eq!(current.body, second.body);
    let known = SignedRoot::from_bytes(&first.body).unwrap().pin();
    let root = RegistryRoot::verify_chain(&known, &[first.body, second.body], now()).unwrap();
    assert_eq!(root.pin().version, 2);
    for name in ["3.root.json", "0.root.json", "01.root.json", "+1.root.json", "-1.root.json", ".root.json", "x"] {
        assert_eq!(get(name).await.problem(404), "not-found", "{name}");
    }

    let trusted = get("trusted_root.json").await;
    let name: InstanceName = "acme".parse().unwrap();
    let trusted = TrustedRoot::from_json(name, &trusted.body, RequiredEvidence::Log).unwrap();
    assert_eq!(trusted.contents()[0].address, "https://mcp.acme.example/log");
    assert_eq!(root.document().roles.log.as_ref().unwrap().keyids.len(), 1);
}

#[tokio::test]
async fn a_registry_without_keys_of_its_own_serves_none() {
    let registry = TestRegistry::new().await;
    for name in ["root.json", "1.root.json", "trusted_root.json"] {
        let answer = registry.anonymous().get(&format!("/.well-known/mcp-pin/{name}")).await;
        assert_eq!(answer.problem(404), "not-found", "{name}");
    }
    // One that knows its address has a log from its first start, and a key for it; no root says so yet.
    let registry = TestRegistry::configured(public).await;
    for name in ["root.json", "1.root.json"] {
        registry.anonymous().get(&format!("/.well-known/mcp-pin/{name}")).await.problem(404);
    }
    let trusted = registry.anonymous().get("/.well-known/mcp-pin/trusted_root.json").await.json();
    assert_eq!(trusted["tlogs"][0]["baseUrl"], "https://mcp.acme.example/log");
}

#[test]
fn t69_a_root_is_installed_when_enough_holders_signed_it_and_not_over_another() {
    let (desk, folder) = (Desk::new(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    desk.init(&data);
    let install = || desk.keys(&data, &["install", "@1.json", "--data-dir", "DATA"]);
    assert!(install().is_err(), "nobody signed");
    desk.sign(&data, "@1.json", "@ada.pem");
    desk.sign(&data, "@1.json", "@ada.pem");
    assert!(install().is_err(), "one person twice is one");
    let stranger = desk.keys(&data, &["sign", "@1.json", "--key", "@cem.pem"]);
    assert!(matches!(stranger, Err(KeysError::File { .. })));
    desk.sign(&data, "@1.json", "@bea.pem");
    install().unwrap();
    assert!(install().is_err(), "a first root does not follow a first root");
    let again = desk.keys(
        &data,
        &["init", "--data-dir", "DATA", "--root-key", "@cem.pub.pem", "--threshold", "1", "--output", "@x"],
    );
    assert!(matches!(again, Err(KeysError::Exists)));
    let twice =
        ["rotate", "--data-dir", "DATA", "--root-key", "@ada.pub.pem", "--root-key", "@ada.pub.pem", "--output", "@x"];
    assert!(matches!(desk.keys(&data, &twice), Err(KeysError::Twice(_))));
    desk.keys(&data, &["show", "--data-dir", "DATA"]).unwrap();
}

#[tokio::test]
async fn t75_a_root_that_clients_would_refuse_is_not_served() {
    let (desk, folder) = (Desk::new(), tempfile::tempdir().unwrap());
    let config = config(&folder);
    desk.first(&config.data_dir);
    let path = config.data_dir.join("roots/1.root.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let open = async || Server::open(&config, Environment::default()).await.map(drop);
    open().await.unwrap();

    // One signature less than it takes.
    let signature = good.split("{\"keyid\"").nth(1).unwrap();
    std::fs::write(&path, good.replace(&format!("{{\"keyid\"{signature}"), "")).unwrap();
    assert!(open().await.unwrap_err().to_string().contains("root"));
    std::fs::write(&path, "{}").unwrap();
    open().await.unwrap_err();
    std::fs::write(&path, &good).unwrap();
    // Another key for the log than the one that the root names.
    let log_key = config.data_dir.join("log.key");
    let kept = std::fs::read_to_string(&log_key).unwrap();
    std::fs::write(&log_key, format!("{} 2026-01-02T03:04:05Z\n", "07".repeat(32))).unwrap();
    open().await.unwrap_err();
    std::fs::write(&log_key, kept).unwrap();
    // After its end.
    let clock = std::sync::Arc::new(Late);
    let late = Environment { clock, random: std::sync::Arc::new(mcp_pin_registry::service::SystemRandom) };
    let error = Server::open(&config, late).await.map(drop).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(format!("{error:?}").contains("Expired"), "{error}: {source}");
    open().await.unwrap();
}

/// A clock far in the future.
struct Late;

impl mcp_pin_registry::service::Clock for Late {
    fn now(&self) -> jiff::Timestamp {
        "2090-01-01T00:00:00Z".parse().unwrap()
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_does_not_sign() {
    let (desk, folder) = (Desk::new(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    desk.init(&data);
    std::fs::set_permissions(desk.path("ada.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let refused = desk.keys(&data, &["sign", "@1.json", "--key", "@ada.pem"]);
    assert!(matches!(refused, Err(KeysError::OpenKey(_))));
}
