//! A pull request cannot bring the trust that it is judged by (threats T66 and T80).

use std::{fs, io::Write as _};

use mcp_pin_test_support::keys::Person;

use crate::world::{World, approver_with_key, publisher, settings, signer, workflow};

/// A repository whose base branch trusts alex, with a lock that alex consented to. `None` where there is no git.
fn repository() -> Option<World> {
    let alex = Person::new("alex");
    let world = World::new();
    world.trust(&[publisher(""), approver_with_key("alex", &alex)]);
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_with_key(&alex)]);
    fs::remove_dir_all(world.root().join(".git")).unwrap();
    if world.command("git").arg("--version").output().is_err() {
        // Past the capture of the test runner: a skipped test must not look like a passed one.
        let _ = writeln!(std::io::stderr(), "SKIPPED: a test of a pull request, because there is no git");
        return None;
    }
    git(&world, &["init", "-q", "-b", "main"]);
    git(&world, &["add", "-A"]);
    git(&world, &["commit", "-qm", "base"]);
    git(&world, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    git(&world, &["switch", "-qc", "pull-request"]);
    Some(world)
}

fn git(world: &World, arguments: &[&str]) {
    let mut command = world.command("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The pull request makes eve an approver, and has what eve wants locked.
fn eve_takes_over(world: &World) {
    let eve = Person::new("eve");
    world.trust(&[publisher(""), approver_with_key("eve", &eve)]);
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_with_key(&eve)]);
}

#[test]
fn t80_a_pull_request_that_changes_lock_and_trust_together_fails() {
    let Some(mut world) = repository() else { return };
    world.run(&["verify", "--frozen", "--trust-from", "origin/main"]).expect(0).says(":mcp-pin.toml");
    eve_takes_over(&world);
    // Nothing but the files of the pull request says otherwise on a developer's machine.
    world.run(&["verify"]).expect(0);
    world.run(&["verify", "--trust-from", "origin/main"]).expect(1).says("a consent is not accepted");
    world.run(&["why", "weather", "--trust-from", "origin/main"]).expect(1);
    world.set("MCP_PIN_TRUST_FROM", "main");
    world.run(&["verify"]).expect(1).says("a consent is not accepted");
}

#[test]
fn t66_every_ci_system_makes_a_changed_trust_fail() {
    for (name, value) in [
        ("GITHUB_BASE_REF", "main"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "main"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
        ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
    ] {
        let Some(mut world) = repository() else { return };
        world.set(name, value);
        world.run(&["verify", "--frozen"]).expect(0);
        eve_takes_over(&world);
        for command in [&["verify"][..], &["verify", "--live"], &["why", "weather"], &["diff", "weather"]] {
            world
                .run(command)
                .expect(1)
                .says("this pull request changes mcp-pin.toml")
                .says("trust of the base branch");
        }
        // It may be looked at.
        world.run(&["trust", "show"]).expect(0).says("eve");
    }
}

#[test]
fn t66_a_pull_request_that_deletes_or_redirects_the_trust_fails() {
    let Some(mut world) = repository() else { return };
    let outside = world.outside().join("evil.toml");
    fs::write(&outside, world.read("mcp-pin.toml")).unwrap();
    let path = world.root().join("mcp-pin.toml");
    let by_base: &[&str] = &["verify", "--trust-from", "main"];
    fs::remove_file(&path).unwrap();
    world.run(by_base).expect(1);
    world.set("GITHUB_BASE_REF", "main");
    world.run(&["verify"]).expect(1).says("this pull request deletes mcp-pin.toml");
    // As a submodule or a folder.
    fs::create_dir(&path).unwrap();
    assert_ne!(world.run(by_base).code, 0);
    assert_ne!(world.run(&["verify"]).code, 0);
    fs::remove_dir(&path).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, &path).unwrap();
        world.run(by_base).expect(1).says("is a link");
        world.run(&["verify"]).expect(1).says("is a link");
    }
}

#[test]
fn t66_a_root_is_taken_from_where_the_trust_is_taken_from() {
    let Some(mut world) = repository() else { return };
    // Only the root's file changes: mcp-pin.toml is the same.
    let evil = mcp_pin_test_support::sigstore::TestSigstore::new("evil");
    world.write("sigstore/root.json", evil.trusted_root_json());
    world.run(&["verify", "--trust-from", "main"]).expect(0);
    world.run(&["verify"]).expect(1);
    world.set("GITHUB_BASE_REF", "main");
    world.run(&["verify"]).expect(1).says("this pull request changes mcp-pin.toml");
}

