//! Text with meaning instead of colour codes.

use owo_colors::{OwoColorize as _, Style};

use super::sanitize;

/// What a span of text is; how it looks follows from that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    #[default]
    Plain,
    /// Emphasis: headings, labels.
    Strong,
    /// Less important.
    Dim,
    /// Text that is new.
    Added,
    /// Text that is gone.
    Removed,
    /// Something that is well.
    Good,
    /// Something that needs a look.
    Warning,
    /// Something that is wrong.
    Bad,
}

impl Role {
    fn look(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Added | Self::Good => Style::new().green(),
            Self::Removed => Style::new().red(),
            Self::Warning => Style::new().yellow().bold(),
            Self::Bad => Style::new().red().bold(),
        }
    }
}

/// Spans of text with roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    spans: Vec<(Role, String)>,
}

impl Text {
    /// No text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a span.
    pub fn push(&mut self, role: Role, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.spans.push((role, text));
        }
    }

    /// Adds to the last span where the role is the same.
    pub fn push_joined(&mut self, role: Role, text: &str) {
        match self.spans.last_mut() {
            Some((last, span)) if *last == role => span.push_str(text),
            _ => self.push(role, text),
        }
    }

    /// Adds a plain span.
    pub fn plain(&mut self, text: impl Into<String>) {
        self.push(Role::Plain, text);
    }

    /// Ends the line.
    pub fn newline(&mut self) {
        self.push(Role::Plain, "\n");
    }

    /// Adds a span; for building in one expression.
    #[must_use]
    pub fn with(mut self, role: Role, text: impl Into<String>) -> Self {
        self.push(role, text);
        self
    }

    /// Adds another text; for building in one expression.
    #[must_use]
    pub fn then(mut self, other: impl Into<Self>) -> Self {
        self.spans.extend(other.into().spans);
        self
    }

    /// Adds another text.
    pub fn append(&mut self, other: Self) {
        self.spans.extend(other.spans);
    }

    /// Columns that it takes on a terminal; for text of one line.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.spans.iter().map(|(_, text)| sanitize::width(text)).sum()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The spans.
    #[must_use]
    pub fn spans(&self) -> &[(Role, String)] {
        &self.spans
    }

    /// Keeps the first lines, and says how many others there were. For a summary; the caller says what is missing.
    #[must_use]
    pub fn keep_lines(&mut self, lines: usize) -> usize {
        let mut kept = Self::new();
        let mut seen = 0;
        let mut rest = 0;
        for (role, text) in &self.spans {
            for piece in text.split_inclusive('\n') {
                let ends = usize::from(piece.ends_with('\n'));
                if seen < lines {
                    kept.push_joined(*role, piece);
                    seen += ends;
                } else {
                    rest += ends;
                }
            }
        }
        *self = kept;
        rest
    }

    /// Its lines, each with its end.
    #[must_use]
    pub fn lines(&self) -> Vec<Self> {
        let mut out = Vec::new();
        let mut line = Self::new();
        for (role, text) in &self.spans {
            for piece in text.split_inclusive('\n') {
                line.push(*role, piece);
                if piece.ends_with('\n') {
                    out.push(std::mem::take(&mut line));
                }
            }
        }
        if !line.is_empty() {
            out.push(line);
        }
        out
    }

    /// The same text in lines of at most `columns`; what continues a line starts with a gutter.
    #[must_use]
    pub fn folded(&self, columns: usize) -> Self {
        const GUTTER: &str = "  ┊ ";
        let mut out = Self::new();
        let mut used = 0;
        for (role, text) in &self.spans {
            for c in sanitize::last_defence(text).chars() {
                let wide = sanitize::width(c.encode_utf8(&mut [0; 4]));
                if c == '\n' {
                    used = 0;
                } else if used + wide > columns {
                    out.push(Role::Dim, format!("\n{GUTTER}"));
                    used = sanitize::width(GUTTER) + wide;
                } else {
                    used += wide;
                }
                out.push_joined(*role, c.encode_utf8(&mut [0; 4]));
            }
        }
        out
    }

    /// The characters for a terminal or a file. Whatever steers a terminal or hides is escaped here even if it was
    /// forgotten before; only line ends pass.
    #[must_use]
    pub fn render(&self, colored: bool) -> String {
        let mut out = String::new();
        for (role, text) in &self.spans {
            let safe = sanitize::last_defence(text);
            if !colored || *role == Role::Plain {
                out.push_str(&safe);
                continue;
            }
            // A style never runs over a line end: pagers and logs cut lines.
            for (index, line) in safe.split('\n').enumerate() {
                if index > 0 {
                    out.push('\n');
                }
                if !line.is_empty() {
                    out.push_str(&line.style(role.look()).to_string());
                }
            }
        }
        out
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new().with(Role::Plain, text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new().with(Role::Plain, text)
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t54_a_long_message_is_folded_by_us_and_not_by_the_terminal() {
        let text = Text::new().with(Role::Bad, "error: ").with(Role::Plain, "x".repeat(30)).folded(20);
        let lines: Vec<String> = text.to_string().lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [format!("error: {}", "x".repeat(13)), format!("  ┊ {}", "x".repeat(16)), "  ┊ x".to_owned()]
        );
    }

    #[test]
    fn t52_a_forgotten_escape_is_caught_on_the_way_out() {
        let text = Text::new().with(Role::Bad, "a\u{1b}[2Kb");
        assert_eq!(text.render(false), "a\\u{1b}[2Kb");
        assert!(text.render(true).contains("a\\u{1b}[2Kb"));
    }

    #[test]
    fn a_style_ends_before_the_line_does() {
        let text = Text::new().with(Role::Bad, "a\nb").render(true);
        for line in text.lines() {
            assert!(line.ends_with("\u{1b}[0m"), "{line:?}");
        }
    }
}
