//! Progress for somebody who waits at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that moves, and leaves nothing behind.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Hidden unless somebody watches.
    pub(super) fn new(watched: bool) -> Self {
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if watched {
            // Only a template with a fault is refused; then the default is drawn.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar }
    }

    /// What is being done.
    pub(super) fn doing(&self, what: &str) {
        self.bar.set_message(what.chars().filter(|character| !character.is_control()).collect::<String>());
    }

    /// That so many look-ups are to come, of all that are known of.
    pub(super) fn expect(&self, lookups: u64) {
        self.bar.set_length(self.bar.length().unwrap_or(0) + lookups);
    }

    /// That one of them is done.
    pub(super) fn advance(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
