//! The lock: one text per lock, and everything else refused for a reason of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use mcp_pin_model::{
    Artifact, Digest, EntryKind, Launch, Lockfile, Surface,
    json::{Value, is_hidden},
    launch::{HttpLaunch, StdioLaunch},
    lockfile::{
        CertificateIdentity, KeyIdentity, LockError, LockedEntry, LockedRegistry, LockedServer, SignerIdentity, Source,
        Tombstone,
    },
    surface::SurfaceParts,
};
use proptest::prelude::*;

const NPM: &str = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";

fn entry(name: &str, content: &str) -> LockedEntry {
    LockedEntry { name: name.to_owned(), digest: Digest::of(content.as_bytes()) }
}

fn tombstone(kind: EntryKind, name: &str, content: &str) -> Tombstone {
    Tombstone { kind, name: name.to_owned(), digest: Digest::of(content.as_bytes()) }
}

fn server(alias: &str) -> LockedServer {
    LockedServer {
        alias: alias.parse().unwrap(),
        name: "io.github.acme/weather".parse().unwrap(),
        version: "1.4.2".parse().unwrap(),
        source: Source::Registry("https://mcp.acme.example".parse().unwrap()),
        protocol: "2025-11-25".to_owned(),
        manifest: Digest::of(b"manifest"),
        surface: Digest::of(b"surface"),
        model_visible: Digest::of(b"visible"),
        signer: SignerIdentity::Certificate(CertificateIdentity {
            issuer: "https://issuer.example".to_owned(),
            subject: "https://forge.example/acme/weather/release.yml@refs/tags/v1.4.2".to_owned(),
        }),
        consent: vec![Digest::of(b"1"), Digest::of(b"2")],
        launch: Launch::Stdio(StdioLaunch {
            command: "npx".to_owned(),
            args: vec!["-y".to_owned(), "@acme/weather@1.4.2".to_owned()],
            env: vec!["WEATHER_KEY".to_owned()],
            cwd: None,
        }),
        artifact: vec![Artifact::with_digest("pkg:npm/%40acme/weather@1.4.2", NPM.parse().unwrap())],
        entries: [Some(vec![entry("a", "1"), entry("b", "2")]), None, Some(vec![]), None, None],
        tombstones: vec![tombstone(EntryKind::Tool, "gone", "0")],
    }
}

fn local(alias: &str) -> LockedServer {
    LockedServer {
        source: Source::Local,
        signer: SignerIdentity::Key(KeyIdentity { key: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned() }),
        consent: vec![],
        launch: Launch::Http(HttpLaunch {
            url: "https://example.com/mcp".to_owned(),
            headers: vec!["Authorization".to_owned()],
        }),
        artifact: vec![],
        tombstones: vec![],
        ..server(alias)
    }
}

fn lock() -> Lockfile {
    let mut lock = Lockfile::new();
    lock.insert_registry(LockedRegistry {
        url: "https://mcp.acme.example".parse().unwrap(),
        origin: "mcp.acme.example/log".to_owned(),
        size: 1234,
        root: Digest::of(b"root"),
    });
    lock.insert(server("weather"));
    lock.insert(local("files"));
    lock
}

/// The lock's text with one replacement.
fn edited(from: &str, to: &str) -> Result<Lockfile, LockError> {
    let text = lock().render();
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{from} is not in\n{text}");
    Lockfile::parse(&changed)
}

#[test]
fn a_lock_round_trips_and_is_sorted() {
    let lock = lock();
    let text = lock.render();
    assert_eq!(Lockfile::parse(&text).unwrap(), lock);
    let aliases: Vec<&str> = lock.servers().iter().map(|server| server.alias.as_str()).collect();
    assert_eq!(aliases, ["files", "weather"]);
    insta::assert_snapshot!(text);
    assert_eq!(Lockfile::parse(&Lockfile::new().render()).unwrap(), Lockfile::new());
}

#[test]
fn lists_are_brought_into_order_by_the_writer() {
    let mut shuffled = server("weather");
    shuffled.consent.reverse();
    shuffled.consent.push(Digest::of(b"1"));
    shuffled.entries = [Some(vec![entry("b", "2"), entry("a", "1")]), None, Some(vec![]), None, None];
    let mut lock = Lockfile::new();
    lock.insert(shuffled);
    let mut expected = Lockfile::new();
    expected.insert(server("weather"));
    assert_eq!(lock.render(), expected.render());
}

#[test]
fn t77_a_merge_conflict_is_named() {
    let text = lock().render();
    for marker in ["<<<<<<< HEAD", "=======", ">>>>>>> theirs", "||||||| base"] {
        let conflicted = text.replacen("[[server]]", &format!("{marker}\n[[server]]"), 1);
        let line = conflicted.lines().position(|line| line == marker).unwrap() + 1;
        assert_eq!(Lockfile::parse(&conflicted), Err(LockError::Conflicted { line }));
    }
    // A name that looks like a marker is text: it never starts a line.
    let mut lock = lock();
    let mut named = server("named");
    named.entries[0] = Some(vec![entry("<<<<<<< HEAD", "1"), entry("x\n=======\ny", "2")]);
    lock.insert(named);
    assert_eq!(Lockfile::parse(&lock.render()).unwrap(), lock);
}

