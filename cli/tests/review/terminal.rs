//! A terminal, with the real program in it and somebody before it.

use std::{
    io::{Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::Child,
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use pty_process::{
    Size,
    blocking::{Command, Pty, open},
};

use crate::support::{Sandbox, program};

/// How often the screen is looked at.
pub(crate) const TURN: Duration = Duration::from_millis(10);
/// However slow a machine is, nothing here takes this many turns: a minute.
const PATIENCE: usize = 6_000;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// Everything that was on the screen, with line ends as `\n`.
    pub(crate) screen: String,
}

impl Ended {
    /// Fails the test, with the screen, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.screen);
        self
    }
}

/// A run of the program at a terminal.
pub(crate) struct Terminal {
    pty: Option<Arc<Pty>>,
    child: Child,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// How much of the screen, as words, was seen.
    seen: usize,
}

impl Terminal {
    /// Starts the program at a terminal of 24 lines and 80 columns.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        Self::sized(sandbox, (24, 80), arguments)
    }

    /// Starts it at a terminal of (lines, columns).
    pub(crate) fn sized(sandbox: &Sandbox, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::with(sandbox, size, arguments, &[("TERM", "xterm-256color"), ("NO_COLOR", "1")])
    }

    pub(crate) fn with(
        sandbox: &Sandbox,
        (lines, columns): (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(lines, columns)).unwrap();
        let hermetic = sandbox.command(program());
        let mut command = Command::new(program()).env_clear().current_dir(hermetic.get_current_dir().unwrap());
        for (name, value) in hermetic.get_envs() {
            command = command.env(name, value.unwrap_or_default());
        }
        let child = command.args(arguments).envs(variables.iter().copied()).spawn(pts).unwrap();
        let (pty, screen) = (Arc::new(pty), Arc::<Mutex<Vec<u8>>>::default());
        let reader = {
            let (pty, screen) = (Arc::clone(&pty), Arc::clone(&screen));
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                // An error is how a terminal says that nobody is on its other side any more.
                while let Ok(read @ 1..) = (&*pty).read(&mut buffer) {
                    screen.lock().unwrap().extend_from_slice(&buffer[..read]);
                }
            })
        };
        Self { pty: Some(pty), child, screen, reader, seen: 0 }
    }

    /// What is on the screen so far.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).replace("\r\n", "\n")
    }

    /// Waits until this is on the screen, after what was waited for before. Lines may break anywhere in it.
    #[track_caller]
    pub(crate) fn see(&mut self, text: &str) -> &mut Self {
        let wanted = words(text);
        let mut turns = 0;
        loop {
            let ended = self.child.try_wait().unwrap();
            let shown = words(&self.screen());
            if let Some(at) = shown.get(self.seen..).and_then(|rest| rest.find(&wanted)) {
                self.seen += at + wanted.len();
                return self;
            }
            assert!(ended.is_none(), "it ended before it said `{text}`:\n{}", self.screen());
            assert!(turns < PATIENCE, "`{text}` was not said:\n{}", self.screen());
            turns += 1;
            std::thread::sleep(TURN);
        }
    }

    /// Types an answer and the enter key.
    pub(crate) fn answer(&mut self, answer: &str) -> &mut Self {
        self.press(format!("{answer}\n").as_bytes())
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &[u8]) -> &mut Self {
        let mut pty: &Pty = self.pty.as_deref().unwrap();
        pty.write_all(keys).unwrap();
        self
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let mut turns = 0;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if turns == PATIENCE {
                self.child.kill().unwrap();
            }
            assert!(turns < PATIENCE, "it waits for something:\n{}", self.screen());
            turns += 1;
            std::thread::sleep(TURN);
        };
        self.reader.join().unwrap();
        let screen = String::from_utf8_lossy(&self.screen.lock().unwrap()).replace("\r\n", "\n");
        Ended { code: status.code(), signal: status.signal(), screen }
    }
}

/// A text as words with one space between them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
