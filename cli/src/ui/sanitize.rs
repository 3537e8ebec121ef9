//! The only way for hostile text onto a terminal.
//!
//! Every string that a server, a registry or a file of somebody else chose is shown through [`line`], [`quoted`] or
//! [`name`], or as a block through [`super::layout`], which builds on [`Piece`]. The rules:
//!
//! * a line end, return and tab become `\n`, `\r`, `\t`; a backslash becomes `\\`;
//! * everything that hides, reorders text or steers a terminal becomes `\u{…}`: C0, C1, DEL, ESC, bidirectional
//!   controls, zero-width characters, tags, variation selectors (after an emoji too: most terminals draw the emoji
//!   alike with and without), fillers, spaces other than U+0020, private use, noncharacters;
//! * so do marks that would combine with text that is not theirs, and piles of marks.
//!
//! The encoding can be read back, hence two different texts never give the same characters on the screen.

use std::{borrow::Cow, fmt::Write as _};

use mcp_pin_model::json::is_hidden;
use unicode_width::UnicodeWidthChar as _;

/// Marks on one base character: what real scripts need (decomposed Vietnamese, Hebrew with accents, Hangul). More is
/// a pile that grows over neighbouring lines.
const MAX_MARKS: usize = 3;

/// What one character of hostile text became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What to show. Never empty, never split when lines are wrapped.
    pub shown: String,
    /// Whether it is an escape.
    pub escaped: bool,
    /// The character it stands for.
    pub source: char,
}

/// Makes every character of a text visible.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece> + '_ {
    let mut marks = MAX_MARKS;
    text.chars().map(move |c| {
        let mark = c.width() == Some(0);
        let escape = match c {
            '\\' => Some("\\\\".to_owned()),
            '\n' => Some("\\n".to_owned()),
            '\r' => Some("\\r".to_owned()),
            '\t' => Some("\\t".to_owned()),
            _ if is_hidden(c) => Some(unicode_escape(c)),
            _ if mark && marks >= MAX_MARKS => Some(unicode_escape(c)),
            _ => None,
        };
        // A mark needs a base of its own: neither the start of a field nor an escape nor a space is one.
        marks = match (&escape, mark, c) {
            (Some(_), _, _) | (None, false, ' ') => MAX_MARKS,
            (None, false, _) => 0,
            (None, true, _) => marks + 1,
        };
        match escape {
            Some(shown) => Piece { shown, escaped: true, source: c },
            None => Piece { shown: c.to_string(), escaped: false, source: c },
        }
    })
}

fn unicode_escape(c: char) -> String {
    format!("\\u{{{:x}}}", u32::from(c))
}

/// Hostile text as one line, every character visible.
#[must_use]
pub fn line(text: &str) -> String {
    pieces(text).map(|piece| piece.shown).collect()
}

/// Hostile text in double quotes, so that its ends are visible.
#[must_use]
pub fn quoted(text: &str) -> String {
    delimited(text, '"')
}

/// A name that somebody else chose, in backticks.
#[must_use]
pub fn name(text: &str) -> String {
    delimited(text, '`')
}

fn delimited(text: &str, delimiter: char) -> String {
    let mut out = String::from(delimiter);
    for piece in pieces(text) {
        if piece.source == delimiter {
            out.push('\\');
        }
        out.push_str(&piece.shown);
    }
    out.push(delimiter);
    out
}

/// Hostile text as one line of at most `columns`, for tables and summaries only: what is left out is counted.
#[must_use]
pub fn summary(text: &str, columns: usize) -> String {
    let pieces: Vec<Piece> = pieces(text).collect();
    let total: usize = pieces.iter().map(|piece| width(&piece.shown)).sum();
    if total <= columns {
        return pieces.into_iter().map(|piece| piece.shown).collect();
    }
    let mut out = String::new();
    let mut used = 0;
    let mut shown = 0;
    // Room for the words that say how much is missing.
    let room = columns.saturating_sub(24);
    for piece in &pieces {
        used += width(&piece.shown);
        if used > room {
            break;
        }
        out.push_str(&piece.shown);
        shown += 1;
    }
    let _ = write!(out, "… {} more characters", thousands(pieces.len() - shown));
    out
}