#[test]
fn t77_a_union_merge_is_refused() {
    let text = lock().render();
    let block = text.split("\n[[server]]").nth(1).unwrap();
    let twice = format!("{text}\n[[server]]{block}");
    assert!(matches!(Lockfile::parse(&twice), Err(LockError::DuplicateAlias { .. })));

    let line = text.lines().find(|line| line.contains("name = \"a\"")).unwrap();
    let both = edited(line, &format!("{line}\n{}", line.replace("sha256:6", "sha256:7")));
    assert_eq!(both, Err(LockError::DuplicateEntry { alias: "files".parse().unwrap(), name: "a".to_owned() }));

    let gone = text.lines().find(|line| line.contains("\"gone\"")).unwrap();
    assert!(matches!(edited(gone, &format!("{gone}\n{gone}")), Err(LockError::DuplicateEntry { .. })));
    let purl = text.lines().find(|line| line.contains("pkg:npm")).unwrap();
    assert!(matches!(edited(purl, &format!("{purl}\n{purl}")), Err(LockError::DuplicateEntry { .. })));
}

#[test]
fn t77_hand_edits_are_refused() {
    let text = lock().render();
    let consents: Vec<&str> = text.lines().filter(|line| line.starts_with("  \"sha256:")).collect();
    let [first, second] = consents.as_slice() else { panic!("two consents in {text}") };
    let entries: Vec<&str> = text.lines().filter(|line| line.starts_with("  { name = ")).collect();
    for (from, to) in [
        (format!("{first}\n{second}"), format!("{second}\n{first}")),
        (format!("{first}\n{second}"), format!("{first}\n{first}\n{second}")),
        (format!("{}\n{}", entries[0], entries[1]), format!("{}\n{}", entries[1], entries[0])),
        ("alias = \"files\"".to_owned(), "alias = 'files'".to_owned()),
        ("alias = \"files\"".to_owned(), "alias = \"\\u0066iles\"".to_owned()),
        ("alias = \"files\"".to_owned(), "alias  = \"files\"".to_owned()),
        ("alias = \"files\"".to_owned(), "alias = \"files\" # mine".to_owned()),
        ("alias = \"files\"".to_owned(), "alias = \"zzz\"".to_owned()),
        ("# @generated".to_owned(), "# generated".to_owned()),
        ("size = 1234".to_owned(), "size = 1_234".to_owned()),
        // T51: a URL has one spelling.
        ("\"https://mcp.acme.example/\"".to_owned(), "\"https://MCP.acme.example\"".to_owned()),
        ("pkg:npm".to_owned(), "pkg:NPM".to_owned()),
        ("launch = { command".to_owned(), "launch = {command".to_owned()),
    ] {
        let found = edited(&from, &to);
        assert!(matches!(found, Err(LockError::NotCanonical { .. })), "{to}: {found:?}");
    }
    let trailing = Lockfile::parse(&format!("{text}\n"));
    assert!(matches!(trailing, Err(LockError::NotCanonical { .. })));
    let cut = Lockfile::parse(text.trim_end());
    assert!(matches!(cut, Err(LockError::NotCanonical { .. })));
}

#[test]
fn t78_damaged_and_foreign_files_are_refused_and_never_a_first_use() {
    for (text, expected) in [
        ("", LockError::Foreign),
        ("# @generated by another tool\nversion = 3\n", LockError::Foreign),
        ("{\"lockfileVersion\":1}", LockError::Foreign),
        ("\u{feff}format = \"urn:mcp-pin:lock:v1\"\n", LockError::Foreign),
        ("format = \"urn:other:lock:v1\"\n", LockError::Foreign),
        ("format = \"urn:mcp-pin:lock:vnext\"\n", LockError::Foreign),
        ("format = \"urn:mcp-pin:lock:v2\"\n[later]\n", LockError::Newer { format: "urn:mcp-pin:lock:v2".to_owned() }),
    ] {
        assert_eq!(Lockfile::parse(text), Err(expected), "{text}");
    }
    for (from, to) in [
        ("alias = \"files\"", "alias = \"files"),
        ("manifest = \"sha256:", "manifest = \"sha256:0"),
        ("manifest = \"sha256:", "manifest = \"sha512:"),
        ("version = \"1.4.2\"", "version = \"latest\""),
        ("version = \"1.4.2\"", "version = \"^1\""),
        ("name = \"io.github.acme/weather\"", "name = \"weather\""),
        ("source = \"local\"", "source = \"elsewhere\""),
        ("protocol = \"2025-11-25\"\n", ""),
        ("alias = \"files\"", "alias = \"files\"\nunknown = 1"),
        ("alias = \"files\"", "alias = \"files\"\nalias = \"files\""),
        ("{ name = \"a\"", "{ since = 1, name = \"a\""),
        ("kind = \"tool\"", "kind = \"tools\""),
        ("sha512-", "sha1-"),
        ("size = 1234", "size = -1"),
    ] {
        let found = edited(from, to);
        assert!(matches!(found, Err(LockError::Damaged { .. })), "{to}: {found:?}");
    }
    let crlf = lock().render().replace('\n', "\r\n");
    assert_eq!(Lockfile::parse(&crlf), Err(LockError::LineEnds { line: 1 }));
}

