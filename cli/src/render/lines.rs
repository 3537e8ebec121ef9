//! Labels and values, one below the other.

use super::wrap::wrapped;
use crate::ui::{Role, Text, sanitize};

/// Columns of the labels: a digest beside one fits 80 columns.
const LABEL: usize = 9;

/// Lines of a label and a value, wrapped below the value, never cut: what is shown may have to be compared or copied.
pub struct Lines {
    /// The lines so far.
    pub text: Text,
    columns: usize,
}

impl Lines {
    /// Lines for a terminal of so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { text: Text::new(), columns }
    }

    /// Adds a value, made visible.
    pub fn add(&mut self, label: &str, value: &str, role: Role) {
        for (index, line) in wrapped(&sanitize::one_line(value), self.columns, LABEL).into_iter().enumerate() {
            self.text.push(Role::Dim, format!("{:LABEL$}", if index == 0 { label } else { "" }));
            self.text.push(role, line);
            self.text.newline();
        }
    }

    /// Adds a title.
    pub fn title(&mut self, title: &str) {
        self.text.newline();
        self.text.push(Role::Strong, title);
        self.text.newline();
    }
}
