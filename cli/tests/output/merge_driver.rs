//! `merge-driver`, called by real merges of git: what it merges verifies, and nothing is approved by it.

use std::process::Output;

use mcp_pin_model::json::Value;
use mcp_pin_test_support::fake::fake_mcp_server;

use crate::{
    ci::{commit, described},
    common::{Sandbox, assert_safe},
};

/// The configuration of these servers, each of which does what `<alias>.scenario` says.
fn configuration(aliases: &[&str]) -> String {
    let program = fake_mcp_server();
    let program = program.to_str().unwrap();
    let server =
        |alias: &&str| format!("\"{alias}\": {{\"command\": \"{program}\", \"args\": [\"{alias}.scenario\"]}}");
    let servers: Vec<String> = aliases.iter().map(server).collect();
    format!("{{\"mcpServers\": {{\n{}\n}}}}", servers.join(",\n"))
}

fn turn(sandbox: &Sandbox, alias: &str, text: &str) {
    described(text).write(&sandbox.path(&format!("{alias}.scenario")));
}

fn lock(sandbox: &Sandbox) {
    let lock = sandbox.run(&["lock", "--accept", "first-use"]);
    assert_eq!(lock.code, 0, "{}{}", lock.out, lock.err);
}

/// Somebody consents to what a server is now.
fn update(sandbox: &Sandbox, alias: &str, more: &[&str]) {
    let shown = sandbox.run(&["diff", alias, "--format", "json"]).document();
    let digest = shown.get("reportDigest").and_then(Value::as_str).unwrap().to_owned();
    let accept = format!("{alias}@{digest}");
    let update = sandbox.run(&[more, &["update", alias, "--accept", &accept]].concat());
    assert_eq!(update.code, 0, "{}{}", update.out, update.err);
}

/// A repository with two locked servers and the driver; on `main`, with a branch `other` at the same commit.
fn repository() -> Option<Sandbox> {
    let sandbox = Sandbox::new();
    if !sandbox.has_git() {
        return None;
    }
    sandbox.git(&["init", "-q"]);
    let driver = format!("'{}' merge-driver %O %A %B %P", assert_cmd::cargo::cargo_bin!("mcp-pin").display());
    sandbox.git(&["config", "merge.mcp-pin.driver", &driver]);
    sandbox.write(".gitattributes", "mcp-pin.lock merge=mcp-pin -text\n");
    sandbox.write(".mcp.json", &configuration(&["calendar", "weather"]));
    for alias in ["calendar", "weather"] {
        turn(&sandbox, alias, "Gets it.");
    }
    lock(&sandbox);
    commit(&sandbox, "locked");
    sandbox.git(&["branch", "other"]);
    Some(sandbox)
}

/// Does something on a branch, and goes back to `main`.
fn on(sandbox: &Sandbox, branch: &str, work: impl FnOnce(&Sandbox)) {
    sandbox.git(&["switch", "-q", branch]);
    work(sandbox);
    commit(sandbox, branch);
    sandbox.git(&["switch", "-q", "main"]);
}

fn git(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let mut command = sandbox.command("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.editor=true"]);
    command.args(arguments).output().unwrap()
}

/// A merge that git calls clean.
fn merges(sandbox: &Sandbox, arguments: &[&str]) {
    let output = git(sandbox, arguments);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let verify = sandbox.run(&["verify"]);
    assert_eq!(verify.code, 0, "{}{}", verify.out, verify.err);
}

/// A merge that is left to somebody; gives back what the driver said, and the lock.
fn conflicts(sandbox: &Sandbox, arguments: &[&str]) -> (String, String) {
    let output = git(sandbox, arguments);
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
    let lock = read(sandbox);
    assert!(lock.contains("<<<<<<< ours\n") && lock.contains("=======\n"), "{lock}");
    let verify = sandbox.run(&["verify"]);
    assert_eq!(verify.code, 3, "a conflicted lock is never a pass: {}{}", verify.out, verify.err);
    let said = text(&output.stderr);
    assert_safe(&said);
    (said, lock)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn read(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("mcp-pin.lock")).unwrap()
}

const MERGE: &[&str] = &["merge", "-q", "--no-edit", "other"];

