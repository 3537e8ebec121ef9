//! The questions between a change and a decision.
//!
//! What weighs `review` or more is acknowledged item by item, the gravest first, and each only after its last line was
//! shown; what weighs less is one item. Accepting takes them all, and a `block` takes typing the name on top, never a key
//! stroke. Lines are only ever added to the screen, in words, so that it reads the same aloud and without colour.

use mcp_pin_diff::EntryRef;
use mcp_pin_model::Grade;

use super::{
    Acknowledged,
    items::{Item, items},
    pages::{Choice, MORE, REST, Reading},
    subject::Subject,
};
use crate::{
    render::{
        View,
        report_human::{grade_role, grade_word, opening},
        values::entry_tree,
        wrap::{counted, wrapped},
    },
    ui::{
        Key, PromptError, Role, Text, Ui,
        layout::shown_block,
        sanitize::{name, width},
    },
};

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes, having acknowledged this.
    Accept(Acknowledged),
    /// No.
    Reject,
    /// Nothing, and whoever asks stops asking.
    Quit,
}

const STOP: Choice = (Key::Letter('s'), "stop");
const ACKNOWLEDGE: Choice = (Key::Letter('a'), "acknowledge");
const ACCEPT_TOGETHER: Choice = (Key::Letter('a'), "accept these together");
const ACCEPT: Choice = (Key::Letter('a'), "accept");
const NEXT: Choice = (Key::Letter('n'), "next");
const BACK: Choice = (Key::Letter('b'), "back");
const FULL: Choice = (Key::Letter('f'), "full entry");
const REJECT: Choice = (Key::Letter('r'), "reject");
const QUIT: Choice = (Key::Letter('q'), "quit");
const HELP: Choice = (Key::Letter('?'), "help");

/// What the keys do, for `?`.
const HELP_LINES: [&str; 9] = [
    "a  acknowledge: you have read this item; offered after its last line was shown",
    "n  next item, without acknowledging this one",
    "b  back to the item before",
    "f  the whole entry that the item is about: the tool, prompt or resource",
    "e  show everything that is left of this text at once",
    "r  reject: it stays as it is",
    "q  quit: nothing is written, not even what was accepted before",
    "Accepting is offered when every item is acknowledged. For `block` the name is typed.",
    "Every answer ends with the enter key. Ctrl-C quits too.",
];

/// Goes through everything with whoever is there.
///
/// # Errors
/// When nobody is there to answer, or the terminal went away.
pub fn decide(ui: &Ui, subject: &Subject<'_>) -> Result<Decision, PromptError> {
    if subject.grade() == Grade::Refuse {
        ui.warn("this can be neither locked nor approved");
        return Ok(Decision::Reject);
    }
    let items = items(subject);
    let acknowledged = vec![false; items.len()];
    Session { ui, subject, items, acknowledged }.run()
}

struct Session<'a> {
    ui: &'a Ui,
    subject: &'a Subject<'a>,
    items: Vec<Item<'a>>,
    /// Which items were acknowledged.
    acknowledged: Vec<bool>,
}

/// Where to go.
enum Step {
    /// To this item.
    Item(usize),
    /// To the last question.
    End,
    /// Out.
    Decided(Decision),
}

