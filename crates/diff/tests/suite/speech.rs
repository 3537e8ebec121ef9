//! Our own sentences: many ways to attack by family, and as many that only look like it. Written for this repository,
//! so that no rule is fitted to one collection of attacks.

use std::{fs, path::Path};

use crate::support::{report, tool};
use mcp_pin_diff::Grade;
use mcp_pin_model::json::Value;

/// The families, and of a hundred sentences of theirs how many must be graded `review` or above on first admission.
const FAMILIES: [(&str, usize); 17] = [
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
    ("demand", 90),
    ("foreign-call", 90),
    ("rank", 90),
    ("consent", 85),
    ("set-aside", 90),
    ("languages", 85),
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

/// The same where nothing stands before it: that is where a tool says what it does, and an attack may stand there too.
#[test]
fn a_first_sentence_is_not_the_purpose_of_a_tool_that_is_about_something_else() {
    let text = |text: &str| Value::from(text).to_canonical_string();
    for sentence in sentences("first-sentence") {
        let members = format!(
            r#""description":{},"inputSchema":{{"type":"object","properties":{{"note":{{"type":"string"}}}}}}"#,
            text(&sentence)
        );
        let report = report(None, &tool(&members));
        assert!(report.grade() >= Grade::Review, "{sentence}");
    }
}

/// "What the tool does | the name of a parameter | its description", one a line.
fn parameter_findings(line: &str) -> Vec<String> {
    let text = |text: &str| Value::from(text).to_canonical_string();
    let parts: Vec<&str> = line.split(" | ").collect();
    let [purpose, name, description] = <[&str; 3]>::try_from(parts).unwrap();
    let members = format!(
        r#""description":{},"inputSchema":{{"type":"object","properties":{{"options":{{"type":"object","properties":{{{}:{{"type":"string","description":{}}}}}}}}}}}"#,
        text(purpose),
        text(name),
        text(description)
    );
    let report = report(None, &tool(&members));
    let loud = report.findings().iter().filter(|finding| finding.grade >= Grade::Review);
    loud.filter(|finding| finding.rule != "first-admission").map(|finding| finding.rule.clone()).collect()
}

#[test]
fn parameters_ask_by_parts_of_their_names_and_by_their_descriptions_at_any_depth() {
    let attacks = sentences("parameters");
    let missed: Vec<&String> = attacks.iter().filter(|line| parameter_findings(line).is_empty()).collect();
    assert!(missed.len() * 100 <= 10 * attacks.len(), "{missed:#?}");
    let loud: Vec<(String, Vec<String>)> =
        sentences("parameters-decoys").into_iter().map(|line| (line.clone(), parameter_findings(&line))).collect();
    let loud: Vec<_> = loud.iter().filter(|(_, rules)| !rules.is_empty()).collect();
    assert!(loud.is_empty(), "{loud:#?}");
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

/// Every word that stands in our own sentences, with what cuts them apart.
fn vocabulary() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech");
    let mut words = std::collections::BTreeSet::new();
    for file in fs::read_dir(folder).unwrap().flatten() {
        words.extend(fs::read_to_string(file.path()).unwrap().split_whitespace().map(str::to_owned));
    }
    words.extend(["", ".", ",", "`", "\"", "(", "<b>", "sendEmail()", "a-b", "%2F", "\u{202e}"].map(str::to_owned));
    words.into_iter().collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(3_000))]

    /// Rules look a few words to each side of a place; none may look past the end, in whatever order the words stand.
    #[test]
    fn words_in_any_order_are_read_to_their_end(picks in proptest::collection::vec(proptest::prelude::any::<proptest::sample::Index>(), 1..14), changed in 0_usize..14) {
        static WORDS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(vocabulary);
        let words: Vec<&str> = picks.iter().map(|pick| pick.get(&WORDS).as_str()).collect();
        let tool = |text: &str| {
            let text = Value::from(text).to_canonical_string();
            tool(&format!(
                r#""description":{text},"inputSchema":{{"type":"object","properties":{{"note":{{"type":"string","description":{text}}}}}}}"#
            ))
        };
        let after = tool(&words.join(" "));
        let before = tool(&words.get(changed..).unwrap_or_default().join(" "));
        let (first, update) = (report(None, &after), report(Some(&before), &after));
        proptest::prop_assert!(first.grade() >= Grade::Notice && (before == after || update.grade() >= Grade::Notice));
    }
}
