//! What a step in GitHub Actions says beside its log: workflow commands that annotate the changed lines, the job's summary, and
//! the step's outputs.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use super::{Finding, Level, Run, escape, markdown, text};
use crate::{context::Context, error::CommandError, ui::sanitize};

/// GitHub shows this many annotations of a kind for a step, and drops the rest without a word.
const MAX_OF_A_KIND: usize = 10;

/// Annotations, the summary and the outputs, each where the environment says.
///
/// # Errors
/// Exit code 3 where a file that GitHub names cannot be written. The annotations are told all the same.
pub fn write(run: &Run, context: &Context) -> Result<(), CommandError> {
    context.ui.commands(&render(run));
    let mut failed = None;
    for (variable, text) in [
        ("GITHUB_STEP_SUMMARY", markdown::render(run, markdown::SUMMARY_BYTES)),
        // Our own words and numbers only: nothing foreign can begin another output.
        ("GITHUB_OUTPUT", format!("outcome={}\nfindings={}\n", text::outcome(run.outcome), run.findings.len())),
    ] {
        let Some(path) = context.environment.get(variable).filter(|path| !path.is_empty()) else { continue };
        if let Err(error) = append(Path::new(path), &text) {
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// These files belong to the runner, which gathers what several programs append.
fn append(path: &Path, text: &str) -> Result<(), CommandError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| CommandError::io("write", path, &error))
}

/// The commands, one a line.
#[must_use]
pub fn render(run: &Run) -> String {
    let mut out = String::new();
    for level in [Level::Error, Level::Warning, Level::Note] {
        let groups = text::grouped(run.findings.iter().filter(|finding| finding.level(run.fail_on) == level));
        let room = if groups.len() > MAX_OF_A_KIND { MAX_OF_A_KIND - 1 } else { MAX_OF_A_KIND };
        for group in groups.iter().take(room) {
            if let Some(first) = group.first() {
                out.push_str(&command(run, level, first, group.len() - 1));
            }
        }
        let left: usize = groups.iter().skip(room).map(Vec::len).sum();
        if left > 0 {
            let text = format!("{} more findings are in the job's summary", sanitize::thousands(left));
            out.push_str(&format!("::{} title=mcp-pin::{text}\n", word(level)));
        }
    }
    out
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

fn command(run: &Run, level: Level, finding: &Finding, more: usize) -> String {
    // Commands of the older kind are looked for anywhere in a line, hence `log_safe`.
    let place = finding.lock.as_ref().map(|place| {
        let line = place.line.map(|line| format!(",line={line}")).unwrap_or_default();
        let path = escape::command_property(&sanitize::line(&run.repository_path(place)));
        format!("file={}{line},", sanitize::log_safe(&path))
    });
    let title = escape::command_property(&format!("mcp-pin: {}", finding.rule));
    let more = match more {
        0 => String::new(),
        1 => " (and 1 more place)".to_owned(),
        more => format!(" (and {} more places)", sanitize::thousands(more)),
    };
    let text = escape::command_data(&format!("{}{more}", finding.paragraph()));
    let text = sanitize::log_safe(&text).into_owned();
    format!("::{} {}title={title}::{text}\n", word(level), place.unwrap_or_default())
}
