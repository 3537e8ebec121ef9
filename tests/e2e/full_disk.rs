//! A disk that is full: nothing is lost, nothing is half written, and it is said.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mcp_pin_model::statement::Statement as _;
use mcp_pin_test_support::{
    fake::Scenario,
    keys::{self, Person as Signer},
};

use crate::{
    registry::RegistryProcess,
    world::{Person, World, skipped},
};

/// A small disk of its own; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None`, said aloud, where this user may not mount.
    fn mount(world: &World, size: &str) -> Option<Self> {
        let path = world.path("disk");
        fs::create_dir_all(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&path)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(path));
        }
        skipped("no disk can be filled: this user may not mount one");
        None
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).unwrap();
        for size in [4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn person_on(disk: &Path, world: &World) -> Person {
    let person = Person::at(&disk.join("anna"), "anna", world.path("servers"));
    person.scenario("weather", &Scenario::weather());
    person.configure(&["weather"]);
    person
}

#[test]
fn a_lock_that_cannot_be_written_leaves_the_old_one() {
    let world = World::new();
    let Some(disk) = Disk::mount(&world, "256k") else { return };
    let person = person_on(&disk.0, &world);
    person.run(&["lock", "--accept", "first-use"]).expect(0);
    let before = person.files();

    let mut reworded = Scenario::weather();
    reworded.instructions = Some("Ask for one city at a time, twice.".to_owned());
    person.scenario("weather", &reworded);
    let accepted = format!("weather@{}", person.reviewed("weather"));
    disk.fill();
    person.run(&["update", "--accept", &accepted]).expect(3).says("cannot write").says("No space left");
    assert_eq!(person.files(), before, "the old lock stays, and no temporary file");
    person.run(&["verify"]).expect(0);

    disk.make_room();
    person.run(&["update", "--accept", &accepted]).expect(0);
    person.run(&["verify", "--live"]).expect(0);
}

#[test]
fn a_first_lock_that_cannot_be_written_is_no_lock() {
    let world = World::new();
    let Some(disk) = Disk::mount(&world, "256k") else { return };
    let person = person_on(&disk.0, &world);
    let before = person.files();
    disk.fill();
    person.run(&["lock", "--accept", "first-use"]).expect(3).says("No space left");
    assert!(!person.path("mcp-pin.lock").exists());
    for (name, bytes) in person.files() {
        assert!(before.contains_key(&name) || !bytes.is_empty(), "{name} is empty");
    }
    disk.make_room();
    person.run(&["lock", "--accept", "first-use"]).expect(0);
    person.run(&["verify"]).expect(0);
}

#[test]
fn a_registry_on_a_full_disk_acknowledges_nothing_and_loses_nothing() {
    let world = World::new();
    let Some(disk) = Disk::mount(&world, "3m") else { return };
    let mut registry = RegistryProcess::start(&disk.0.join("data"));
    let publisher = Signer::new("paula");
    let token = registry.token("paula", "publisher");
    registry.grant("io.github.acme", &publisher);
    let submit = |registry: &RegistryProcess, name: &str| {
        let tools = [keys::tool("run", &"Runs, and says so at length. ".repeat(400))];
        let manifest = keys::manifest(&format!("io.github.acme/{name}"), "1.0.0", tools, None);
        let bundle = publisher.sign(&manifest);
        let answer = registry.post("/v1/submissions", &token, bundle.as_bytes()).unwrap();
        (answer.status, manifest.digest())
    };
    let (status, first) = submit(&registry, "first");
    assert_eq!(status, 201);
    disk.fill();
    // Some may still fit into what is allocated already.
    let mut acknowledged = vec![first];
    let mut refused = None;
    for number in 0..40 {
        let (status, manifest) = submit(&registry, &format!("n{number}"));
        match status {
            201 => acknowledged.push(manifest),
            500..=599 => {
                refused = Some(manifest);
                break;
            }
            other => panic!("{other}"),
        }
    }
    let refused = refused.expect("a full disk refuses at some time");
    let admin = registry.admin_token.clone();
    registry.get("/healthz", None).unwrap().expect(200);
    registry.get(&format!("/v1/manifests/{refused}"), Some(&admin)).unwrap().expect(404);
    registry.kill_nine();
    disk.make_room();
    let registry = RegistryProcess::start(&disk.0.join("data"));
    for manifest in &acknowledged {
        registry.get(&format!("/v1/manifests/{manifest}"), Some(&admin)).unwrap().expect(200);
    }
    registry.get(&format!("/v1/manifests/{refused}"), Some(&admin)).unwrap().expect(404);
    assert_eq!(submit(&registry, "afterwards").0, 201);
}
