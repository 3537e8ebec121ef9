//! `mcp-pin trust show`.

use mcp_pin_test_support::keys::Person;

use crate::world::{World, approver, approver_with_key, publisher};

fn world() -> World {
    let world = World::new();
    world.trust(&[
        publisher("principal = \"acme\"\nrepository-id = \"123\""),
        approver_with_key("alex", &Person::new("alex")),
        approver("anna"),
    ]);
    world
}

#[test]
fn everybody_is_shown_with_the_line_that_trusts_them() {
    let filters = [("[0-9]+ days old", "[N] days old"), ("sha256:[0-9a-f]{64}", "sha256:[DIGEST]")];
    insta::with_settings!({filters => filters}, {
        insta::assert_snapshot!("trust-show", world().run(&["trust", "show"]).expect(0).out);
    });
}

#[test]
fn the_document_says_the_same() {
    let json = world().run(&["trust", "show", "--format", "json"]).expect(0);
    let mut document: serde_json::Value = json.out.parse().unwrap();
    // The public roots change with the library that brings them.
    let roots = document["roots"].as_array_mut().unwrap();
    let instances: Vec<String> = roots.iter().map(|root| root["instance"].as_str().unwrap().to_owned()).collect();
    assert_eq!(instances, ["ours", "public-good", "github"]);
    roots.truncate(1);
    insta::with_settings!({filters => [("sha256:[0-9a-f]{64}", "sha256:[DIGEST]")], sort_maps => true}, {
        insta::assert_json_snapshot!("trust-show-json", document);
    });
}

#[test]
fn an_old_root_is_a_warning() {
    let world = World::new();
    world.trust(&[approver("anna").replace("instance = \"ours\"\n", "")]);
    // What was fetched is asked for its age, what is built in is too; the clock cannot be turned from here, so the root is.
    let roots = mcp_pin::project::roots::UserRoots::below(&world.outside().join("home/config/mcp-pin"));
    let instance = mcp_pin_attest::InstanceName::PublicGood;
    let built_in = mcp_pin::project::roots::EMBEDDED.refreshed();
    let json = mcp_pin_attest::TrustedRoot::embedded_json(&instance).unwrap();
    roots.keep(&instance, json.as_bytes(), built_in + jiff::SignedDuration::from_hours(1)).unwrap();
    let said = world.run(&["trust", "show"]).expect(0).says("fetched on");
    let old = mcp_pin::project::roots::RootOrigin::Updated(built_in);
    assert!(!old.is_old(built_in + mcp_pin::project::roots::MAX_ROOT_AGE));
    assert!(old.is_old(built_in + mcp_pin::project::roots::MAX_ROOT_AGE + jiff::SignedDuration::from_secs(1)));
    let now =
        jiff::Timestamp::from_second(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().try_into().unwrap()).unwrap();
    assert_eq!(said.err.contains("mcp-pin trust update"), old.is_old(now), "{}", said.err);
}

#[test]
fn nobody_is_trusted_without_a_file() {
    World::new().run(&["trust", "show"]).expect(0).says("nobody is trusted");
}
