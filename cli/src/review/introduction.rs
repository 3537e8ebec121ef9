//! What a first lock is about, before anything that was found.

use mcp_pin_model::{Digest, EntryKind, Launch, package_identity::identify};

use crate::{
    capture::Live,
    project::ConfiguredServer,
    ui::{
        Role, Text,
        layout::shown_block,
        sanitize::{self, width},
    },
};

/// What a first lock is about, before its findings: where it is configured, what is started, in full, and how much it
/// declares.
#[must_use]
pub fn introduction(server: &ConfiguredServer, live: &Live, columns: usize) -> Text {
    let line = |out: &mut Text, label: &str, value: &str| labelled(out, label, Role::Plain, value, columns);
    let mut out = Text::new().with(Role::Strong, server.alias.as_str());
    out.newline();
    if let Some(place) = server.place() {
        line(&mut out, "from", &place.to_string());
    }
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

/// A line of the kind "what: value". A value that does not fit stands below, every line of it behind a gutter.
pub(crate) fn labelled(out: &mut Text, label: &str, role: Role, value: &str, columns: usize) {
    let value = sanitize::one_line(value);
    let label = format!("  {label:<9} ");
    let fits = width(&label) + width(&value) <= columns;
    out.push(Role::Dim, if fits { label.as_str() } else { label.trim_end() });
    if fits {
        out.push(role, value);
        out.newline();
    } else {
        out.newline();
        out.append(shown_block(&value, role, 4, columns));
    }
}

/// A digest below its label, as one word to copy where the line is long enough for it.
pub(crate) fn labelled_digest(out: &mut Text, label: &str, digest: &Digest, columns: usize) {
    let value = digest.to_string();
    if width(&value) + 4 > columns {
        return labelled(out, label, Role::Plain, &value, columns);
    }
    out.push(Role::Dim, format!("  {label}\n"));
    out.plain(format!("    {value}\n"));
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
