//! `docs/policy.md`: what it shows is read as it says, and what it says is refused is.

use mcp_pin_model::json::Value;

use crate::common::{Sandbox, assert_safe, fixture};

/// An example of the page.
struct Example {
    line: usize,
    text: String,
    /// What the page says about why it is refused.
    refused: Option<String>,
}

fn examples() -> Vec<Example> {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut examples: Vec<Example> = Vec::new();
    let (mut inside, mut refused) = (false, None);
    for (line, number) in page.lines().zip(1..) {
        if let Some(reason) = line.strip_prefix("<!-- refused: ") {
            refused = reason.strip_suffix(" -->").map(str::to_owned);
        } else if line == "```toml" {
            inside = true;
            examples.push(Example { line: number, text: String::new(), refused: refused.take() });
        } else if line == "```" {
            inside = false;
        } else if inside {
            let example = examples.last_mut().unwrap();
            example.text.push_str(line);
            example.text.push('\n');
        }
    }
    examples
}

/// With the dates of the page moved to next month: the page must not fail a year after it was written.
fn soon(text: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30 * 24)).strftime("%Y-%m-%d").to_string();
    text.replace("2027-03-31", &soon)
}

fn count(document: &Value, member: &str) -> usize {
    document.get(member).and_then(Value::as_array).map_or(0, <[Value]>::len)
}

#[test]
fn what_the_page_shows_is_read() {
    let sandbox = Sandbox::new();
    let mut seen = (0, 0);
    for example in examples().iter().filter(|example| example.refused.is_none()) {
        sandbox.write("mcp-pin.toml", &soon(&example.text));
        let run = sandbox.run(&["trust", "show", "--json"]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "docs/policy.md:{}", example.line);
        let document = run.document();
        let exemptions = example.text.matches("[[policy.exempt]]").count();
        let overrides = example.text.matches("[[policy.override]]").count();
        assert_eq!((count(&document, "exemptions"), count(&document, "overrides")), (exemptions, overrides));
        seen = (seen.0 + exemptions, seen.1 + overrides);
    }
    assert!(seen.0 >= 1 && seen.1 >= 3, "the page was not read: {seen:?}");
}

#[test]
fn t85_what_the_page_says_is_refused_is() {
    let sandbox = Sandbox::new();
    let examples = examples();
    let refused: Vec<&Example> = examples.iter().filter(|example| example.refused.is_some()).collect();
    assert!(refused.len() >= 8, "the page was not read: {}", refused.len());
    for example in refused {
        sandbox.write("mcp-pin.toml", &soon(&example.text));
        let reason = example.refused.as_deref().unwrap();
        for command in [&["trust", "show"][..], &["ls"], &["ci"]] {
            let run = sandbox.run(command);
            assert_eq!(run.code, 2, "docs/policy.md:{}: {}{}", example.line, run.out, run.err);
            // Without the gutters of wrapped lines.
            let said: Vec<String> = format!("{}{}", run.out, run.err)
                .split_whitespace()
                .filter(|word| !["│", "┊"].contains(word))
                .map(str::to_owned)
                .collect();
            let said = said.join(" ");
            assert!(said.contains(reason), "docs/policy.md:{}: {command:?} says {said}", example.line);
            assert!(said.contains("mcp-pin.toml:"), "docs/policy.md:{}: {said}", example.line);
        }
    }
}

#[test]
fn t85_a_reason_cannot_carry_what_hides() {
    let sandbox = Sandbox::new();
    let good = &examples()[1].text;
    for (from, to) in [
        ("our own server;", "our own\\u202e server;"),
        ("anna@example.com", "anna\\u001b[2K"),
        ("our own server; the sentence is about its cache, see issue 412", " "),
    ] {
        let bad = soon(&good.replace(from, to));
        assert_ne!(bad, soon(good));
        sandbox.write("mcp-pin.toml", &bad);
        let run = sandbox.run(&["trust", "show"]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{to}: {}", run.err);
        assert_safe(&run.err);
    }
}

#[test]
fn t85_an_exemption_hides_nothing_that_is_the_same_for_everybody() {
    let sandbox = Sandbox::new();
    let (old, new) = (fixture("documents/forecast.json"), fixture("documents/forecast-turned-hostile.json"));
    let commands =
        [&["diff", &old, &new][..], &["diff", &old, &new, "--json"], &["inspect", &new], &["inspect", &new, "--json"]];
    let told = || commands.map(|command| sandbox.run(command));
    let before = told();
    let exempted: String = before
        .iter()
        .filter(|run| run.out.starts_with('{'))
        .flat_map(|run| fingerprints(&run.document()))
        .collect::<std::collections::BTreeSet<_>>()
        .iter()
        .map(|fingerprint| {
            format!("[[policy.exempt]]\nfingerprint = \"{fingerprint}\"\nreason = \"a\"\nauthor = \"b\"\nexpires = 2027-03-31\n")
        })
        .collect();
    assert!(exempted.len() > 1000, "{exempted}");
    sandbox.write("mcp-pin.toml", &soon(&exempted));
    let counted = sandbox.run(&["trust", "show", "--json"]).document();
    assert_eq!(count(&counted, "exemptions"), exempted.matches("fingerprint").count());
    for (before, after) in before.iter().zip(told()) {
        assert_eq!((before.code, &before.out), (after.code, &after.out));
        assert_eq!(before.code, 1);
    }
}

/// Every fingerprint in a document.
fn fingerprints(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = object.get("fingerprint").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(object.iter().flat_map(|(_, value)| fingerprints(value))).collect()
        }
        Value::Array(items) => items.iter().flat_map(fingerprints).collect(),
        _ => Vec::new(),
    }
}
