//! `terminal-escape`: control characters that steer a terminal.

use mcp_pin_model::Grade;
use std::sync::LazyLock;

use mcp_pin_model::json::Value;

use super::{Draft, common::{Pattern, pattern}};
use crate::fold;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "terminal-escape",
    title: "Control characters that steer a terminal",
    rationale: "An escape sequence moves the cursor, hides or forges what an approver reads, writes the clipboard or makes a link say another address than it opens. No text needs one. Written out (`\\x1b[8m`) it waits for a program that prints it.",
    grade: Grade::Block,
    reads: "every new string, names and keys included",
    reference: "CWE-150; terminal escapes in MCP tool descriptions",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.\u001b[8m Hidden.\u001b[0m","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.\tTabs and\r\nline breaks are ordinary; removes ANSI escape sequences.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

/// An escape sequence that is written out.
static WRITTEN: LazyLock<Pattern> = LazyLock::new(|| pattern(r"(?i)\\(?:x1b|u001b|u\{1b\}|033|e)(?:\[[0-9;?]*[a-z]|\][0-9]+;)"));

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        // Nearly every text is settled by its bytes.
        let is_suspect = |byte: u8| byte < b' ' && !matches!(byte, b'\n' | b'\t') || byte == 0x7f || byte == 0xc2 || byte == b'\\';
        // Without a way out of the loop, so that many are looked at at once.
        let suspect = passage.after.bytes().fold(false, |any, byte| any | is_suspect(byte));
        if !suspect {
            continue;
        }
        let steers = |text: &str| text.chars().filter(|&c| fold::is_terminal_control(c)).count() + overwriting(text);
        let count = steers(&passage.after);
        let known = passage.before.map_or(0, steers);
        if count > known {
            let plural = if count == 1 { "character" } else { "characters" };
            found.draft(Draft {
                grade: Grade::Block,
                message: format!("{count} control {plural} that can steer a terminal"),
                path: &passage.path,
                entry: passage.entry,
                before: passage.before.map(Value::from),
                after: Some((&*passage.after).into()),
                hint: Some("read the text with the characters escaped; they have no place in a declaration"),
                aspect: "",
            });
        } else if passage.after.contains('\\')
            && let Some(hit) = WRITTEN.find(&passage.after)
            && !passage.before.is_some_and(|before| before.contains(hit.as_str()))
        {
            found.passage(Grade::Review, passage, hit.as_str(), "an escape sequence is written out", "written");
        }
    }
}

/// Returns of the carriage with text behind them in the same line, which a terminal writes over what stood there.
fn overwriting(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_return = |at: usize| bytes.get(at) == Some(&b'\r');
    (0..bytes.len()).filter(|&at| is_return(at) && bytes.get(at + 1).is_some_and(|next| !matches!(next, b'\n' | b'\r'))).count()
}
