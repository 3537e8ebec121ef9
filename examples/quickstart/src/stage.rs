//! Running and showing: every command is printed as it is run, with what it said and how it ended.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use owo_colors::OwoColorize as _;

/// How wide the narrator writes.
const COLUMNS: usize = 90;

/// Where the story plays.
pub(crate) struct Stage {
    /// The folder that holds everything.
    pub(crate) root: PathBuf,
    path: OsString,
}

/// Somebody at a keyboard: a folder to work in and the variables of their shell.
pub(crate) struct Person<'a> {
    /// Who is shown before the prompt.
    pub(crate) name: &'a str,
    /// Where they work.
    pub(crate) folder: PathBuf,
    /// Variables of their shell.
    pub(crate) variables: Vec<(&'a str, String)>,
}

/// What a command said.
pub(crate) struct Said {
    /// Standard output.
    pub(crate) output: String,
}

impl Stage {
    pub(crate) fn new(root: &Path, programs: &Path) -> Result<Self, String> {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(programs.to_owned()).chain(std::env::split_paths(&inherited));
        let path = std::env::join_paths(paths).map_err(|error| format!("PATH: {error}"))?;
        Ok(Self { root: root.to_owned(), path })
    }

    /// A command of the story, with a clean environment of its own: nothing of the visitor's configuration is read or
    /// written.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.root.join("bin").join(program));
        let home = self.root.join("home");
        command
            .env("PATH", &self.path)
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env_remove("MCP_PIN_KEY")
            .env_remove("MCP_PIN_TOKEN")
            .env_remove("CI")
            .stdin(Stdio::null());
        // What the commands say is shown by us, in colour where we may use it.
        if anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never {
            command.env("NO_COLOR", "1");
        } else {
            command.env("CLICOLOR_FORCE", "1");
        }
        command
    }

    /// Runs `mcp-pin`, shows it with what it says, and insists on how it ends.
    pub(crate) fn run(&self, person: &Person<'_>, arguments: &[&str], expected: i32) -> Result<Said, String> {
        self.perform(person, arguments, expected, usize::MAX)
    }

    /// Runs `mcp-pin` and shows the first lines of what it says.
    pub(crate) fn run_briefly(&self, person: &Person<'_>, arguments: &[&str], expected: i32) -> Result<Said, String> {
        self.perform(person, arguments, expected, 5)
    }

    /// Runs `mcp-pin` and shows the command alone.
    pub(crate) fn run_quietly(&self, person: &Person<'_>, arguments: &[&str], expected: i32) -> Result<Said, String> {
        self.perform(person, arguments, expected, 0)
    }

    fn perform(&self, person: &Person<'_>, arguments: &[&str], expected: i32, lines: usize) -> Result<Said, String> {
        let shown: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        let line = format!("mcp-pin {}", shown.join(" "));
        anstream::println!("{} {}", format!("{} $", person.name).dimmed(), line.bold());
        let mut command = self.command("mcp-pin");
        command.args(arguments).current_dir(&person.folder);
        for (name, value) in &person.variables {
            command.env(name, value);
        }
        let output = command.output().map_err(|error| format!("{line}: {error}"))?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let code = output.status.code();
        // What went wrong is shown in full, whatever the story wanted to show.
        let limit = if code == Some(expected) { lines } else { usize::MAX };
        let said: Vec<&str> = err.lines().chain(out.lines()).collect();
        for line in said.iter().take(limit) {
            anstream::println!("  {line}");
        }
        if limit > 0 && said.len() > limit {
            anstream::println!("  {}", format!("… {} more lines", said.len() - limit).dimmed());
        }
        if code != Some(0) {
            anstream::println!("  {}", format!("exit code {}", code.unwrap_or(-1)).dimmed());
        }
        anstream::println!();
        if code == Some(expected) {
            Ok(Said { output: out.into_owned() })
        } else {
            Err(format!("`{line}` ended with {code:?} where the story expects {expected}"))
        }
    }

    /// A headline.
    pub(crate) fn act(&self, number: u8, title: &str) {
        anstream::println!("{}", format!("── {number}. {title} ").bold().cyan());
        anstream::println!();
    }

    /// A sentence of the narrator.
    pub(crate) fn say(&self, text: &str) {
        let mut column = 0;
        for word in text.split(' ') {
            if column > 0 && column + word.len() >= COLUMNS {
                anstream::println!();
                column = 0;
            }
            if column > 0 {
                anstream::print!(" ");
                column += 1;
            }
            anstream::print!("{word}");
            column += word.len();
        }
        anstream::println!("\n");
    }

    /// Writes a file of the story.
    pub(crate) fn write(&self, path: &Path, text: &str) -> Result<(), String> {
        let fail = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(fail)?;
        }
        std::fs::write(path, text).map_err(fail)
    }

    /// Reads a file of the story.
    pub(crate) fn read(&self, path: &Path) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:=+,".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) { argument.to_owned() } else { format!("'{argument}'") }
}
