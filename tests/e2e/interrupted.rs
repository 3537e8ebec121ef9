//! `mcp-pin` killed in the middle of writing: the old lock holds, or the new one, and never half of one.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use mcp_pin_test_support::fake::Scenario;

use crate::{
    programs::program,
    world::{Person, World, files, now, ran, skipped},
};

/// At how many moments each command is killed.
const MOMENTS: u32 = 10;

/// The steps of writing a file that a crash can fall on: before it is on the disk, and before it has its name.
const CALLS: [&str; 2] = ["fsync", "rename,renameat,renameat2"];

fn changed() -> Scenario {
    Scenario { instructions: Some("Ask for one city at a time, twice.".to_owned()), ..Scenario::full() }
}

/// After a kill, and before anything else is done, `verify` says what there is; and the same command, given again, puts
/// everything right.
#[track_caller]
fn is_whole(person: &Person, again: &[&str], moment: &str) -> bool {
    let verify = person.run(&["verify"]);
    let written = person.path("mcp-pin.lock").exists();
    match verify.code {
        0 => assert!(written, "{moment}: {verify}"),
        // A kill before the lock is there, or between a snapshot and the lock that names it. Nothing passes, and what
        // to do is said.
        1 | 3 => assert!(verify.said("hint: "), "{moment}: nothing says what to do\n{verify}"),
        _ => panic!("{moment}: {verify}"),
    }
    if written {
        let lock = person.read("mcp-pin.lock");
        assert!(!verify.said("the lock is refused"), "{moment}: {verify}\n{lock}");
    }
    let passed = verify.code == 0;
    if verify.said("if a first lock was interrupted, delete .mcp-pin/ first") {
        // A first lock that is interrupted looks like a lock that was deleted, and only a person can tell them apart.
        assert!(!written, "{moment}: {verify}");
        std::fs::remove_dir_all(person.path(".mcp-pin")).unwrap();
    }
    let repaired = person.run(again);
    assert_eq!(repaired.code, 0, "{moment}: it cannot be repeated after\n{verify}\n{repaired}");
    let verify = person.run(&["verify"]);
    assert_eq!(verify.code, 0, "{moment}: {verify}");
    let left_over: Vec<String> = person.files().into_keys().filter(|name| name.contains(".tmp")).collect();
    // A temporary file that a kill left behind is ignored by git, and by us.
    assert!(left_over.len() <= 1, "{moment}: {left_over:?}");
    passed
}

/// Kills a command after some part of the time that it takes.
fn kill_at(command: &mut Command, moment: Duration) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
}

const FIRST_USE: [&str; 3] = ["lock", "--accept", "first-use"];

#[test]
fn a_first_lock_that_is_killed_at_any_moment_can_be_repeated() {
    let world = World::new();
    let somebody = |name: &str| {
        let person = world.person(name);
        person.scenario("weather", &Scenario::full());
        person.configure(&["weather"]);
        person
    };
    let anna = somebody("anna");
    let started = now();
    anna.run(&FIRST_USE).expect(0);
    let whole = started.elapsed();
    for moment in 1..=MOMENTS {
        let person = somebody(&format!("anna-{moment}"));
        let at = whole * (MOMENTS / 2 + moment) / (MOMENTS * 3 / 2);
        kill_at(&mut person.mcp_pin(&FIRST_USE), at);
        is_whole(&person, &FIRST_USE, &format!("killed after {at:?} of {whole:?}"));
    }
}

#[test]
fn an_update_that_is_killed_at_any_moment_leaves_the_old_lock_or_the_new() {
    let world = World::new();
    let person = world.locked(&Scenario::full());
    person.scenario("weather", &changed());
    let accepted = format!("weather@{}", person.reviewed("weather"));
    let update = ["update", "--accept", &accepted];
    let before = person.files();
    let restore = || {
        std::fs::remove_dir_all(person.path(".mcp-pin")).unwrap();
        for (name, bytes) in &before {
            std::fs::create_dir_all(person.path(name).parent().unwrap()).unwrap();
            std::fs::write(person.path(name), bytes).unwrap();
        }
    };
    let started = now();
    person.run(&update).expect(0);
    let whole = started.elapsed();
    for moment in 1..=MOMENTS {
        restore();
        let at = whole * (MOMENTS / 2 + moment) / (MOMENTS * 3 / 2);
        kill_at(&mut person.mcp_pin(&update), at);
        is_whole(&person, &update, &format!("killed after {at:?} of {whole:?}"));
    }
}

/// Whether system calls can be made to fail here.
pub(crate) fn can_trace() -> bool {
    let can = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=none", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !can {
        skipped("`strace` is missing or may not trace here");
    }
    can
}

/// `mcp-pin` killed at the nth of a kind of system call on its main thread.
fn killed_at(person: &Person, call: &str, nth: u32, arguments: &[&str]) -> bool {
    let mut command = person.command("strace");
    command
        .args(["-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={call}"))
        .arg("-e")
        .arg(format!("inject={call}:signal=KILL:when={nth}"))
        .arg(program("mcp-pin"))
        .args(arguments);
    ran(&mut command).code == 0
}

/// Every single step of writing is the last one, once: `command` is killed at its first `fsync`, its second, and so on,
/// until it gets through. Without `-f` only the main thread is watched, which is the one that writes.
fn at_every_step(arguments: &[&str], prepare: impl Fn(&str) -> Person) {
    let (mut crashes, mut passed) = (0, 0);
    for call in CALLS {
        let mut nth = 0;
        loop {
            nth += 1;
            let person = prepare(&format!("{}-{nth}", call.len()));
            let finished = killed_at(&person, call, nth, arguments);
            passed += u32::from(is_whole(&person, arguments, &format!("killed at {call} {nth}")));
            if finished {
                break;
            }
            crashes += 1;
            assert!(nth < 100, "it never gets through");
        }
    }
    assert!(crashes >= 12 && passed > 0, "hardly anything was tested: {crashes} crashes, {passed} passed at once");
}

#[test]
fn a_first_lock_that_crashes_at_any_step_can_be_repeated() {
    if !can_trace() {
        return;
    }
    let world = World::new();
    at_every_step(&FIRST_USE, |name| {
        let person = world.person(name);
        person.scenario("weather", &Scenario::weather());
        person.configure(&["weather"]);
        person
    });
}

#[test]
fn an_update_that_crashes_at_any_step_leaves_the_old_lock_or_the_new() {
    if !can_trace() {
        return;
    }
    let world = World::new();
    let anna = world.locked(&Scenario::weather());
    let (project, home) = (anna.files(), files(&anna.home));
    let mut reworded = Scenario::weather();
    reworded.instructions = Some("Ask for one city at a time, twice.".to_owned());
    anna.scenario("weather", &reworded);
    let accepted = format!("weather@{}", anna.reviewed("weather"));
    at_every_step(&["update", "--accept", &accepted], |name| {
        let person = world.person(name);
        for (root, files) in [(&person.project, &project), (&person.home, &home)] {
            for (name, bytes) in files {
                std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
                std::fs::write(root.join(name), bytes).unwrap();
            }
        }
        make_private(&person.home.join(".config/mcp-pin/key.pem"));
        person
    });
}

fn make_private(key: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
}
