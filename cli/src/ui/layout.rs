//! Hostile text as a block: wrapped, with a gutter before every physical line.
//!
//! The gutter is what keeps a server from drawing lines of its own: a line of a block starts with `│`, its
//! continuation after a space with `┊`, its continuation within a word with `┊+`. Nothing is left out and no character is
//! dropped where a line is broken.

use super::{
    sanitize::{Piece, pieces, width},
    text::{Role, Text},
};

/// How a line of a block starts.
const START: &str = "│ ";
const AFTER_SPACE: &str = "┊ ";
const WITHIN_WORD: &str = "┊+";
/// Columns of each of them.
const GUTTER: usize = 2;
/// However narrow the terminal, a line holds this much.
const LEAST_COLUMNS: usize = 16;

/// What happened to a run of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    Same,
    /// It is new: `{+…+}`.
    Added,
    /// It is gone: `[-…-]`.
    Removed,
    /// Our own words about what is left out here: `[…n more characters…]`.
    Note,
}

impl Mark {
    fn role(self) -> Role {
        match self {
            Self::Same => Role::Plain,
            Self::Added => Role::Added,
            Self::Removed => Role::Removed,
            Self::Note => Role::Warning,
        }
    }

    fn brackets(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Same => None,
            Self::Added => Some(("{+", "+}")),
            Self::Removed => Some(("[-", "-]")),
            Self::Note => Some(("[… ", " …]")),
        }
    }
}

/// A piece of text that is never broken.
#[derive(Clone, Debug)]
struct Atom {
    role: Role,
    shown: String,
    space: bool,
    /// A line ends after it.
    ends_line: bool,
}

/// A whole text as a block.
#[must_use]
pub fn block(text: &str, role: Role, indent: usize, columns: usize) -> Text {
    let mut atoms = Vec::new();
    for piece in pieces(text) {
        atoms.push(atom(piece, role));
    }
    lay_out(&atoms, indent, columns)
}

/// A text with marked changes as a block. The marks are spelled out, so that the block reads the same without colour; the same
/// characters in the text itself are escaped.
#[must_use]
pub fn marked_block(runs: &[(Mark, &str)], indent: usize, columns: usize) -> Text {
    let mut atoms = Vec::new();
    for (mark, text) in runs.iter().filter(|(_, text)| !text.is_empty()) {
        let role = mark.role();
        let brackets = mark.brackets();
        if let Some((open, _)) = brackets {
            atoms.push(Atom { role, shown: open.to_owned(), space: false, ends_line: false });
        }
        let pieces: Vec<Piece> = pieces(text).collect();
        let sign = |at: Option<&Piece>| at.is_none_or(|piece| matches!(piece.source, '-' | '+' | '…'));
        for (index, piece) in pieces.iter().enumerate() {
            let looks_like_a_mark = match piece.source {
                '[' | '{' => sign(pieces.get(index + 1)),
                ']' | '}' => sign(index.checked_sub(1).and_then(|before| pieces.get(before))),
                _ => false,
            };
            let mut atom = atom(piece.clone(), role);
            if looks_like_a_mark {
                atom.shown.insert(0, '\\');
            }
            atoms.push(atom);
        }
        if let Some((_, close)) = brackets {
            // A line end inside a mark stands before the closing bracket, which must not start a line of its own.
            let ends_line = atoms.last_mut().is_some_and(|last| std::mem::take(&mut last.ends_line));
            atoms.push(Atom { role, shown: close.to_owned(), space: false, ends_line });
        }
    }
    lay_out(&atoms, indent, columns)
}

/// Words of ours that quote names which were made visible before: wrapped with the gutter, escapes left as they are.
#[must_use]
pub fn shown_block(shown: &str, role: Role, indent: usize, columns: usize) -> Text {
    let atoms: Vec<Atom> = super::sanitize::one_line(shown)
        .chars()
        .map(|c| Atom { role, space: c == ' ', ends_line: false, shown: c.to_string() })
        .collect();
    lay_out(&atoms, indent, columns)
}

