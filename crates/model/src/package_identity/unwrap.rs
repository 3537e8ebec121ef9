//! Finding the launcher: through `env`, `cmd /c` and shells that run one plain command.

use super::{Package, PackageIdentity, npm, oci, options::is_python, pypi};

/// Wrappers around wrappers. Nobody writes more than two or three.
const MAX_WRAPPERS: usize = 8;

/// What the first word of a command line starts.
enum Program {
    /// A program by its name, or by an absolute path: the name without directories and ending.
    Named { name: String, absolute: bool },
    /// A file below the working directory or on another machine.
    File,
    /// A word that something else expands first.
    Unclear,
}

/// What a command line comes to.
enum Step<'a> {
    Done(PackageIdentity),
    /// It starts another command line.
    Starts(Vec<&'a str>),
}

impl From<Option<Package>> for Step<'_> {
    fn from(package: Option<Package>) -> Self {
        Self::Done(package.map_or(PackageIdentity::Unknown, PackageIdentity::Package))
    }
}

pub(super) fn identify<'a>(mut words: Vec<&'a str>, mut environment: Vec<&'a str>) -> PackageIdentity {
    for _ in 0..=MAX_WRAPPERS {
        match step(&words, &mut environment) {
            Step::Done(identity) => return identity,
            Step::Starts(inner) => words = inner,
        }
    }
    PackageIdentity::Unknown
}

fn step<'a>(words: &[&'a str], environment: &mut Vec<&'a str>) -> Step<'a> {
    let unknown = Step::Done(PackageIdentity::Unknown);
    let Some((first, rest)) = words.split_first() else { return unknown };
    let (name, absolute) = match program(first) {
        Program::Named { name, absolute } => (name, absolute),
        Program::File => return Step::Done(PackageIdentity::File),
        Program::Unclear => return unknown,
    };
    let inner = |words: Option<Vec<&'a str>>| words.map_or(Step::Done(PackageIdentity::Unknown), Step::Starts);
    match (name.as_str(), rest.first().copied().unwrap_or_default()) {
        ("env", _) => inner(after_env(rest, environment)),
        ("cmd", _) => inner(after_cmd(rest)),
        ("sh" | "bash" | "dash" | "ash" | "zsh" | "ksh", _) => inner(after_shell(rest)),
        ("npx", _) => npm::npx(rest, environment).into(),
        ("npm", "exec" | "x") => npm::npm_exec(after(rest, 1), environment).into(),
        ("bunx", _) => npm::bunx(rest, environment).into(),
        ("bun", "x") => npm::bunx(after(rest, 1), environment).into(),
        ("pnpx", _) => npm::pnpm_dlx(rest, environment).into(),
        ("pnpm", "dlx") => npm::pnpm_dlx(after(rest, 1), environment).into(),
        ("yarn", "dlx") => npm::yarn_dlx(after(rest, 1), environment).into(),
        ("uvx", _) => pypi::uvx(rest, environment).into(),
        ("uv", "tool") if rest.get(1) == Some(&"run") => pypi::uvx(after(rest, 2), environment).into(),
        ("pipx", "run") => pypi::pipx_run(after(rest, 1), environment).into(),
        ("docker" | "nerdctl", "run") => oci::run(after(rest, 1), oci::ShortNames::DockerHub).into(),
        ("podman", "run") => oci::run(after(rest, 1), oci::ShortNames::Configured).into(),
        ("docker" | "podman", "container") if rest.get(1) == Some(&"run") => {
            let short_names = match name.as_str() {
                "docker" => oci::ShortNames::DockerHub,
                _ => oci::ShortNames::Configured,
            };
            oci::run(after(rest, 2), short_names).into()
        }
        (interpreter, script) if interpreter == "node" || is_python(interpreter) => {
            let is_file = !script.is_empty() && !script.starts_with('-') && !is_expanded(script);
            Step::Done(if is_file { PackageIdentity::File } else { PackageIdentity::Unknown })
        }
        ("npm" | "bun" | "pnpm" | "yarn" | "uv" | "pipx" | "docker" | "podman" | "nerdctl", _) => unknown,
        _ if absolute => Step::Done(PackageIdentity::File),
        _ => unknown,
    }
}

fn after<'w, 'a>(words: &'w [&'a str], count: usize) -> &'w [&'a str] {
    words.get(count..).unwrap_or_default()
}