#[test]
fn a_ring_or_a_preset_of_the_pull_request_counts_for_nothing() {
    let Some(mut world) = repository() else { return };
    let ours = world.read("mcp-pin.toml");
    let ring = ours.replace("weather\"\n\n", "weather\"\nring = \"canary\"\n\n");
    world.write("mcp-pin.toml", &ring);
    world.run(&["verify"]).expect(4).says("does not hold for this ring");
    world.run(&["verify", "--trust-from", "main"]).expect(0);
    // What nobody consented to passes where nobody has to.
    world.lock(&world.published(), &signer(&workflow()), &[]);
    world.write("mcp-pin.toml", ours + "\n[policy]\npreset = \"observe\"\n");
    world.run(&["verify"]).expect(0);
    world.run(&["verify", "--trust-from", "main"]).expect(4);
    world.set("GITHUB_BASE_REF", "main");
    world.run(&["verify"]).expect(1).says("this pull request changes mcp-pin.toml");
}

#[test]
fn a_pull_request_that_changes_only_which_servers_are_wanted_passes() {
    let Some(mut world) = repository() else { return };
    let more = world
        .read("mcp-pin.toml")
        .replace("[servers.weather]", "[servers.other]\nname = \"com.example/other\"\n\n[servers.weather]");
    world.write("mcp-pin.toml", more);
    world.set("GITHUB_BASE_REF", "main");
    world.run(&["verify"]).expect(0);
}

#[test]
fn a_base_that_is_not_here_is_could_not_check() {
    let Some(mut world) = repository() else { return };
    world.run(&["verify", "--trust-from", "origin/none"]).expect(3).says("fetch the base branch");
    world.set("GITHUB_BASE_REF", "none");
    world.run(&["verify"]).expect(3).says("cannot be told").says("git fetch origin");
}

#[test]
fn a_base_without_trust_trusts_nobody() {
    let Some(mut world) = repository() else { return };
    git(&world, &["rm", "-q", "--cached", "mcp-pin.toml"]);
    git(&world, &["commit", "-qm", "without"]);
    git(&world, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    world.run(&["verify", "--trust-from", "origin/main"]).expect(3).says("nobody is trusted by it");
    world.set("GITHUB_BASE_REF", "main");
    world.run(&["verify"]).expect(1).says("this pull request brings mcp-pin.toml");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_base_is_could_not_check() {
    let Some(world) = repository() else { return };
    let path = world.root().join("mcp-pin.toml");
    fs::rename(&path, world.root().join("real.toml")).unwrap();
    std::os::unix::fs::symlink("real.toml", &path).unwrap();
    git(&world, &["add", "-A"]);
    git(&world, &["commit", "-qm", "link"]);
    fs::remove_file(&path).unwrap();
    fs::rename(world.root().join("real.toml"), &path).unwrap();
    world.run(&["verify", "--trust-from", "HEAD"]).expect(3).says("not a plain file");
}

#[test]
fn a_file_of_the_pull_request_is_never_whom_it_is_judged_by() {
    let Some(world) = repository() else { return };
    let evil = settings(&[publisher(""), approver_with_key("eve", &Person::new("eve"))]);
    for name in ["evil.toml", "origin/main", "refs/heads/main"] {
        world.write(name, &evil);
    }
    let eve = Person::new("eve");
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_with_key(&eve)]);
    world.run(&["verify", "--trust-from", "./evil.toml"]).expect(2).says("a pull request cannot change");
    let absolute = world.root().join("evil.toml");
    world.run(&["verify", "--trust-from", absolute.to_str().unwrap()]).expect(2);
    // A name that could be a file of the pull request is a revision.
    world.run(&["verify", "--trust-from", "evil.toml"]).expect(3);
    for revision in ["origin/main", "refs/heads/main"] {
        world.run(&["verify", "--trust-from", revision]).expect(1).says("a consent is not accepted");
    }
}

#[test]
fn what_looks_like_an_option_of_git_is_no_revision() {
    let Some(world) = repository() else { return };
    for revision in ["--output=pwned", "-p", "main\n--all", "main:mcp-pin.toml"] {
        world.run(&["verify", &format!("--trust-from={revision}")]).expect(3);
    }
    assert!(!world.root().join("pwned").exists());
}

#[test]
fn a_file_outside_of_the_repository_says_whom_to_trust() {
    let Some(world) = repository() else { return };
    eve_takes_over(&world);
    let folder = world.outside().join("organisation");
    fs::create_dir_all(folder.join("sigstore")).unwrap();
    fs::write(folder.join("sigstore/root.json"), world.sigstore.trusted_root_json()).unwrap();
    let file = folder.join("mcp-pin.toml");
    let with =
        |name: &str| fs::write(&file, settings(&[publisher(""), approver_with_key(name, &Person::new(name))])).unwrap();
    with("alex");
    world.run(&["verify", "--trust-from", file.to_str().unwrap()]).expect(1).says("a consent is not accepted");
    with("eve");
    world.run(&["verify", "--trust-from", "../organisation/mcp-pin.toml"]).expect(0).says("organisation/mcp-pin.toml");
    world.run(&["verify", "--trust-from", "../organisation/none.toml"]).expect(3);
}