#[test]
fn errors_name_the_line_and_hide_nothing() {
    let Err(LockError::Damaged { line, .. }) = edited("alias = \"files\"", "alias = 7") else { panic!("not damaged") };
    let text = lock().render();
    assert_eq!(text.lines().nth(line - 1), Some("alias = \"files\""));
    for text in [
        "format = \"urn:mcp-pin:lock:v1\"\n\"\u{202e}\u{1b}[2J\" = 1\n".to_owned(),
        format!("format = \"urn:mcp-pin:lock:v1\"\n\"{}\" = 1\n", "x".repeat(10_000)),
    ] {
        let message = Lockfile::parse(&text).unwrap_err().to_string();
        assert!(!message.chars().any(is_hidden) && message.len() < 1000, "{message}");
    }
}

fn surface(tools: &[&str]) -> Surface {
    let tools = tools.iter().map(|name| Value::Object([("name", Value::from(*name))].into_iter().collect())).collect();
    SurfaceParts { sections: vec![(EntryKind::Tool, tools)], ..SurfaceParts::default() }.into_surface().unwrap()
}

#[test]
fn the_most_recent_digest_of_a_gone_entry_is_kept() {
    // Whichever of two digests sorts first, the locked one is newer than the buried one.
    for (old, new) in [("x", "y"), ("y", "x")] {
        let mut before = server("weather");
        before.entries[0] = Some(vec![entry("a", "1"), entry("returned", new)]);
        before.tombstones = vec![tombstone(EntryKind::Tool, "older", "0"), tombstone(EntryKind::Tool, "returned", old)];
        let after = before.tombstones_after(&surface(&["a"]));
        assert_eq!(
            after,
            [tombstone(EntryKind::Tool, "older", "0"), tombstone(EntryKind::Tool, "returned", new)],
            "{old} then {new}"
        );
    }
    // What is there again is locked and no longer buried; what never left is not buried either.
    let before = server("weather");
    assert_eq!(before.tombstones_after(&surface(&["a", "b", "gone"])), []);
    // A tool and a prompt of one name are two entries.
    let mut prompt = server("weather");
    prompt.tombstones = vec![tombstone(EntryKind::Prompt, "a", "0")];
    assert_eq!(prompt.tombstones_after(&surface(&["a", "b"])), prompt.tombstones);
}

#[test]
fn a_section_that_is_not_offered_is_not_an_empty_one() {
    let mut lock = Lockfile::new();
    lock.insert(server("weather"));
    let read = Lockfile::parse(&lock.render()).unwrap();
    let read = read.server(&"weather".parse().unwrap()).unwrap();
    assert_eq!(read.section(EntryKind::Prompt), None);
    assert_eq!(read.section(EntryKind::Resource), Some(&[][..]));
    assert_eq!(LockedServer::entries_of(&surface(&[]))[0], Some(vec![]));
    assert_eq!(LockedServer::entries_of(&surface(&[]))[1], None);
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"[\x00-\x20"'\\#=\[\]{},\u{200b}\u{202e}\u{feff}\u{e0041}a]{0,24}"#,
        Just("\"\"\"\n[[server]]\nalias = \"evil\"\n".to_owned()),
        Just("<<<<<<< HEAD\n=======\n>>>>>>> x".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_names_round_trip(
        names in prop::collection::btree_set(hostile(), 0..6),
        gone in hostile(),
        command in hostile(),
        arguments in prop::collection::vec(hostile(), 0..4),
        variables in prop::collection::vec(hostile(), 0..4),
        subject in hostile(),
    ) {
        let mut locked = server("weather");
        locked.entries[0] = Some(names.iter().map(|name| entry(name, name)).collect());
        locked.tombstones = vec![tombstone(EntryKind::Tool, &gone, "x")];
        locked.launch = Launch::Stdio(StdioLaunch { command: command.clone(), args: arguments, env: variables, cwd: Some(gone) });
        locked.signer = SignerIdentity::Certificate(CertificateIdentity { issuer: command, subject });
        let mut lock = Lockfile::new();
        lock.insert(locked);
        let text = lock.render();
        prop_assert!(!text.chars().any(|c| is_hidden(c) && c != '\n'));
        prop_assert_eq!(text.lines().filter(|line| line.starts_with("alias = ")).count(), 1);
        let read = Lockfile::parse(&text).unwrap();
        prop_assert_eq!(read.render(), text);
        prop_assert_eq!(read, lock);
    }

    #[test]
    fn damaged_text_never_panics(at in 0_usize..4000, with in any::<String>()) {
        let text = lock().render();
        let mut cut = at.min(text.len());
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        let (before, after) = text.split_at(cut);
        let changed = format!("{before}{with}{after}");
        if let Ok(read) = Lockfile::parse(&changed) {
            prop_assert_eq!(read.render(), changed, "what is accepted is exactly what is written");
        }
    }
}
