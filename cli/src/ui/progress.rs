//! Progress on stderr.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sanitize;

/// Something that takes its time. Cheap to clone, every clone shows on the same line, which vanishes with the last.
#[derive(Clone)]
pub struct Progress {
    line: Arc<Line>,
}

struct Line(ProgressBar);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// How often the line moves: often enough to look alive, rarely enough to cost nothing.
const TICK: Duration = Duration::from_millis(120);

impl Progress {
    pub(super) fn new(message: &str, visible: bool) -> Self {
        let bar = if visible { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if visible {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
        }
        let progress = Self { line: Arc::new(Line(bar)) };
        progress.message(message);
        progress
    }

    /// Says what is happening now. The text may hold words of a server: it is made visible and cut to one line.
    pub fn message(&self, text: &str) {
        self.line.0.set_message(sanitize::line(text));
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.line.0.finish_and_clear();
    }
}
