//! The registry's log, as somebody meets it who trusts the registry with nothing.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::Value;

use crate::{
    http::Answer,
    organisation::{NAME, ONE_RING, Organisation},
    registry::RegistryProcess,
    untrusted_registry::Between,
    world::{Person, now},
};

/// The log's name follows from the address that the registry is told it has.
pub(crate) const CONFIG: &str = "public-url = \"https://registry.acme.example\"\n";

/// The longest that a checkpoint may take; the registry promises a second on a machine that is not busy.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn organisation() -> Organisation {
    Organisation::with_config(&format!("{CONFIG}{ONE_RING}"))
}

/// How many entries the published checkpoint has.
fn size(checkpoint: &str) -> usize {
    checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

/// Waits until the log has everything that was decided, and gives back its checkpoint.
pub(crate) fn published(registry: &RegistryProcess) -> String {
    let started = now();
    loop {
        let answer = registry.get("/log/checkpoint", None).unwrap();
        if answer.status == 200 && size(&answer.text()) == registry.events().len() {
            return answer.text();
        }
        assert!(started.elapsed() < PATIENCE, "{} {}", answer.status, answer.text());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every file of the log, by its path.
pub(crate) fn files(registry: &RegistryProcess) -> BTreeMap<String, Vec<u8>> {
    crate::world::files(&registry.data().join("log"))
}

fn accept(person: &Person) {
    person.run(&["log", "verify", "--accept", "first-use"]).expect(0).says("seen for the first time");
}

#[test]
fn a_log_is_verified_and_continues_what_was_seen() {
    let organisation = organisation();
    organisation.publish("1.0.0");
    published(&organisation.registry);
    let admin = &organisation.admin;
    // A key that nobody compared is not trusted by itself.
    admin.run(&["log", "verify"]).expect(4).says("was never seen").says("--accept first-use");
    accept(admin);
    admin.run(&["log", "verify"]).expect(0).says("the same as before").says("all of its entries");
    organisation.publish("1.1.0");
    let checkpoint = published(&organisation.registry);
    let verified = admin.run(&["log", "verify", "--json"]).expect(0).json();
    assert_eq!(verified["origin"], "registry.acme.example/log");
    assert_eq!(verified["size"], size(&checkpoint));
    assert!(verified["seenBefore"].as_u64().unwrap() < verified["size"].as_u64().unwrap(), "{verified}");
    assert_eq!(verified["computed"], "entries");
    // Somebody without a token checks all hashes, and gets no entry: they name what waits for consent.
    let developer = organisation.developer("dora");
    developer.run(&["log", "verify", "--accept", "first-use"]).expect(0).says("all of its tiles");
    developer.run(&["log", "show"]).expect(2).says("needs an access token");
    let bundle = format!("/log/tile/entries/000.p/{}", size(&checkpoint));
    organisation.registry.get(&bundle, None).unwrap().expect(401);
    organisation.registry.get(&bundle, Some(&organisation.registry.admin_token)).unwrap().expect(200);
    // The key that the registry states is the one that its operators would give.
    let stated = organisation.registry.read("/.well-known/mcp-pin", None)["logKey"].as_str().unwrap().to_owned();
    let other = organisation.developer("oda");
    other.run(&["log", "verify", "--log-key", &stated, "--only-checkpoint"]).expect(0).says("checked its signature");
}

#[test]
fn a_log_tells_what_was_decided() {
    let organisation = organisation();
    let submission = organisation.publish("1.0.0");
    let checkpoint = published(&organisation.registry);
    let admin = &organisation.admin;
    let shown = admin.run(&["log", "show", NAME, "--accept", "first-use", "--json"]).expect(0).json();
    let entries = shown["entries"].as_array().unwrap();
    let types: Vec<&str> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["submitted", "verified", "consented", "approved", "ring-moved"]);
    assert!(entries.iter().all(|entry| entry["server"] == NAME));
    assert_eq!(entries[0]["manifest"], submission["manifest"]);
    let events = organisation.registry.events();
    for entry in entries {
        let event = &events[usize::try_from(entry["sequence"].as_u64().unwrap()).unwrap() - 1];
        assert_eq!(entry["type"], event["leaf"]["type"]);
    }
    admin.run(&["log", "show", NAME]).expect(0).says("submitted io.github.acme/weather@1.0.0 by acme-release");
    admin.run(&["log", "show", "io.github.acme/tides"]).expect(0).says("nothing about it");
    // What is new since the log was seen, for whoever watches over a namespace.
    admin.run(&["log", "monitor", "--once"]).expect(0);
    organisation.publish("1.1.0");
    published(&organisation.registry);
    let watched = admin.run(&["log", "monitor", "--once", "--namespace", "io.github.acme", "--json"]).expect(0);
    let first: Value = watched.out.lines().next().unwrap().parse().unwrap();
    assert!(first["sequence"].as_u64().unwrap() > size(&checkpoint) as u64, "{first}");
    let told = |what: &str| watched.out.contains(&format!("\"type\":\"{what}\""));
    assert!(told("submitted") && told("superseded") && !told("namespace-granted"), "{watched}");
    let elsewhere = admin.run(&["log", "monitor", "--once", "--namespace", "com.other", "--after", "0"]).expect(0);
    assert_eq!(elsewhere.out, "");
}

#[test]
fn a_log_goes_on_after_the_registry_was_killed() {
    let mut organisation = organisation();
    organisation.publish("1.0.0");
    let before = published(&organisation.registry);
    accept(&organisation.admin);
    let data = organisation.registry.data().to_owned();
    organisation.registry.kill_nine();
    organisation.registry = RegistryProcess::start(&data);
    let mut admin = organisation.admin.clone();
    admin.set("MCP_PIN_REGISTRY", &organisation.registry.url());
    let after = published(&organisation.registry);
    assert!(size(&after) >= size(&before));
    admin.run(&["log", "verify", "--accept", "first-use"]).expect(0);
}

#[test]
fn a_registry_without_an_address_says_that_it_has_no_log() {
    let organisation = Organisation::new();
    organisation.registry.get("/log/checkpoint", None).unwrap().expect(404);
    organisation
        .admin
        .run(&["log", "verify", "--accept", "first-use"])
        .expect(3)
        .says("publishes no log")
        .says("public-url");
}

/// The data directory of a registry that has another one's key.
pub(crate) fn with_key_of(registry: &RegistryProcess, data: &Path) {
    fs::create_dir(data).unwrap();
    #[cfg(unix)]
    fs::set_permissions(data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    fs::copy(registry.data().join("log.key"), data.join("log.key")).unwrap();
}

/// A registry, somebody who has seen its log, and a proxy between the two.
pub(crate) struct Stage {
    pub(crate) organisation: Organisation,
    pub(crate) between: Between,
    victim: Person,
    /// The log when it was seen first.
    early: BTreeMap<String, Vec<u8>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let organisation = organisation();
        organisation.publish("1.0.0");
        published(&organisation.registry);
        let early = files(&organisation.registry);
        organisation.publish("1.1.0");
        published(&organisation.registry);
        let between = Between::start(&organisation.registry.address);
        let mut victim = organisation.admin.clone();
        victim.set("MCP_PIN_REGISTRY", &format!("http://{}", between.address));
        accept(&victim);
        Self { organisation, between, victim, early }
    }

    /// What the victim is shown of the log from here on.
    fn show(&self, shown: BTreeMap<String, Vec<u8>>) {
        self.between.changing(move |path, answer| match path.strip_prefix("/log/") {
            Some(file) => shown.get(file).map_or_else(
                || Answer { status: 404, body: Vec::new() },
                |bytes| Answer { status: 200, body: bytes.clone() },
            ),
            None => answer,
        });
    }
}

#[test]
fn t71_a_log_that_was_rolled_back_is_refused() {
    let stage = Stage::new();
    stage.show(stage.early.clone());
    let refused = stage.victim.run(&["log", "verify"]).expect(1).says("rolled back");
    assert!(!refused.said("two different logs"), "{refused}");
    // What was seen is not forgotten by it.
    stage.victim.run(&["log", "monitor", "--once"]).expect(1).says("rolled back");
    stage.between.changing(|_, answer| answer);
    stage.victim.run(&["log", "verify"]).expect(0).says("the same as before");
}

/// Makes decisions until the log has this many entries, and gives back its checkpoint. Each decision is followed by an entry
/// for the state: a token makes two entries, and whoever leaves with two tokens three.
fn grown_to(registry: &RegistryProcess, wanted: usize) -> String {
    loop {
        let checkpoint = published(registry);
        let missing = wanted.checked_sub(size(&checkpoint)).expect("it is shorter");
        let name = format!("reader-{missing}");
        match missing {
            0 => return checkpoint,
            1 => panic!("one entry cannot be added"),
            missing if missing % 2 == 0 => {
                registry.token(&name, "reader");
            }
            _ => {
                registry.token(&name, "reader");
                published(registry);
                registry.token(&name, "reader");
                published(registry);
                let path = format!("/v1/principals/{name}/offboard");
                registry.post(&path, &registry.admin_token, br#"{"reason": "left"}"#).unwrap().expect(200);
            }
        }
    }
}

#[test]
fn t74_two_logs_of_one_size_are_evidence() {
    let stage = Stage::new();
    // Another registry that has the key, as whoever runs the first one does: it makes other decisions.
    let data = stage.organisation.world.path("split");
    with_key_of(&stage.organisation.registry, &data);
    fs::write(data.with_extension("toml"), CONFIG).unwrap();
    let split = RegistryProcess::start(&data);
    let first = size(&published(&split));
    let mut wanted = size(&published(&stage.organisation.registry));
    while wanted < first + 10 {
        stage.organisation.registry.token(&format!("reader-{wanted}"), "reader");
        wanted = size(&published(&stage.organisation.registry));
    }
    stage.victim.run(&["log", "verify"]).expect(0);
    let other = grown_to(&split, wanted);
    stage.show(files(&split));
    let refused = stage.victim.run(&["log", "verify"]).expect(1).says("two different logs were signed");
    let folder = refused.err.split_whitespace().find(|word| word.contains("evidence")).unwrap().to_owned();
    let read = |name: &str| fs::read_to_string(Path::new(&folder).join(name)).unwrap();
    assert_eq!(read("shown.checkpoint"), other);
    assert_eq!(size(&read("seen.checkpoint")), wanted);
    assert_ne!(read("seen.checkpoint"), other);
    // A longer fork is no continuation, whatever its tiles say.
    split.token("one-more", "reader");
    published(&split);
    stage.show(files(&split));
    stage.victim.run(&["log", "verify"]).expect(1).says("is not shown to continue");
}

#[test]
fn t74_what_is_altered_in_the_log_is_found() {
    let stage = Stage::new();
    let whole = files(&stage.organisation.registry);
    let size = size(&String::from_utf8_lossy(&whole["checkpoint"]));
    let (hashes, entries) = (format!("tile/0/000.p/{size}"), format!("tile/entries/000.p/{size}"));
    let change = |file: &str, change: fn(&mut Vec<u8>)| {
        let mut shown = whole.clone();
        change(shown.get_mut(file).unwrap());
        stage.show(shown);
        stage.victim.run(&["log", "verify"]).expect(1)
    };
    let flip = |bytes: &mut Vec<u8>| bytes[5] ^= 1;
    change(&hashes, flip).says("do not lead to the root");
    change(&hashes, |bytes| bytes.truncate(32)).says("which is not what");
    change(&entries, |bytes| {
        let at = bytes.windows(6).position(|window| window == b"actor\"").unwrap();
        bytes[at + 9] ^= 1;
    })
    .says("is not the one that the log commits to");
    change(&entries, |bytes| bytes.truncate(40)).says("no bundle of entries");
    change("checkpoint", |bytes| {
        let at = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        bytes[at] = if bytes[at] == b'9' { b'8' } else { b'9' };
    })
    .says("is not one of its key");
    // A missing leaf: a tree of one entry less is not the one that was signed.
    let fewer = change(&entries, |bytes| {
        let first = 2 + usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        bytes.drain(..first);
    });
    assert!(fewer.said("no bundle of entries"), "{fewer}");
    stage.show(whole);
    stage.victim.run(&["log", "verify"]).expect(0);
}

#[test]
fn t75_another_key_or_another_name_is_another_log() {
    let stage = Stage::new();
    let stranger = Organisation::with_config(&format!("{CONFIG}{ONE_RING}"));
    published(&stranger.registry);
    stage.show(files(&stranger.registry));
    stage.victim.run(&["log", "verify"]).expect(1).says("is not one of its key");
    // Its own key under another name.
    let data = stage.organisation.world.path("renamed");
    with_key_of(&stage.organisation.registry, &data);
    fs::write(data.with_extension("toml"), CONFIG.replace("registry.", "other.")).unwrap();
    let renamed = RegistryProcess::start(&data);
    published(&renamed);
    stage.show(files(&renamed));
    stage.victim.run(&["log", "verify"]).expect(1).says("is not one of its key");
    let key =
        |registry: &RegistryProcess| registry.read("/.well-known/mcp-pin", None)["logKey"].as_str().unwrap().to_owned();
    // Whoever gives that key by hand hears that what was seen was another log.
    stage
        .victim
        .run(&["log", "verify", "--log-key", &key(&renamed)])
        .expect(1)
        .says("the log was `registry.acme.example/log`");
}