/// A number with commas between groups of three digits.
#[must_use]
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Columns that a shown text takes. Counted per character: an upper bound where a terminal joins characters.
#[must_use]
pub fn width(shown: &str) -> usize {
    shown.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Escapes what steers a terminal or hides, except line ends; leaves everything else. For text of our own that was
/// put together with the functions above: doing it again changes nothing.
#[must_use]
pub fn last_defence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_hidden(c) { out.push_str(&unicode_escape(c)) } else { out.push(c) }
    }
    out
}

/// One line of our own words that may quote hostile text: whatever steers a terminal or hides is escaped, line ends
/// too; the rest, also what was escaped before, stays as it is.
#[must_use]
pub fn one_line(text: &str) -> String {
    last_defence(text).replace('\n', "\\n")
}

/// What is printed in a CI job is read by its runner, which takes some lines for commands: `::` at the start of a line, however
/// far it is indented, `##[` (GitHub Actions) and `##vso[` (Azure Pipelines) anywhere. Nothing that is printed for people may be
/// one (threat T54): what looks like one is escaped.
#[must_use]
pub fn log_safe(text: &str) -> Cow<'_, str> {
    let starts_command = |line: &str| line.trim_start().starts_with("::");
    if !text.contains("##") && !text.contains("::") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let line = line.replace("##[", "#\\u{23}[").replace("##vso[", "#\\u{23}vso[");
        out.push_str(&if starts_command(&line) { line.replacen(':', "\\u{3a}", 1) } else { line });
    }
    Cow::Owned(out)
}

/// Whether a character may start or continue an emoji: pictographs, and the arrows, signs and symbols that U+FE0F
/// turns into pictures.
fn is_emoji_base(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{21aa}'
        | '\u{231a}'..='\u{23ff}' | '\u{24c2}' | '\u{25aa}'..='\u{27bf}' | '\u{2934}'..='\u{2935}'
        | '\u{2b05}'..='\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// What a reader of the plain text would not have noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concealed {
    /// Characters without an appearance of their own.
    pub invisible: usize,
    /// Controls, among them those that steer terminals.
    pub controls: usize,
    /// Controls that reorder text.
    pub reordering: usize,
    /// What the tag characters (U+E0000 to U+E007F) spell. Hostile text as any other.
    pub tag_text: String,
    /// Letters of scripts written from right to left: their order on the screen is the terminal's choice.
    pub right_to_left: usize,
}

