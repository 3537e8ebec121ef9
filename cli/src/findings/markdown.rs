//! Markdown for one comment on a pull request, and for the summary of a job.
//!
//! Everything foreign is escaped by [`escape`], so that nothing in it is a mention, a link, an image, a cell or a tag. A comment has
//! a limit: the gravest comes first, and what does not fit is counted at the top.

use mcp_pin_model::{Digest, Grade};

use super::{
    Finding, Run,
    escape::{code, markdown, prose},
    text,
};
use crate::{error::Status, ui::sanitize};

/// What a comment on GitHub may be, 65,536 characters, less what an action may want to put around it. GitLab takes more.
pub const COMMENT_BYTES: usize = 60_000;

/// What the summary of a step on GitHub may be, 1 MiB, less what others wrote there.
pub const SUMMARY_BYTES: usize = 512 << 10;

/// Servers in the table; what did not pass comes first.
const MAX_SERVERS: usize = 50;

/// Places that are named of a finding that stands in many.
const MAX_PLACES: usize = 10;

/// Notes that are shown.
const MAX_NOTES: usize = 20;

/// What an action finds its own comment by: one for each project of a repository.
#[must_use]
pub fn marker(run: &Run) -> String {
    if run.prefix.is_empty() {
        return "<!-- mcp-pin:ci -->".to_owned();
    }
    // A folder's name could end the comment.
    let project: String = Digest::of(run.prefix.as_bytes()).to_hex().chars().take(16).collect();
    format!("<!-- mcp-pin:ci:{project} -->")
}

/// The comment, in at most `limit` bytes.
#[must_use]
pub fn render(run: &Run, limit: usize) -> String {
    let mut head = format!("{}\n### mcp-pin: {}\n\n", marker(run), text::outcome(run.outcome));
    if !run.prefix.is_empty() {
        head.push_str(&format!("In {}. ", code(&sanitize::line(&run.prefix))));
    }
    head.push_str(&markdown(&run.counted()));
    if let Some(compared) = run.compared_with() {
        head.push_str(&format!(", {}", markdown(&compared)));
    }
    head.push_str(".\n");
    if let Some(meaning) = run.meaning() {
        head.push_str(&format!("\n{}.\n", capital(&prose(&meaning))));
    }
    let servers = servers(run);
    let mut sections = sections(run);
    let tail = format!("\n<sub>{} tells what a rule is about.</sub>\n", code("mcp-pin explain <rule>"));
    // Room for what stands around the findings, among it the words about what is left out.
    let mut room = limit.saturating_sub(head.len() + servers.len() + tail.len() + 2_000);
    let (mut shown, mut total) = (0, 0);
    for section in &mut sections {
        total += section.blocks.iter().map(|block| block.findings).sum::<usize>();
        let mut fits = 0;
        for block in &section.blocks {
            let Some(rest) = room.checked_sub(block.text.len()) else {
                // What comes later is less grave, and must not take the place of this.
                room = 0;
                break;
            };
            room = rest;
            fits += 1;
            shown += block.findings;
        }
        section.blocks.truncate(fits);
    }
    let mut out = head;
    if shown < total {
        out.push_str(&format!(
            "\n**Only {} of {} findings and notes fit here, the gravest.** {} shows all of them.\n",
            sanitize::thousands(shown),
            sanitize::thousands(total),
            code(&run.command())
        ));
    }
    out.push_str(&servers);
    for section in sections.iter().filter(|section| !section.blocks.is_empty()) {
        section.write(&mut out);
    }
    out.push_str(&tail);
    out
}