/// Whether a variable or a home directory stands in the word.
fn is_expanded(word: &str) -> bool {
    word.contains(['$', '%', '`']) || word.starts_with('~')
}

fn program(word: &str) -> Program {
    if word.is_empty() || is_expanded(word) || word.chars().any(char::is_control) {
        return Program::Unclear;
    }
    let bytes = word.as_bytes();
    let on_windows = matches!(bytes, [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic());
    let absolute = on_windows || (bytes.first() == Some(&b'/') && bytes.get(1) != Some(&b'/') && !word.contains('\\'));
    if word.contains(['/', '\\']) && !absolute {
        return Program::File;
    }
    let base = word.rsplit(['/', '\\']).next().unwrap_or_default();
    let lower = base.to_ascii_lowercase();
    let stem = [".exe", ".cmd", ".bat"].iter().find_map(|end| lower.strip_suffix(end));
    let name = match stem {
        // Only Windows has these endings, and it does not tell names apart by case.
        Some(stem) => stem.to_owned(),
        None if on_windows || lower == "cmd" => lower,
        None => base.to_owned(),
    };
    Program::Named { name, absolute }
}

/// `env [-i] [-u NAME] [NAME=value…] command`.
fn after_env<'a>(words: &[&'a str], environment: &mut Vec<&'a str>) -> Option<Vec<&'a str>> {
    let mut at = 0;
    loop {
        match *words.get(at)? {
            "-i" | "-" | "--ignore-environment" => at += 1,
            "-u" | "--unset" => at += 2,
            "--" => {
                at += 1;
                break;
            }
            option if option.starts_with("--unset=") => at += 1,
            option if option.starts_with('-') => return None,
            _ => break,
        }
    }
    while let Some((name, _)) = words.get(at).and_then(|word| word.split_once('=')) {
        environment.push(name);
        at += 1;
    }
    words.get(at..).map(<[_]>::to_vec)
}

/// `cmd [/d] [/s] [/q] /c command…`. The words are put together and read again, so none may hold what `cmd` expands.
fn after_cmd<'a>(words: &[&'a str]) -> Option<Vec<&'a str>> {
    let at = words.iter().position(|word| word.eq_ignore_ascii_case("/c"))?;
    let switches = words.get(..at)?;
    if !switches.iter().all(|switch| ["/d", "/s", "/q"].iter().any(|known| switch.eq_ignore_ascii_case(known))) {
        return None;
    }
    let command = after(words, at + 1);
    let special = |c: char| c.is_control() || "&|<>^%!()\"'`;,".contains(c);
    if command.iter().any(|word| word.is_empty() || word.contains(special)) {
        return None;
    }
    match command {
        [line] => Some(line.split(' ').filter(|word| !word.is_empty()).collect()),
        // A path with a space is quoted by whoever starts `cmd`, and each does it in another way.
        [first, ..] if first.contains(' ') => None,
        _ => Some(command.to_vec()),
    }
}

/// `sh -c "command"`, where the command is plain words: nothing in it is expanded, quoted, chained or redirected.
fn after_shell<'a>(words: &[&'a str]) -> Option<Vec<&'a str>> {
    let (script, switches) = words.split_last()?;
    let (last, others) = switches.split_last()?;
    let is_switch = |word: &str, letters: &str| {
        word.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| letters.contains(c)))
    };
    if !is_switch(last, "celu") || !last.ends_with('c') || !others.iter().all(|word| is_switch(word, "elu")) {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || " @%+=:,./_-".contains(c);
    if !script.chars().all(plain) {
        return None;
    }
    let mut words: Vec<&str> = script.split(' ').filter(|word| !word.is_empty()).collect();
    // zsh looks up what follows an equals sign.
    if words.iter().any(|word| word.starts_with('=')) {
        return None;
    }
    if words.first() == Some(&"exec") {
        words.remove(0);
        // `exec` has options of its own.
        if words.first().is_none_or(|word| word.starts_with('-') || word.contains('=')) {
            return None;
        }
    }
    // A variable before a command is what `env` does, which is less strict about its name.
    let mut assigned = words.iter().map_while(|word| word.split_once('='));
    if !assigned.all(|(name, _)| is_variable(name)) {
        return None;
    }
    if words.first().is_some_and(|word| word.contains('=')) {
        words.insert(0, "env");
    }
    Some(words)
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}
