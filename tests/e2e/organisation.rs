//! An organisation's registry, through both programs: who may do what, what is refused, what readers get.

use std::path::Path;

use mcp_pin_model::{Digest, Manifest, consent::Decision, statement::Statement as _};
use mcp_pin_test_support::{
    fake::Scenario,
    keys::{self, Person as Signer},
};
use serde_json::{Value, json};

use crate::{
    registry::RegistryProcess,
    world::{Person, Ran, World},
};

const NAMESPACE: &str = "io.github.acme";
pub(crate) const NAME: &str = "io.github.acme/weather";
const LATEST: &str = "/v0.1/servers/io.github.acme%2Fweather/versions/latest";

/// The weather server's releases, by what its instructions say.
pub(crate) fn release(version: &str) -> Scenario {
    let mut scenario = Scenario::weather();
    scenario.server_info["version"] = json!(version);
    scenario.instructions = Some(format!("Ask for one city at a time. This is release {version}."));
    scenario
}

/// A registry's configuration in which what is approved is live for everybody.
pub(crate) const ONE_RING: &str = "[[ring]]\nname = \"stable\"\n";

/// A registry, and everybody around it.
pub(crate) struct Organisation {
    pub(crate) world: World,
    pub(crate) registry: RegistryProcess,
    pub(crate) admin: Person,
    pub(crate) publisher: Person,
    pub(crate) approver: Person,
}

impl Organisation {
    /// With one ring, so that what is approved is live for everybody.
    pub(crate) fn new() -> Self {
        Self::with_config(ONE_RING)
    }

    /// With this configuration of the registry.
    pub(crate) fn with_config(config: &str) -> Self {
        let world = World::new();
        std::fs::write(world.path("data.toml"), config).unwrap();
        let registry = RegistryProcess::start(&world.path("data"));
        let mut admin = world.person("admin");
        admin.set("MCP_PIN_TOKEN", &registry.admin_token).set("MCP_PIN_REGISTRY", &registry.url());
        let publisher = member(&admin, &world, &registry, "acme-release", "publisher");
        let approver = member(&admin, &world, &registry, "alex", "approver");
        let grant = ["registry", "grant", NAMESPACE, "--principal", "acme-release", "--key"];
        admin.run(&[&grant[..], &[path(&publisher.path("key.pem"))]].concat()).expect(0);
        register(&admin, "alex", &approver, "*");
        let this = Self { world, registry, admin, publisher, approver };
        for person in [&this.publisher, &this.approver] {
            this.configure(person);
        }
        this
    }

    /// Configures the server, and trust in the publisher and in Alex.
    pub(crate) fn configure(&self, person: &Person) {
        person.configure(&["weather"]);
        let public = |person: &Person| person.run(&["key", "show", "--public"]).expect(0).out;
        let trust = format!(
            "[[registry]]\nurl = \"{}\"\n\n[servers.weather]\nname = \"{NAME}\"\nversion = \"1\"\n\n\
             [[trust.publisher]]\nprincipal = \"acme-release\"\nnames = [\"{NAMESPACE}/*\"]\nkey = \"\"\"\n{}\"\"\"\n\n\
             [[trust.approver]]\nname = \"alex\"\nkey = \"\"\"\n{}\"\"\"\n",
            self.registry.url(),
            public(&self.publisher),
            public(&self.approver),
        );
        person.write("mcp-pin.toml", &trust);
    }

    /// Somebody who has no token and no key.
    pub(crate) fn developer(&self, name: &str) -> Person {
        let person = self.world.person(name);
        self.configure(&person);
        person
    }

    /// Writes the publisher's `server.json`.
    pub(crate) fn server_json(&self, version: &str) {
        let document = json!({
            "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
            "name": NAME, "description": "Forecasts, and the cities you care about", "version": version,
        });
        self.publisher.write("server.json", &document.to_string());
    }

    pub(crate) fn submit(&self, version: &str, scenario: &Scenario) -> Value {
        self.publisher.scenario("weather", scenario);
        self.server_json(version);
        let ran =
            self.publisher.run(&["submit", "weather", "--server-json", "server.json", "--format", "json"]).expect(0);
        ran.json()["submission"].clone()
    }