impl Session<'_> {
    fn run(mut self) -> Result<Decision, PromptError> {
        let mut step = self.open()?;
        loop {
            step = match step {
                Step::Item(index) if index < self.items.len() => self.item(index)?,
                Step::Item(_) | Step::End => self.end()?,
                Step::Decided(decision) => return Ok(decision),
            }
        }
    }

    /// What it is about, and the list of what is to be gone through.
    fn open(&self) -> Result<Step, PromptError> {
        let columns = self.ui.width();
        let mut text = self.subject.introduction.clone();
        let view = View { columns, detail: crate::render::Detail::Full, subject: Some(self.subject.name) };
        text.append(opening(self.subject.report(), self.items.len(), &view));
        text.newline();
        let heading = format!("{} to go through, the gravest first:", counted(self.items.len(), "item", "items"));
        for line in wrapped(&heading, columns, 0) {
            text.push(Role::Strong, line);
            text.newline();
        }
        let number_columns = self.items.len().to_string().len();
        for (index, item) in self.items.iter().enumerate() {
            let start = format!("  {:>number_columns$}  ", index + 1);
            let word = format!("{:<6}  ", grade_word(item.grade));
            let indent = width(&start) + width(&word);
            for (line_index, line) in wrapped(&item.title, columns, indent).into_iter().enumerate() {
                if line_index == 0 {
                    text.plain(start.as_str());
                    text.push(grade_role(item.grade), word.as_str());
                } else {
                    text.plain(" ".repeat(indent));
                }
                text.plain(line);
                text.newline();
            }
        }
        match self.read(&text, "before the first item", &[REJECT, QUIT])? {
            Some(key) if key == REJECT.0 => Ok(Step::Decided(Decision::Reject)),
            Some(_) => Ok(Step::Decided(Decision::Quit)),
            None => Ok(Step::Item(0)),
        }
    }

    /// One item. Acknowledging is offered once its last page was shown.
    fn item(&mut self, index: usize) -> Result<Step, PromptError> {
        let Some(item) = self.items.get(index) else { return Ok(Step::End) };
        let place = format!("item {} of {}", index + 1, self.items.len());
        let mut others = vec![NEXT];
        if index > 0 {
            others.push(BACK);
        }
        if !item.entries.is_empty() {
            others.push(FULL);
        }
        others.extend([REJECT, QUIT, HELP]);
        let done = [if item.grade >= Grade::Review { ACKNOWLEDGE } else { ACCEPT_TOGETHER }];
        let heading = if self.is_acknowledged(index) { format!("{place}, acknowledged") } else { place.clone() };
        let mut text = Text::from("\n").with(Role::Strong, heading);
        text.newline();
        let question_lines = self.question_lines(&place, &[&done, &others]);
        let page_lines = self.ui.terminal().map_or(usize::MAX, |(lines, _)| lines.saturating_sub(question_lines + 1));
        text.append(item.whole(self.ui.width(), page_lines));
        let mut reading = Reading::of(self.ui, &text, question_lines);
        reading.next(self.ui)?;
        loop {
            let key = if reading.is_complete() {
                let options: Vec<_> = done.iter().chain(&others).copied().collect();
                self.ui.choose(&format!("{place}:"), &options)?
            } else {
                match reading.turn(self.ui, &place, &others)? {
                    Some(key) => key,
                    None => continue,
                }
            };
            match key {
                key if key == ACKNOWLEDGE.0 => {
                    if let Some(acknowledged) = self.acknowledged.get_mut(index) {
                        *acknowledged = true;
                    }
                    return Ok(self.open_after(index).map_or(Step::End, Step::Item));
                }
                key if key == NEXT.0 => return Ok(Step::Item(index + 1)),
                key if key == BACK.0 => return Ok(Step::Item(index.saturating_sub(1))),
                key if key == REJECT.0 => return Ok(Step::Decided(Decision::Reject)),
                key if key == QUIT.0 => return Ok(Step::Decided(Decision::Quit)),
                key if key == FULL.0 => self.full(item)?,
                _ => self.help()?,
            }
        }
    }

    /// The last question.
    fn end(&mut self) -> Result<Step, PromptError> {
        let open: Vec<String> = (0..self.items.len())
            .filter(|index| !self.is_acknowledged(*index))
            .map(|index| (index + 1).to_string())
            .collect();
        self.ui.show("\n")?;
        if let Some(first) = self.open_after(self.items.len()) {
            let noun = if open.len() == 1 { "item" } else { "items" };
            let question = format!("not acknowledged yet: {noun} {}.", open.join(", "));
            let back = (BACK.0, "back to the first of them");
            return Ok(match self.ui.choose(&question, &[back, REJECT, QUIT])? {
                key if key == BACK.0 => Step::Item(first),
                key if key == REJECT.0 => Step::Decided(Decision::Reject),
                _ => Step::Decided(Decision::Quit),
            });
        }
        let mut question = match self.items.len() {
            0 => String::new(),
            1 => "the item is acknowledged; ".to_owned(),
            count => format!("all {count} items are acknowledged; "),
        };
        question.push_str(&self.subject.question);
        let back = (BACK.0, "back to the items");
        let options: &[_] = if self.items.is_empty() { &[ACCEPT, REJECT, QUIT] } else { &[ACCEPT, back, REJECT, QUIT] };
        match self.ui.choose(&question, options)? {
            key if key == BACK.0 => return Ok(Step::Item(0)),
            key if key == REJECT.0 => return Ok(Step::Decided(Decision::Reject)),
            key if key == QUIT.0 => return Ok(Step::Decided(Decision::Quit)),
            _ => {}
        }
        if self.subject.grade() >= Grade::Block && !self.is_typed()? {
            return Ok(Step::End);
        }
        let mut acknowledged = Acknowledged::default();
        for item in &self.items {
            acknowledged.add(&item.fingerprints);
        }
        Ok(Step::Decided(Decision::Accept(acknowledged)))
    }

    fn is_typed(&self) -> Result<bool, PromptError> {
        let typed = self.subject.name;
        let warning = "This is graded `block`: it is of a kind that attacks use.";
        let lines = wrapped(warning, self.ui.width(), 0);
        self.ui.show(Text::new().with(Role::Bad, lines.join("\n")))?;
        let question = format!("type `{typed}` to accept it all the same, anything else to go back:");
        let is_typed = self.ui.confirm_by_typing(&question, typed)?;
        if !is_typed {
            self.ui.show(format!("that is not `{typed}`; nothing was accepted"))?;
        }
        Ok(is_typed)
    }

    fn is_acknowledged(&self, index: usize) -> bool {
        self.acknowledged.get(index).copied().unwrap_or(false)
    }

    /// The next item that is not acknowledged, after this one or from the beginning.
    fn open_after(&self, index: usize) -> Option<usize> {
        let open = |index: &usize| !self.is_acknowledged(*index);
        (index + 1..self.items.len()).find(open).or_else(|| (0..self.items.len()).find(open))
    }

    /// The entries that an item is about, one at a time.
    fn full(&self, item: &Item<'_>) -> Result<(), PromptError> {
        let [entry] = item.entries.as_slice() else {
            let mut text = Text::new();
            for (index, entry) in item.entries.iter().enumerate() {
                text.append(shown_block(&numbered(index, entry), Role::Plain, 0, self.ui.width()));
            }
            if self.read(&text, "the entries of this item", &[STOP])?.is_some() {
                return Ok(());
            }
            loop {
                let answer = self.ui.ask("which of them? its number, or the enter key to go back:")?;
                if answer.trim().is_empty() {
                    return Ok(());
                }
                let number = answer.trim().parse::<usize>().ok();
                match number.and_then(|number| item.entries.get(number.checked_sub(1)?)) {
                    Some(entry) => self.entry(entry)?,
                    None => self.ui.show(format!("there are {} of them", item.entries.len()))?,
                }
            }
        };
        self.entry(entry)
    }

    fn entry(&self, entry: &EntryRef) -> Result<(), PromptError> {
        let Some((when, value)) = self.subject.entry(entry) else {
            return self.ui.show("there is nothing more about it");
        };
        let columns = self.ui.width();
        let heading = format!("{} {}, {when}:", entry.kind.noun(), name(&entry.key));
        let mut text = Text::new();
        if width(&heading) <= columns {
            text.push(Role::Strong, heading);
            text.newline();
        } else {
            text.append(shown_block(&heading, Role::Strong, 0, columns));
        }
        text.append(entry_tree(&value, 0, columns));
        self.read(&text, "the whole entry", &[STOP]).map(drop)
    }

    fn help(&self) -> Result<(), PromptError> {
        let mut text = Text::new();
        for line in HELP_LINES {
            for (index, part) in wrapped(line, self.ui.width(), 3).into_iter().enumerate() {
                text.plain(format!("{}{part}\n", if index > 0 { "   " } else { "" }));
            }
        }
        self.ui.show(text)
    }

    /// Shows a text to its end, or until another key is pressed.
    fn read(&self, text: &Text, what: &str, others: &[Choice]) -> Result<Option<Key>, PromptError> {
        let mut reading = Reading::of(self.ui, text, self.question_lines(what, &[others]));
        reading.next(self.ui)?;
        while !reading.is_complete() {
            if let Some(key) = reading.turn(self.ui, what, others)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// The most lines that a question below a page takes.
    fn question_lines(&self, what: &str, options: &[&[Choice]]) -> usize {
        let turning = [MORE, REST];
        let options: Vec<Choice> = turning.iter().chain(options.iter().flat_map(|some| some.iter())).copied().collect();
        self.ui.question_lines(&format!("{what}, page 100 of 100:"), &options)
    }
}

/// `2  tool `read_file``.
fn numbered(index: usize, entry: &EntryRef) -> String {
    format!("{}  {} {}", index + 1, entry.kind.noun(), name(&entry.key))
}
