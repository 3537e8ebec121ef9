//! The acts.

use std::time::Instant;

use crate::{
    programs,
    registry::{self, Registry},
    stage::{Person, Stage},
};

const NAME: &str = "io.github.acme/weather";
const LATEST: &str = "/v0.1/servers/io.github.acme%2Fweather/versions/latest";

/// Exit codes of `mcp-pin`, as documented.
const PASSED: i32 = 0;
const FAILED: i32 = 1;
const CONSENT_REQUIRED: i32 = 4;

/// Tells the story; leaves the registry up at the end unless told to exit.
pub(crate) fn tell(exit: bool) -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "the story ends with how long it took")]
    let started = Instant::now();
    let folder = tempfile::Builder::new()
        .prefix("mcp-pin-quickstart-")
        .tempdir()
        .map_err(|error| format!("no temporary folder: {error}"))?;
    let programs = programs::install(&folder.path().join("bin"))?;
    let stage = Stage::new(folder.path(), &programs)?;

    let registry = prologue(&stage)?;
    let cast = Cast::gather(&stage, &registry)?;
    first_version(&stage, &registry, &cast)?;
    the_server_turns(&stage, &registry, &cast)?;
    clean_successor(&stage, &registry, &cast)?;

    the_log(&stage, &cast)?;

    stage.act(6, "Look around");
    anstream::println!("  live servers     {}/v0.1/servers", registry.url);
    anstream::println!("  this server      {}{LATEST}", registry.url);
    anstream::println!("  the log          {}/log/checkpoint", registry.url);
    anstream::println!("  API              {}/v1/openapi.json", registry.url);
    anstream::println!("  the project      {}", cast.developer.folder.display());
    anstream::println!("  the programs     export PATH=\"{}:$PATH\"", programs.display());
    anstream::println!("\nTold in {:.1} s.", started.elapsed().as_secs_f32());
    if exit {
        return Ok(());
    }
    anstream::println!(
        "The registry stays up. Press Ctrl-C to stop it; the folder goes with the next clean-up of temporary files."
    );
    // Kept, so that the paths above stay valid while somebody looks around.
    let _kept = folder.keep();
    registry.wait();
    Ok(())
}

/// The people of the story.
struct Cast<'a> {
    administrator: Person<'a>,
    publisher: Person<'a>,
    approver: Person<'a>,
    developer: Person<'a>,
}

fn prologue(stage: &Stage) -> Result<Registry, String> {
    stage.act(1, "A registry that shows nothing");
    stage.say("Started with nothing but the address that people know it by. Nothing is visible until it is signed and somebody consented to it.");
    let registry = Registry::start(stage, &stage.root.join("registry"))?;
    anstream::println!(
        "  $ mcp-pin-registry serve --data-dir registry --listen 127.0.0.1:0 --public-url {}",
        registry::PUBLIC_URL
    );
    anstream::println!("  listening on {}\n", registry.url);
    expect_get(&registry, LATEST, 404)?;
    Ok(registry)
}

impl<'a> Cast<'a> {
    /// Makes keys, grants and tokens: who may publish, who may approve.
    fn gather(stage: &Stage, registry: &Registry) -> Result<Self, String> {
        let folder = |name: &str| stage.root.join(name);
        let package = folder("package").display().to_string();
        let person = |name: &'a str| {
            let variables = vec![("WEATHER_PACKAGE", package.clone()), ("MCP_PIN_REGISTRY", registry.url.clone())];
            Person { name, folder: folder(name), variables }
        };
        let mut cast = Self {
            administrator: person("admin"),
            publisher: person("publisher"),
            approver: person("alex"),
            developer: person("developer"),
        };
        for person in [&cast.administrator, &cast.publisher, &cast.approver, &cast.developer] {
            stage.write(&person.folder.join(".mcp.json"), MCP_JSON)?;
        }
        cast.administrator.variables.push(("MCP_PIN_TOKEN", registry.admin_token.clone()));

