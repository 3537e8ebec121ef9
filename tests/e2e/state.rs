//! What a registry's log commits to as live and revoked, held against what is locked.

use std::fs;

use serde_json::Value;

use crate::{
    http::Answer,
    log::{CONFIG, Stage, files, organisation, published, with_key_of},
    organisation::{NAME, ONE_RING, Organisation},
    registry::RegistryProcess,
    untrusted_registry::Between,
    world::Person,
};

/// Somebody who knows the registry's log, by whichever address.
fn developer(organisation: &Organisation, name: &str, address: &str) -> Person {
    let person = organisation.developer(name);
    let url = format!("http://{address}");
    let settings = person.read("mcp-pin.toml").replace(&organisation.registry.url(), &url);
    person.write("mcp-pin.toml", &settings);
    person.run(&["registry", "add", &url, "--accept", "first-use"]).expect(0).says("registry.acme.example/log+");
    assert!(person.read("mcp-pin.toml").contains("log-key = \"registry.acme.example/log+"));
    person
}

fn json(text: &str) -> Value {
    Answer { status: 200, body: text.as_bytes().to_vec() }.json()
}

/// The one state that the project keeps.
fn state_file(person: &Person) -> String {
    let names: Vec<_> = fs::read_dir(person.path(".mcp-pin/states"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let [name] = names.try_into().unwrap();
    format!(".mcp-pin/states/{name}")
}

fn revoke(organisation: &Organisation, version: &str) {
    let what = format!("{NAME}@{version}");
    organisation.admin.run(&["revoke", "version", &what, "--reason", "it leaks"]).expect(0);
}

/// What is shown of the state from here on: what was shown then.
fn replay(between: &Between, then: &RegistryAnswers) {
    let then = then.clone();
    between.changing(move |path, answer| {
        if path == "/v1/state" {
            return Answer { status: 200, body: then.state.clone() };
        }
        match then.parts.iter().find(|(name, _)| path == format!("/v1/state/parts/{name}")) {
            Some((_, body)) => Answer { status: 200, body: body.clone() },
            None => answer,
        }
    });
}

#[derive(Clone)]
struct RegistryAnswers {
    state: Vec<u8>,
    parts: Vec<(String, Vec<u8>)>,
}

/// The state as it is shown now, with its parts.
fn answers(registry: &RegistryProcess) -> RegistryAnswers {
    let state = registry.get("/v1/state", None).unwrap().expect(200);
    let snapshot: Value = json(state.json()["snapshot"].as_str().unwrap());
    let named = snapshot["servers"].as_object().unwrap().values().chain([&snapshot["revocations"]]);
    let parts = named.map(|digest| {
        let digest = digest.as_str().unwrap().to_owned();
        let body = registry.get(&format!("/v1/state/parts/{digest}"), None).unwrap().expect(200).body;
        (digest, body)
    });
    RegistryAnswers { parts: parts.collect(), state: state.body }
}

#[test]
fn a_lock_is_held_against_the_log_without_asking_anybody() {
    let organisation = organisation();
    organisation.publish("1.0.0");
    let developer = developer(&organisation, "dora", &organisation.registry.address);
    developer.run(&["lock", "--accept", "first-use"]).expect(0);
    assert!(developer.read("mcp-pin.lock").contains("origin = \"registry.acme.example/log\""));
    developer.run(&["verify"]).expect(0);
    let path = state_file(&developer);
    let kept = developer.read(&path);

    let record: Value = json(&kept);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut record = record.clone();
        change(&mut record);
        developer.write(&path, &record.to_string());
        developer.run(&["verify"])
    };
    let text = |record: &mut Value, member: &str, from: &str, to: &str| {
        let before = record[member].as_str().unwrap().to_owned();
        assert!(before.contains(from), "{before}");
        record[member] = before.replacen(from, to, 1).into();
    };
    // The state says that something was revoked, and somebody takes that out of it, or the other way round.
    changed(&|record| {
        for part in record["servers"].as_object_mut().unwrap().values_mut() {
            *part = part.as_str().unwrap().replace("\"live\"", "\"superseded\"").into();
        }
    })
    .expect(1)
    .says("is not the one that it commits to");
    changed(&|record| record["revocations"] = "[ ]".into()).expect(1).says("`revocations`");
    changed(&|record| text(record, "snapshot", "\"logSize\":", "\"logSize\":1"))
        .expect(1)
        .says("another entry of its log");
    changed(&|record| text(record, "entry", "registry", "somebody")).expect(1).says("is not shown to be in its log");
    changed(&|record| text(record, "receipt", "index ", "index 1")).expect(1).says("is not shown to be in its log");
    changed(&|record| record["_type"] = "something".into()).expect(1).says("another kind");
    fs::remove_file(developer.path(&path)).unwrap();
    developer.run(&["verify"]).expect(3).says("is missing");
    developer.write(&path, &kept);
    developer.run(&["verify"]).expect(0);

    // Another log's key proves nothing about this one; without a key nobody asks.
    let settings = developer.read("mcp-pin.toml");
    let stranger = Organisation::with_config(&format!("{CONFIG}{ONE_RING}"));
    let theirs = stranger.registry.read("/.well-known/mcp-pin", None)["logKey"].as_str().unwrap().to_owned();
    let line = settings.lines().find(|line| line.starts_with("log-key")).unwrap();
    developer.write("mcp-pin.toml", &settings.replace(line, &format!("log-key = \"{theirs}\"")));
    developer.run(&["verify"]).expect(1).says("is not shown to be in its log");
    developer.write("mcp-pin.toml", &settings.replace(line, "log-key = \"nonsense\""));
    developer.run(&["verify"]).expect(2).says("log-key");
    developer.write("mcp-pin.toml", &settings);

    // The next version brings the next state, and the one before is gone.
    organisation.publish("1.1.0");
    let shown = developer.run(&["update", "weather"]).expect(4);
    let (_, digest) = shown.out.rsplit_once("change report").unwrap();
    let digest = digest.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap();
    developer.run(&["update", "weather", "--accept", &format!("weather@{digest}")]).expect(0);
    assert_ne!(state_file(&developer), path);
    developer.run(&["verify"]).expect(0);
}

#[test]
fn t83_what_was_revoked_is_heard_of_and_hiding_it_is_seen() {
    let organisation = organisation();
    organisation.publish("1.0.0");
    let between = Between::start(&organisation.registry.address);
    let developer = developer(&organisation, "dora", &between.address);
    developer.run(&["lock", "--accept", "first-use"]).expect(0);
    developer.run(&["verify", "--online"]).expect(0);
    let before = answers(&organisation.registry);
    revoke(&organisation, "1.0.0");
    published(&organisation.registry);
    // Without asking, nobody can know.
    developer.run(&["verify"]).expect(0);
    developer.run(&["verify", "--online"]).expect(1).says("it was revoked in the registry");
    // Once it was seen, an older view of the registry is one.
    replay(&between, &before);
    developer.run(&["verify", "--online"]).expect(1).says("rolled back");
    between.changing(
        |path, answer| if path.starts_with("/v1/state") { Answer { status: 404, body: Vec::new() } } else { answer },
    );
    developer.run(&["verify", "--online"]).expect(1).says("shows no state of its log");
    // Something that is not understood is an answer: it is not taken for a registry that cannot be reached.
    for body in [&b"{}"[..], b"<html>", b""] {
        between.changing(
            move |path, answer| {
                if path == "/v1/state" { Answer { status: 200, body: body.to_vec() } } else { answer }
            },
        );
        developer.run(&["verify", "--online"]).expect(3).says("is not understood");
    }
    between
        .changing(|path, answer| if path == "/v1/state" { Answer { status: 503, body: Vec::new() } } else { answer });
    developer.run(&["verify", "--online"]).expect(0).says("held against its state of");
}

#[test]
fn a_registry_that_cannot_be_asked_is_believed_while_its_state_holds() {
    let mut organisation = organisation();
    organisation.publish("1.0.0");
    let developer = developer(&organisation, "dora", &organisation.registry.address);
    developer.run(&["lock", "--accept", "first-use"]).expect(0);
    organisation.registry.stop();
    developer.run(&["verify", "--online"]).expect(0).says("could not be asked").says("held against its state of");
}

#[test]
fn t73_a_version_that_the_state_does_not_have_is_not_locked() {
    let organisation = organisation();
    organisation.publish("1.0.0");
    published(&organisation.registry);
    let before = answers(&organisation.registry);
    organisation.publish("1.1.0");
    published(&organisation.registry);
    let between = Between::start(&organisation.registry.address);
    let developer = developer(&organisation, "dora", &between.address);
    replay(&between, &before);
    developer.run(&["lock", "--accept", "first-use"]).expect(1).says("is shown, but it is not in the registry's state");
    assert!(!developer.path("mcp-pin.lock").exists());
}

#[test]
fn t74_another_log_under_the_same_key_is_seen_by_the_lock_alone() {
    let stage = Stage::new();
    let organisation = &stage.organisation;
    let developer = developer(organisation, "dora", &stage.between.address);
    developer.run(&["lock", "--accept", "first-use"]).expect(0);
    // A colleague has the repository, and never met the registry.
    let colleague = organisation.world.person("colin");
    for (name, bytes) in developer.files() {
        colleague.write(&name, &String::from_utf8(bytes).unwrap());
    }
    colleague.run(&["verify"]).expect(0);
    let data = organisation.world.path("split");
    with_key_of(&organisation.registry, &data);
    fs::write(data.with_extension("toml"), CONFIG).unwrap();
    let split = RegistryProcess::start(&data);
    published(&split);
    let show = || {
        let (then, shown) = (answers(&split), files(&split));
        stage.between.changing(move |path, answer| {
            let body = match path.strip_prefix("/log/") {
                Some(file) => shown.get(file),
                None if path == "/v1/state" => Some(&then.state),
                None => match path.strip_prefix("/v1/state/parts/") {
                    Some(digest) => then.parts.iter().find(|(name, _)| name == digest).map(|(_, body)| body),
                    None => return answer,
                },
            };
            body.map_or(Answer { status: 404, body: Vec::new() }, |body| Answer { status: 200, body: body.clone() })
        });
    };
    show();
    colleague.run(&["verify", "--online"]).expect(1).says("rolled back");
    while split.events().len() < organisation.registry.events().len() + 3 {
        split.token(&format!("reader-{}", split.events().len()), "reader");
    }
    published(&split);
    show();
    colleague.run(&["verify", "--online"]).expect(1).says("is not shown to continue");
    stage.between.changing(|_, answer| answer);
    colleague.run(&["verify", "--online"]).expect(0);
}
