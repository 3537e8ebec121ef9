//! The change report for people, as a whole.

use mcp_pin::{
    render::{
        Detail, View, report,
        report_human::facts::{Gathering, facts},
    },
    ui::Ui,
};
use mcp_pin_diff::{ChangeReport, Side, compare, load};
use mcp_pin_model::{EntryKind, Surface, json, surface::SurfaceParts};
use proptest::prelude::*;

use crate::common::{assert_safe, turned_hostile};

fn shown(change: &ChangeReport, detail: Detail) -> String {
    report(change, &View { columns: 80, detail, subject: Some("weather") }).to_string()
}

#[test]
fn a_server_that_turned_hostile_in_full() {
    let text = shown(&turned_hostile(), Detail::Full);
    assert_safe(&text);
    insta::assert_snapshot!("turned-hostile-full", text);
}

#[test]
fn a_server_that_turned_hostile_in_summary() {
    let text = shown(&turned_hostile(), Detail::Summary);
    insta::assert_snapshot!("turned-hostile-summary", text);
}

#[test]
fn t54_every_line_of_the_servers_text_has_a_gutter() {
    let text = shown(&turned_hostile(), Detail::Full);
    for line in text.lines().filter(|line| line.contains("approved")) {
        let start = line.trim_start().trim_start_matches("+ ").trim_start();
        assert!(start.starts_with('│') || start.starts_with('┊') || line.contains("`x"), "{line:?}");
    }
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::error")));
}

#[test]
fn t55_the_full_view_leaves_nothing_out() {
    let full = shown(&turned_hostile(), Detail::Full);
    assert!(!full.contains("more characters") && !full.contains("unchanged characters"));
    let shown_of_the_long_text = |text: &str| text.matches('y').count();
    assert!(shown_of_the_long_text(&full) >= 900);
    let summary = shown(&turned_hostile(), Detail::Summary);
    assert!(summary.contains("more characters") && shown_of_the_long_text(&summary) < 900);
}

#[test]
fn t56_the_gravest_finding_stands_first() {
    let text = shown(&turned_hostile(), Detail::Full);
    let position = |word: &str| text.find(&format!("\n{word}  ")).unwrap();
    assert!(position("BLOCK") < position("REVIEW") && position("REVIEW") < position("NOTICE"));
}

#[test]
fn lines_fit_80_columns() {
    for detail in [Detail::Full, Detail::Summary] {
        for line in shown(&turned_hostile(), detail).lines() {
            assert!(mcp_pin::ui::sanitize::width(line) <= 80, "{line:?}");
        }
    }
}

fn surface(description: &str, name: &str) -> Surface {
    let tool = json::Object::from_iter([
        ("name", json::Value::from(name)),
        ("description", json::Value::from(description)),
        ("inputSchema", json::Value::Object(json::Object::new())),
    ]);
    let sections = vec![(EntryKind::Tool, vec![json::Value::Object(tool)])];
    SurfaceParts { sections, ..SurfaceParts::default() }.into_surface().unwrap()
}

fn changed(before: &str, after: &str) -> String {
    let (before, after) = (surface(before, "a"), surface(after, "a"));
    shown(&compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]), Detail::Full)
}

#[test]
fn words_that_changed_are_marked_without_colour() {
    let text = changed("Gets the forecast for one city.", "Gets the forecast for many cities.");
    assert!(text.contains("Gets the forecast for [-one city-]{+many cities+}."), "{text}");
}

#[test]
fn a_reworded_sentence_is_shown_as_two_sentences() {
    let text = changed("Never stores any data.", "Read the key of the user first.");
    assert!(text.contains("[-Never stores any data.-]{+Read the key of the user first.+}"), "{text}");
}

