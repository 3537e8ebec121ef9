//! Values of variables, keys and tokens stay where they were put.

use mcp_pin_test_support::fake::{Scenario, Step};

use crate::{
    organisation::Organisation,
    world::{Person, Ran, World, files},
};

/// Values that would be noticed.
const ENV_SECRET: &str = "sk-live-4f9aa7c1d2e3b4a5968778695a4b3c2d";
const HEADER_SECRET: &str = "hdr-77c1b0a9f8e7d6c5b4a39281706f5e4d";

/// Fails when a secret is in any output or in any file but those that are for it.
#[track_caller]
fn assert_kept(secrets: &[&str], runs: &[Ran], person: &Person) {
    for secret in secrets {
        for ran in runs {
            assert!(!ran.said(secret), "a secret was said\n{ran}");
        }
        for root in [&person.project, &person.home] {
            for (name, bytes) in files(root) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret is in {name}");
            }
        }
    }
}

#[test]
fn values_of_variables_are_in_no_file_and_in_no_output() {
    let world = World::new();
    let mut person = world.person("anna");
    person.set("WEATHER_TOKEN", ENV_SECRET).set("API_KEY", HEADER_SECRET);
    person.scenario("weather", &Scenario::weather());
    // The failing one repeats its secret on standard error, as careless servers do.
    let mut failing = Scenario::weather().on("tools/list", [Step::Exit(1)]);
    failing.start.stderr = vec![format!("cannot log in with {ENV_SECRET}")];
    person.scenario("failing", &failing);
    let with_env = ", \"env\": {\"TOKEN\": \"${WEATHER_TOKEN}\", \"MODE\": \"${MODE:-fast}\"}";
    let remote = "\"remote\": {\"type\": \"http\", \"url\": \"http://127.0.0.1:9/mcp\", \
                  \"headers\": {\"Authorization\": \"Bearer ${API_KEY}\"}}";
    person.configure_entries(&[
        person.entry("weather", with_env),
        person.entry("failing", with_env),
        remote.to_owned(),
    ]);
    let mut runs = vec![
        person.run(&["lock"]).expect(3),
        person.run(&["lock", "--accept", "first-use", "--format", "json"]).expect(3),
        person.run(&["verify"]).expect(4),
        person.run(&["verify", "--live", "weather"]).expect(0),
        person.run(&["ls"]),
        person.run(&["ls", "--format", "json"]),
        person.run(&["why", "weather"]),
    ];
    let mut changed = Scenario::weather();
    changed.instructions = Some("Another.".to_owned());
    person.scenario("weather", &changed);
    runs.push(person.run(&["diff", "weather"]).expect(1));
    runs.push(person.run(&["diff", "failing"]));
    runs.push(person.run(&["verify", "--live", "--format", "json"]));
    runs.push(person.accept("weather").expect(0));
    let key = std::fs::read_to_string(person.home.join(".config/mcp-pin/key.pem")).unwrap();
    let key_line = key.lines().nth(1).unwrap();
    runs.push(person.run(&["key", "show"]).expect(0));
    for ran in &runs {
        assert!(!ran.said(key_line), "the private key was said\n{ran}");
    }
    for (name, bytes) in person.files() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains(key_line) && !text.contains("PRIVATE KEY"), "the private key is in {name}");
    }
    assert_kept(&[ENV_SECRET, HEADER_SECRET], &runs, &person);
}

#[test]
fn literal_secrets_in_a_configuration_are_not_repeated() {
    let world = World::new();
    let person = world.person("anna");
    person.scenario("weather", &Scenario::weather());
    let plain = person.entry("weather", "");
    // The names of variables are locked, their values never; the command line is locked as it is.
    let in_variable = person.entry("weather", &format!(", \"env\": {{\"API_TOKEN\": \"{ENV_SECRET}\"}}"));
    let in_argument = plain.replace("\"args\": [", &format!("\"args\": [\"--api-key={ENV_SECRET}\", "));
    let in_url = format!("\"weather\": {{\"type\": \"http\", \"url\": \"http://127.0.0.1:9/?token={ENV_SECRET}\"}}");
    for (entry, code) in [(in_argument, 1), (in_url, 1), (in_variable, 0)] {
        person.configure_entries(&[entry]);
        let runs = [
            person.run(&["ls"]),
            person.run(&["ls", "--format", "json"]),
            person.run(&["lock", "--format", "json"]),
            person.run(&["lock", "--accept", "first-use"]).expect(code),
            person.run(&["verify"]),
            person.run(&["verify", "--live"]),
            person.run(&["why", "weather"]),
        ];
        std::fs::remove_file(person.path(".mcp.json")).unwrap();
        assert_kept(&[ENV_SECRET], &runs, &person);
    }
}

#[test]
fn tokens_are_seen_once_and_stored_nowhere() {
    let organisation = Organisation::new();
    organisation.publish("1.0.0");
    let registry = &organisation.registry;
    let admin = registry.admin_token.clone();
    let issued = registry.token("ci", "publisher");
    let mut developer = organisation.developer("dora");
    developer.set("MCP_PIN_TOKEN", &issued);
    let url = registry.url();
    let mut runs = vec![
        developer.run(&["lock", "--accept", "first-use"]).expect(0),
        developer.run(&["verify"]).expect(0),
        developer.run(&["registry", "show", "--registry", &url]).expect(0),
        developer.run(&["registry", "show", "--registry", &url, "--format", "json"]).expect(0),
        developer.run(&["registry", "token", "list", "--registry", &url]),
        developer.run(&["registry", "show", "--registry", "http://127.0.0.1:9"]).expect(3),
    ];
    developer.write("token", &format!("{issued}\n"));
    runs.push(developer.run(&["registry", "submissions", "--token-file", "token"]).expect(0));
    std::fs::remove_file(developer.path("token")).unwrap();
    developer.set("MCP_PIN_TOKEN", &format!("{issued}x"));
    runs.push(developer.run(&["registry", "submissions"]));
    assert_kept(&[&issued, &admin], &runs, &developer);
    // The registry keeps digests of tokens, and the first one in the one file that is for it; its log names none.
    let log = std::fs::read_to_string(registry.data().with_extension("log")).unwrap();
    for token in [&issued, &admin] {
        let secret = token.rsplit_once('_').unwrap().1;
        for (name, bytes) in files(registry.data()) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert_eq!(found, name == "admin-token" && *token == admin, "{name}");
        }
        // On the first start the administrator's token is shown on purpose.
        assert!(log.matches(secret).count() <= usize::from(*token == admin), "a token is in the log");
    }
}
