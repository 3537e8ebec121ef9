//! A text that changed, word by word.
//!
//! Words that are gone stand in `[-…-]`, words that are new in `{+…+}`, in reading order, so that it reads the same
//! without colour and aloud.

use mcp_pin_diff::{SegmentKind, text_diff};

use super::report_human::{Detail, View};
use crate::ui::{
    Text,
    layout::{Mark, marked_block},
    sanitize::thousands,
};

/// Characters of one text in a summary.
pub(super) const SUMMARY_CHARACTERS: usize = 480;
/// Unchanged characters that are kept on either side of a change.
const CONTEXT_CHARACTERS: usize = 80;

/// A text that changed: unchanged, new and gone words in reading order.
pub(super) fn text_change(before: &str, after: &str, indent: usize, view: &View<'_>) -> Text {
    let runs = readable_runs(before, after);
    match view.detail {
        Detail::Full => {
            let runs: Vec<(Mark, &str)> = runs.iter().map(|(mark, text)| (*mark, text.as_str())).collect();
            marked_block(&runs, indent, view.columns)
        }
        Detail::Changed | Detail::Summary => {
            let runs = shortened(&runs, view.detail);
            let runs: Vec<(Mark, &str)> = runs.iter().map(|(mark, text)| (*mark, text.as_str())).collect();
            marked_block(&runs, indent, view.columns)
        }
    }
}

/// Where less than this part of a reworded sentence is the same, its words are not interleaved: both wordings are shown.
const LEAST_IN_COMMON: f64 = 0.4;

/// The runs of a changed text. Words that only happen to be the same inside a reworded sentence are no help to a reader,
/// and neither is a lone space between two changes: both become part of what is gone and what is new.
fn readable_runs(before: &str, after: &str) -> Vec<(Mark, String)> {
    let mut runs = Runs::default();
    for hunk in text_diff(before, after).hunks {
        let length = |kind: SegmentKind| -> usize {
            hunk.segments.iter().filter(|segment| segment.kind == kind).map(|segment| segment.text.trim().len()).sum()
        };
        let (same, gone, new) = (length(SegmentKind::Equal), length(SegmentKind::Removed), length(SegmentKind::Added));
        #[expect(clippy::cast_precision_loss, reason = "a ratio of text lengths")]
        let reworded = gone > 0 && new > 0 && (same as f64) < (same + gone.max(new)) as f64 * LEAST_IN_COMMON;
        let last = hunk.segments.len().saturating_sub(1);
        for (index, segment) in hunk.segments.iter().enumerate() {
            let text = segment.text.as_str();
            let lone = index > 0 && index < last && !text.chars().any(char::is_alphanumeric);
            match segment.kind {
                SegmentKind::Equal if reworded || lone => runs.both(text),
                SegmentKind::Equal => runs.same(text),
                SegmentKind::Removed => runs.gone.push_str(text),
                SegmentKind::Added => runs.new.push_str(text),
            }
        }
    }
    runs.flush();
    runs.runs
}

/// Collects runs; what is gone stands before what is new.
#[derive(Default)]
struct Runs {
    runs: Vec<(Mark, String)>,
    gone: String,
    new: String,
}

impl Runs {
    fn both(&mut self, text: &str) {
        self.gone.push_str(text);
        self.new.push_str(text);
    }

    fn same(&mut self, text: &str) {
        self.flush();
        match self.runs.last_mut() {
            Some((Mark::Same, run)) => run.push_str(text),
            _ => self.runs.push((Mark::Same, text.to_owned())),
        }
    }

    fn flush(&mut self) {
        for (mark, text) in [(Mark::Removed, &mut self.gone), (Mark::Added, &mut self.new)] {
            if !text.is_empty() {
                self.runs.push((mark, std::mem::take(text)));
            }
        }
    }
}

/// Leaves out the middle of long unchanged runs and, in a summary, the end of long changed ones, and says so.
fn shortened(runs: &[(Mark, String)], detail: Detail) -> Vec<(Mark, String)> {
    let mut out = Vec::new();
    let last = runs.len().saturating_sub(1);
    for (index, (mark, text)) in runs.iter().enumerate() {
        let total = text.chars().count();
        if *mark == Mark::Same {
            let head = if index == 0 { 0 } else { CONTEXT_CHARACTERS };
            let tail = if index == last { 0 } else { CONTEXT_CHARACTERS };
            if total > head + tail + CONTEXT_CHARACTERS {
                out.push((Mark::Same, text.chars().take(head).collect()));
                out.push((Mark::Note, format!("{} unchanged characters", thousands(total - head - tail))));
                out.push((Mark::Same, text.chars().skip(total - tail).collect()));
                continue;
            }
        } else if detail == Detail::Summary && total > SUMMARY_CHARACTERS {
            out.push((*mark, text.chars().take(SUMMARY_CHARACTERS).collect()));
            out.push((Mark::Note, format!("{} more characters", thousands(total - SUMMARY_CHARACTERS))));
            continue;
        }
        out.push((*mark, text.clone()));
    }
    out
}
