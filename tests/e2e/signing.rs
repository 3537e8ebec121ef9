//! A manifest that is signed in one place and submitted from another.

use std::fs;

use mcp_pin_test_support::fake::Scenario;

use crate::organisation::{NAME, Organisation, release};

const SIGN: [&str; 5] = ["manifest", "sign", "weather", "--output", "manifest.sigstore.json"];

#[test]
fn a_signed_manifest_is_submitted_as_it_is() {
    let organisation = Organisation::new();
    let publisher = &organisation.publisher;
    organisation.server_json("1.0.0");
    publisher.scenario("weather", &release("1.0.0"));
    publisher.run(&[&SIGN[..], &["--server-json", "server.json"]].concat()).expect(0).says("submit --bundle");
    let submitted = publisher.run(&["submit", "--bundle", "manifest.sigstore.json", "--format", "json"]).expect(0);
    assert_eq!(submitted.json()["submission"]["server"], NAME);
}

#[test]
fn t65_a_manifest_that_the_publisher_did_not_sign_is_refused() {
    let organisation = Organisation::new();
    let publisher = &organisation.publisher;
    organisation.server_json("1.0.0");
    publisher.scenario("weather", &Scenario::weather());
    // The approver's key, brought by the publisher's token.
    let key = organisation.approver.path("key.pem");
    let signed = [&SIGN[..], &["--server-json", "server.json", "--key", key.to_str().unwrap()]].concat();
    publisher.run(&signed).expect(0);
    publisher.run(&["submit", "--bundle", "manifest.sigstore.json"]).expect(1);

    fs::write(publisher.path("manifest.sigstore.json"), "{}").unwrap();
    publisher.run(&["submit", "--bundle", "manifest.sigstore.json"]).expect(2).says("manifest.sigstore.json");
    publisher.run(&["submit", "--bundle", "not-there.json"]).expect(2).says("there is no bundle");
    // Nothing to sign with is taken and ignored.
    publisher.run(&["submit", "--bundle", "manifest.sigstore.json", "weather"]).expect(2);
    publisher.run(&["submit", "--bundle", "manifest.sigstore.json", "--keyless"]).expect(2);
    publisher.run(&["submit"]).expect(2);
}
