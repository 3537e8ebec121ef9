//! An ordinary upgrade of an ordinary server, in the shape in which real ones come: every tool is touched, and what a
//! person has to read is four facts.

use mcp_pin_diff::Grade;

use crate::support::report;

const READERS: [&str; 10] = [
    "read_note",
    "read_notes",
    "read_picture",
    "list_notes",
    "list_notes_by_size",
    "outline",
    "search_notes",
    "note_facts",
    "list_shelves",
    "read_part",
];

/// The server; `new` says whether it is after its upgrade.
fn shelf(new: bool) -> String {
    let reach = if new { r#","openWorldHint":false"# } else { "" };
    let tool = |name: &str, description: &str, hints: &str, output: &str| {
        format!(
            r#"{{"name":"{name}","description":"{description}","inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}}}},"required":["path"]}},"annotations":{{{hints}{reach}}}{output}}}"#
        )
    };
    let content = |kind: &str| {
        format!(r#","outputSchema":{{"type":"object","properties":{{"content":{kind}}},"required":["content"]}}"#)
    };
    let picture =
        r#"{"type":"object","properties":{"data":{"type":"string"},"type":{"enum":["image","audio","blob"]}}}"#;
    let either = r#"{"anyOf":[{"type":"object","properties":{"data":{"type":"string"},"type":{"enum":["image","audio"]}}},{"type":"object","properties":{"uri":{"type":"string"},"type":{"const":"resource"}}}]}"#;
    let mut tools: Vec<String> = READERS
        .iter()
        .map(|name| {
            let text = match (*name, new) {
                ("read_picture", false) => "Read a picture. Returns the encoded data and its type.",
                ("read_picture", true) => {
                    "Read a file. Pictures and sounds come as such, everything else as a resource."
                }
                _ => "Reads what lies on a shelf.",
            };
            let output =
                if *name == "read_picture" { content(if new { either } else { picture }) } else { String::new() };
            tool(name, text, r#""readOnlyHint":true"#, &output)
        })
        .collect();
    for (name, destroys) in [("write_note", true), ("edit_note", true), ("make_shelf", false), ("move_note", new)] {
        let hints = format!(r#""readOnlyHint":false,"destructiveHint":{destroys}"#);
        tools.push(tool(name, "Changes what lies on a shelf.", &hints, ""));
    }
    let version = if new { "2026.8.31" } else { "2026.1.14" };
    format!(
        r#"{{"name":"io.github.acme/shelf","version":"{version}","initialize":{{"serverInfo":{{"name":"shelf","version":"0.2.0"}}}},"tools":[{}]}}"#,
        tools.join(",")
    )
}

#[test]
fn t57_an_upgrade_that_touches_every_tool_is_four_facts() {
    let report = report(Some(&shelf(false)), &shelf(true));
    assert!(report.changes().len() > 16, "every tool is touched");
    let facts: Vec<String> = report
        .groups()
        .iter()
        .filter(|group| group.grade >= Grade::Notice && !group.rule.starts_with("version-"))
        .map(|group| format!("{} {}", group.grade, group.title))
        .collect();
    assert_eq!(
        facts,
        [
            "review 14 tools: openWorldHint true (by default) → false: claims less reach",
            "review destructiveHint false → true: claims to be riskier",
            "notice the output schema changed",
            "notice a description changed",
        ]
    );
}