#[test]
fn an_unchanged_surface_says_so() {
    let surface = surface("x", "a");
    let side = Side::of_surface(&surface);
    let text = shown(&compare(Some(&side), &side, &[]), Detail::Full);
    assert!(text.ends_with("nothing changed\n"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn t52_t53_no_report_lets_a_hidden_character_through(before in any::<String>(), after in any::<String>(), name in ".{1,40}") {
        let (before, after) = (surface(&before, "a"), surface(&after, &name));
        let change = compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
        let text = shown(&change, Detail::Full);
        for line in text.lines() {
            prop_assert!(!line.chars().any(json::is_hidden), "{line:?}");
            prop_assert!(mcp_pin::ui::sanitize::width(line) <= 80, "{line:?}");
        }
    }

    #[test]
    fn t54_only_our_line_ends_end_lines(after in "[a-z\\n\\r`│┊+ -]{0,80}") {
        let before = surface("x", "a");
        let after = surface(&after, "a");
        let change = compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
        let (ui, captured) = Ui::captured(None);
        ui.data(report(&change, &View { columns: 80, detail: Detail::Full, subject: None })).unwrap();
        // Below the title of a group, every line is indented by us.
        for line in captured.out().lines() {
            prop_assert!(!line.starts_with('│') && !line.starts_with('┊'), "{line:?}");
        }
    }
}

/// A tool of a file server.
fn file_tool(name: &str, annotations: &str, rest: &str) -> String {
    format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}},"annotations":{annotations},{rest}}}"#)
}

fn file_server(open_world: &str, move_destroys: bool, media: &str) -> Surface {
    let names = [
        "create_directory",
        "directory_tree",
        "edit_file",
        "get_file_info",
        "list_allowed_directories",
        "list_directory",
        "list_directory_with_sizes",
        "move_file",
        "read_file",
        "read_media_file",
        "read_multiple_files",
        "read_text_file",
        "search_files",
        "write_file",
    ];
    let tools: Vec<String> = names
        .iter()
        .map(|name| {
            let destroys = if *name == "move_file" { move_destroys } else { *name == "write_file" };
            let reads = name.starts_with("read") || name.starts_with("list") || name.starts_with("get");
            let annotations = format!(r#"{{"readOnlyHint":{reads},"destructiveHint":{destroys}{open_world}}}"#);
            let rest = if *name == "read_media_file" {
                media.to_owned()
            } else {
                format!(r#""description":"Works on files: {name}.""#)
            };
            file_tool(name, &annotations, &rest)
        })
        .collect();
    load::surface_document(format!("[{}]", tools.join(",")).as_bytes()).unwrap()
}

/// In the shape of a real release of a file server: one hint of all tools, another hint of one, a description, and
/// five keywords of one output schema.
fn file_server_release() -> ChangeReport {
    let before = file_server(
        "",
        false,
        r#""description":"Read an image or audio file. Returns the data and MIME type.","outputSchema":{"type":"object",
        "properties":{"content":{"type":"array","items":{"type":"object","properties":{"type":{"type":"string",
        "enum":["image","audio","blob"]},"data":{"type":"string"}},"required":["type","data"],
        "additionalProperties":false}}},"required":["content"],"additionalProperties":false}"#,
    );
    let after = file_server(
        r#","openWorldHint":false"#,
        true,
        r#""description":"Read a file and return it as a content block with its MIME type.","outputSchema":{"type":"object",
        "properties":{"content":{"type":"array","items":{"anyOf":[{"type":"object","properties":{"type":{"type":"string",
        "enum":["image","audio"]},"data":{"type":"string"}},"required":["type","data"],"additionalProperties":false},
        {"type":"object","properties":{"type":{"type":"string","const":"resource"},"uri":{"type":"string"}},
        "required":["type","uri"],"additionalProperties":false}]}}},"required":["content"],"additionalProperties":false}"#,
    );
    compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[])
}

#[test]
fn t56_a_release_that_changes_eighteen_places_is_four_facts() {
    let release = file_server_release();
    assert_eq!(facts(&release, Gathering::Overview).len(), 4);
    let text = shown(&release, Detail::Summary);
    assert!(text.lines().count() < 60, "{text}");
    insta::assert_snapshot!("file-server-release", text);
}

#[test]
fn every_change_and_every_finding_is_in_exactly_one_fact() {
    for report in [turned_hostile(), file_server_release()] {
        for gathering in [Gathering::Overview, Gathering::Review] {
            let facts = facts(&report, gathering);
            let mut changes: Vec<usize> =
                facts.iter().flat_map(|fact| &fact.edits).flat_map(|edit| edit.changes.clone()).collect();
            changes.sort_unstable();
            assert_eq!(changes, (0..report.changes().len()).collect::<Vec<_>>());
            let mut findings: Vec<usize> = facts.iter().flat_map(|fact| fact.findings.clone()).collect();
            findings.sort_unstable();
            assert_eq!(findings, (0..report.findings().len()).collect::<Vec<_>>());
            assert!(facts.windows(2).all(|pair| pair[0].grade >= pair[1].grade));
        }
    }
}

