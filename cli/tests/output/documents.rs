//! `mcp-pin diff <old> <new>` through the program.

use mcp_pin_model::json::Value;

use crate::common::{Run, Sandbox, assert_safe, fixture};

fn diff(old: &str, new: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["diff".to_owned(), fixture(old), fixture(new)];
    arguments.extend(more.iter().map(|&more| more.to_owned()));
    Sandbox::new().run(&arguments)
}

#[test]
fn the_same_surface_ends_with_0() {
    let run = diff("documents/forecast.json", "documents/forecast-same-other-order.json", &[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.ends_with("nothing changed\n"), "{}", run.out);
}

#[test]
fn a_change_ends_with_1_and_names_the_report() {
    let run = diff("documents/forecast.json", "documents/forecast-turned-hostile.json", &[]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    assert_safe(&run.out);
    assert!(run.out.contains("BLOCK"), "{}", run.out);
    let last = run.out.lines().last().unwrap();
    assert!(last.starts_with("change report sha256:"), "{last}");
}

#[test]
fn t60_no_command_that_accepts_is_printed() {
    let run = diff("documents/forecast.json", "documents/forecast-turned-hostile.json", &[]);
    assert!(!run.out.contains("--accept") && !run.err.contains("--accept"));
}

#[test]
fn what_cannot_be_read_ends_with_3_and_prints_nothing_as_data() {
    for (document, reason) in [
        ("documents/doubled-tool.json", "declared twice"),
        ("documents/doubled-member.json", "occurs twice"),
        ("documents/beyond-2-53.json", "beyond 2^53"),
        ("documents/cut-off.json", "cut-off.json"),
        ("documents/one-page.json", "nextCursor"),
        ("documents/none.json", "cannot read"),
    ] {
        for (old, new) in [("documents/forecast.json", document), (document, "documents/forecast.json")] {
            let run = diff(old, new, &[]);
            assert_eq!((run.code, run.out.as_str()), (3, ""), "{document}: {}", run.err);
            assert!(run.err.contains(reason), "{document}: {}", run.err);
        }
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let sandbox = Sandbox::new();
    sandbox.write("one.json", "[]");
    for arguments in [&["diff"][..], &["diff", "one.json"], &["diff", "a", "b", "c"], &["diff", "a\u{1b}b"]] {
        let run = sandbox.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn the_json_document_holds_the_report_and_its_digest() {
    let run = diff("documents/forecast.json", "documents/forecast-turned-hostile.json", &["--format", "json"]);
    assert_eq!(run.code, 1);
    assert_safe(&run.out);
    let document = run.document();
    let text = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default();
    assert_eq!(text("format"), "urn:mcp-pin:output:diff:v1");
    assert_eq!(text("outcome"), "changed");
    assert_eq!(text("grade"), "block");
    assert_eq!(document.get("modelVisibleChanged"), Some(&Value::Bool(true)));
    let report = document.get("report").unwrap();
    assert_eq!(text("reportDigest"), mcp_pin_model::Digest::of_canonical(report).to_string());
    assert_eq!(report.get("_type").and_then(Value::as_str), Some("urn:mcp-pin:change-report:v1"));

    let same = diff("documents/forecast.json", "documents/forecast.json", &["--format", "json"]);
    assert_eq!(same.code, 0);
    assert_eq!(same.document().get("outcome").and_then(Value::as_str), Some("unchanged"));
}

#[test]
fn colour_only_where_it_is_asked_for() {
    let plain = diff("documents/forecast.json", "documents/forecast-turned-hostile.json", &[]);
    assert!(!plain.out.contains('\u{1b}'));
    let colored = diff("documents/forecast.json", "documents/forecast-turned-hostile.json", &["--color", "always"]);
    assert!(colored.out.contains("\u{1b}[1m") || colored.out.contains("\u{1b}["));
    // The colours are ours; the escape of the server is still shown, not obeyed.
    assert!(!colored.out.contains("\u{1b}[2K"), "{}", colored.out);
    assert!(colored.out.contains("\\u{1b}"));
}

#[test]
fn a_selection_says_how_much_it_leaves_out_and_changes_no_verdict() {
    let (old, new) = ("documents/forecast.json", "documents/forecast-turned-hostile.json");
    let all = diff(old, new, &[]);
    for (options, shows, hides) in [
        (&["--only", "block"][..], "readOnlyHint", "destructiveHint"),
        (&["--entry", "list_cities"], "an input accepts less", "readOnlyHint"),
        (&["--only", "review", "--entry", "get_forecast"], "destructiveHint", "an input accepts less"),
    ] {
        let run = diff(old, new, options);
        assert_eq!((run.code, run.err.as_str()), (1, ""), "{options:?}");
        assert!(run.out.contains(shows) && !run.out.contains(hides), "{options:?}: {}", run.out);
        assert!(run.out.contains("not shown are"), "{options:?}: {}", run.out);
        assert_eq!(run.out.lines().last(), all.out.lines().last(), "{options:?}");
        assert!(run.out.contains("BLOCK  6 changes"), "{options:?}: {}", run.out);

        let mut options = options.to_vec();
        options.extend(["--format", "json"]);
        let document = diff(old, new, &options).document();
        let selection = document.get("selection").unwrap();
        let count = |member: &str| selection.get(member).and_then(Value::as_array).unwrap().len();
        let hidden = |member: &str| match selection.get("notShown").and_then(|hidden| hidden.get(member)) {
            Some(Value::Number(number)) => number.to_string().parse::<usize>().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(count("changes") + hidden("changes"), 6, "{options:?}");
        assert_eq!(count("findings") + hidden("findings"), 13, "{options:?}");
        assert_eq!(document.get("grade").and_then(Value::as_str), Some("block"));
    }
}

#[test]
fn a_selection_that_means_nothing_is_refused() {
    let (old, new) = ("documents/forecast.json", "documents/forecast-turned-hostile.json");
    for options in [
        &["--entry", "get_forcast"][..],
        &["--only", "none"],
        &["--only", "everything"],
        &["--expand", "--format", "json"],
    ] {
        let run = diff(old, new, options);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{options:?}: {}", run.err);
    }
}

#[test]
fn t55_expanded_nothing_is_left_out() {
    let (old, new) = ("documents/forecast.json", "documents/forecast-turned-hostile.json");
    assert!(diff(old, new, &[]).out.contains("--expand shows everything"));
    let expanded = diff(old, new, &["--expand"]);
    assert!(!expanded.out.contains('…') && expanded.out.matches('y').count() >= 900, "{}", expanded.out);
    assert_eq!(expanded.out, diff(old, new, &["--full"]).out);
}
