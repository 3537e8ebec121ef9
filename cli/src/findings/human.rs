//! Findings for people at a terminal or in a log.

use mcp_pin_model::Grade;

use super::{Finding, Run, text};
use crate::{
    error::Status,
    ui::{Role, Text, layout, sanitize},
};

/// The whole run.
#[must_use]
pub fn render(run: &Run, columns: usize) -> Text {
    let mut out = Text::new();
    for server in &run.servers {
        out.push(role(server.outcome), format!("{:<16}", text::outcome(server.outcome)));
        out.push(Role::Strong, server.alias.as_str());
        let version = server.version.as_deref().map(|version| format!("  {version}")).unwrap_or_default();
        let change = if run.base.is_some() { format!("  {}", server.change_in_words()) } else { String::new() };
        out.push(Role::Dim, format!("{}{change}", sanitize::one_line(&version)));
        out.newline();
    }
    for grade in text::GRADES {
        let of_grade = run.findings.iter().filter(|finding| finding.grade == grade && finding.exempted.is_none());
        push_findings(&mut out, grade.as_str(), grade_role(grade), of_grade, columns);
    }
    let exempted = run.findings.iter().filter(|finding| finding.exempted.is_some());
    push_findings(&mut out, "exempted", Role::Dim, exempted, columns);
    if !run.notes.is_empty() {
        out.newline();
    }
    for note in &run.notes {
        out.push(Role::Dim, format!("note: {}", sanitize::one_line(note)));
        out.newline();
    }
    out.newline();
    out.push(role(run.outcome), run.summary());
    if let Some(compared) = run.compared_with() {
        out.push(Role::Dim, format!(", {compared}"));
    }
    out.newline();
    if let Some(meaning) = run.meaning() {
        out.push(Role::Dim, meaning);
        out.newline();
    }
    out
}

fn push_findings<'a>(
    out: &mut Text,
    title: &str,
    role: Role,
    findings: impl Iterator<Item = &'a Finding>,
    columns: usize,
) {
    for (index, group) in text::grouped(findings).into_iter().enumerate() {
        let Some(first) = group.first() else { continue };
        if index == 0 {
            out.newline();
            out.push(role, title);
            out.newline();
        }
        let more = group.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" (and {more} more places)") };
        out.append(block(&format!("{}{more}: {}", first.subject(), first.sentence()), Role::Plain, 2, columns));
        if let Some(values) = first.values_in_words() {
            out.append(block(&values, Role::Plain, 4, columns));
        }
        for also in group.iter().skip(1) {
            out.append(block(&format!("also {}", also.subject()), Role::Dim, 4, columns));
        }
        let line = first.lock.as_ref().map(|place| format!("{place}, ")).unwrap_or_default();
        out.append(block(&format!("{line}{}", first.rule), Role::Dim, 4, columns));
        if let Some(advice) = first.advice() {
            out.append(block(&format!("hint: {advice}"), Role::Dim, 4, columns));
        }
        for decision in first.decisions() {
            out.append(block(&decision, Role::Dim, 4, columns));
        }
    }
}

/// A paragraph, indented; in one line where it fits.
fn block(line: &str, role: Role, indent: usize, columns: usize) -> Text {
    if sanitize::width(line) + indent <= columns {
        let mut out = Text::new().with(role, format!("{}{line}", " ".repeat(indent)));
        out.newline();
        return out;
    }
    layout::shown_block(line, role, indent, columns)
}

fn role(status: Status) -> Role {
    match status {
        Status::Passed => Role::Good,
        Status::ConsentRequired => Role::Warning,
        Status::CouldNotCheck | Status::Failed | Status::Usage => Role::Bad,
    }
}

fn grade_role(grade: Grade) -> Role {
    match grade {
        Grade::Refuse | Grade::Block => Role::Bad,
        Grade::Review => Role::Warning,
        Grade::Notice | Grade::None => Role::Strong,
    }
}
