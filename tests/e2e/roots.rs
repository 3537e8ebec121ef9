//! The registry's own keys, and identities beside keys, with the commands that operators and users type.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use mcp_pin_test_support::keys::key;

use crate::{
    organisation::{Organisation, release},
    programs::program,
    registry::RegistryProcess,
    world::{Person, Ran, World, ran},
};

/// Where the holders of the root's keys meet.
struct Ceremony {
    folder: PathBuf,
    data: PathBuf,
}

impl Ceremony {
    fn at(world: &World) -> Self {
        let this = Self { folder: world.path("ceremony"), data: world.path("data") };
        std::fs::create_dir_all(&this.folder).unwrap();
        for name in ["ada", "bea", "cem"] {
            std::fs::write(this.file(&format!("{name}.pub")), key(name).public_key().to_spki_pem()).unwrap();
            let private = this.file(&format!("{name}.pem"));
            std::fs::write(&private, key(name).to_pkcs8_pem().as_str()).unwrap();
            #[cfg(unix)]
            std::fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        this
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn keys(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program("mcp-pin-registry"));
        command.arg("keys").args(arguments).current_dir(&self.folder).env_clear();
        ran(command.env("MCP_PIN_REGISTRY_DATA_DIR", &self.data))
    }

    /// The first root, by two of two; gives back its digest.
    fn first(&self) -> String {
        self.keys(&["init", "--root-key", "ada.pub", "--root-key", "bea.pub", "--threshold", "2", "-o", "1"]).expect(0);
        self.keys(&["install", "1"]).expect(1);
        self.keys(&["sign", "1", "--key", "ada.pem"]).expect(0);
        self.keys(&["sign", "1", "--key", "bea.pem"]).expect(0).says("enough");
        self.keys(&["install", "1"]).expect(0).out.trim().to_owned()
    }

    /// The second: Cem in Bea's place.
    fn second(&self) -> String {
        self.keys(&["rotate", "--root-key", "ada.pub", "--root-key", "cem.pub", "-o", "2"]).expect(0);
        for name in ["ada.pem", "bea.pem", "cem.pem"] {
            self.keys(&["sign", "2", "--key", name, "--previous", "1"]).expect(0);
        }
        self.keys(&["install", "2"]).expect(0).out.trim().to_owned()
    }
}

/// The registry starts anew, on another port: the project's file follows.
fn restarted(data: &Path, old: &str, person: &Person) -> RegistryProcess {
    let registry = RegistryProcess::start(data);
    person.write("mcp-pin.toml", &person.read("mcp-pin.toml").replace(old, &registry.url()));
    registry
}

#[test]
fn t66_t71_t75_a_project_pins_the_root_and_follows_it_forwards_only() {
    let world = World::new();
    let ceremony = Ceremony::at(&world);
    let first = ceremony.first();
    let mut registry = RegistryProcess::start(&world.path("data"));
    let anna = world.person("anna");
    let add = |registry: &RegistryProcess, more: &[&str]| {
        let url = registry.url();
        anna.run(&[&["registry", "add", &url, "--accept", "first-use"], more].concat())
    };

    // Somebody else's root: the digest came by another way, and does not fit.
    let other = format!("sha256:{}", "0".repeat(64));
    add(&registry, &["--root", &other]).expect(1).says("is wanted");
    assert!(!anna.path("mcp-pin.toml").exists(), "nothing was written");
    add(&registry, &["--root", &first]).expect(0).says(&first);
    assert!(anna.read("mcp-pin.toml").contains(&format!("root = \"{first}\"\nroot-version = 1\n")));
    add(&registry, &[]).expect(0).says("already");
    add(&registry, &["--root", &other]).expect(1).says("another root");

    // A rotation is followed.
    let old = registry.url();
    registry.kill_nine();
    let second = ceremony.second();
    let mut registry = restarted(&world.path("data"), &old, &anna);
    add(&registry, &[]).expect(0).says("updated").says(&second);
    assert!(anna.read("mcp-pin.toml").contains(&format!("root = \"{second}\"\nroot-version = 2\n")));

    // Going back is not.
    let old = registry.url();
    registry.kill_nine();
    std::fs::rename(world.path("data").join("roots/2.root.json"), world.path("kept")).unwrap();
    let mut registry = restarted(&world.path("data"), &old, &anna);
    add(&registry, &[]).expect(1).says("old root was put back");

    // Nor is another root of the same version, nor none at all.
    let pinned = anna.read("mcp-pin.toml");
    anna.write("mcp-pin.toml", &pinned.replace(&second, &other).replace("root-version = 2", "root-version = 1"));
    add(&registry, &[]).expect(1).says("two roots of version 1");
    anna.write("mcp-pin.toml", &pinned);
    let old = registry.url();
    registry.kill_nine();
    std::fs::remove_dir_all(world.path("data").join("roots")).unwrap();
    let registry = restarted(&world.path("data"), &old, &anna);
    add(&registry, &[]).expect(1).says("no root any more");
}

#[test]
fn t66_nothing_is_locked_from_a_registry_whose_root_is_not_the_pinned_one() {
    let organisation = Organisation::new();
    organisation.publish("1.0.0");
    let anna = organisation.developer("anna");
    anna.scenario("weather", &release("1.0.0"));
    let pinned =
        format!("url = \"{}\"\nroot = \"sha256:{}\"\nroot-version = 1", organisation.registry.url(), "0".repeat(64));
    let url = format!("url = \"{}\"", organisation.registry.url());
    let without = anna.read("mcp-pin.toml");
    anna.write("mcp-pin.toml", &without.replacen(&url, &pinned, 1));
    anna.run(&["lock", "--accept", "first-use"]).expect(1).says("not the one that is known");
    assert!(!anna.path("mcp-pin.lock").exists());
    anna.write("mcp-pin.toml", &without);
    anna.run(&["lock", "--accept", "first-use"]).expect(0);
}

#[test]
fn an_administrator_grants_and_registers_identities() {
    let world = World::new();
    let registry = RegistryProcess::start(&world.path("data"));
    let mut admin = world.person("admin");
    admin.set("MCP_PIN_TOKEN", &registry.admin_token).set("MCP_PIN_REGISTRY", &registry.url());
    let (issuer, workflow) = (
        "https://token.actions.githubusercontent.com",
        "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/*",
    );
    let grant = ["registry", "grant", "io.github.acme", "--principal", "acme-release"];
    let identity = ["--identity-issuer", issuer, "--identity-subject", workflow];
    let more = ["--owner-id", "65", "--repository-id", "74", "--runner", "github-hosted", "--format", "json"];
    let granted = admin.run(&[&grant[..], &identity, &more].concat()).expect(0).json();
    assert_eq!(granted["grants"][0]["identity"]["ownerId"], "65");
    assert_eq!(granted["grants"][0]["instance"], "public-good");
    admin.run(&["registry", "grant", "io.github.acme", "--list"]).expect(0).says(workflow);

    let add = ["registry", "approver", "add", "alex", "--identity-issuer", "https://accounts.google.com"];
    admin.run(&[&add[..], &["--identity-subject", "alex@acme.example"]].concat()).expect(0).says("alex@acme.example");
    // Threat T67, and T69: nothing that is not anchored, nobody twice.
    for subject in ["https://github.com/*", "*@acme.example", ".*"] {
        let wide = ["--identity-issuer", issuer, "--identity-subject", subject];
        admin.run(&[&grant[..], &wide].concat()).expect(2);
    }
    let twice = ["registry", "grant", "io.github.acme", "--principal", "somebody-else"];
    admin.run(&[&twice[..], &identity].concat()).expect(1).says("another principal");
    admin.run(&[&grant[..], &["--identity-issuer", issuer]].concat()).expect(2);
    admin.run(&[&grant[..], &identity, &["--instance", "elsewhere"]].concat()).expect(1).says("no trusted root");

    let revoke = ["revoke", "signer"];
    let target = format!("{issuer} {workflow}");
    admin.run(&[&revoke[..], &[&target, "--reason", "stolen"]].concat()).expect(0);
    let other = ["registry", "grant", "io.github.other", "--principal", "acme-release"];
    admin.run(&[&other[..], &identity].concat()).expect(1).says("revoked");
}

#[test]
fn a_job_without_a_token_says_what_it_needs() {
    let world = World::new();
    let registry = RegistryProcess::start(&world.path("data"));
    let mut job = world.person("job");
    job.set("MCP_PIN_REGISTRY", &registry.url());
    job.run(&["registry", "login"]).expect(2).says("MCP_PIN_TOKEN");
    // A registry without issuers takes none, and says so without the token.
    job.set("MCP_PIN_REGISTRY_IDENTITY_TOKEN", "e30.e30.AAAA");
    let refused = job.run(&["registry", "login"]).expect(1).says("oidc.issuer");
    assert!(!refused.said("e30"), "{refused:?}");
}