    pub(crate) fn approve(&self, version: &str) -> Ran {
        approve(&self.approver, version)
    }

    /// Submits a release and has Alex consent to it.
    pub(crate) fn publish(&self, version: &str) -> Value {
        let submission = self.submit(version, &release(version));
        self.approve(version).expect(0).says("it is live");
        submission
    }

    /// The state of a submission.
    fn state(&self, submission: &Value) -> String {
        let path = format!("/v1/submissions/{}", submission["id"].as_str().unwrap());
        self.registry.read(&path, Some(&self.registry.admin_token))["state"].as_str().unwrap().to_owned()
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Somebody with a key and a token of a role.
fn member(admin: &Person, world: &World, registry: &RegistryProcess, principal: &str, role: &str) -> Person {
    let mut person = world.person(principal);
    person.run(&["key", "generate", "--output", "key.pem"]).expect(0);
    let token = admin.run(&["registry", "token", "create", principal, "--role", role]).expect(0);
    let token = token.out.split_whitespace().find(|word| word.starts_with("mcpp_")).unwrap().to_owned();
    let key = person.path("key.pem");
    person.set("MCP_PIN_TOKEN", &token).set("MCP_PIN_KEY", path(&key)).set("MCP_PIN_REGISTRY", &registry.url());
    person
}

fn register(admin: &Person, principal: &str, person: &Person, scope: &str) {
    let add = ["registry", "approver", "add", principal, "--scope", scope, "--key"];
    admin.run(&[&add[..], &[path(&person.path("key.pem"))]].concat()).expect(0);
}

/// Reads the report, and consents to its digest.
fn approve(person: &Person, version: &str) -> Ran {
    let what = format!("{NAME}@{version}");
    let shown = person.run(&["approve", &what, "--format", "json"]);
    if shown.code != 4 {
        return shown;
    }
    let digest = crate::world::find(&shown.json(), "reportDigest").unwrap();
    person.run(&["approve", &what, "--accept", &digest])
}

#[test]
fn denied_until_somebody_consents_and_the_live_version_goes_on_serving() {
    let organisation = Organisation::new();
    let developer = organisation.developer("dora");
    let registry = &organisation.registry;

    let first = organisation.submit("1.0.0", &release("1.0.0"));
    assert_eq!(first["state"], "pending");
    registry.get(LATEST, None).unwrap().expect(404);
    let pending = format!("/v1/manifests/{}", first["manifest"].as_str().unwrap());
    registry.get(&pending, None).unwrap().expect(404);
    developer.run(&["lock", "--accept", "first-use"]).expect(4).says("is not admitted in");
    assert!(!developer.path("mcp-pin.lock").exists() && !developer.path(".mcp-pin").exists());

    organisation.approve("1.0.0").expect(0).says("it is live");
    registry.get(&pending, None).unwrap().expect(200);
    developer.run(&["lock", "--accept", "first-use"]).expect(0);
    developer.run(&["verify"]).expect(0);
    developer.run(&["verify", "--live", "--frozen"]).expect(0);

    // The next one waits, and readers do not hear of it.
    let second = organisation.submit("1.1.0", &release("1.1.0"));
    assert_eq!(registry.read(LATEST, None)["server"]["version"], "1.0.0");
    registry.get(&format!("/v1/manifests/{}", second["manifest"].as_str().unwrap()), None).unwrap().expect(404);
    developer.run(&["update"]).expect(0).says("up to date");
    organisation.approver.run(&["reject", &format!("{NAME}@1.1.0"), "--reason", "no"]).expect(0);
    assert_eq!(organisation.state(&second), "rejected");
    registry.get(&format!("/v1/manifests/{}", second["manifest"].as_str().unwrap()), None).unwrap().expect(404);
    assert_eq!(registry.read(LATEST, None)["server"]["version"], "1.0.0");
}

#[test]
fn updates_from_the_registry_reach_those_who_were_there_before_and_those_who_come_late() {
    let organisation = Organisation::new();
    let early = organisation.developer("early");
    organisation.publish("1.0.0");
    early.run(&["lock", "--accept", "first-use"]).expect(0);
    organisation.publish("1.1.0");
    early.run(&["verify"]).expect(0);
    early.run(&["verify", "--live"]).expect(1);

    // First lock at version two: its consents are relative to version one, which nobody here ever had.
    let late = organisation.developer("late");
    late.run(&["lock", "--accept", "first-use"]).expect(0);
    late.run(&["verify", "--live", "--frozen"]).expect(0);
    late.run(&["why", "weather"]).expect(0).says("alex");

    // The project decides for itself: that the organisation consented does not change a lock without being told.
    let update = |person: &Person| {
        let before = person.read("mcp-pin.lock");
        let shown = person.run(&["update", "weather"]).expect(4).says("--accept weather@<digest>");
        // `diff` looks at the live server: its digest is another.
        let wrong = format!("weather@sha256:{}", "0".repeat(64));
        let said = person
            .run(&["update", "weather", "--accept", &wrong])
            .expect(4)
            .says("review it again with `mcp-pin update weather`");
        assert!(!said.said("mcp-pin diff"), "{said:?}");
        assert_eq!(person.read("mcp-pin.lock"), before);
        // Long values stand below their label.
        let (_, digest) = shown.out.rsplit_once("change report").unwrap();
        let digest = digest.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap();
        person.run(&["update", "weather", "--accept", &format!("weather@{digest}")])
    };
    update(&early).expect(0);
    early.run(&["verify", "--live", "--frozen"]).expect(0);
    // Two further ones at once.
    organisation.publish("1.2.0");
    organisation.publish("1.3.0");
    update(&early).expect(0);
    update(&late).expect(0);
    for person in [&early, &late] {
        person.run(&["verify", "--live", "--frozen"]).expect(0).says("1.3.0");
    }
    assert_eq!(early.read("mcp-pin.lock"), late.read("mcp-pin.lock"), "how one came there does not matter");
}

#[test]
fn what_was_live_stays_readable_by_its_digest_and_what_never_was_does_not_exist() {
    let organisation = Organisation::new();
    let registry = &organisation.registry;
    let superseded = organisation.publish("1.0.0");
    let revoked = organisation.publish("1.1.0");
    let target = format!("{NAME}@1.1.0");
    organisation.admin.run(&["revoke", "version", &target, "--reason", "stolen key"]).expect(0);
    let pending = organisation.submit("1.2.0", &release("1.2.0"));
    assert_eq!(organisation.state(&superseded), "superseded");
    assert_eq!(organisation.state(&revoked), "revoked");
    registry.get(LATEST, None).unwrap().expect(404);
    for (submission, status) in [(&superseded, 200), (&revoked, 200), (&pending, 404)] {
        let manifest = submission["manifest"].as_str().unwrap();
        for path in ["", "/consents", "/changes"] {
            let path = format!("/v1/manifests/{manifest}{path}");
            let answer = registry.get(&path, None).unwrap();
            assert_eq!(answer.status, status, "{} of {}: {}", path, submission["version"], answer.text());
        }
    }
}

#[test]
fn t83_a_revoked_version_is_not_locked_any_more() {
    let organisation = Organisation::new();
    let before = organisation.developer("before");
    organisation.publish("1.0.0");
    before.run(&["lock", "--accept", "first-use"]).expect(0);
    let target = format!("{NAME}@1.0.0");
    organisation.admin.run(&["revoke", "version", &target, "--reason", "stolen key"]).expect(0);
    organisation.registry.get(LATEST, None).unwrap().expect(404);
    let after = organisation.developer("after");
    after.run(&["lock", "--accept", "first-use"]).expect(4).says("is not admitted");
    assert!(!after.path("mcp-pin.lock").exists());
    // Offline nothing can know (docs/THREAT-MODEL.md); whoever asks the registry is told.
    before.run(&["verify"]).expect(0);
    before.run(&["update"]).expect(4).says("is not admitted");
    // A revoked version never comes back.
    organisation.publisher.run(&["submit", "weather", "--server-json", "server.json"]).expect(1);
}

#[test]
fn t69_a_publisher_never_approves() {
    let organisation = Organisation::new();
    let submission = organisation.submit("1.0.0", &release("1.0.0"));
    let Organisation { admin, world, registry, publisher, .. } = &organisation;
    let what = format!("{NAME}@1.0.0");
    // As a publisher, it may not even see the way.
    approve(publisher, "1.0.0").expect(1);
    // Registered as an approver under its own name.
    register(admin, "acme-release", publisher, "*");
    let token = admin.run(&["registry", "token", "create", "acme-release", "--role", "approver"]).expect(0);
    let mut both = publisher.clone();
    both.set("MCP_PIN_TOKEN", token.out.split_whitespace().find(|word| word.starts_with("mcpp_")).unwrap());
    approve(&both, "1.0.0").expect(1).says("a publisher does not approve what it published");
    // With a second key of the same principal, which the command line alone could not tell.
    let second = member(admin, world, registry, "acme-second", "approver");
    let mut same_person = both.clone();
    same_person.set("MCP_PIN_KEY", path(&second.path("key.pem")));
    register(admin, "acme-release", &second, "*");
    approve(&same_person, "1.0.0").expect(1);
    assert_eq!(organisation.state(&submission), "pending");
    organisation.approve("1.0.0").expect(0);
    organisation.approver.run(&["approve", &what]).expect(1).says("it is live");
}

#[test]
fn approvers_decide_within_their_scope_and_about_what_they_read() {
    let organisation = Organisation::new();
    let submission = organisation.submit("1.0.0", &release("1.0.0"));
    let Organisation { admin, world, registry, approver, .. } = &organisation;
    let what = format!("{NAME}@1.0.0");

    let elsewhere = member(admin, world, registry, "eve", "approver");
    register(admin, "eve", &elsewhere, "com.other");
    approve(&elsewhere, "1.0.0").expect(1);
    let unregistered = member(admin, world, registry, "uma", "approver");
    approve(&unregistered, "1.0.0").expect(1);
    let mut nobody = approver.clone();
    nobody.set("MCP_PIN_TOKEN", "");
    approve(&nobody, "1.0.0").expect(2);
    // Alex's token with another's key: whoever signs is who decides.
    let mut borrowed = approver.clone();
    borrowed.set("MCP_PIN_KEY", path(&elsewhere.path("key.pem")));
    approve(&borrowed, "1.0.0").expect(1);

    let wrong = Digest::of(b"something else").to_string();
    approver.run(&["approve", &what, "--accept", &wrong]).expect(4).says("another one than the one accepted");
    approver.run(&["approve", &what]).expect(4).says("nothing was decided");
    assert_eq!(organisation.state(&submission), "pending");
    registry.get(LATEST, None).unwrap().expect(404);

    // Tokens that end, end.
    let list = admin.run(&["registry", "token", "list", "--format", "json"]).expect(0).json();
    let tokens = list["tokens"].as_array().unwrap();
    let alex = tokens.iter().find(|token| token["principal"] == "alex").unwrap();
    admin.run(&["registry", "token", "revoke", alex["id"].as_str().unwrap()]).expect(0);
    approver.run(&["approve", &what]).expect(3).says("a valid token is needed");
}

/// The same through the wire, where no client of ours is polite first.
#[test]
fn t70_consents_that_do_not_fit_are_refused_by_the_registry_itself() {
    let world = World::new();
    // One ring, so that one consent makes a version live for everybody.
    std::fs::write(world.path("data.toml"), ONE_RING).unwrap();
    let registry = RegistryProcess::start(&world.path("data"));
    let publisher = Signer::new("paula");
    let token = registry.token("paula", "publisher");
    registry.grant(NAMESPACE, &publisher);
    let approver = Signer::new("ann");
    let approver_token = registry.token("ann", "approver");
    registry.approver(&approver, "*");
    registry.approver(&publisher, "*");
    let elsewhere = Signer::new("eve");
    let elsewhere_token = registry.token("eve", "approver");
    registry.approver(&elsewhere, "com.other");
    let paula_too = registry.token("paula", "approver");

    let manifest = keys::manifest(NAME, "1.0.0", [keys::tool("get_forecast", "Gives the forecast.")], None);
    let submit =
        |manifest: &Manifest| registry.post("/v1/submissions", &token, publisher.sign(manifest).as_bytes()).unwrap();
    let submission = submit(&manifest).expect(201).json();
    let report: Digest = submission["changes"].as_str().unwrap().parse().unwrap();
    let path = format!("/v1/submissions/{}/changes", submission["id"].as_str().unwrap());
    let findings = registry.read(&path, Some(&approver_token))["findings"].clone();
    let findings: Vec<String> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["fingerprint"].as_str().unwrap().to_owned())
        .collect();
    let good = keys::approval(&manifest, None, report, findings.clone());
    let send = |signer: &Signer, token: &str, consent: &mcp_pin_model::Consent| {
        registry.post("/v1/consents", token, signer.sign(consent).as_bytes()).unwrap()
    };
    let other = keys::manifest(NAME, "1.0.1", [keys::tool("get_forecast", "Gives it.")], None);
    for (name, signer, token, consent) in [
        ("of the publisher", &publisher, &paula_too, good.clone()),
        ("of another scope", &elsewhere, &elsewhere_token, good.clone()),
        ("with another's token", &approver, &elsewhere_token, good.clone()),
        ("of an unknown key", &Signer::new("mallory"), &approver_token, good.clone()),
        ("to another report", &approver, &approver_token, {
            let mut consent = good.clone();
            consent.changes = Digest::of(b"another");
            consent
        }),
        ("to another predecessor", &approver, &approver_token, {
            let mut consent = good.clone();
            consent.replaces = Some(Digest::of(b"another"));
            consent
        }),
        ("to another version", &approver, &approver_token, {
            let mut consent = good.clone();
            consent.version = "1.0.1".parse().unwrap();
            consent
        }),
        ("to a manifest that nobody submitted", &approver, &approver_token, {
            keys::approval(&other, None, report, findings)
        }),
    ] {
        let answer = send(signer, token, &consent);
        assert!((400..500).contains(&answer.status), "{name}: {} {}", answer.status, answer.text());
        let now = registry
            .read(&format!("/v1/submissions/{}", submission["id"].as_str().unwrap()), Some(&registry.admin_token));
        assert_eq!(now["state"], "pending", "{name}");
        println!("{name}: {} {}", answer.status, answer.json()["type"]);
    }
    // Changed after it was signed.
    let mut tampered = approver.sign(&good).as_bytes().to_vec();
    let at = tampered.windows(9).position(|window| window == b"\"payload\"").unwrap() + 14;
    tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
    let answer = registry.post("/v1/consents", &approver_token, &tampered).unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.text());

    let mut rejection = good.clone();
    rejection.decision = Decision::Reject;
    // A version that is taken, and one by somebody without a grant.
    let twin = keys::manifest(NAME, "1.0.0", [keys::tool("get_forecast", "Gives another.")], None);
    assert!((400..500).contains(&submit(&twin).status));
    let foreign = keys::manifest("com.other/weather", "1.0.0", [keys::tool("get_forecast", "Gives.")], None);
    assert!((400..500).contains(&submit(&foreign).status));
    assert_eq!(submit(&manifest).status, 200, "the same again is no new submission");

    let outcome = send(&approver, &approver_token, &good).expect(201).json();
    assert_eq!(outcome["submission"]["state"], "live");
    let again = send(&approver, &approver_token, &rejection);
    assert!((400..500).contains(&again.status), "what is decided is decided: {}", again.text());
    let served = registry.read(LATEST, None);
    assert_eq!(served["server"]["version"], "1.0.0");
    assert_eq!(registry.get(&format!("/v1/manifests/{}", manifest.digest()), None).unwrap().status, 200);
}