#[test]
fn what_each_side_changed_is_taken_and_verifies() {
    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", |sandbox| {
        turn(sandbox, "weather", "Gets the weather.");
        update(sandbox, "weather", &[]);
    });
    on(&sandbox, "main", |sandbox| {
        turn(sandbox, "calendar", "Gets the calendar.");
        update(sandbox, "calendar", &[]);
    });
    merges(&sandbox, MERGE);
    for scenario in ["calendar", "weather"] {
        assert_eq!(sandbox.run(&["verify", scenario, "--live"]).code, 0);
    }
}

#[test]
fn servers_that_both_sides_added_at_one_place_are_merged() {
    let add = |sandbox: &Sandbox, alias: &str, file: &str| {
        turn(sandbox, alias, "Gets it.");
        let text =
            configuration(&[alias]).replace("mcpServers", if file == ".mcp.json" { "mcpServers" } else { "servers" });
        sandbox.write(file, &text);
        lock(sandbox);
    };
    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", |sandbox| add(sandbox, "alpha", ".vscode/mcp.json"));
    on(&sandbox, "main", |sandbox| {
        turn(sandbox, "beta", "Gets it.");
        sandbox.write(".mcp.json", &configuration(&["beta", "calendar", "weather"]));
        lock(sandbox);
    });
    merges(&sandbox, MERGE);
    let aliases: Vec<String> =
        read(&sandbox).lines().filter_map(|line| line.strip_prefix("alias = ").map(str::to_owned)).collect();
    assert_eq!(aliases, ["\"alpha\"", "\"beta\"", "\"calendar\"", "\"weather\""]);
    // It is the driver that does it.
    sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    sandbox.git(&["config", "--unset", "merge.mcp-pin.driver"]);
    assert!(!git(&sandbox, MERGE).status.success());
}

#[test]
fn a_rebase_finds_the_other_sides_signatures() {
    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", |sandbox| {
        turn(sandbox, "weather", "Gets the weather.");
        update(sandbox, "weather", &[]);
    });
    on(&sandbox, "main", |sandbox| {
        turn(sandbox, "calendar", "Gets the calendar.");
        update(sandbox, "calendar", &[]);
    });
    sandbox.git(&["switch", "-q", "other"]);
    merges(&sandbox, &["rebase", "-q", "main"]);
}

#[test]
fn t77_what_both_sides_changed_is_left_to_somebody() {
    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", |sandbox| {
        turn(sandbox, "weather", "Gets the weather.");
        update(sandbox, "weather", &[]);
    });
    on(&sandbox, "main", |sandbox| {
        for (alias, says) in [("calendar", "Gets the calendar."), ("weather", "Gets it from elsewhere.")] {
            turn(sandbox, alias, says);
            update(sandbox, alias, &[]);
        }
    });
    let ours = read(&sandbox);
    let (said, conflicted) = conflicts(&sandbox, MERGE);
    assert!(said.contains("both sides changed the locked server `weather`"), "{said}");
    assert!(said.contains("mcp-pin update weather") && !said.contains("calendar"), "{said}");
    // One side of the one server, and the lock is one again.
    let (before, rest) = conflicted.split_once("<<<<<<< ours\n").unwrap();
    let (kept, rest) = rest.split_once("=======\n").unwrap();
    let (_, after) = rest.split_once(">>>>>>> theirs\n").unwrap();
    assert_eq!(format!("{before}{kept}{after}"), ours);
    sandbox.write("mcp-pin.lock", &ours);
    sandbox.git(&["checkout", "-q", "--ours", "--", ".mcp-pin", "weather.scenario"]);
    commit(&sandbox, "ours");
    assert_eq!(sandbox.run(&["verify"]).code, 0);
}

#[test]
fn t77_an_entry_that_was_edited_on_the_other_side_is_not_merged() {
    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", |sandbox| {
        let lock = read(sandbox);
        let (before, weather) = lock.rsplit_once("[[server]]").unwrap();
        let digest = weather.split("digest = \"").nth(1).unwrap().split('"').next().unwrap();
        let forged = weather.replace(digest, &format!("sha256:{}", "0".repeat(64)));
        sandbox.write("mcp-pin.lock", &format!("{before}[[server]]{forged}"));
    });
    on(&sandbox, "main", |sandbox| {
        turn(sandbox, "calendar", "Gets the calendar.");
        update(sandbox, "calendar", &[]);
    });
    let (said, lock) = conflicts(&sandbox, MERGE);
    assert!(said.contains("`weather` as it would be merged does not verify"), "{said}");
    assert_eq!(lock.matches("<<<<<<<").count(), 1, "the other server is merged");
}

