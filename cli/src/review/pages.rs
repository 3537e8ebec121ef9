//! Long texts as pages of a terminal's height (threat T55): nothing scrolls past before somebody could read it.

use crate::ui::{Key, PromptError, Text, Ui};

/// A key and what it does.
pub(super) type Choice = (Key, &'static str);

/// Goes on by one page.
pub(super) const MORE: Choice = (Key::Enter, "next page");
/// Shows all that is left at once. It is on the screen then, for whoever would rather scroll.
pub(super) const REST: Choice = (Key::Letter('e'), "everything to the end");

/// However low a terminal is, a page holds this many lines.
const LEAST_LINES: usize = 4;

/// A text that is being read, page by page.
pub(super) struct Reading {
    pages: Vec<Text>,
    shown: usize,
}

impl Reading {
    /// A text of which nothing was shown yet.
    pub(super) fn of(ui: &Ui, text: &Text, question_lines: usize) -> Self {
        Self { pages: pages(ui, text, question_lines), shown: 0 }
    }

    /// Shows the next page.
    pub(super) fn next(&mut self, ui: &Ui) -> Result<(), PromptError> {
        if let Some(page) = self.pages.get(self.shown) {
            ui.show(page.clone())?;
            self.shown += 1;
        }
        Ok(())
    }

    /// Whether the last page was shown.
    pub(super) fn is_complete(&self) -> bool {
        self.shown >= self.pages.len()
    }

    /// Asks whether to go on, and does; gives back the key where it was another one.
    pub(super) fn turn(&mut self, ui: &Ui, what: &str, others: &[Choice]) -> Result<Option<Key>, PromptError> {
        let options: Vec<Choice> = [MORE, REST].iter().chain(others).copied().collect();
        match ui.choose(&format!("{what}, page {} of {}:", self.shown, self.pages.len()), &options)? {
            key if key == MORE.0 => self.next(ui)?,
            key if key == REST.0 => {
                while !self.is_complete() {
                    self.next(ui)?;
                }
            }
            key => return Ok(Some(key)),
        }
        Ok(None)
    }
}

/// The pages of a text, each of which fits above a question of so many lines. One page where there is no terminal that
/// could scroll anything away. Never empty, and nothing is left out.
pub(super) fn pages(ui: &Ui, text: &Text, question_lines: usize) -> Vec<Text> {
    let Some((lines, columns)) = ui.terminal() else { return vec![text.clone()] };
    // One line stays free for what is typed.
    let room = lines.saturating_sub(question_lines + 1).max(LEAST_LINES);
    let mut pages = Vec::new();
    let mut page = Text::new();
    let mut used = 0;
    for line in text.lines() {
        // What is wider than the terminal takes several of its lines.
        let height = line.columns().div_ceil(columns.max(1)).max(1);
        if used > 0 && used + height > room {
            pages.push(std::mem::take(&mut page));
            used = 0;
        }
        used += height;
        page.append(line);
    }
    if !page.is_empty() || pages.is_empty() {
        pages.push(page);
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Text {
        Text::from((1..=count).map(|line| format!("line {line}\n")).collect::<String>())
    }

    #[test]
    fn t55_pages_are_as_high_as_the_terminal_and_hold_everything() {
        let (ui, _) = Ui::captured(None);
        let ui = ui.sized(24, 80);
        let pages = pages(&ui, &lines(200), 2);
        assert_eq!(pages.len(), 10);
        assert!(pages.iter().all(|page| page.lines().len() <= 21));
        let joined: String = pages.iter().map(ToString::to_string).collect();
        assert_eq!(joined, lines(200).to_string());
    }

    #[test]
    fn a_line_wider_than_the_terminal_counts_as_several() {
        let (ui, _) = Ui::captured(None);
        let ui = ui.sized(10, 20);
        let wide = Text::from(format!("{}\n", "x".repeat(40)).repeat(8));
        assert_eq!(pages(&ui, &wide, 1).len(), 2);
    }

    #[test]
    fn without_a_terminal_there_is_one_page() {
        let (ui, _) = Ui::captured(None);
        assert_eq!(pages(&ui, &lines(500), 1).len(), 1);
        assert_eq!(pages(&ui, &Text::new(), 1).len(), 1);
    }
}
