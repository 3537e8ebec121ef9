//! The registry as a process on PostgreSQL, and what its operator does with it there.

use std::{fs, path::PathBuf};

use mcp_pin_model::statement::Statement as _;
use mcp_pin_storage_postgres::scratch::Scratch;
use mcp_pin_test_support::keys::{self, Person};

use crate::{
    kill_nine::kill_again_and_again,
    organisation::ONE_RING,
    registry::{RegistryProcess, operate, use_database},
    world::World,
};

/// How often the registry is killed where nobody says how often.
const ROUNDS: u64 = 6;

/// The variable that holds a shell command, to which `start` or `-m fast stop` is appended.
const CONTROL: &str = "MCP_PIN_TEST_POSTGRES_CTL";

const NAMESPACE: &str = "io.github.acme";

#[test]
fn kill_nine_loses_nothing_acknowledged_on_postgresql_either() {
    let Some(scratch) = Scratch::blocking("kill -9 on PostgreSQL") else { return };
    let world = World::new();
    let data = place(&world, "data");
    use_database(&data, scratch.url_text());
    let rounds = std::env::var("MCP_PIN_KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    kill_again_and_again(&data, rounds);
}

/// A data directory for a registry with one ring that everybody is in.
fn place(world: &World, name: &str) -> PathBuf {
    let data = world.path(name);
    fs::write(data.with_extension("toml"), ONE_RING).unwrap();
    data
}

/// A registry with one live version and one that waits.
fn furnish(registry: &RegistryProcess) -> Person {
    let (publisher, approver) = (Person::new("paula"), Person::new("ann"));
    let token = registry.token("paula", "publisher");
    let approver_token = registry.token("ann", "approver");
    registry.grant(NAMESPACE, &publisher);
    registry.approver(&approver, "*");
    for name in ["weather", "tides"] {
        let tools = [keys::tool("run", "Runs.")];
        let manifest = keys::manifest(&format!("{NAMESPACE}/{name}"), "1.0.0", tools, None);
        let bundle = publisher.sign(&manifest);
        let submission = registry.post("/v1/submissions", &token, bundle.as_bytes()).unwrap().expect(201).json();
        if name == "weather" {
            let path = format!("/v1/submissions/{}/changes", submission["id"].as_str().unwrap());
            let report = registry.get(&path, Some(&approver_token)).unwrap().expect(200);
            let mut consent =
                keys::approval(&manifest, None, mcp_pin_model::Digest::of(&report.body), Vec::<String>::new());
            consent.by = "ann".to_owned();
            consent.acknowledged = report.json()["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| finding["fingerprint"].as_str().unwrap().to_owned())
                .collect();
            registry.post("/v1/consents", &approver_token, approver.sign(&consent).as_bytes()).unwrap().expect(201);
        }
        registry.get(&format!("/v1/manifests/{}", manifest.digest()), Some(&token)).unwrap().expect(200);
    }
    publisher
}

/// What is the same wherever a registry went.
fn essence(registry: &RegistryProcess, admin_token: &str) -> (Vec<u8>, String) {
    let list = registry.get("/v0.1/servers", None).unwrap().expect(200).body;
    let events = registry.get("/v1/events?limit=1000", Some(admin_token)).unwrap().expect(200).text();
    (list, events)
}

#[test]
fn a_registry_moves_from_a_file_to_a_server_and_back() {
    let world = World::new();
    let data = place(&world, "data");
    let registry = RegistryProcess::start(&data);
    furnish(&registry);
    let admin = registry.admin_token.clone();
    let before = essence(&registry, &admin);

    // While it serves.
    operate(&data, &["doctor"]).expect(0).says("2 versions").says("nothing is wrong");
    operate(&data, &["migrate", "--check"]).expect(0);
    let (archive, again) = (world.path("one.archive"), world.path("two.archive"));
    let first = operate(&data, &["export", "--output", archive.to_str().unwrap()]).expect(0);
    operate(&data, &["export", "--output", archive.to_str().unwrap()]).expect(2).says("exists already");
    let second = operate(&data, &["export", "--output", again.to_str().unwrap()]).expect(0);
    assert_eq!(first.out, second.out, "the same records make the same bytes");
    assert!(fs::read(&archive).unwrap() == fs::read(&again).unwrap());
    let copy = world.path("backup");
    operate(&data, &["backup", "--output", copy.to_str().unwrap()]).expect(0).says("nothing is wrong");
    assert!(copy.join("registry.sqlite").exists() && copy.join("SHA256SUMS").exists());
    assert!(!copy.join("admin-token").exists(), "a copy of the first token is one more place to steal it from");
    drop(registry);

    // Into another file, from the backup.
    let restored = place(&world, "restored");
    operate(&restored, &["restore", copy.to_str().unwrap()]).expect(0).says("nothing is wrong");
    operate(&restored, &["restore", copy.to_str().unwrap()]).expect(2).says("exists already");
    let registry = RegistryProcess::start(&restored);
    assert_eq!(essence(&registry, &admin), before);
    drop(registry);

    // A backup that was changed is none.
    fs::write(copy.join("cursor.key"), "0".repeat(64)).unwrap();
    operate(&place(&world, "never"), &["restore", copy.to_str().unwrap()]).expect(3).says("cursor.key");
    assert!(!place(&world, "never").join("registry.sqlite").exists());

    // An archive that was changed is none either, wherever it was changed.
    let text = fs::read_to_string(&archive).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (what, changed) in [
        ("a byte", text.replacen("\"paula\"", "\"paulo\"", 1)),
        (
            "a line less",
            lines[..lines.len() - 3].iter().chain(&lines[lines.len() - 2..]).map(|line| format!("{line}\n")).collect(),
        ),
        ("no end", lines[..lines.len() - 1].iter().map(|line| format!("{line}\n")).collect()),
        ("not an archive", "{}\n".to_owned()),
    ] {
        let path = world.path("changed.archive");
        fs::write(&path, changed).unwrap();
        let into = place(&world, "refused");
        let ran = operate(&into, &["import", path.to_str().unwrap()]);
        assert!([3, 4].contains(&ran.code), "{what}: {ran}");
        assert!(!into.join("registry.sqlite").exists(), "{what}: something was imported");
    }

    let Some(scratch) = Scratch::blocking("moving to PostgreSQL") else { return };
    let on_server = place(&world, "on-server");
    use_database(&on_server, scratch.url_text());
    operate(&on_server, &["import", archive.to_str().unwrap()]).expect(0).says("nothing is wrong");
    operate(&on_server, &["import", archive.to_str().unwrap()]).expect(3).says("not empty");
    let registry = RegistryProcess::start(&on_server);
    assert_eq!(essence(&registry, &admin), before);
    operate(&on_server, &["doctor"]).expect(0).says("2 versions").says("nothing is wrong");
    let back = world.path("three.archive");
    operate(&on_server, &["export", "--output", back.to_str().unwrap()]).expect(0);
    // Starting on a server adds what its nodes agree on, and the time at which the administrator's token was last used
    // may be another; everything else is the same, row by row.
    let rows = |path: &std::path::Path| -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let own = |line: &&str| {
            let starts = ["{\"digest\"", "{\"archive\""].iter().any(|start| line.starts_with(start));
            let ends = ["\"table\":\"tokens\"}", "\"table\":\"agreements\"}"].iter().any(|end| line.ends_with(end));
            !starts && !ends
        };
        text.lines().filter(own).map(str::to_owned).collect()
    };
    assert_eq!(rows(&archive), rows(&back));
    let copy = world.path("backup-of-server");
    operate(&on_server, &["backup", "--output", copy.to_str().unwrap()]).expect(0);
    assert!(copy.join("registry.archive").exists());
    drop(registry);
    let again = place(&world, "back-in-a-file");
    operate(&again, &["restore", copy.to_str().unwrap()]).expect(0);
    let registry = RegistryProcess::start(&again);
    assert_eq!(essence(&registry, &admin), before);
}

#[test]
fn two_processes_serve_one_database_and_a_third_looks_at_it() {
    let Some(scratch) = Scratch::blocking("two processes") else { return };
    let world = World::new();
    let (one, two) = (place(&world, "one"), place(&world, "two"));
    for data in [&one, &two] {
        use_database(data, scratch.url_text());
    }
    let mut first = RegistryProcess::start(&one);
    let second = RegistryProcess::start(&two);
    assert!(second.admin_token.is_empty(), "a second administrator was made");
    furnish(&first);
    let follows = || {
        let list = second.get("/v0.1/servers", None).unwrap().expect(200).json();
        list["metadata"]["count"] == 1
    };
    let started = crate::world::now();
    while !follows() {
        assert!(started.elapsed() < std::time::Duration::from_secs(1), "the second process does not follow");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // The first one is killed in the middle of its life; the second goes on deciding.
    let admin = first.admin_token.clone();
    first.kill_nine();
    let body = serde_json::json!({"principal": "later", "roles": ["reader"], "label": "test"}).to_string();
    second.post("/v1/tokens", &admin, body.as_bytes()).unwrap().expect(201);
    // An operator at the database gets in beside a running node, which knows the token at once.
    let issued = operate(&two, &["token", "create", "carla", "--role", "admin"]).expect(0);
    second.get("/v1/whoami", Some(issued.out.trim())).unwrap().expect(200);
    operate(&two, &["token", "list"]).expect(0).says("carla");
    operate(&two, &["doctor", "--json"]).expect(0).says("\"findings\":[]");
}

#[test]
fn an_operator_makes_no_registry_by_asking_for_a_token() {
    let Some(scratch) = Scratch::blocking("an operator at an empty database") else { return };
    let world = World::new();
    let data = place(&world, "data");
    use_database(&data, scratch.url_text());
    operate(&data, &["token", "create", "carla", "--role", "admin"]).expect(3).says("holds no registry");
    operate(&data, &["migrate", "--check"]).expect(4).says("0001");
}

/// Stops or starts the server, as `.ci/postgres` says how.
fn control(how: &str) {
    let control = std::env::var(CONTROL).unwrap();
    let status = std::process::Command::new("sh").arg("-c").arg(format!("{control} {how}")).status().unwrap();
    assert!(status.success(), "{how}: {status}");
}

#[test]
#[ignore = "it stops the server that other tests use: `.ci/postgres cargo test --workspace --test e2e -- --ignored`"]
fn reads_survive_a_server_that_is_stopped_and_started_and_decisions_come_back_with_it() {
    if std::env::var_os(CONTROL).is_none() {
        return crate::world::skipped(&format!("{CONTROL} does not say how to stop the server"));
    }
    let Some(scratch) = Scratch::blocking("a server that is stopped") else { return };
    let world = World::new();
    let data = place(&world, "data");
    use_database(&data, scratch.url_text());
    let mut registry = RegistryProcess::start(&data);
    furnish(&registry);
    let before = registry.get("/v0.1/servers", None).unwrap().expect(200).body;
    let admin = registry.admin_token.clone();
    let decide = |name: &str| {
        let body = serde_json::json!({"principal": name, "roles": ["reader"], "label": "test"}).to_string();
        registry.post("/v1/tokens", &admin, body.as_bytes()).unwrap()
    };
    // In good order, and as a crash of the machine looks.
    for (round, how) in ["-m fast stop", "-m immediate stop"].into_iter().enumerate() {
        control(how);
        for _ in 0..20 {
            assert_eq!(registry.get("/v0.1/servers", None).unwrap().expect(200).body, before);
        }
        decide("nobody").expect(503);
        registry.get("/readyz", None).unwrap().expect(503);
        registry.get("/healthz", None).unwrap().expect(200);
        control("start");
        let started = crate::world::now();
        while registry.get("/readyz", None).unwrap().status != 200 {
            assert!(started.elapsed() < std::time::Duration::from_secs(10), "it does not come back");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        decide(&format!("somebody-{round}")).expect(201);
    }
    operate(&data, &["doctor"]).expect(0).says("nothing is wrong");
    assert_eq!(registry.stop(), Some(0));
}
