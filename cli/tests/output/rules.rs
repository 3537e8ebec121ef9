//! `mcp-pin rules` and `mcp-pin explain` through the program.

use mcp_pin_model::json::Value;

use crate::common::{Sandbox, assert_safe};

#[test]
fn every_rule_is_listed_once_and_explained() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["rules", "--list"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let ids: Vec<&str> = run.out.lines().collect();
    assert!(ids.len() > 70 && ids.is_sorted(), "{ids:?}");
    let table = sandbox.run(&["rules"]);
    assert_safe(&table.out);
    for id in ids {
        assert!(table.out.lines().any(|line| line.starts_with(&format!("{id} "))), "{id}: {}", table.out);
        let run = sandbox.run(&["explain", id]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{id}");
        assert!(run.out.starts_with(&format!("{id}  at most ")), "{}", run.out);
        assert_safe(&run.out);
        assert!(run.out.lines().all(|line| line.chars().count() <= 80), "{}", run.out);
    }
}

#[test]
fn an_explanation_has_everything_that_the_page_has() {
    let run = Sandbox::new().run(&["explain", "coercion"]);
    insta::assert_snapshot!(run.out);
}

#[test]
fn an_unknown_id_is_answered_with_the_nearest() {
    let sandbox = Sandbox::new();
    for format in ["human", "json"] {
        let run = sandbox.run(&["explain", "hiden-character", "--format", format]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains("there is no rule `hiden-character`"), "{}", run.err);
        assert!(run.err.contains("mcp-pin explain hidden-characters"), "{}", run.err);
    }
    let run = sandbox.run(&["explain", "zzz\u{1b}[2K"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("zzz\\u{1b}[2K") && run.err.contains("mcp-pin rules"), "{}", run.err);
    assert_safe(&run.err);
}

#[test]
fn examples_are_documents_not_texts() {
    let document = Sandbox::new().run(&["explain", "coercion", "--format", "json"]).document();
    let tools = document.get("fires").and_then(|example| example.get("after")).and_then(|after| after.get("tools"));
    assert!(matches!(tools, Some(Value::Array(_))), "{document:?}");
}
