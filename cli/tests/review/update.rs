//! Deciding about what changed, with somebody who is asked.

use std::io::Write as _;

use mcp_pin_test_support::fake::Scenario;
use serde_json::json;

use crate::{
    lock::{acknowledge_all, poisoned, released},
    support::Sandbox,
    terminal::Terminal,
};

fn acknowledged(sandbox: &Sandbox) -> Vec<String> {
    let why = sandbox.run(&["why", "weather", "--format", "json"]).expect(0).json();
    let found = why["server"]["consents"].as_array().or(why["consents"].as_array()).unwrap();
    let list = found[0]["acknowledged"].as_array().unwrap();
    list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_item_is_acknowledged_and_the_consent_says_which() {
    let sandbox = Sandbox::locked(&Scenario::weather());
    sandbox.scenario("weather", &released(poisoned()));
    let diff = sandbox.run(&["diff", "weather", "--format", "json"]).expect(1).json();
    let findings = diff["report"]["findings"].as_array().unwrap();
    let mut expected: Vec<String> = findings
        .iter()
        .filter(|finding| matches!(finding["grade"].as_str().unwrap(), "block" | "review"))
        .map(|finding| finding["fingerprint"].as_str().unwrap().to_owned())
        .collect();
    expected.sort();

    let mut terminal = Terminal::start(&sandbox, &["update"]);
    terminal.see("the gravest first").see("BLOCK");
    acknowledge_all(&mut terminal);
    terminal.see("lock `weather` like this?").answer("a");
    terminal.see("type `weather` to accept it").answer("weather");
    terminal.end().expect(0);
    assert_eq!(acknowledged(&sandbox), expected);
    sandbox.run(&["verify", "--live"]).expect(0);
}

#[test]
fn rejecting_leaves_what_is_locked() {
    let sandbox = Sandbox::locked(&Scenario::weather());
    let before = sandbox.written();
    sandbox.scenario("weather", &released(poisoned()));
    let mut terminal = Terminal::start(&sandbox, &["update"]);
    terminal.see("item 1 of").see("help:").answer("r");
    let ended = terminal.end().expect(1);
    assert!(ended.screen.contains("rejected"), "{}", ended.screen);
    assert_eq!(sandbox.written(), before);
}

#[test]
fn quitting_interrupting_and_losing_the_terminal_write_nothing() {
    let sandbox = Sandbox::locked(&Scenario::weather());
    let before = sandbox.written();
    sandbox.scenario("weather", &released(poisoned()));
    let at_the_first_item = || {
        let mut terminal = Terminal::start(&sandbox, &["update"]);
        terminal.see("item 1 of").see("help:");
        terminal
    };
    let mut terminal = at_the_first_item();
    terminal.answer("q");
    let ended = terminal.end().expect(4);
    assert!(ended.screen.contains("nothing was updated"), "{}", ended.screen);

    // The end of input.
    let mut terminal = at_the_first_item();
    terminal.press(b"\x04");
    let ended = terminal.end().expect(4);
    assert!(ended.screen.contains("was not answered"), "{}", ended.screen);

    // Ctrl-C, as the terminal itself makes of it: the program never took it over. Whoever starts these tests in the
    // background of a script has them, and all that they start, ignore it.
    if interrupts_are_ignored() {
        // Past the capture of the harness.
        let _ = writeln!(std::io::stderr(), "SKIPPED: Ctrl-C is ignored by whatever started this");
        return;
    }
    let mut terminal = at_the_first_item();
    terminal.press(b"\x03");
    let ended = terminal.end();
    assert_eq!((ended.code, ended.signal), (None, Some(2)), "{}", ended.screen);
    assert_eq!(sandbox.written(), before);
}

/// Whether SIGINT, the second signal, is ignored here, where the system says so.
fn interrupts_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}

#[test]
fn the_whole_entry_is_shown_when_asked_for() {
    let sandbox = Sandbox::locked(&Scenario::weather());
    let mut changed = Scenario::weather();
    changed.tools.as_mut().unwrap()[0]["annotations"] = json!({"readOnlyHint": true, "openWorldHint": false});
    sandbox.scenario("weather", &released(changed));
    let mut terminal = Terminal::sized(&sandbox, (60, 80), &["update"]);
    terminal.see("item 1 of").see("help:").answer("f");
    terminal.see("tool `get_forecast`, as it would be:").see("inputSchema").see("help:").answer("?");
    terminal.see("reject: it stays as it is").see("help:").answer("q");
    terminal.end().expect(4);
}

#[test]
fn without_colour_and_on_a_dumb_terminal_there_is_only_text() {
    let sandbox = Sandbox::locked(&Scenario::weather());
    sandbox.scenario("weather", &released(poisoned()));
    for variables in [&[("TERM", "dumb")][..], &[("TERM", "xterm-256color"), ("NO_COLOR", "1")]] {
        let mut terminal = Terminal::with(&sandbox, (24, 80), &["update"], variables);
        terminal.see("item 1 of").see("help:").answer("q");
        let ended = terminal.end().expect(4);
        // A spinner while the server starts is the one thing that moves, and only where a terminal can.
        let review = ended.screen.split("change").skip(1).collect::<String>();
        assert!(!review.contains('\u{1b}'), "{:?}", ended.screen);
        assert!(variables[0].1 != "dumb" || !ended.screen.contains('\u{1b}'), "{:?}", ended.screen);
    }
    // With colour, nothing but colours.
    let mut terminal = Terminal::with(&sandbox, (24, 80), &["update"], &[("TERM", "xterm-256color")]);
    terminal.see("item 1 of").see("help:").answer("q");
    let ended = terminal.end().expect(4);
    let review = ended.screen.split("findings:").skip(1).collect::<String>();
    assert!(review.contains("\u{1b}[31m") || review.contains("\u{1b}[1m"), "{review:?}");
    for sequence in review.split("\u{1b}[").skip(1) {
        let end = sequence.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        assert!(end.starts_with('m'), "{sequence:?}");
    }
}
