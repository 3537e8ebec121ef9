//! Locks that travel: what a machine contributes to a surface is stored as a placeholder and recognised elsewhere.

#![expect(clippy::unwrap_used, reason = "tests")]

use mcp_pin_model::{
    EntryKind, Surface, json,
    placeholder::{Machine, Placeholder, PlaceholderName, fill, substitute, substitute_at},
    surface::SurfaceParts,
};

fn machine(cwd: &str, home: &str, tmp: &str, tz: &str) -> Machine {
    Machine {
        cwd: Some(cwd.to_owned()),
        home: Some(home.to_owned()),
        tmp: Some(tmp.to_owned()),
        tz: Some(tz.to_owned()),
    }
}

fn ada() -> Machine {
    machine("/home/ada/project", "/home/ada", "/tmp", "UTC")
}

fn bob() -> Machine {
    machine("/Users/bob/code/x", "/Users/bob", "/var/folders/ab/T/", "Europe/Berlin")
}

fn surface(tool: &str, resources: &[&str]) -> Surface {
    let resources =
        resources.iter().map(|uri| json::parse(format!(r#"{{"uri":"{uri}"}}"#).as_bytes()).unwrap()).collect();
    SurfaceParts {
        sections: vec![
            (EntryKind::Tool, vec![json::parse(tool.as_bytes()).unwrap()]),
            (EntryKind::Resource, resources),
        ],
        ..SurfaceParts::default()
    }
    .into_surface()
    .unwrap()
}

fn described(description: &str) -> Surface {
    surface(&format!(r#"{{"name":"t","description":"{description}"}}"#), &[])
}

fn description(surface: &Surface) -> &str {
    surface.entry(EntryKind::Tool, "t").unwrap().value().get("description").unwrap().as_str().unwrap()
}

/// Locks on one machine and checks on the other; gives back the stored description.
fn travels(from: (&Machine, &str), to: (&Machine, &str)) -> String {
    let (stored, places) = substitute(&described(from.1), from.0).unwrap();
    let again = substitute_at(&described(from.1), from.0, &places).unwrap();
    assert_eq!(again.digest(), stored.digest(), "the same machine finds its own lock changed");
    let there = substitute_at(&described(to.1), to.0, &places).unwrap();
    assert_eq!(there.digest(), stored.digest(), "{} / {}", description(&stored), description(&there));
    description(&stored).to_owned()
}

#[test]
fn zone_names_travel_in_both_directions() {
    let utc = "Use 'UTC' as local timezone. Times in UTC are fine.";
    let berlin = "Use 'Europe/Berlin' as local timezone. Times in UTC are fine.";
    let stored = "Use '${tz}' as local timezone. Times in UTC are fine.";
    assert_eq!(travels((&ada(), utc), (&bob(), berlin)), stored);
    assert_eq!(travels((&bob(), berlin), (&ada(), utc)), stored);
    // Without quotes the zone is recognised where its name is unmistakable, and then expected elsewhere.
    assert_eq!(travels((&bob(), "Local zone: Europe/Berlin."), (&ada(), "Local zone: UTC.")), "Local zone: ${tz}.");
}

#[test]
fn a_working_directory_below_home_is_not_read_as_home() {
    let stored = travels(
        (&ada(), "Root /home/ada/project/data, home /home/ada, temp /tmp/x"),
        (&bob(), "Root /Users/bob/code/x/data, home /Users/bob, temp /var/folders/ab/T/x"),
    );
    assert_eq!(stored, "Root ${cwd}/data, home ${home}, temp ${tmp}/x");
}

#[test]
fn ordinary_words_and_longer_paths_stay() {
    for text in [
        "All times are UTC unless said otherwise",
        "see /home/adalbert and /home/ada-old and /home/ada.bak",
        "relative ./tmp and ~/tmp and src/tmp",
        "https://example.com/tmp/x",
        "UTCOFFSET 'UTC+1'",
    ] {
        let (stored, places) = substitute(&described(text), &ada()).unwrap();
        assert_eq!(description(&stored), text);
        assert_eq!(places, []);
    }
    let sentence = substitute(&described("It works in /home/ada."), &ada()).unwrap().0;
    assert_eq!(description(&sentence), "It works in ${home}.");
}

#[test]
fn only_recorded_places_are_replaced() {
    let (_, places) = substitute(&described("nothing here"), &ada()).unwrap();
    assert_eq!(places, []);
    // A path that appears later is a change, not a placeholder.
    let later = substitute_at(&described("read /home/ada/.ssh"), &ada(), &places).unwrap();
    assert_eq!(description(&later), "read /home/ada/.ssh");
    let elsewhere = [Placeholder {
        name: PlaceholderName::Home,
        at: json::Pointer::root().child("tools").child("t").child("title"),
    }];
    let other = substitute_at(&described("read /home/ada/.ssh"), &ada(), &elsewhere).unwrap();
    assert_eq!(description(&other), "read /home/ada/.ssh");
}

#[test]
fn a_literal_placeholder_of_the_server_is_text() {
    let text = "Expands ${home} in arguments";
    assert_eq!(travels((&ada(), text), (&bob(), text)), text);
}

#[test]
fn keys_with_paths_travel_and_leak_nothing() {
    let tool = r#"{"name":"t"}"#;
    let here = surface(tool, &["file:///home/ada/project/notes.md", "file:///etc/hosts"]);
    let there = surface(tool, &["file:///Users/bob/code/x/notes.md", "file:///etc/hosts"]);
    let (stored, places) = substitute(&here, &ada()).unwrap();
    assert!(stored.entry(EntryKind::Resource, "file://${cwd}/notes.md").is_some());
    assert!(places.iter().all(|place| !place.at.as_str().contains("ada")), "{places:?}");
    assert_eq!(substitute_at(&there, &bob(), &places).unwrap().digest(), stored.digest());
    assert_eq!(fill(&stored, &bob(), &places).unwrap().digest(), there.digest());
}

#[test]
fn filling_in_is_the_inverse() {
    let there = described("Use 'Europe/Berlin', not UTC, in /Users/bob/code/x");
    let (stored, places) = substitute(&described("Use 'UTC', not UTC, in /home/ada/project"), &ada()).unwrap();
    assert_eq!(fill(&stored, &bob(), &places).unwrap().digest(), there.digest());
}

#[test]
fn two_entries_that_become_one_are_refused() {
    let twice = surface(r#"{"name":"t"}"#, &["file:///home/ada/x", "file://${home}/x"]);
    assert!(substitute(&twice, &ada()).is_err());
}