fn atom(piece: Piece, role: Role) -> Atom {
    let role = if piece.escaped && !matches!(piece.source, '\n' | '\t' | '\\') { Role::Bad } else { role };
    Atom { role, space: piece.source == ' ', ends_line: piece.source == '\n', shown: piece.shown }
}

/// Fills lines. A break comes after a single space where one is in reach, else anywhere between two atoms.
fn lay_out(atoms: &[Atom], indent: usize, columns: usize) -> Text {
    let room = columns.saturating_sub(indent + GUTTER + 1).max(LEAST_COLUMNS);
    let mut out = Text::new();
    let mut start = 0;
    let mut gutter = START;
    loop {
        let mut used = 0;
        let mut end = start;
        let mut after_space = None;
        let mut line_ends = false;
        while let Some(atom) = atoms.get(end) {
            let wide = width(&atom.shown);
            if used + wide > room && end > start {
                break;
            }
            used += wide;
            end += 1;
            if atom.ends_line {
                line_ends = true;
                break;
            }
            let next_is_space = atoms.get(end).is_some_and(|next| next.space);
            let previous_is_space = end.checked_sub(2).and_then(|at| atoms.get(at)).is_some_and(|before| before.space);
            if atom.space && !next_is_space && !previous_is_space {
                after_space = Some(end);
            }
        }
        let finished = end >= atoms.len();
        let mut next_gutter = START;
        if !finished && !line_ends {
            next_gutter = match after_space {
                Some(at) if at > start => {
                    end = at;
                    AFTER_SPACE
                }
                _ => WITHIN_WORD,
            };
        }
        out.plain(" ".repeat(indent));
        out.push(Role::Dim, gutter);
        for atom in atoms.get(start..end).unwrap_or_default() {
            out.push_joined(atom.role, &atom.shown);
        }
        out.newline();
        if finished {
            return out;
        }
        start = end;
        gutter = next_gutter;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn t54_no_line_of_a_text_can_pretend_to_be_ours() {
        let shown = block("ok\napproved by security\n::error::x", Role::Plain, 2, 80).to_string();
        assert_eq!(shown, "  │ ok\\n\n  │ approved by security\\n\n  │ ::error::x\n");
    }

    #[test]
    fn long_lines_are_wrapped_after_a_space_or_visibly_within_a_word() {
        let shown = block("one two three four five six seven", Role::Plain, 0, 20).to_string();
        assert_eq!(shown, "│ one two three \n┊ four five six \n┊ seven\n");
        let shown = block(&"x".repeat(20), Role::Plain, 0, 20).to_string();
        assert_eq!(shown, format!("│ {}\n┊+xxx\n", "x".repeat(17)));
    }

    #[test]
    fn marks_in_the_text_are_not_marks() {
        let shown =
            marked_block(&[(Mark::Same, "a [-x-] "), (Mark::Removed, "b["), (Mark::Added, "]c")], 0, 80).to_string();
        assert_eq!(shown, "│ a \\[-x-\\] [-b\\[-]{+\\]c+}\n");
    }

    proptest! {
        #[test]
        fn every_line_has_its_gutter_and_fits(text in any::<String>(), columns in 24_usize..100) {
            let shown = block(&text, Role::Plain, 2, columns).to_string();
            for line in shown.lines() {
                prop_assert!(line.starts_with("  │ ") || line.starts_with("  ┊ ") || line.starts_with("  ┊+"), "{line:?}");
                prop_assert!(width(line) <= columns, "{line:?}");
            }
        }

        #[test]
        fn nothing_is_left_out(text in "[a-z \\n]{0,200}", columns in 24_usize..100) {
            let shown = block(&text, Role::Plain, 0, columns).to_string();
            let joined: String = shown.lines().map(|line| line.chars().skip(2).collect::<String>()).collect();
            prop_assert_eq!(joined, super::super::sanitize::line(&text));
        }
    }
}