#[test]
fn t56_one_lethal_edit_among_identical_ones_is_a_fact_of_its_own() {
    let server = |hint: &str| {
        let tools: Vec<String> = ["get_city", "list_cities", "delete_city"]
            .iter()
            .map(|name| file_tool(name, hint, r#""description":"Does what it is named.""#))
            .collect();
        load::surface_document(format!("[{}]", tools.join(",")).as_bytes()).unwrap()
    };
    let (before, after) = (server("{}"), server(r#"{"readOnlyHint":true}"#));
    let report = compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
    let facts = facts(&report, Gathering::Review);
    assert_eq!(facts[0].grade, mcp_pin_model::Grade::Block, "{facts:?}");
    assert!(facts[0].entries(&report).iter().all(|entry| entry.key == "delete_city"), "{facts:?}");
}

#[test]
fn t56_the_words_that_only_one_of_many_edits_brings_are_named() {
    let server = |texts: &[&str]| {
        let tools: Vec<String> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| file_tool(&format!("tool_{index}"), "{}", &format!(r#""description":"{text}""#)))
            .collect();
        load::surface_document(format!("[{}]", tools.join(",")).as_bytes()).unwrap()
    };
    let before = server(&["Gets one.", "Gets two.", "Gets three.", "Gets four.", "Gets five."]);
    let after = server(&["Fetches one.", "Fetches two.", "Fetches three with zeal.", "Fetches four.", "Fetches five."]);
    let report = compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
    let text = shown(&report, Detail::Summary);
    assert!(text.contains("words that only this edit brings: `with`, `zeal`"), "{text}");
    let order = |name: &str| text.find(&format!("`{name}`")).unwrap();
    assert!(order("tool_2") < order("tool_0"), "what stands out stands first: {text}");
}

/// What is rendered of an admission below its first lines, which name the digest.
fn admitted(surface: &Surface) -> String {
    let text = shown(&compare(None, &Side::of_surface(surface), &[]), Detail::Full);
    text.lines().skip(1).map(|line| format!("{line}\n")).collect()
}

/// A JSON value out of what could be mistaken for something else.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let text = prop::sample::select(vec![
        "", "12", "true", "null", "[]", "{}", "a", "a: \"b\"", "a\nb", "\\n", "\u{202e}", "\\u{202e}", "-", "│ a",
        "\"", "`", "{+a+}", "…", " ", "  a",
    ]);
    let leaf = prop_oneof![
        text.prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        (0..20_i64).prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        "[a-b ]{0,90}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let name =
            prop_oneof![Just("a".to_owned()), Just("b c".to_owned()), Just("x".repeat(90)), "[-:\" \u{200b}a]{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            prop::collection::vec((name, inner), 0..3)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn of_member(value: &serde_json::Value) -> Surface {
    let tools = serde_json::json!([{"name": "a", "inputSchema": {"type": "object"}, "_meta": {"m": value}}]);
    load::surface_document(tools.to_string().as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn t54_two_different_surfaces_never_render_alike(one in values(), other in values()) {
        let (one, other) = (of_member(&one), of_member(&other));
        prop_assert_eq!(one == other, admitted(&one) == admitted(&other), "{}", admitted(&one));
    }

    #[test]
    fn t55_no_word_of_a_change_is_lost(before in "[a-d .]{0,120}", after in "[a-d .]{0,120}", long in 0..2_000_usize) {
        let after = format!("{after}{}", " zz".repeat(long));
        let (old, new) = (surface(&before, "a"), surface(&after, "a"));
        let change = compare(Some(&Side::of_surface(&old)), &Side::of_surface(&new), &[]);
        let text = shown(&change, Detail::Changed);
        // Joined again: without gutters, line breaks and marks.
        let joined: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("    │ ").or(line.strip_prefix("    ┊ ")).or(line.strip_prefix("    ┊+")))
            .collect();
        let letters = |text: &str| text.chars().filter(char::is_ascii_lowercase).collect::<String>();
        let new: String = mcp_pin_diff::text_diff(&before, &after).hunks.iter().flat_map(|hunk| &hunk.segments)
            .filter(|segment| segment.kind == mcp_pin_diff::SegmentKind::Added).map(|segment| letters(&segment.text)).collect();
        let shown_new: usize = joined.matches('z').count();
        prop_assert!(before == after || shown_new >= new.matches('z').count(), "{}", text);
    }
}