#[test]
fn t80_who_is_trusted_on_the_other_side_only_approves_nothing_here() {
    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", |sandbox| {
        assert_eq!(sandbox.run(&["--key", "eve.pem", "key", "generate", "--output", "eve.pem"]).code, 0);
        let public = sandbox.run(&["--key", "eve.pem", "key", "show", "--public"]).out;
        let settings = std::fs::read_to_string(sandbox.path("mcp-pin.toml")).unwrap();
        let eve = format!("{settings}\n[[trust.approver]]\nname = \"eve\"\nkey = '''\n{public}'''\n");
        sandbox.write("mcp-pin.toml", &eve);
        turn(sandbox, "weather", "Gets the weather and your keys.");
        update(sandbox, "weather", &["--key", "eve.pem"]);
        assert_eq!(sandbox.run(&["verify"]).code, 0);
    });
    on(&sandbox, "main", |sandbox| {
        turn(sandbox, "calendar", "Gets the calendar.");
        update(sandbox, "calendar", &[]);
    });
    let (said, _) = conflicts(&sandbox, MERGE);
    assert!(said.contains("`weather` as it would be merged does not verify"), "{said}");
}

#[test]
fn what_one_side_took_out_is_out_unless_the_other_changed_it() {
    let prune = |sandbox: &Sandbox| {
        sandbox.write(".mcp.json", &configuration(&["weather"]));
        let lock = sandbox.run(&["lock", "--prune"]);
        assert_eq!(lock.code, 0, "{}{}", lock.out, lock.err);
    };
    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", prune);
    on(&sandbox, "main", |sandbox| {
        turn(sandbox, "weather", "Gets the weather.");
        update(sandbox, "weather", &[]);
    });
    merges(&sandbox, MERGE);
    assert!(!read(&sandbox).contains("calendar"), "{}", read(&sandbox));

    let Some(sandbox) = repository() else { return };
    on(&sandbox, "other", prune);
    on(&sandbox, "main", |sandbox| {
        turn(sandbox, "calendar", "Gets the calendar.");
        update(sandbox, "calendar", &[]);
    });
    let output = git(&sandbox, MERGE);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("both sides changed the locked server `calendar`"), "{output:?}");
    assert!(read(&sandbox).contains("=======\n>>>>>>> theirs\n"), "{}", read(&sandbox));
}

/// Makes another file of a lock.
type Damage<'a> = &'a dyn Fn(&str) -> String;

#[test]
fn t77_a_lock_that_mcp_pin_did_not_write_is_one_conflict() {
    // The servers in another order; both versions of one; line ends of another system.
    let reordered = |lock: &str| {
        let mut blocks: Vec<&str> = lock.split("\n[[server]]").collect();
        blocks[1..].reverse();
        blocks.join("\n[[server]]")
    };
    let doubled = |lock: &str| format!("{lock}\n[[server]]{}", lock.rsplit_once("[[server]]").unwrap().1);
    let returned = |lock: &str| lock.replace('\n', "\r\n");
    let cases: [(Damage<'_>, &str); 3] = [
        (&reordered, "not in the form that mcp-pin writes"),
        (&doubled, "is locked twice"),
        (&returned, "carriage return"),
    ];
    for (damage, says) in cases {
        let Some(sandbox) = repository() else { return };
        on(&sandbox, "other", |sandbox| sandbox.write("mcp-pin.lock", &damage(&read(sandbox))));
        on(&sandbox, "main", |sandbox| {
            turn(sandbox, "calendar", "Gets the calendar.");
            update(sandbox, "calendar", &[]);
        });
        let (said, lock) = conflicts(&sandbox, MERGE);
        assert!(said.contains(says), "{said}");
        assert!(lock.starts_with("<<<<<<< ours\n") && lock.ends_with(">>>>>>> theirs\n"), "{lock}");
    }
}

#[test]
fn without_files_it_is_an_error_and_never_a_merge() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["merge-driver", "a", "b"]).code, 2);
    // Empty files are no locks: nothing that git could take for a merge.
    sandbox.write("a", "");
    sandbox.write("b", "");
    sandbox.write("c", "not a lock \u{1b}[2K");
    let run = sandbox.run(&["merge-driver", "a", "b", "c", "mcp-pin.lock"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(std::fs::read_to_string(sandbox.path("b")).unwrap().starts_with("<<<<<<< ours\n=======\nnot a lock"));
}
