//! Exemptions of `mcp-pin.toml`: they spare a finding its quorum, end, are counted aloud, and never come from a pull
//! request (threats T66, T80 and T85).

use std::{fs, io::Write as _};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::Grade;
use mcp_pin_test_support::keys::Person;

use crate::world::{World, approver_with_key, publisher, settings, signer, workflow};

/// A server whose first admission takes two approvers; one consented.
fn world() -> World {
    let world = World::dangerous();
    let alex = Person::new("alex");
    world.trust(&trust());
    world.lock(&world.published(), &signer(&workflow()), &[world.consented_with_key(&alex)]);
    world
}

fn trust() -> Vec<String> {
    vec![publisher(""), approver_with_key("alex", &Person::new("alex"))]
}

/// Exemptions of everything that takes a quorum.
fn exemptions(world: &World, days: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    let expires = Timestamp::now() + SignedDuration::from_hours(24 * days);
    let report = world.report();
    let blocked = report.findings().iter().filter(|finding| finding.grade == Grade::Block);
    let table = |fingerprint: &str| {
        format!(
            "\n[[policy.exempt]]\nfingerprint = \"{fingerprint}\"\nreason = \"our own server\"\nauthor = \"alex\"\nexpires = {expires}\n"
        )
    };
    blocked.map(|finding| table(&finding.fingerprint)).collect()
}

#[test]
fn an_exempted_finding_takes_no_quorum_and_is_counted_aloud() {
    let world = world();
    world.run(&["verify"]).expect(4);
    world.write("mcp-pin.toml", settings(&trust()) + &exemptions(&world, 30));
    world.run(&["verify"]).expect(0).says("exempted by mcp-pin.toml");
    world.run(&["why", "weather", "--verbose"]).expect(0).says("is exempted until");
    world.run(&["trust", "show"]).expect(0).says("exempted findings").says("our own server");
    // Somebody still has to consent.
    world.lock(&world.published(), &signer(&workflow()), &[]);
    world.run(&["verify"]).expect(4);
}

#[test]
fn t85_an_exemption_that_ended_does_not_count_and_is_named() {
    let world = world();
    world.write("mcp-pin.toml", settings(&trust()) + &exemptions(&world, -1));
    world.run(&["verify"]).expect(4).says("it no longer counts");
    world.run(&["trust", "show"]).expect(0).says("does not count");
}

#[test]
fn t85_no_exemption_holds_for_years() {
    let world = world();
    world.write("mcp-pin.toml", settings(&trust()) + &exemptions(&world, 400));
    for command in [&["verify"][..], &["ls"], &["trust", "show"]] {
        world.run(command).expect(2).says("more than a year ahead").says("mcp-pin.toml:");
    }
}

#[test]
fn t80_an_exemption_of_the_pull_request_counts_for_nothing() {
    let mut world = world();
    fs::remove_dir_all(world.root().join(".git")).unwrap();
    if world.command("git").arg("--version").output().is_err() {
        // Past the capture of the test runner: a skipped test must not look like a passed one.
        let _ = writeln!(std::io::stderr(), "SKIPPED: a test of a pull request, because there is no git");
        return;
    }
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "base"],
        &["update-ref", "refs/remotes/origin/main", "HEAD"],
    ] {
        assert!(world.command("git").args(arguments).output().unwrap().status.success());
    }
    let exempted = settings(&trust()) + &exemptions(&world, 30);
    world.write("mcp-pin.toml", &exempted);
    world.run(&["verify"]).expect(0);
    world.run(&["verify", "--trust-from", "origin/main"]).expect(4);
    // Nor may one that is written wrongly for the base stand in the way of judging by the base.
    world.write("mcp-pin.toml", settings(&trust()) + &exemptions(&world, 400));
    world.run(&["verify", "--trust-from", "origin/main"]).expect(4);
    world.write("mcp-pin.toml", &exempted);
    world.set("GITHUB_BASE_REF", "main");
    world.run(&["verify"]).expect(1).says("this pull request changes mcp-pin.toml");
    world.run(&["why", "weather"]).expect(1).says("this pull request changes mcp-pin.toml");
}