        stage.say("Two keys, two people: acme's release job may publish, Alex may approve. Nobody may do both.");
        for (person, key) in [(&cast.publisher, "release.pem"), (&cast.approver, "alex.pem")] {
            stage.run_quietly(person, &["key", "generate", "--output", key], PASSED)?;
            let public = stage.run(person, &["key", "show", "--key", key, "--public"], PASSED)?;
            stage.write(&cast.administrator.folder.join(key.replace(".pem", ".pub.pem")), &public.output)?;
            stage.write(&cast.developer.folder.join(key.replace(".pem", ".pub.pem")), &public.output)?;
        }
        let admin = &cast.administrator;
        let grant = ["registry", "grant", "io.github.acme", "--principal", "acme-release", "--key", "release.pub.pem"];
        stage.run(admin, &grant, PASSED)?;
        stage.run(admin, &["registry", "approver", "add", "alex", "--key", "alex.pub.pem"], PASSED)?;
        let token = |principal: &str, role: &str| {
            let said = stage.run(admin, &["registry", "token", "create", principal, "--role", role], PASSED)?;
            let token = said.output.lines().find_map(|line| line.get(line.find("mcpp_")?..));
            token
                .map(|token| token.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>())
                .ok_or_else(|| "no token was printed".to_owned())
        };
        let (publisher, approver) = (token("acme-release", "publisher")?, token("alex", "approver")?);
        cast.publisher.variables.extend([("MCP_PIN_TOKEN", publisher), ("MCP_PIN_KEY", "release.pem".to_owned())]);
        cast.approver.variables.extend([("MCP_PIN_TOKEN", approver), ("MCP_PIN_KEY", "alex.pem".to_owned())]);

        let developer = &cast.developer.folder;
        let trust = format!(
            "[[registry]]\nurl = \"{}\"\n\n[servers.weather]\nname = \"{NAME}\"\nversion = \"1\"\n\n\
             [[trust.publisher]]\nprincipal = \"acme-release\"\nnames = [\"io.github.acme/*\"]\nkey = \"\"\"\n{}\"\"\"\n\n\
             [[trust.approver]]\nname = \"alex\"\nkey = \"\"\"\n{}\"\"\"\n",
            registry.url,
            stage.read(&developer.join("release.pub.pem"))?,
            stage.read(&developer.join("alex.pub.pem"))?,
        );
        // The approver checks the publisher's signature with the same file.
        for person in [&cast.developer, &cast.approver] {
            stage.write(&person.folder.join("mcp-pin.toml"), &trust)?;
        }
        Ok(cast)
    }
}

fn first_version(stage: &Stage, registry: &Registry, cast: &Cast<'_>) -> Result<(), String> {
    stage.act(2, "Version 1.0.0: denied, consented, locked");
    release(stage, cast, "1.0.0")?;
    stage.say("Submitted and verified, but nobody consented yet. Readers see nothing, and a developer cannot lock it.");
    expect_get(registry, LATEST, 404)?;
    stage.run(&cast.developer, &["registry", "add", &registry.url, "--accept", "first-use"], PASSED)?;
    stage.run(&cast.developer, &["lock", "--accept", "first-use"], CONSENT_REQUIRED)?;
    stage.say("Alex reads the report and consents to these exact bytes.");
    approve(stage, cast, "1.0.0")?;
    expect_live(registry, "1.0.0")?;
    stage.run(&cast.developer, &["lock", "--accept", "first-use"], PASSED)?;
    stage.run(&cast.developer, &["verify"], PASSED)?;
    Ok(())
}

fn the_server_turns(stage: &Stage, registry: &Registry, cast: &Cast<'_>) -> Result<(), String> {
    stage.act(3, "Version 1.1.0: the server turns");
    stage.say(
        "Same command line, new text: it asks the model for SSH keys, calls a writing tool read-only, and hides a \
         parameter behind a character that no screen shows.",
    );
    stage.write(&version_file(stage), "1.1.0\n")?;
    stage.run_briefly(&cast.developer, &["verify", "--live"], FAILED)?;
    stage.run(&cast.developer, &["diff", "weather"], FAILED)?;
    stage.say("The publisher submits it anyway. The registry verifies the signature, and holds it.");
    submit(stage, cast, "1.1.0")?;
    expect_live(registry, "1.0.0")?;
    let version = format!("{NAME}@1.1.0");
    stage.run(&cast.approver, &["reject", &version, "--reason", "asks for SSH keys"], PASSED)?;
    Ok(())
}

