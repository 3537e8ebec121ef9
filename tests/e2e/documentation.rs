//! What the documentation and the programs' own hints tell people to type exists.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    programs::{program, repository},
    world::{World, ran},
};

/// A command somewhere in a text.
struct Mention {
    place: String,
    words: Vec<String>,
}

/// Every file with an ending below a folder, or the file itself.
fn below(path: &Path, ending: &str) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found: Vec<PathBuf> =
        fs::read_dir(path).unwrap().flat_map(|entry| below(&entry.unwrap().path(), ending)).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    found.sort();
    found
}

fn pages() -> Vec<PathBuf> {
    ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs"]
        .iter()
        .flat_map(|name| below(&repository().join(name), "md"))
        .collect()
}

/// Splits a line of a shell into words, as far as documentation needs: quotes, comments, and the end of a command.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quote, mut started) = (None, false);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => word.push(character),
            (None, '"' | '\'') => (quote, started) = (Some(character), true),
            (None, '#') if word.is_empty() => break,
            (None, '|' | ';' | '&' | '>') => break,
            (None, _) if character.is_whitespace() => {
                if started || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                started = false;
            }
            (None, _) => word.push(character),
        }
    }
    if started || !word.is_empty() {
        words.push(word);
    }
    words
}

/// A line with GitHub's expressions, which hold spaces, as one word each.
fn without_expressions(line: &str) -> String {
    let mut parts = line.split("${{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| line + "expression" + part.split_once("}}").map_or(part, |(_, rest)| rest))
}

fn is_ours(words: &[String]) -> bool {
    words.first().is_some_and(|first| first == "mcp-pin" || first == "mcp-pin-registry")
}

/// Commands of fenced blocks: whole lines that somebody copies.
fn fenced(path: &Path) -> Vec<Mention> {
    let text = fs::read_to_string(path).unwrap().replace("\\\n", " ");
    let mut mentions = Vec::new();
    let mut inside = false;
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            // After a prompt, or as a step of a pipeline.
            let line = line.trim_start().trim_start_matches("$ ").trim_start_matches("- ").trim_start_matches("run: ");
            let mut words = words(&without_expressions(line));
            // Variables that are set for one command.
            while words.first().is_some_and(|word| word.contains('=') && !word.starts_with('-')) {
                words.remove(0);
            }
            if is_ours(&words) {
                mentions.push(Mention { place: format!("{}:{number}", path.display()), words });
            }
        }
    }
    mentions
}

/// Commands in backticks; `{…}` and `<…>` stand for an alias, `<url>` for an address.
fn in_backticks(path: &Path) -> Vec<Mention> {
    let text = fs::read_to_string(path).unwrap();
    let mut mentions = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for span in line.split('`').skip(1).step_by(2).filter(|span| span.starts_with("mcp-pin")) {
            let span = span.replace("<url>", "https://registry.example");
            let mut plain = String::new();
            let mut depth = 0;
            for character in span.chars() {
                match character {
                    '{' | '<' => {
                        if depth == 0 {
                            plain.push_str("weather");
                        }
                        depth += 1;
                    }
                    '}' | '>' if depth > 0 => depth -= 1,
                    _ if depth == 0 => plain.push(character),
                    _ => {}
                }
            }
            let words = words(&plain);
            if is_ours(&words) {
                mentions.push(Mention { place: format!("{}:{number}", path.display()), words });
            }
        }
    }
    mentions
}

/// Parses a command and does nothing: whoever asks for help, or stands nowhere, gets no further.
fn check(world: &World, mention: &Mention, whole: bool) -> Option<String> {
    let person = world.person("reader");
    let mut command = person.command(program(&mention.words[0]));
    let dry = whole && mention.words[0] == "mcp-pin";
    // In front: what stands after `--` is somebody else's.
    let (front, end) = if dry { (&["-C", "there-is-no-such-folder"][..], None) } else { (&[][..], Some("--help")) };
    command.args(front).args(&mention.words[1..]).args(end);
    let ran = ran(&mut command);
    let parsed = if dry { ran.code == 2 && ran.err.contains("is not a directory") } else { ran.code == 0 };
    (!parsed).then(|| format!("{}: {}", mention.place, ran.err.lines().next().unwrap_or_default()))
}

#[test]
fn every_command_of_the_documentation_parses() {
    let world = World::new();
    let whole: Vec<Mention> = pages().iter().flat_map(|page| fenced(page)).collect();
    let named: Vec<Mention> = pages().iter().flat_map(|page| in_backticks(page)).collect();
    assert!(whole.len() >= 8 && named.len() >= 4, "{} and {}: the pages were not read", whole.len(), named.len());
    let wrong: Vec<String> = whole
        .iter()
        .filter_map(|mention| check(&world, mention, true))
        .chain(named.iter().filter_map(|mention| check(&world, mention, false)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_in_our_own_hints_parses() {
    let world = World::new();
    let sources =
        ["cli/src", "registry-server/src", "crates"].iter().flat_map(|name| below(&repository().join(name), "rs"));
    let mentions: Vec<Mention> = sources.flat_map(|source| in_backticks(&source)).collect();
    assert!(mentions.len() >= 20, "the sources were not read: {}", mentions.len());
    let wrong: Vec<String> = mentions.iter().filter_map(|mention| check(&world, mention, false)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_that_does_not_exist_is_noticed() {
    let world = World::new();
    for line in ["mcp-pin look", "mcp-pin lock --except first-use", "mcp-pin approve", "mcp-pin key show --publik"] {
        let mention = Mention { place: "here".to_owned(), words: words(line) };
        assert!(check(&world, &mention, true).is_some(), "{line}");
    }
    assert_eq!(words("mcp-pin approve 'a b' \"c\"  # why | >"), ["mcp-pin", "approve", "a b", "c"]);
}

#[test]
fn links_of_the_documentation_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let relative = !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:");
            if relative && !page.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let world = World::new();
    let person = world.person("anna");
    let help = person.run(&["--help"]).expect(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    for code in 0..=4 {
        assert!(readme.contains(&format!("| {code} |")), "the README says nothing of {code}");
        assert!(help.contains(&format!(" {code} ")), "`--help` says nothing of {code}: {help}");
    }
    person.run(&["verify", "--no-such-option"]).expect(2);
    person.run(&["lock"]).expect(2).says("no MCP server is configured here");
}
