//! The change report for people, as a whole.

use mcp_pin::{
    render::{Detail, View, report},
    ui::Ui,
};
use mcp_pin_diff::{ChangeReport, Side, compare};
use mcp_pin_model::{EntryKind, Surface, json, surface::SurfaceParts};
use proptest::prelude::*;

use crate::common::{assert_safe, fixture};

fn stored(name: &str) -> ChangeReport {
    ChangeReport::parse(&std::fs::read(fixture(name)).unwrap()).unwrap()
}

fn shown(change: &ChangeReport, detail: Detail) -> String {
    report(change, &View { columns: 80, detail, subject: Some("weather") }).to_string()
}

#[test]
fn a_server_that_turned_hostile_in_full() {
    let text = shown(&stored("reports/turned-hostile.json"), Detail::Full);
    assert_safe(&text);
    insta::assert_snapshot!("turned-hostile-full", text);
}

#[test]
fn a_server_that_turned_hostile_in_summary() {
    let text = shown(&stored("reports/turned-hostile.json"), Detail::Summary);
    insta::assert_snapshot!("turned-hostile-summary", text);
}

#[test]
fn t54_every_line_of_the_servers_text_has_a_gutter() {
    let text = shown(&stored("reports/turned-hostile.json"), Detail::Full);
    for line in text.lines().filter(|line| line.contains("approved")) {
        let start = line.trim_start().trim_start_matches("+ ").trim_start();
        assert!(start.starts_with('│') || start.starts_with('┊') || line.contains("`x"), "{line:?}");
    }
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::error")));
}

#[test]
fn t55_the_full_view_leaves_nothing_out() {
    let full = shown(&stored("reports/turned-hostile.json"), Detail::Full);
    assert!(!full.contains("more characters") && !full.contains("unchanged characters"));
    let shown_of_the_long_text = |text: &str| text.matches('y').count();
    assert!(shown_of_the_long_text(&full) >= 900);
    let summary = shown(&stored("reports/turned-hostile.json"), Detail::Summary);
    assert!(summary.contains("more characters") && shown_of_the_long_text(&summary) < 900);
}

#[test]
fn t56_the_gravest_finding_stands_first() {
    let text = shown(&stored("reports/turned-hostile.json"), Detail::Full);
    let position = |word: &str| text.find(&format!("\n{word}  ")).unwrap();
    assert!(position("BLOCK") < position("REVIEW") && position("REVIEW") < position("NOTICE"));
}

#[test]
fn lines_fit_80_columns() {
    for detail in [Detail::Full, Detail::Summary] {
        for line in shown(&stored("reports/turned-hostile.json"), detail).lines() {
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
