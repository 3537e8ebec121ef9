//! What was found in a surface that is compared with nothing: facts without the news that everything is new.

use mcp_pin_diff::ChangeReport;
use mcp_pin_model::Grade;

use super::{
    Novelty, View, fact,
    facts::{Fact, Gathering, facts},
    grades::{grade_role, grade_word},
    legend,
    selection::Selection,
};
use crate::{
    render::wrap::{counted, wrapped},
    ui::{
        Role, Text,
        sanitize::{summary, thousands, width},
    },
};

/// The rule that only says that nothing was there before. To a surface that is looked at by itself it says nothing.
pub const FIRST_ADMISSION: &str = "first-admission";

/// A surface that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a> {
    /// The report of its first admission.
    pub report: &'a ChangeReport,
    /// The gravest grade of what was found.
    pub grade: Grade,
    /// How much it declares.
    pub declares: &'a str,
}

/// Renders what was found, the gravest first, and how much of it was not asked for.
#[must_use]
pub fn inspected(inspected: &Inspected<'_>, view: &View<'_>, selection: &Selection) -> Text {
    let report = inspected.report;
    let (shown, _) = selection.apply(report, found(report));
    let all = report.findings().iter().filter(|finding| finding.rule != FIRST_ADMISSION).count();
    let seen: usize = shown.iter().map(|fact| fact.findings.len()).sum();
    let mut out = heading(inspected, view);
    let novelty = Novelty::of(report);
    for fact in &shown {
        out.newline();
        out.append(fact::render(report, fact, "", view, &novelty));
    }
    if seen < all {
        out.newline();
        let hidden = counted(all - seen, "finding", "findings");
        for line in wrapped(&format!("not shown: {hidden}, by --only or --entry"), view.columns, 0) {
            out.push(Role::Warning, line);
            out.newline();
        }
    }
    legend::explain(&mut out, view.columns);
    out
}

/// The facts that a rule has something to say about.
fn found(report: &ChangeReport) -> Vec<Fact> {
    let mut facts = facts(report, Gathering::Overview);
    for fact in &mut facts {
        fact.findings
            .retain(|index| report.findings().get(*index).is_some_and(|finding| finding.rule != FIRST_ADMISSION));
    }
    facts.retain(|fact| !fact.findings.is_empty());
    facts
}

fn heading(inspected: &Inspected<'_>, view: &View<'_>) -> Text {
    let mut out = Text::new();
    let mut used = 0;
    if let Some(subject) = view.subject {
        let subject = summary(subject, view.columns);
        used = width(&subject) + 2;
        out.push(Role::Strong, subject);
    }
    let declares = format!("  {}", inspected.declares);
    if used + width(&declares) > view.columns {
        out.newline();
    }
    out.push(Role::Dim, declares);
    out.newline();
    let word = grade_word(inspected.grade);
    out.push(grade_role(inspected.grade), word);
    for (index, line) in wrapped(&counts(inspected.report), view.columns, width(word) + 2).into_iter().enumerate() {
        out.plain(if index == 0 { "  ".to_owned() } else { " ".repeat(width(word) + 2) });
        out.plain(line);
        out.newline();
    }
    out
}

fn counts(report: &ChangeReport) -> String {
    let by_grade: Vec<String> = [Grade::Refuse, Grade::Block, Grade::Review, Grade::Notice, Grade::None]
        .into_iter()
        .filter_map(|grade| {
            let of = |finding: &&mcp_pin_diff::Finding| finding.grade == grade && finding.rule != FIRST_ADMISSION;
            let count = report.findings().iter().filter(of).count();
            (count > 0).then(|| format!("{} {grade}", thousands(count)))
        })
        .collect();
    if by_grade.is_empty() { "nothing found".to_owned() } else { format!("findings: {}", by_grade.join(", ")) }
}