impl Concealed {
    /// Looks at a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut found = Self::default();
        let mut after_emoji = false;
        for c in text.chars() {
            match c {
                '\n' | '\t' | ' ' => {}
                // What makes up an emoji is shown, but is nothing to be alarmed about.
                '\u{fe0f}' | '\u{200d}' if after_emoji => continue,
                '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => found.controls += 1,
                '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    found.reordering += 1;
                    found.invisible += 1;
                }
                '\u{590}'..='\u{8ff}'
                | '\u{fb1d}'..='\u{fdff}'
                | '\u{fe70}'..='\u{fefc}'
                | '\u{10800}'..='\u{10fff}'
                | '\u{1e800}'..='\u{1efff}' => found.right_to_left += 1,
                '\u{e0000}'..='\u{e007f}' => {
                    found.invisible += 1;
                    if let Some(decoded) = char::from_u32(u32::from(c) - 0xe0000).filter(|c| (' '..='~').contains(c)) {
                        found.tag_text.push(decoded);
                    }
                }
                _ if is_hidden(c) => found.invisible += 1,
                _ => {}
            }
            after_emoji = is_emoji_base(c);
        }
        found
    }

    /// Sentences for a person, each one line and safe to show. Empty when there is nothing to say.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut out = Vec::new();
        let count = |number: usize, one: &str, more: &str| {
            format!("{} {}", thousands(number), if number == 1 { one } else { more })
        };
        if self.invisible > 0 {
            let mut sentence = count(self.invisible, "invisible character", "invisible characters");
            if self.reordering > 0 {
                let _ = write!(sentence, ", {} of them reordering the text", thousands(self.reordering));
            }
            out.push(sentence);
        }
        if !self.tag_text.is_empty() {
            out.push(format!("hidden text: {}", quoted(&self.tag_text)));
        }
        if self.controls > 0 {
            out.push(count(self.controls, "control character", "control characters"));
        }
        if self.right_to_left > 0 {
            out.push("letters written from right to left: a terminal may show them in another order".to_owned());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a shown line back. That it can be read back is what makes it unambiguous.
    pub(crate) fn decode(shown: &str) -> Option<String> {
        let mut out = String::new();
        let mut chars = shown.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next()? {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                'u' => {
                    let hex: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    out.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
                }
                other => out.push(other),
            }
        }
        Some(out)
    }

    /// Text out of the characters that attackers like, mixed with any others.
    fn hostile() -> impl Strategy<Value = String> {
        let nasty = prop::sample::select(vec![
            '\\', 'u', '{', '}', 'n', '2', '0', 'e', '\n', '\r', '\t', '\u{1b}', '\u{9b}', '\u{7f}', '\u{202e}',
            '\u{200b}', '\u{e0041}', '\u{fe0f}', '\u{2764}', '\u{301}', '\u{a0}', '"', '`', '[', '-', ']', '{', '+',
            '}', ' ', '\u{1160}',
        ]);
        prop::collection::vec(prop_oneof![3 => nasty, 1 => any::<char>()], 0..40)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn t52_t53_no_hidden_character_reaches_the_terminal(text in hostile()) {
            for shown in [line(&text), quoted(&text), name(&text), summary(&text, 30), one_line(&text)] {
                prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
            }
            prop_assert!(!last_defence(&text).chars().any(|c| c != '\n' && is_hidden(c)));
        }

        #[test]
        fn different_texts_never_look_alike(text in hostile()) {
            prop_assert_eq!(decode(&line(&text)), Some(text.clone()));
            let quoted = quoted(&text);
            let inner: String = quoted.chars().skip(1).take(quoted.chars().count() - 2).collect();
            prop_assert_eq!(decode(&inner), Some(text));
        }

        #[test]
        fn the_last_defence_changes_nothing_twice(text in hostile()) {
            let once = one_line(&text);
            prop_assert_eq!(&one_line(&once), &once);
            prop_assert_eq!(one_line(&line(&text)), line(&text));
        }

        #[test]
        fn a_summary_fits_its_columns(text in hostile(), columns in 30_usize..80) {
            prop_assert!(width(&summary(&text, columns)) <= columns);
        }
    }

    #[test]
    fn t52_terminal_escapes_are_shown() {
        assert_eq!(line("\u{1b}[2K\u{1b}]8;;http://a.example\u{7}ok"), "\\u{1b}[2K\\u{1b}]8;;http://a.example\\u{7}ok");
        assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn an_escape_and_its_spelling_differ() {
        assert_eq!(line("\u{202e}"), "\\u{202e}");
        assert_eq!(line("\\u{202e}"), "\\\\u{202e}");
    }

    #[test]
    fn an_emoji_with_and_without_selector_differ() {
        assert_ne!(line("\u{2764}\u{fe0f}"), line("\u{2764}"));
    }

    #[test]
    fn marks_without_a_base_of_their_own_are_shown() {
        assert_eq!(line("\u{338}="), "\\u{338}=");
        assert_eq!(line("e\u{301}"), "e\u{301}");
        assert_eq!(line("a\u{301}\u{301}\u{301}\u{301}"), "a\u{301}\u{301}\u{301}\\u{301}");
    }

    #[test]
    fn t53_hidden_text_is_counted_and_decoded() {
        let tags: String = "steal".chars().filter_map(|c| char::from_u32(u32::from(c) + 0xe0000)).collect();
        let found = Concealed::of(&format!("weather{tags}\u{200b}\u{202e}"));
        assert_eq!(
            found.sentences(),
            ["7 invisible characters, 1 of them reordering the text", "hidden text: \"steal\""]
        );
        assert!(Concealed::of("\u{26a0}\u{fe0f} careful \u{1f468}\u{200d}\u{1f4bb}").sentences().is_empty());
        assert_eq!(Concealed::of("a\u{fe0f}").invisible, 1);
        assert_eq!(Concealed::of("plain text\nwith lines").sentences(), Vec::<String>::new());
    }

    #[test]
    fn t55_a_summary_says_how_much_it_left_out() {
        assert_eq!(summary(&"x".repeat(1234), 40), format!("{}… 1,218 more characters", "x".repeat(16)));
    }
}
