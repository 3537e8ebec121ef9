//! `mcp-pin-registry` as whoever operates it meets it.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, process::Command};

use serde_json::json;

use crate::{
    programs::program,
    registry::{RegistryProcess, serve_and_end},
    world::{World, ran},
};

#[test]
fn the_first_start_needs_nothing_and_shows_nothing() {
    let world = World::new();
    let data = world.path("data");
    let mut registry = RegistryProcess::start(&data);
    for (path, mode) in [("admin-token", 0o600), ("cursor.key", 0o600), ("", 0o700)] {
        let permissions = fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(permissions, mode, "{path}: {permissions:o}");
    }
    for name in crate::world::files(&data).into_keys() {
        let permissions = fs::metadata(data.join(&name)).unwrap().permissions().mode() & 0o777;
        assert!(
            name == "lock" || name.starts_with("registry.sqlite") || permissions == 0o600,
            "{name}: {permissions:o}"
        );
    }
    assert_eq!(registry.read("/v0.1/servers", None)["servers"], json!([]));
    for path in ["/healthz", "/readyz", "/metrics", "/.well-known/mcp-pin", "/v1/openapi.json"] {
        registry.get(path, None).unwrap().expect(200);
    }
    for path in ["/v1/submissions", "/v1/events", "/v1/tokens", "/v1/approvers", "/v1/whoami"] {
        registry.get(path, None).unwrap().expect(401);
        registry.get(path, Some("mcpp_nobody_nothing")).unwrap().expect(401);
        registry.get(path, Some(&registry.admin_token)).unwrap().expect(200);
    }
    let document = registry.get("/v1/openapi.json", None).unwrap().expect(200);
    let mut openapi = Command::new(program("mcp-pin-registry"));
    let printed = ran(openapi.arg("openapi")).expect(0);
    assert_eq!(document.json(), printed.json());
    let committed = fs::read_to_string(crate::programs::repository().join("schemas/openapi.json")).unwrap();
    assert_eq!(printed.out.trim_end(), committed.trim_end(), "run `cargo xtask generate`");
    assert_eq!(registry.stop(), Some(0));
    // A second start makes no new token.
    let token = registry.admin_token.clone();
    let again = RegistryProcess::start(&data);
    again.read("/v1/whoami", Some(&token));
}

#[test]
fn what_is_unsafe_or_impossible_is_refused_at_the_start() {
    let world = World::new();
    let data = world.path("data");
    let with = |arguments: &[&str]| {
        let mut command = Command::new(program("mcp-pin-registry"));
        ran(command.env_clear().args(["serve", "--data-dir"]).arg(&data).args(arguments))
    };
    with(&["--listen", "0.0.0.0:0"]).expect(2).says("can be reached from other machines");
    with(&["--listen", "nowhere"]).expect(2);
    with(&["--listen", "0.0.0.0:0", "--insecure-dev", "--behind-tls-proxy"]).expect(2);
    with(&["--listen", "127.0.0.1:0", "--config", "/nowhere/config.toml"]).expect(2);
    with(&["--listen", "127.0.0.1:0", "--public-url", "http://mcp.acme.example"]).expect(2);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    with(&["--listen", &taken.local_addr().unwrap().to_string()]).expect(2).says("cannot listen on");
    assert!(!data.join("admin-token").exists(), "a start that failed made a token");

    // A directory that others can read holds keys that others can read.
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("something"), "").unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    serve_and_end(&data).expect(3).says("open to other users");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    // What is no database is not written over.
    fs::write(data.join("registry.sqlite"), "this is a shopping list, not a database, and it is worth keeping")
        .unwrap();
    let refused = serve_and_end(&data).expect(3);
    assert!(!refused.said("listening"), "{refused}");
    assert!(fs::read_to_string(data.join("registry.sqlite")).unwrap().contains("shopping list"));
    fs::remove_file(data.join("registry.sqlite")).unwrap();
    // A file where the directory should be.
    let file = world.path("file");
    fs::write(&file, "").unwrap();
    serve_and_end(&file).expect(3);
}
