//! `mcp-pin trust update`: fetching roots, and keeping what is there when that fails.

use jiff::Timestamp;
use mcp_pin::{
    cli::Format,
    commands::trust::update_root,
    context::{Context, Environment},
    project::roots::{EMBEDDED, RootOrigin, UserRoots},
    state::key::KeyFile,
    ui::Ui,
};
use mcp_pin_attest::{InstanceName, TrustedRoot};
use mcp_pin_signing::TrustRepository;
use mcp_pin_test_support::{sigstore::TestSigstore, tuf::TestTufRepository};

use crate::world::World;

fn context(folder: &std::path::Path) -> Context {
    let (ui, _said) = Ui::captured(None);
    let clock = || "2026-11-27T00:00:00Z".parse::<Timestamp>().unwrap();
    Context::new(ui, Format::Human, folder.to_owned(), Environment::default(), KeyFile::default_of(folder), clock)
}

#[test]
fn nobody_there_is_could_not_check_and_the_root_stays() {
    let world = World::new();
    let arguments = ["trust", "update", "--instance", "public-good", "--mirror", "http://127.0.0.1:1"];
    world.run(&arguments).expect(3).says("did not answer").says("the root built in, of 2026-10-23 stays in force");
    let json = world.run(&[&arguments[..], &["--format", "json"]].concat()).expect(3);
    assert!(json.out.contains("\"outcome\": \"kept\""), "{}", json.out);
}

#[test]
fn wrong_usage_is_said() {
    let world = World::new();
    for (arguments, code) in [
        (&["trust", "update", "--instance", "ours"][..], 2),
        (&["trust", "update", "--mirror", "https://mirror.example"], 2),
        (&["trust", "update", "--instance", "github", "--mirror", "http://mirror.example"], 2),
        (&["trust", "update", "--instance", "No Such"], 2),
    ] {
        world.run(arguments).expect(code);
    }
}

#[test]
fn a_fetched_root_is_in_force_until_an_even_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let (context, roots) = (context(folder.path()), UserRoots::below(folder.path()));
    let instance = InstanceName::PublicGood;
    let repository = TestTufRepository::start().unwrap();
    let tuf = TrustRepository::new(repository.url(), repository.root());
    let newer = TestSigstore::new("newer").trusted_root_json();
    repository.publish(newer.as_bytes(), 5);
    let update = update_root(&context, &roots, &instance, &tuf).unwrap();
    assert_eq!((update.outcome, update.timestamp_version), ("updated", Some(5)));
    let in_force = roots.in_force(&instance).unwrap().unwrap();
    assert_eq!((in_force.origin, in_force.root.digest()), (RootOrigin::Updated(context.now()), update.digest));
    assert_eq!(update_root(&context, &roots, &instance, &tuf).unwrap().outcome, "unchanged");

    // A mirror that goes back in time is refused, and what was fetched stays.
    repository.publish(TrustedRoot::embedded_json(&instance).unwrap().as_bytes(), 4);
    let refused = update_root(&context, &roots, &instance, &tuf).unwrap();
    assert_eq!((refused.outcome, refused.digest), ("kept", update.digest));
    assert!(refused.problem.as_ref().is_some_and(|problem| problem.contains("older timestamp")), "{refused:?}");
    assert_eq!(roots.in_force(&instance).unwrap().unwrap().root.digest(), update.digest);
}

#[test]
fn what_is_signed_and_no_root_is_refused_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (context, roots) = (context(folder.path()), UserRoots::below(folder.path()));
    let instance = InstanceName::PublicGood;
    let repository = TestTufRepository::start().unwrap();
    repository.publish(b"{\"mediaType\": \"nothing\"}", 1);
    let tuf = TrustRepository::new(repository.url(), repository.root());
    assert!(update_root(&context, &roots, &instance, &tuf).is_err());
    let in_force = roots.in_force(&instance).unwrap().unwrap();
    assert_eq!(in_force.origin, RootOrigin::BuiltIn);
    assert_eq!(in_force.origin.fetched_at(), Some(EMBEDDED.refreshed()));
}
