//! Two processes at once.

use std::process::{Command, Stdio};

use mcp_pin_test_support::fake::Scenario;

use crate::{
    registry::{RegistryProcess, serve_and_end},
    world::{Person, Ran, World, ran},
};

/// How often two commands are started at once. What they do to each other depends on chance.
const TIMES: usize = 8;

/// Runs commands at the same time.
fn at_once(commands: Vec<Command>) -> Vec<Ran> {
    std::thread::scope(|scope| {
        let running: Vec<_> =
            commands.into_iter().map(|mut command| scope.spawn(move || ran(command.stdin(Stdio::null())))).collect();
        running.into_iter().map(|running| running.join().unwrap()).collect()
    })
}

/// Whoever does not get through says that somebody else was there, and what to do; nobody says anything else.
#[track_caller]
fn got_through_or_says_why(ran: &Ran) {
    let clear = ran.code == 3
        && (ran.said("another mcp-pin is changing this project's lock")
            || ran.said("mcp-pin.lock was changed by something else in the meantime; nothing was written"))
        && ran.said("run the command again");
    assert!(ran.code == 0 || clear, "{ran}");
}

fn project_of_two(world: &World, name: &str) -> Person {
    let person = world.person(name);
    for alias in ["weather", "tides"] {
        person.scenario(alias, &Scenario::weather());
    }
    person.configure(&["weather", "tides"]);
    person
}

#[test]
fn two_locks_at_once_leave_a_whole_lock() {
    let world = World::new();
    for time in 0..TIMES {
        let person = project_of_two(&world, &format!("anna-{time}"));
        // Key and project file are there, as in a clone.
        person.run(&["init"]).expect(0);
        let lock = |alias: &str| person.mcp_pin(&["lock", "--accept", "first-use", alias]);
        let both = at_once(vec![lock("weather"), lock("tides")]);
        both.iter().for_each(got_through_or_says_why);
        assert!(both.iter().any(|ran| ran.code == 0), "nobody got through: {both:?}");
        // What the one wrote is whole, and the other may follow it.
        person.run(&["lock", "--accept", "first-use"]).expect(0);
        person.run(&["verify", "--frozen"]).expect(0).says("2 passed");
    }
}

#[test]
fn two_first_uses_at_once_agree_on_one_key() {
    let world = World::new();
    for time in 0..TIMES {
        let person = project_of_two(&world, &format!("bob-{time}"));
        let lock = |alias: &str| person.mcp_pin(&["lock", "--accept", "first-use", alias]);
        let both = at_once(vec![lock("weather"), lock("tides")]);
        assert!(both.iter().any(|ran| ran.code == 0), "nobody got through: {both:?}");
        both.iter().for_each(got_through_or_says_why);
        person.run(&["lock", "--accept", "first-use"]).expect(0);
        person.run(&["verify", "--frozen"]).expect(0).says("2 passed");
    }
}

#[test]
fn two_updates_at_once_leave_a_whole_lock() {
    let world = World::new();
    let person = project_of_two(&world, "anna");
    person.run(&["lock", "--accept", "first-use"]).expect(0);
    for time in 0..TIMES {
        let mut changed = Scenario::weather();
        changed.instructions = Some(format!("Edition {time}."));
        let accepted = ["weather", "tides"].map(|alias| {
            person.scenario(alias, &changed);
            format!("{alias}@{}", person.reviewed(alias))
        });
        let update = |accepted: &str| {
            let (alias, _) = accepted.split_once('@').unwrap();
            person.mcp_pin(&["update", alias, "--accept", accepted])
        };
        let both = at_once(accepted.iter().map(|accepted| update(accepted)).collect());
        both.iter().for_each(got_through_or_says_why);
        assert!(both.iter().any(|ran| ran.code == 0), "nobody got through: {both:?}");
        person.run(&["verify", "--frozen"]).expect(0).says("2 passed");
        for accepted in &accepted {
            ran(&mut update(accepted));
        }
        person.run(&["verify", "--live"]).expect(0);
    }
}

#[test]
fn a_second_registry_on_one_data_directory_is_refused() {
    let world = World::new();
    let data = world.path("data");
    let mut registry = RegistryProcess::start(&data);
    let token = registry.admin_token.clone();
    let second = serve_and_end(&data).expect(3).says("is in use by another process");
    assert!(!second.said("listening"), "{second}");
    registry.read("/v1/whoami", Some(&token));
    registry.kill_nine();
    // The lock went with the process.
    let again = RegistryProcess::start(&data);
    assert_eq!(again.admin_token, token, "only the first start makes a token");
    again.read("/v1/whoami", Some(&token));
}
