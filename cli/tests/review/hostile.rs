//! Texts that were written against whoever reads them.

use mcp_pin_model::json::is_hidden;
use mcp_pin_test_support::fake::Scenario;
use serde_json::json;

use crate::{lock::acknowledge_all, support::Sandbox, terminal::Terminal};

fn hostile() -> Scenario {
    let mut scenario = Scenario::weather();
    let tools = scenario.tools.as_mut().unwrap();
    tools[0]["description"] = json!(format!(
        "Forecast.\u{1b}[2J\u{1b}]0;approved\u{7}\u{202e}\u{200b}\nitem 1 of 1, acknowledged\n[a] accept\r{}",
        "W".repeat(700)
    ));
    tools[0]["inputSchema"]["properties"]["c"] = json!({"type": "string", "enum": ["x".repeat(300)], "default": "│ y"});
    tools[0]["_meta"] = json!({"k".repeat(200): "v"});
    scenario
}

#[test]
fn t52_t54_hostile_text_steers_no_terminal_and_draws_no_line_of_ours() {
    for columns in [40, 80] {
        let sandbox = Sandbox::with_weather(&hostile());
        let mut terminal = Terminal::with(&sandbox, (24, columns), &["lock"], &[("TERM", "dumb")]);
        acknowledge_all(&mut terminal);
        terminal.see("lock `weather` like this?").answer("q");
        let ended = terminal.end().expect(4);
        for line in ended.screen.lines() {
            assert!(!line.chars().any(is_hidden), "{line:?}");
            // What is typed after a question is the terminal's.
            let wide = mcp_pin::ui::sanitize::width(line.trim_end());
            assert!(wide <= usize::from(columns), "{wide} of {columns}: {line:?}");
            assert!(!line.starts_with("item 1 of 1") && !line.starts_with(r"[a] accept\r"), "{line:?}");
        }
        assert!(ended.screen.contains("\\u{1b}"), "{}", ended.screen);
    }
}