/// Our own words as a sentence.
fn capital(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

fn servers(run: &Run) -> String {
    let mut rows: Vec<&super::Server> =
        run.servers.iter().filter(|server| server.outcome != Status::Passed || server.change.is_some()).collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by_key(|server| (std::cmp::Reverse(server.outcome), server.alias.clone()));
    let mut out = String::from("\n| server | version | against the base | checks |\n|---|---|---|---|\n");
    for server in rows.iter().take(MAX_SERVERS) {
        let version = server.version.as_deref().map(|version| code(&sanitize::line(version))).unwrap_or_default();
        let change = if run.base.is_some() { server.change_in_words() } else { "" };
        let outcome = text::outcome(server.outcome);
        out.push_str(&format!("| {} | {version} | {change} | {outcome} |\n", code(server.alias.as_str())));
    }
    let more = rows.len().saturating_sub(MAX_SERVERS);
    let unchanged = run.servers.len() - rows.len();
    if more > 0 {
        out.push_str(&format!("\n{} more servers changed or did not pass.", sanitize::thousands(more)));
    }
    if unchanged > 0 {
        let plural = if unchanged == 1 { " is" } else { "s are" };
        out.push_str(&format!("\n{} other server{plural} unchanged and passed.\n", sanitize::thousands(unchanged)));
    }
    out
}

/// Findings of one grade.
struct Section {
    title: String,
    /// Folded, since it is not what has to be read first.
    folded: bool,
    blocks: Vec<Block>,
}

/// Findings that differ in their place only.
struct Block {
    text: String,
    findings: usize,
}

impl Section {
    fn of<'a>(title: &str, folded: bool, findings: impl Iterator<Item = &'a Finding> + Clone, run: &Run) -> Self {
        let count = findings.clone().count();
        let blocks = text::grouped(findings)
            .into_iter()
            .map(|group| Block { text: block(run, &group), findings: group.len() })
            .collect();
        Self { title: format!("{title} ({})", sanitize::thousands(count)), folded, blocks }
    }

    fn write(&self, out: &mut String) {
        if self.folded {
            out.push_str(&format!("\n<details><summary>{}</summary>\n\n", self.title));
        } else {
            out.push_str(&format!("\n#### {}\n\n", self.title));
        }
        for block in &self.blocks {
            out.push_str(&block.text);
        }
        if self.folded {
            out.push_str("\n</details>\n");
        }
    }
}

fn sections(run: &Run) -> Vec<Section> {
    let mut out = Vec::new();
    let counted = |finding: &&Finding| finding.exempted.is_none();
    for grade in text::GRADES {
        let of_grade = run.findings.iter().filter(counted).filter(move |finding| finding.grade == grade);
        let folded =
            grade < Grade::Block && of_grade.clone().all(|finding| finding.counts(run.fail_on) == Status::Passed);
        out.push(Section::of(grade.as_str(), folded, of_grade, run));
    }
    let exempted = run.findings.iter().filter(|finding| finding.exempted.is_some());
    out.push(Section::of("exempted", true, exempted, run));
    let notes = run.notes.iter().take(MAX_NOTES).map(|note| prose(&sanitize::one_line(note)));
    let mut blocks: Vec<Block> = notes.map(|note| Block { text: format!("* {note}\n"), findings: 1 }).collect();
    let more = run.notes.len().saturating_sub(MAX_NOTES);
    if more > 0 {
        blocks.push(Block { text: format!("* and {} more\n", sanitize::thousands(more)), findings: more });
    }
    out.push(Section { title: "notes".to_owned(), folded: true, blocks });
    out
}

fn block(run: &Run, group: &[&Finding]) -> String {
    let Some(first) = group.first() else { return String::new() };
    let mut out = format!("* **{}**", prose(&first.subject()));
    let more = group.len() - 1;
    if more > 0 {
        let plural = if more == 1 { "" } else { "s" };
        out.push_str(&format!(" (and {} more place{plural})", sanitize::thousands(more)));
    }
    out.push_str(&format!(": {}", prose(&first.sentence())));
    let mut line = |text: String| out.push_str(&format!("<br>\n  {text}"));
    let (before, after) = first.values();
    match (before, after) {
        (Some(before), Some(after)) => {
            line(format!("was {}", code(&before)));
            line(format!("is {}", code(&after)));
        }
        (Some(before), None) => line(format!("was {}", code(&before))),
        (None, Some(after)) => line(format!("is {}", code(&after))),
        (None, None) => {}
    }
    if let Some(advice) = first.advice() {
        line(prose(&advice));
    }
    for decision in first.decisions() {
        line(prose(&decision));
    }
    let also: Vec<String> =
        group.iter().skip(1).take(MAX_PLACES).map(|finding| prose(&finding.place_in_words())).collect();
    if !also.is_empty() {
        let rest = more.saturating_sub(MAX_PLACES);
        let rest = if rest == 0 { String::new() } else { format!(" and {} more", sanitize::thousands(rest)) };
        line(format!("also {}{rest}", also.join(", ")));
    }
    let place = first.lock.as_ref().map(|place| {
        let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}", sanitize::line(&run.repository_path(place)))
    });
    let place = place.map(|place| format!(", {}", code(&place))).unwrap_or_default();
    line(format!("<sub>{}{place}</sub>\n", code(&first.rule)));
    out
}
