//! `verify` without `--live` opens no socket and starts no process: it is safe on a stranger's pull request.

use std::{fs, os::unix::fs::PermissionsExt as _};

use mcp_pin_test_support::fake::Scenario;

use crate::{
    interrupted::can_trace,
    organisation::Organisation,
    programs::program,
    world::{Person, ran},
};

/// A project with a server from a registry and one locked here; the registry is gone afterwards.
fn project() -> (Organisation, Person) {
    let mut organisation = Organisation::new();
    organisation.publish("1.0.0");
    organisation.publish("1.1.0");
    let mut person = organisation.developer("dora");
    person.scenario("tides", &Scenario::full());
    person.configure(&["weather", "tides"]);
    // Their own key is trusted for what is locked here.
    person.run(&["key", "generate"]).expect(0);
    let key = person.run(&["key", "show", "--public"]).expect(0).out;
    let settings = person.read("mcp-pin.toml");
    person.write(
        "mcp-pin.toml",
        &format!("{settings}\n[[trust.approver]]\nname = \"dora\"\nkey = \"\"\"\n{key}\"\"\"\n"),
    );
    person.run(&["lock", "--accept", "first-use"]).expect(0);
    let lock = person.read("mcp-pin.lock");
    assert!(lock.contains("registry+http") && lock.contains("\"local\""), "{lock}");
    organisation.registry.kill_nine();
    // Whatever is started by name is a trap; what is started by path does not exist any more.
    let traps = organisation.world.path("traps");
    fs::create_dir_all(&traps).unwrap();
    for name in ["git", "npx", "node", "python", "sh", "uvx", "docker", "fake-mcp-server", "ssh", "gpg", "cosign"] {
        let trap = traps.join(name);
        fs::write(&trap, format!("#!/bin/sh\n: > {:?}\n", organisation.world.path("sprung"))).unwrap();
        fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    }
    person.set("PATH", traps.to_str().unwrap());
    (organisation, person)
}

#[test]
fn verify_opens_no_socket_and_starts_no_process() {
    let (organisation, person) = project();
    let verify: [&[&str]; 5] = [
        &["verify"],
        &["verify", "--frozen"],
        &["verify", "--format", "json"],
        &["verify", "weather"],
        &["verify", "--color", "always"],
    ];
    for arguments in verify {
        person.run(arguments).expect(0);
    }
    let read_only: [&[&str]; 4] =
        [&["ls"], &["why", "weather"], &["why", "tides/get_forecast"], &["ls", "--format", "json"]];
    for arguments in read_only {
        person.run(arguments).expect(0);
    }
    assert!(!organisation.world.path("sprung").exists(), "something was started");

    if !can_trace() {
        return;
    }
    for arguments in verify.into_iter().chain(read_only) {
        let log = organisation.world.path("strace.log");
        let mut command = person.command("strace");
        command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .args(["-f", "-qq", "-e", "trace=network,process", "-o"])
            .arg(&log)
            .arg("-E")
            .arg(format!("PATH={}", organisation.world.path("traps").display()))
            .arg(program("mcp-pin"))
            .args(arguments);
        ran(&mut command).expect(0);
        let calls = fs::read_to_string(&log).unwrap();
        let forbidden: Vec<&str> = calls
            .lines()
            .filter(|line| {
                let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
                let name = call.split('(').next().unwrap_or_default();
                let own = call.starts_with("execve(") && call.contains("/mcp-pin\"");
                // Checking on several threads is no process.
                let thread = call.starts_with("clone") && call.contains("CLONE_THREAD");
                !own && !thread
                    && !["exit_group", "exit", "arch_prctl", "set_tid_address", "set_robust_list"].contains(&name)
                    && !call.starts_with("+++")
            })
            .collect();
        assert!(forbidden.is_empty(), "{arguments:?}: {forbidden:#?}");
        assert!(calls.contains("execve("), "nothing was traced: {calls}");
    }
}

#[test]
fn a_failing_verify_is_as_quiet() {
    let (organisation, person) = project();
    let settings = person.read(".mcp.json").replace("\"args\": [", "\"args\": [\"--evil\", ");
    person.write(".mcp.json", &settings);
    person.run(&["verify"]).expect(1).says("is not the one that is locked");
    person.write("mcp-pin.lock", &person.read("mcp-pin.lock").replacen("sha256:", "sha256:0", 1));
    person.run(&["verify"]).expect(3);
    assert!(!organisation.world.path("sprung").exists(), "something was started");
}
