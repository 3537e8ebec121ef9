//! The rules about who may depend on what, over `cargo metadata`: the architecture as a test.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// The crates that must stay pure: no runtime, no network, no SQL, no terminal.
const PURE: [&str; 5] = ["mcp-pin-model", "mcp-pin-attest", "mcp-pin-diff", "mcp-pin-policy", "mcp-pin-tlog"];

/// What a pure crate must not reach through any chain of normal dependencies.
const IMPURE: [&str; 14] = [
    "tokio", "reqwest", "hyper", "sqlx", "axum", "tower", "clap", "anstream", "indicatif", "dialoguer", "rand",
    "tempfile", "mio", "socket2",
];

/// Who may depend on whom among our own crates: normal dependencies only, direct ones.
const ALLOWED: [(&str, &[&str]); 19] = [
    ("mcp-pin-model", &[]),
    ("mcp-pin-attest", &["mcp-pin-model"]),
    ("mcp-pin-diff", &["mcp-pin-model"]),
    ("mcp-pin-tlog", &[]),
    ("mcp-pin-policy", &["mcp-pin-model", "mcp-pin-attest", "mcp-pin-diff"]),
    ("mcp-pin-mcp", &["mcp-pin-model"]),
    ("mcp-pin-storage", &["mcp-pin-model", "mcp-pin-attest"]),
    ("mcp-pin-storage-sqlite", &["mcp-pin-model", "mcp-pin-attest", "mcp-pin-storage"]),
    ("mcp-pin-storage-postgres", &["mcp-pin-model", "mcp-pin-attest", "mcp-pin-storage"]),
    ("mcp-pin-registry-client", &["mcp-pin-model", "mcp-pin-attest"]),
    // Signing asks Fulcio, Rekor and external signers, which the pure `attest` must not.
    ("mcp-pin-signing", &["mcp-pin-model", "mcp-pin-attest"]),
    // Both programs look at packages, and neither at the other's network.
    ("mcp-pin-packages", &["mcp-pin-model", "mcp-pin-attest"]),
    ("mcp-pin-test-support", &["mcp-pin-model", "mcp-pin-attest"]),
    (
        "mcp-pin-registry",
        &[
            "mcp-pin-model",
            "mcp-pin-attest",
            "mcp-pin-diff",
            "mcp-pin-policy",
            "mcp-pin-storage",
            "mcp-pin-storage-postgres",
            "mcp-pin-storage-sqlite",
            "mcp-pin-tlog",
        ],
    ),
    (
        "mcp-pin",
        &[
            "mcp-pin-model",
            "mcp-pin-attest",
            "mcp-pin-diff",
            "mcp-pin-policy",
            "mcp-pin-mcp",
            "mcp-pin-registry-client",
            "mcp-pin-packages",
            "mcp-pin-signing",
            "mcp-pin-tlog",
        ],
    ),
    ("mcp-pin-e2e", &["mcp-pin-model", "mcp-pin-attest", "mcp-pin-test-support"]),
    // Contains the registry that it measures, and fills it as its clients do.
    ("load", &["mcp-pin-model", "mcp-pin-attest", "mcp-pin-registry", "mcp-pin-test-support"]),
    // Contains both programs, so that one command builds and runs them.
    ("quickstart", &["mcp-pin", "mcp-pin-registry"]),
    (
        "xtask",
        &[
            "mcp-pin-model", "mcp-pin-diff", "mcp-pin-policy", "mcp-pin-attest", "mcp-pin-tlog", "mcp-pin-mcp",
            "mcp-pin",
        ],
    ),
];

/// The platform that this runs on. What other platforms need was never downloaded on a machine that only ran the tests.
fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().expect("rustc tells its version");
    let text = String::from_utf8(output.stdout).expect("rustc writes UTF-8");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

fn metadata() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let options = ["--locked", "--offline", "--filter-platform", &host()].map(str::to_owned);
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(options.to_vec())
        .exec()
        .expect("cargo describes the workspace")
}

