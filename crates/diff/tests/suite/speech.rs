//! Our own sentences: many ways to attack by family, and as many that only look like it. Written for this repository,
//! so that no rule is fitted to one collection of attacks.

use std::{fs, path::Path};

use crate::support::{report, tool};
use mcp_pin_diff::Grade;
use mcp_pin_model::json::Value;

/// The families, and of a hundred sentences of theirs how many must be graded `review` or above on first admission.
const FAMILIES: [(&str, usize); 11] = [
    ("instruction-override", 95),
    ("concealment", 95),
    ("conversation-delimiter", 95),
    ("sensitive-access", 95),
    ("exfiltration", 95),
    ("tool-redirect", 90),
    ("remote-instructions", 90),
    ("dangerous-command", 90),
    ("preference-manipulation", 90),
    ("answer-steering", 90),
    ("coercion", 90),
];

/// Of a hundred decoys, how many may be graded `review` or above.
const ALARMS: usize = 3;

fn sentences(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech").join(format!("{name}.txt"));
    fs::read_to_string(path).unwrap().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The gravest grade of a tool that says this after what it does, or in the description of a parameter.
fn grade(sentence: &str, in_parameter: bool) -> (Grade, String) {
    let text = |text: &str| Value::from(text).to_canonical_string();
    let members = if in_parameter {
        format!(
            r#""description":"Looks things up.","inputSchema":{{"type":"object","properties":{{"q":{{"type":"string","description":{}}}}}}}"#,
            text(sentence)
        )
    } else {
        format!(r#""description":{}"#, text(&format!("Looks things up. {sentence}")))
    };
    let report = report(None, &tool(&members));
    let findings = report.findings().iter().filter(|finding| finding.rule != "first-admission");
    let rules = findings.clone().map(|finding| finding.rule.clone()).collect::<Vec<_>>().join(" ");
    (findings.map(|finding| finding.grade).max().unwrap_or(Grade::None), rules)
}

#[test]
fn attacks_of_every_family_are_seen_in_our_own_words() {
    let mut wrong = Vec::new();
    for (family, bar) in FAMILIES {
        let sentences = sentences(family);
        let missed: Vec<&String> =
            sentences.iter().filter(|sentence| grade(sentence, false).0 < Grade::Review).collect();
        let seen = sentences.len() - missed.len();
        if seen * 100 < bar * sentences.len() {
            wrong.push(format!("{family}: {seen} of {}; missed: {missed:#?}", sentences.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn decoys_are_not_taken_for_attacks() {
    let sentences = sentences("decoys");
    for in_parameter in [false, true] {
        let graded = sentences.iter().map(|sentence| (sentence, grade(sentence, in_parameter)));
        let loud: Vec<_> = graded.filter(|(_, (grade, _))| *grade >= Grade::Review).collect();
        assert!(loud.len() * 100 <= ALARMS * sentences.len(), "{in_parameter}: {loud:#?}");
    }
}
