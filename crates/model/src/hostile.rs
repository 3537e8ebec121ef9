//! Hostile text in our own messages: what a server wrote is shown without its power.

use crate::json::is_hidden;

/// The most characters of a foreign text that a message repeats: enough to recognise it, too few to fill a screen.
const MAX_SHOWN: usize = 64;

/// A foreign text between backticks: hidden and steering characters escaped, cut after 64 characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    push_visible(&mut out, text.chars().take(MAX_SHOWN));
    if text.chars().nth(MAX_SHOWN).is_some() {
        out.push('…');
    }
    out.push('`');
    out
}

/// A message that may repeat foreign text, such as one of a parser, with everything hidden escaped and at most 500
/// characters kept.
#[must_use]
pub fn visible(message: &str) -> String {
    const MAX_MESSAGE: usize = 500;
    let mut out = String::with_capacity(message.len().min(MAX_MESSAGE));
    push_visible(&mut out, message.chars().take(MAX_MESSAGE));
    if message.chars().nth(MAX_MESSAGE).is_some() {
        out.push('…');
    }
    out
}

fn push_visible(out: &mut String, characters: impl Iterator<Item = char>) {
    for c in characters {
        if is_hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_and_steering_characters_lose_their_power() {
        assert_eq!(quoted("a\u{1b}[31m\u{202e}b\n"), "`a\\u{1b}[31m\\u{202e}b\\u{a}`");
        assert_eq!(visible("no \u{e0041} tag"), "no \\u{e0041} tag");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(quoted(&"x".repeat(65)), format!("`{}…`", "x".repeat(64)));
        assert_eq!(quoted(&"x".repeat(64)), format!("`{}`", "x".repeat(64)));
    }
}
