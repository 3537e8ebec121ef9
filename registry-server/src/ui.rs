//! The only place of this program that writes to the terminal.
//!
//! stdout is data that scripts read (the listening line, the OpenAPI document); stderr is for people. A closed pipe is
//! no reason to stop a server, so write errors are dropped.

use std::io::Write as _;

/// Writes one line of data.
pub(crate) fn data(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Says something to the person who started the program.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Reports a failure, with what to do about it.
pub(crate) fn fail(message: &str, hint: Option<&str>) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "error: {message}");
    if let Some(hint) = hint {
        let _ = writeln!(err, "\nhint: {hint}");
    }
}
