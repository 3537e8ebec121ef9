//! What a pull request changes in the lock, from git.

use mcp_pin_test_support::fake::Scenario;
use serde_json::json;

use crate::world::{Person, World, ran, skipped};

fn git(person: &Person, arguments: &[&str]) {
    let mut command = person.command("git");
    command.args(["-c", "user.name=Anna", "-c", "user.email=anna@acme.example", "-c", "init.defaultBranch=main"]);
    command.args(arguments);
    ran(&mut command).expect(0);
}

fn repository(world: &World) -> Option<Person> {
    let person = world.developer(&Scenario::weather());
    std::fs::remove_dir_all(person.path(".git")).unwrap();
    if person.command("git").arg("--version").output().is_err() {
        skipped("`git` is missing");
        return None;
    }
    git(&person, &["init", "--quiet"]);
    person.run(&["lock", "--accept", "first-use"]).expect(0);
    git(&person, &["add", "."]);
    git(&person, &["commit", "--quiet", "-m", "Lock"]);
    git(&person, &["checkout", "--quiet", "-b", "change"]);
    Some(person)
}

#[test]
fn the_change_of_a_pull_request_is_shown_and_verified_in_a_clone() {
    let world = World::new();
    let Some(person) = repository(&world) else { return };
    person.run(&["diff", "--base", "main"]).expect(0);
    let mut reworded = Scenario::weather();
    reworded.tools.as_mut().unwrap()[0]["description"] = json!("Gives the weather forecast for a city.");
    person.scenario("weather", &reworded);
    person.accept("weather").expect(0);
    git(&person, &["add", "."]);
    git(&person, &["commit", "--quiet", "-m", "Reconsent"]);
    person.run(&["diff", "--base", "main"]).expect(1).says("{+weather +}forecast");
    person.run(&["diff", "--base", "main", "--format", "json"]).expect(1).json();

    // A clone, without the key, without the server, in another place.
    let reviewer = world.person("reviewer");
    std::fs::remove_dir_all(&reviewer.project).unwrap();
    let mut clone = reviewer.command("git");
    clone.current_dir(&reviewer.home).args(["clone", "--quiet", "--branch", "change"]);
    ran(clone.arg(&person.project).arg(&reviewer.project)).expect(0);
    reviewer.run(&["verify", "--frozen"]).expect(0);
    reviewer.run(&["diff", "--base", "origin/main"]).expect(1).says("{+weather +}forecast");
    assert!(!reviewer.home.join(".config").exists(), "reading makes no key");
    let mut status = reviewer.command("git");
    let status = ran(status.args(["status", "--porcelain"])).expect(0);
    assert_eq!(status.out, "", "reading leaves nothing behind");
}

#[test]
fn t77_a_pull_request_that_edits_only_the_lock_fails() {
    let world = World::new();
    let Some(person) = repository(&world) else { return };
    let lock = person.read("mcp-pin.lock");
    let digests: std::collections::BTreeSet<&str> =
        lock.split('"').filter(|word| word.starts_with("sha256:")).collect();
    assert!(digests.len() > 4);
    for digest in digests {
        let forged = if digest.ends_with('0') { "1" } else { "0" };
        let forged = format!("{}{forged}", digest.strip_suffix(|_: char| true).unwrap());
        person.write("mcp-pin.lock", &lock.replace(digest, &forged));
        let ran = person.run(&["verify"]);
        assert!([1, 3].contains(&ran.code), "{digest}\n{ran}");
    }
    // Lines that a merge made of two sides.
    person.write("mcp-pin.lock", &lock.replace("1.0.0", "1.0.1"));
    assert!([1, 3].contains(&person.run(&["verify"]).code));
    person.write("mcp-pin.lock", &lock);
    person.run(&["verify"]).expect(0);
}

#[test]
fn revisions_are_never_options() {
    let world = World::new();
    let Some(person) = repository(&world) else { return };
    for revision in ["--output=stolen", "-h", "nowhere", "main:mcp-pin.toml", ""] {
        let ran = person.run(&["diff", &format!("--base={revision}")]);
        assert!([2, 3].contains(&ran.code), "{revision}\n{ran}");
        assert!(!person.path("stolen").exists());
    }
    // A branch from before there was a lock: everything is new.
    git(&person, &["checkout", "--quiet", "--orphan", "before"]);
    git(&person, &["rm", "--quiet", "-r", "--cached", "."]);
    git(&person, &["add", ".mcp.json"]);
    git(&person, &["commit", "--quiet", "-m", "Before"]);
    let ran = person.run(&["diff", "--base", "before"]);
    assert_eq!(ran.code, 1, "{ran}");
}