fn clean_successor(stage: &Stage, registry: &Registry, cast: &Cast<'_>) -> Result<(), String> {
    stage.act(4, "Version 1.1.1: clean, reconsented, live");
    release(stage, cast, "1.1.1")?;
    stage.say("1.0.0 goes on serving until somebody consents.");
    expect_live(registry, "1.0.0")?;
    approve(stage, cast, "1.1.1")?;
    stage.say("Nothing in it is graded above `notice`, so it reaches canary and everybody else at once.");
    expect_live(registry, "1.1.1")?;
    accept_update(stage, cast)?;
    stage.run(&cast.developer, &["verify", "--live"], PASSED)?;
    Ok(())
}

fn the_log(stage: &Stage, cast: &Cast<'_>) -> Result<(), String> {
    stage.act(5, "What was decided stays decided");
    stage.say(
        "Every decision is an entry of an append-only log whose head is signed. Anybody can compute all of it again; who \
         has seen it once notices when it is not continued. It also commits to what is live and revoked now, which the \
         lock is held against.",
    );
    stage.run(&cast.developer, &["verify", "--online"], PASSED)?;
    stage.run(&cast.developer, &["log", "verify"], PASSED)?;
    stage.run(&cast.administrator, &["log", "show", NAME, "--accept", "first-use"], PASSED)?;
    stage.run(&cast.administrator, &["log", "verify"], PASSED)?;
    Ok(())
}

fn version_file(stage: &Stage) -> std::path::PathBuf {
    stage.root.join("package").join("VERSION")
}

fn release(stage: &Stage, cast: &Cast<'_>, version: &str) -> Result<(), String> {
    stage.write(&version_file(stage), &format!("{version}\n"))?;
    submit(stage, cast, version)
}

fn submit(stage: &Stage, cast: &Cast<'_>, version: &str) -> Result<(), String> {
    let server_json = SERVER_JSON.replace("VERSION", version);
    stage.write(&cast.publisher.folder.join("server.json"), &server_json)?;
    stage.run(&cast.publisher, &["submit", "weather", "--server-json", "server.json"], PASSED)?;
    Ok(())
}

/// Shows the report first, then consents to the digest that was shown: without a terminal nothing else is accepted.
fn approve(stage: &Stage, cast: &Cast<'_>, version: &str) -> Result<(), String> {
    let version = format!("{NAME}@{version}");
    let shown = stage.run(&cast.approver, &["approve", &version], CONSENT_REQUIRED)?;
    stage.run(&cast.approver, &["approve", &version, "--accept", report_digest(&shown.output)?], PASSED)?;
    Ok(())
}

/// The project moves only when somebody in it says so, also for what the organisation approved.
fn accept_update(stage: &Stage, cast: &Cast<'_>) -> Result<(), String> {
    let shown = stage.run(&cast.developer, &["update", "weather"], CONSENT_REQUIRED)?;
    let accepted = format!("weather@{}", report_digest(&shown.output)?);
    stage.run(&cast.developer, &["update", "weather", "--accept", &accepted], PASSED)?;
    Ok(())
}

/// The digest that was shown below its label, between whatever colours it.
fn report_digest(output: &str) -> Result<&str, String> {
    let shown = output.rsplit_once("change report").map(|(_, shown)| shown);
    shown
        .and_then(|shown| shown.get(shown.find("sha256:")?..)?.get(.."sha256:".len() + 64))
        .ok_or_else(|| "no change report digest was printed".to_owned())
}

fn expect_get(registry: &Registry, path: &str, expected: u16) -> Result<String, String> {
    let (status, body) = registry.get(path)?;
    anstream::println!("  GET {path} -> {status}\n");
    if status == expected {
        Ok(body)
    } else {
        Err(format!("GET {path} answered {status}, the story expects {expected}"))
    }
}

fn expect_live(registry: &Registry, version: &str) -> Result<(), String> {
    let body = expect_get(registry, LATEST, 200)?;
    let document: serde_json::Value = body.parse().map_err(|error| format!("GET {LATEST}: {error}"))?;
    let live = document["server"]["version"].as_str().unwrap_or_default();
    anstream::println!("  live: {live}\n");
    if live == version { Ok(()) } else { Err(format!("{live} is live, the story expects {version}")) }
}

const MCP_JSON: &str = r#"{
  "mcpServers": {
    "weather": {
      "command": "weather-server",
      "args": [],
      "env": { "WEATHER_PACKAGE": "${WEATHER_PACKAGE}" }
    }
  }
}
"#;

const SERVER_JSON: &str = r#"{
  "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
  "name": "io.github.acme/weather",
  "description": "Forecasts, and the cities you care about",
  "version": "VERSION"
}
"#;
