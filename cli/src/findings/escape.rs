//! Escaping for the forms that a viewer gives meaning to. What comes in was made visible before: no control, no hidden character
//! and no line end is in it.

use std::fmt::Write as _;

/// Text inside Markdown and HTML: nothing in it can be a tag, an entity, a cell, a link, an image, code, a mention of a person
/// or of an issue, or a bare address that a viewer would make a link of.
///
/// Everything that is neither a letter, a digit nor harmless becomes a character reference: CommonMark gives no meaning to what a
/// reference stands for, and GitHub and GitLab look for mentions in the text that a word joiner has split.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut before = ' ';
    for c in text.chars() {
        match c {
            // Mentions, issues and merge requests: `@name`, `#1`, `!1`, `~label`, `%milestone`, `$1`, `&1`; addresses:
            // `https://`, `www.`. The zero-width joiner of words is ours: hostile ones were escaped before.
            '@' | '#' | '!' | '~' | '%' | '$' | '&' => {
                let _ = write!(out, "&#{};&#8288;", u32::from(c));
            }
            ':' => out.push_str("&#58;&#8288;"),
            '.' if before.is_alphanumeric() => out.push_str(".&#8288;"),
            _ if c.is_ascii_punctuation() && !matches!(c, ',' | '.' | '-' | '(' | ')' | '/' | '+' | '=' | ';' | '?') => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// A commit as `GH-1` or `1234567` stays what it is: a number at most links to what is public in the same repository. What the
/// text of a command of the log would be is taken apart here: `::` at the start of a line, `##[` and `##vso[` anywhere.
#[must_use]
pub fn log_line(text: &str) -> String {
    let mut out = text.replace("##", "#\\u{23}");
    if out.trim_start().starts_with("::") {
        out = out.replacen(':', "\\u{3a}", 1);
    }
    out
}

/// The message of a workflow command, by GitHub's rules.
#[must_use]
pub fn command_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
#[must_use]
pub fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}
