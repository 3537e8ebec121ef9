//! Progress on stderr.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sanitize;

/// Something that takes its time. Vanishes when dropped; share it in an `Arc`.
pub struct Progress {
    bar: ProgressBar,
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
        let progress = Self { bar };
        progress.message(message);
        progress
    }

    /// Says what is happening now. The text may hold words of a server: it is made visible and cut to one line.
    pub fn message(&self, text: &str) {
        self.bar.set_message(sanitize::line(text));
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
