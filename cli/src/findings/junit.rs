//! `JUnit` XML: one suite a server, one case a finding; a server with nothing found has one case that passed.

use std::fmt::Write as _;

use mcp_pin_model::Alias;

use super::{Finding, Run, about, escape::xml, text};
use crate::{error::Status, ui::sanitize};

/// What readers of this form load at once.
const MAX_CASES: usize = 5_000;

/// One suite.
#[derive(Default)]
struct Suite {
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

/// The report of a run.
#[must_use]
pub fn render(run: &Run) -> String {
    let mut suites: Vec<(String, Suite)> = Vec::new();
    let mut project = Suite::default();
    for finding in shown_of(run, None) {
        project.add(run, finding);
    }
    let left_out = run.findings.len().saturating_sub(MAX_CASES);
    if left_out > 0 {
        let message = format!("{left_out} more findings, none graver than the others; mcp-pin ci tells all of them");
        project.skip("what is left out here", &message, "");
    }
    if project.tests > 0 || run.servers.is_empty() {
        if project.tests == 0 {
            project.pass("everything holds", "");
        }
        suites.push(("the project".to_owned(), project));
    }
    // A finding may be about a server that is in no list, such as one whose snapshot cannot be read.
    let mut aliases: Vec<&Alias> = run.servers.iter().map(|server| &server.alias).collect();
    aliases.extend(run.findings.iter().filter_map(|finding| finding.server.as_ref()));
    aliases.sort();
    aliases.dedup();
    for alias in aliases {
        let mut suite = Suite::default();
        for finding in shown_of(run, Some(alias)) {
            suite.add(run, finding);
        }
        if suite.tests == 0 {
            if run.findings.iter().any(|finding| finding.server.as_ref() == Some(alias)) {
                suite.skip("what is left out here", "its findings did not fit; mcp-pin ci tells all of them", "");
            } else {
                suite.pass("everything holds", "");
            }
        }
        suites.push((alias.to_string(), suite));
    }
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(|(_, suite)| count(suite)).sum::<usize>();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"mcp-pin ci\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        sum(|suite| suite.tests),
        sum(|suite| suite.failures),
        sum(|suite| suite.errors),
        sum(|suite| suite.skipped)
    );
    let notes: Vec<String> = run.notes.iter().map(|note| sanitize::one_line(note)).collect();
    for (index, (name, suite)) in suites.iter().enumerate() {
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            xml(name),
            suite.tests,
            suite.failures,
            suite.errors,
            suite.skipped
        );
        out.push_str(&suite.cases);
        if index == 0 && !notes.is_empty() {
            let _ = writeln!(out, "    <system-out>{}</system-out>", xml(&notes.join("; ")));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn shown_of<'a>(run: &'a Run, alias: Option<&'a Alias>) -> impl Iterator<Item = &'a Finding> {
    run.findings.iter().take(MAX_CASES).filter(move |finding| finding.server.as_ref() == alias)
}

impl Suite {
    fn add(&mut self, run: &Run, finding: &Finding) {
        let place = finding.place_in_words();
        let mut name = about(&finding.rule).id.to_owned();
        if !place.is_empty() {
            let _ = write!(name, ": {place}");
        }
        let line = finding.lock.as_ref().map(|place| {
            let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{}{line}", sanitize::line(&run.repository_path(place)))
        });
        let mut body = finding.paragraph();
        if let Some(line) = &line {
            let _ = write!(body, " ({line})");
        }
        if let Some(exemption) = finding.exemption() {
            self.skip(&name, &exemption, &body);
            return;
        }
        match finding.counts(run.fail_on) {
            Status::Passed => self.pass(&name, &format!("{}, {body}", finding.grade)),
            Status::CouldNotCheck | Status::Usage => {
                self.errors += 1;
                self.fail("error", &name, finding, &body);
            }
            Status::Failed | Status::ConsentRequired => {
                self.failures += 1;
                self.fail("failure", &name, finding, &body);
            }
        }
    }

    fn fail(&mut self, element: &str, name: &str, finding: &Finding, body: &str) {
        let message = finding.sentence();
        let kind = match finding.outcome {
            Status::Passed => finding.grade.as_str(),
            outcome => text::outcome(outcome),
        };
        let inner =
            format!("<{element} message=\"{}\" type=\"{}\">{}</{element}>", xml(&message), xml(kind), xml(body));
        self.case(name, &inner);
    }

    fn skip(&mut self, name: &str, message: &str, body: &str) {
        self.skipped += 1;
        let out = if body.is_empty() { String::new() } else { format!("<system-out>{}</system-out>", xml(body)) };
        self.case(name, &format!("<skipped message=\"{}\"/>{out}", xml(message)));
    }

    fn pass(&mut self, name: &str, body: &str) {
        let out = if body.is_empty() { String::new() } else { format!("<system-out>{}</system-out>", xml(body)) };
        self.case(name, &out);
    }

    fn case(&mut self, name: &str, inner: &str) {
        self.tests += 1;
        let _ = writeln!(self.cases, "    <testcase classname=\"mcp-pin\" name=\"{}\">{inner}</testcase>", xml(name));
    }
}
