//! Escaping for the forms that a viewer gives meaning to. What comes in was made visible before: no control, no hidden character
//! and no line end is in it. What a log makes of a line is [`crate::ui::sanitize::log_safe`]'s.

use std::fmt::Write as _;

/// Text inside Markdown and HTML: nothing in it can be a tag, an entity, a cell, a link, an image, code, a mention of a person
/// or of an issue, or a bare address that a viewer would make a link of.
///
/// Everything that is neither a letter, a digit nor harmless becomes a character reference: CommonMark gives no meaning to what a
/// reference stands for. GitHub and GitLab look for mentions and addresses in the text that comes out, which a word joiner
/// takes apart.
#[must_use]
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut before = ' ';
    for c in text.chars() {
        match c {
            // Mentions, issues and merge requests: `@name`, `#1`, `!1`, `~label`, `%milestone`, `$1`, `&1`; addresses:
            // `https://`, `www.`. The word joiner is ours: hostile ones were escaped before.
            '@' | '#' | '!' | '~' | '%' | '$' | '&' => {
                let _ = write!(out, "&#{};&#8288;", u32::from(c));
            }
            ':' => out.push_str("&#58;&#8288;"),
            '.' if before.is_alphanumeric() => out.push_str("&#46;&#8288;"),
            _ => push_reference(&mut out, c),
        }
        before = c;
    }
    out
}

/// The same as code. Neither GitHub nor GitLab looks for mentions or addresses in it, so what is copied from it is what stands
/// there, without word joiners; only an address of mail is looked for before code is known to be code.
#[must_use]
pub(super) fn code(text: &str) -> String {
    let mut out = String::from("<code>");
    for c in text.chars() {
        match c {
            '@' => out.push_str("&#64;&#8288;"),
            '.' | ':' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => push_reference(&mut out, c),
        }
    }
    out.push_str("</code>");
    out
}

/// Our own words with names and commands in backticks, which become code. Whatever the backticks of hostile text make of it,
/// both halves are escaped.
#[must_use]
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once('`') {
        let Some((quoted, after)) = split_at_backtick(after) else { break };
        out.push_str(&markdown(words));
        out.push_str(&code(quoted));
        rest = after;
    }
    out.push_str(&markdown(rest));
    out
}

/// Up to the next backtick that no backslash escapes.
fn split_at_backtick(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '`' if !escaped => {
                return text
                    .split_at_checked(at)
                    .map(|(quoted, rest)| (quoted, rest.strip_prefix('`').unwrap_or(rest)));
            }
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn push_reference(out: &mut String, c: char) {
    if c.is_ascii_punctuation() && !matches!(c, ',' | '.' | '-' | '(' | ')' | '/' | '+' | '=' | ';' | '?') {
        let _ = write!(out, "&#{};", u32::from(c));
    } else {
        out.push(c);
    }
}

/// The message of a workflow command, by GitHub's rules.
#[must_use]
pub(super) fn command_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
#[must_use]
pub(super) fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text or the value of an attribute in XML 1.0. What no XML can hold, not even as a reference, is spelled out.
#[must_use]
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// A path as a relative URI (RFC 3986): everything but unreserved characters and `/` is percent-encoded.
#[must_use]
pub(super) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A plain message of SARIF, in which `[text](target)` is a link: hostile text gets none.
#[must_use]
pub(super) fn sarif_message(text: &str) -> String {
    text.replace("](", "]\\u{28}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ui::sanitize;

    #[test]
    fn t54_names_and_commands_in_backticks_are_code_and_can_be_copied() {
        assert_eq!(
            prose("review it with `mcp-pin diff a`, @b"),
            "review it with <code>mcp-pin diff a</code>, &#64;&#8288;b"
        );
        assert_eq!(prose("tool `a\\`b` x"), "tool <code>a&#92;&#96;b</code> x");
        assert_eq!(prose("one ` only"), "one &#96; only");
    }

    #[test]
    fn t54_nothing_is_a_link_a_mention_or_a_tag() {
        let escaped = markdown("<img src=x> [a](http://b.c) ![a](//b) @a #1 www.a.b `c` | *d* _e_ &lt; $x$ :a:");
        for piece in ["<", ">", "[", "]", "!", "@a", " #1", "://", "www.", "`", "|", "*", "_", "$x", ":a", "&lt;"] {
            assert!(!escaped.contains(piece), "{piece} in {escaped}");
        }
        let escaped = code("a@b.c </code> www.a.b http://x");
        let inside = escaped.strip_prefix("<code>").and_then(|rest| rest.strip_suffix("</code>")).unwrap();
        assert!(!inside.contains(['<', '>', ':']) && !inside.contains("www.") && !inside.contains("@b"), "{inside}");
    }

    #[test]
    fn paths_are_relative_uris() {
        assert_eq!(uri("a b/ü%.lock"), "a%20b/%C3%BC%25.lock");
        assert_eq!(uri("//evil.example/x#?"), "//evil.example/x%23%3F");
    }

    /// Text as hostile as it gets: any characters, and the pieces that forms are broken with.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            prop::sample::select(vec![
                "::error::", "\n::", "##[add-mask]", "##vso[", "%0A", "]]>", "-->", "<!--", "```", "`", "|",
                "</details>", "\u{202e}", "\u{1b}", "\\", "](", "![", "@a", "#1", "&", "\"", "'", "<", ">", "\r", "\n",
                "https://", "www.", "\u{2060}",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn t54_no_markdown_is_left(text in hostile()) {
            let shown = sanitize::line(&text);
            for escaped in [markdown(&shown), prose(&shown), code(&shown)] {
                let inside = escaped.replace("<code>", "").replace("</code>", "");
                // Of what Markdown and HTML give meaning to, only our own character references are left.
                let is_ours = |rest: &str| rest.strip_prefix('#').is_some_and(|rest| {
                    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                    digits > 0 && rest.as_bytes().get(digits) == Some(&b';')
                });
                prop_assert!(inside.split('&').skip(1).all(is_ours), "{escaped}");
                prop_assert!(!inside.contains(['<', '>', '`', '|', '[', ']', '*', '_', '\\', '!', '@', ':', '~', '\n', '\r', '"']), "{escaped}");
            }
        }

        #[test]
        fn t54_no_command_is_left(text in hostile()) {
            let data = command_data(&text);
            prop_assert!(!data.contains(['\n', '\r']));
            let property = command_property(&text);
            prop_assert!(!property.contains(['\n', '\r', ':', ',']));
        }

        #[test]
        fn t54_xml_stays_one_attribute_and_one_text(text in hostile()) {
            let escaped = xml(&text);
            let document = format!("<a b=\"{escaped}\">{escaped}</a>");
            let parsed = roxmltree::Document::parse(&document).unwrap();
            let root = parsed.root_element();
            prop_assert_eq!(root.attribute("b"), Some(root.text().unwrap_or_default()));
            prop_assert!(root.children().all(|child| child.is_text()));
        }

        #[test]
        fn t54_a_path_stays_a_path(text in hostile()) {
            prop_assert!(uri(&text).bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)));
        }
    }
}
