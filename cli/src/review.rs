//! Showing somebody what they are asked to consent to, and asking.

use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{EntryKind, Grade, Launch, package_identity::identify};

use crate::{
    capture::Live,
    context::Context,
    error::CommandError,
    project::ConfiguredServer,
    render::{self, Detail, View},
    ui::{Role, Text, sanitize},
};

/// What somebody decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Lock it.
    Accept,
    /// Leave everything as it is.
    Leave,
}

/// What a first lock is about, before its findings: where it is configured, what is started, in full, and how much it
/// declares.
#[must_use]
pub fn introduction(server: &ConfiguredServer, live: &Live) -> Text {
    let mut out = Text::new().with(Role::Strong, server.alias.as_str());
    if let Some(place) = server.place() {
        out.push(Role::Dim, format!("  {}", sanitize::one_line(&place.to_string())));
    }
    out.newline();
    match &server.launch {
        Launch::Stdio(launch) => {
            let words: Vec<String> =
                std::iter::once(&launch.command).chain(&launch.args).map(|word| shell_word(word)).collect();
            line(&mut out, "starts", &words.join(" "));
            if let Some(package) = identify(&server.launch).package() {
                line(&mut out, "package", &package.purl);
            }
            if !launch.env.is_empty() {
                line(&mut out, "sets", &launch.env.join(", "));
            }
            if let Some(cwd) = &launch.cwd {
                line(&mut out, "in", cwd);
            }
        }
        Launch::Http(launch) => {
            line(&mut out, "calls", &launch.url);
            if !launch.headers.is_empty() {
                line(&mut out, "sends", &launch.headers.join(", "));
            }
        }
    }
    let counts: Vec<String> = EntryKind::ALL
        .into_iter()
        .filter_map(|kind| {
            let count = live.surface.section(kind)?.len();
            Some(format!("{count} {}{}", kind.noun(), if count == 1 { "" } else { "s" }))
        })
        .collect();
    let declares = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    line(&mut out, "declares", &format!("{declares}; protocol {}", live.protocol));
    if let Some(evidence) = &live.evidence {
        line(&mut out, "evidence", evidence);
    }
    out
}

fn line(out: &mut Text, label: &str, text: &str) {
    out.push(Role::Dim, format!("  {label:<9}"));
    out.plain(sanitize::one_line(text));
    out.newline();
}

/// A word as a shell would need it, so that the borders of arguments are seen.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-${}".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Shows a report on standard output.
///
/// # Errors
/// When standard output is gone.
pub fn show(context: &Context, subject: &str, report: &ChangeReport, detail: Detail) -> Result<(), CommandError> {
    let view = View { columns: context.ui.width(), detail, subject: Some(subject) };
    print(context, render::report(report, &view))
}

/// Shows what was found in a first admission, without the entries that nothing was found in.
///
/// # Errors
/// When standard output is gone.
pub fn show_findings(context: &Context, subject: &str, report: &ChangeReport) -> Result<(), CommandError> {
    let view = View { columns: context.ui.width(), detail: Detail::Summary, subject: Some(subject) };
    print(context, render::findings(report, &view))
}

/// Prints data.
///
/// # Errors
/// When standard output is gone.
pub fn print(context: &Context, text: impl Into<Text>) -> Result<(), CommandError> {
    context
        .ui
        .data(text)
        .map_err(|error| CommandError::could_not_check(format!("cannot write to standard output: {error}")))
}

/// Asks. Accepting what is graded `block` takes typing the alias.
///
/// # Errors
/// When nobody is there to answer.
pub fn ask(context: &Context, server: &ConfiguredServer, report: &ChangeReport) -> Result<Decision, CommandError> {
    let alias = server.alias.as_str();
    let failed = crate::commands::prompt_error;
    let options = [('a', "accept"), ('r', "reject"), ('f', "show the full text")];
    loop {
        match context.ui.choose(&format!("lock `{alias}` like this?"), &options).map_err(failed)? {
            'f' => show(context, alias, report, Detail::Full)?,
            'a' if report.grade() >= Grade::Block => {
                let question =
                    format!("this is graded `{}`; type `{alias}` to accept it all the same:", report.grade());
                if context.ui.confirm_by_typing(&question, alias).map_err(failed)? {
                    return Ok(Decision::Accept);
                }
                context.ui.talk("that is not the alias; nothing was accepted");
            }
            'a' => return Ok(Decision::Accept),
            _ => return Ok(Decision::Leave),
        }
    }
}