/// Everything that a package reaches through normal dependencies, with one chain that leads there.
fn reached(metadata: &Metadata, from: &PackageId) -> BTreeMap<String, Vec<String>> {
    let resolve = metadata.resolve.as_ref().expect("dependencies are resolved");
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let names: BTreeMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let mut chains: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut queue = vec![(from, vec![names[from].to_owned()])];
    let mut seen = BTreeSet::new();
    while let Some((id, chain)) = queue.pop() {
        if !seen.insert(id) {
            continue;
        }
        chains.entry(names[id].to_owned()).or_insert_with(|| chain.clone());
        for dependency in &nodes[id].deps {
            if dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal) {
                let mut chain = chain.clone();
                chain.push(names[&dependency.pkg].to_owned());
                queue.push((&dependency.pkg, chain));
            }
        }
    }
    chains
}

#[test]
fn every_workspace_crate_has_a_rule_and_keeps_it() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let ours: BTreeSet<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let Some(rule) = allowed.get(package.name.as_str()) else {
            wrong.push(format!("{} has no rule: add one to ALLOWED, with the reason it is a crate", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal) {
            if ours.contains(dependency.name.as_str()) && !rule.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_crates_reach_no_runtime_network_database_or_terminal() {
    // By `cargo tree` for each crate alone: the lock as a whole also holds what other crates switch on in its dependencies,
    // such as the network client of a Sigstore crate that `mcp-pin-signing` needs.
    let mut wrong = Vec::new();
    for package in PURE {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "--package", package])
            .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let reached: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(reached.contains("sha2"), "the tree of {package} was not read");
        for impure in IMPURE {
            if reached.contains(impure) {
                wrong.push(format!("{package} is pure but reaches {impure}: see cargo tree -p {package} -i {impure}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_clients_reach_no_server_side_crate() {
    let metadata = metadata();
    let cli = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == "mcp-pin").unwrap();
    let chains = reached(&metadata, &cli.id);
    for server_side in [
        "axum",
        "sqlx",
        "mcp-pin-storage",
        "mcp-pin-storage-postgres",
        "mcp-pin-storage-sqlite",
        "mcp-pin-registry",
        "rmcp",
    ] {
        assert!(!chains.contains_key(server_side), "mcp-pin reaches {server_side}: {:?}", chains[server_side]);
    }
}

#[test]
fn one_crypto_provider_and_no_openssl() {
    // The lock names optional dependencies that no feature of ours switches on; what is built is what `cargo tree` says, here
    // for this platform, whose crates are downloaded. `cargo deny` in the gate looks at all platforms.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--workspace", "--all-features"])
        .args(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let built: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(built.contains("aws-lc-rs"), "the tree was not read: {} crates", built.len());
    for other in ["ring", "openssl", "openssl-sys", "native-tls"] {
        assert!(!built.contains(other), "{other} is built; aws-lc-rs is the one provider");
    }
}

#[test]
fn the_official_sdk_stays_a_peer() {
    // It drops members it does not know, so nothing on the product's path may pass through its types.
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.name == "rmcp") {
            let peer = ["quickstart", "mcp-pin-test-support"].contains(&package.name.as_str())
                || dependency.kind == DependencyKind::Development;
            assert!(peer, "{} depends on rmcp", package.name);
        }
    }
}

#[test]
fn sql_http_servers_and_http_clients_have_one_home_each() {
    let homes: [(&str, &[&str]); 3] = [
        ("sqlx", &["mcp-pin-storage-postgres", "mcp-pin-storage-sqlite", "xtask"]),
        // The load generator measures the registry beside a bare handler.
        ("axum", &["mcp-pin-registry", "mcp-pin-test-support", "load"]),
        // The registry asks the issuers of its configuration for their keys, and nobody else for anything.
        (
            "reqwest",
            &["mcp-pin-mcp", "mcp-pin-registry", "mcp-pin-registry-client", "mcp-pin-packages", "mcp-pin-signing"],
        ),
    ];
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal) {
            for (library, allowed) in homes {
                let at_home = dependency.name != library || allowed.contains(&package.name.as_str());
                assert!(at_home, "{} must not depend on {library}", package.name);
            }
        }
    }
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let text = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{} does not take the workspace's lints", package.name);
    }
}
