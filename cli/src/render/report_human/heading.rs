//! The first lines of a report: what was compared, the verdict, what it asks for.

use mcp_pin_diff::{Bump, ChangeReport, ReportSide};
use mcp_pin_model::Grade;

use super::{
    View,
    grades::{attention, grade_role, grade_word},
};
use crate::{
    render::wrap::{counted, wrapped},
    ui::{
        Role, Text,
        sanitize::{summary, thousands},
    },
};

/// Everything before the facts.
pub(super) fn heading(report: &ChangeReport, facts: usize, view: &View<'_>) -> Text {
    let mut out = Text::new();
    title(&mut out, report, view);
    if report.is_unchanged() {
        out.push(Role::Good, "nothing changed");
        out.newline();
        return out;
    }
    verdict(&mut out, report, facts, view);
    let mut lines = |role: Role, sentence: &str| {
        for line in wrapped(sentence, view.columns, 0) {
            out.push(role, line);
            out.newline();
        }
    };
    lines(Role::Dim, attention(report.grade()));
    if !report.is_first_admission() && !report.model_visible_changed() {
        lines(Role::Good, "nothing that the model reads changed");
    }
    if let Some((role, verdict)) = version_verdict(report) {
        lines(role, &verdict);
    }
    out
}

fn title(out: &mut Text, report: &ChangeReport, view: &View<'_>) {
    let to = report.to();
    let version = |side: &ReportSide| side.version.as_ref().map(|version| summary(&version.to_string(), 40));
    let surface = |side: &ReportSide| format!("surface {}", side.surface.short());
    let compared = match report.from() {
        None => format!("{}, first admission: everything is new", version(to).unwrap_or_else(|| surface(to))),
        Some(from) => match (version(from), version(to)) {
            (Some(from), Some(to)) if from == to => to,
            (Some(from), Some(to)) => format!("{from} -> {to}"),
            _ if report.is_unchanged() => surface(to),
            _ => format!("{} -> {}", surface(from), to.surface.short()),
        },
    };
    let mut used = 0;
    if let Some(subject) = view.subject {
        let subject = summary(subject, view.columns / 2);
        used = crate::ui::sanitize::width(&subject) + 2;
        out.push(Role::Strong, subject);
        out.plain("  ");
    }
    for (index, line) in wrapped(&compared, view.columns, used).into_iter().enumerate() {
        if index > 0 {
            out.plain(" ".repeat(used));
        }
        out.plain(line);
        out.newline();
    }
}

fn verdict(out: &mut Text, report: &ChangeReport, facts: usize, view: &View<'_>) {
    let word = grade_word(report.grade());
    let changes = report.changes().len();
    let mut counts = counted(changes, "change", "changes");
    if facts < changes {
        counts.push_str(&format!(", {}", counted(facts, "fact", "facts")));
    }
    let by_grade: Vec<String> = [Grade::Refuse, Grade::Block, Grade::Review, Grade::Notice, Grade::None]
        .into_iter()
        .filter_map(|grade| {
            let count = report.findings().iter().filter(|finding| finding.grade == grade).count();
            (count > 0).then(|| format!("{} {grade}", thousands(count)))
        })
        .collect();
    if !by_grade.is_empty() {
        counts.push_str(&format!("; findings: {}", by_grade.join(", ")));
    }
    let indent = word.len() + 2;
    for (index, line) in wrapped(&counts, view.columns, indent).into_iter().enumerate() {
        if index == 0 {
            out.push(grade_role(report.grade()), word);
            out.plain("  ");
        } else {
            out.plain(" ".repeat(indent));
        }
        out.plain(line);
        out.newline();
    }
}

/// The version verdict: the step that the changes ask for against the one that was made.
fn version_verdict(report: &ChangeReport) -> Option<(Role, String)> {
    let required = report.required_bump();
    if report.is_first_admission() {
        return None;
    }
    Some(match report.declared_bump() {
        None if required == Bump::None => return None,
        None => (Role::Plain, format!("version: the changes ask for a {required} step")),
        Some(declared) if declared < required => {
            let made = if declared == Bump::None {
                "the version was not raised".to_owned()
            } else {
                format!("the version made a {declared} step")
            };
            (Role::Warning, format!("version: the changes ask for a {required} step, {made}"))
        }
        Some(declared) => (Role::Plain, format!("version: a {declared} step, the changes ask for {required}")),
    })
}
