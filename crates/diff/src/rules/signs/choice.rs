//! What is said to whoever chooses among tools: rivals put down, this one put up, and what becomes of those who choose
//! otherwise.

use super::{Text, Whose, kinds::Sign, text::is_agent};

/// What competes with the tool.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rival {
    /// "Other checkers", "another tool", "other means".
    Other,
    /// "Elsewhere", "the rest", "others".
    Rest,
    /// "Nothing else", "nothing beside it".
    Nothing,
    /// What the model does by itself.
    Own,
}

fn rivals(t: &Text<'_>) -> Vec<(usize, Rival)> {
    const SOURCES: [&str; 14] = [
        "means", "source", "sources", "way", "provider", "providers", "feed", "feeds", "index", "search", "generator",
        "engine", "engines", "product",
    ];
    let mut out = Vec::new();
    for at in 0..t.len() {
        let word = t.word(at);
        let ours = || t.after_word(at, 5, &["this", "our", "these"]);
        let noun = || (at + 1..at + 4).any(|next| t.is(next, Sign::KIND) || SOURCES.contains(&t.word(next)));
        let kind = if t.is(at, Sign::OTHER) && word != "the" && !ours() && (noun() || is_agent(t.word(at + 1))) {
            Rival::Other
        } else if matches!(word, "rivals" | "competitors" | "competition")
            || word == "others" && at > 0 && !matches!(t.word(at - 1), "the" | "or" | "and")
            || word == "elsewhere" && !t.before_word(at, 1, &["or", "used", "not", "defined", "configured"])
            || word == "rest" && t.before_word(at, 1, &["the"]) && !matches!(t.word(at + 1), "of" | "api")
        {
            Rival::Rest
        } else if t.is(at, Sign::NOTHING_ELSE) {
            Rival::Nothing
        } else if t.is(at, Sign::OWN_HANDS) {
            Rival::Own
        } else {
            continue;
        };
        if !t.is_described(at) {
            out.push((at, kind));
        }
    }
    out
}

/// The points of what a text says to whoever chooses.
pub(super) fn weigh(whose: &Whose<'_>, t: &Text<'_>) -> u32 {
    if t.has(Sign::EXAMPLE) && t.has(Sign::PARAMETER) || t.has_word(&["example", "examples", "unlike"]) {
        return 0;
    }
    let rivals = rivals(t);
    let own = own_name(whose, t);
    against(t, &rivals) + own.map_or(0, |own| for_itself(t, own, &rivals)) + to_choosers(t, own.is_some(), &rivals)
}

/// Where a tool names itself, beside where it says what it is.
fn own_name(whose: &Whose<'_>, t: &Text<'_>) -> Option<usize> {
    let can = whose.name.contains('_') && !whose.passage.is_in_schema();
    (0..t.len()).find(|&word| can && t.word(word) == whose.name && !t.is_described(word))
}

/// Whether it is what the sentence is about, and not a step that is named: "call it again", "use it with".
fn is_subject(t: &Text<'_>, own: usize) -> bool {
    const STEPS: [&str; 21] = [
        "call", "use", "with", "then", "via", "run", "retry", "each", "unlike", "query", "calling", "using", "and",
        "re", "or", "before", "after", "invoke", "see", "the", "running",
    ];
    const PARTS: [&str; 9] = ["again", "with", "first", "takes", "returns", "makes", "call", "calls", "name"];
    !t.is_quoted(own) && !t.before_word(own, 2, &STEPS) && !t.after_word(own, 2, &PARTS)
}

/// Rivals put down, forbidden or made to cost something.
fn against(t: &Text<'_>, rivals: &[(usize, Rival)]) -> u32 {
    let mut points = 0;
    for &(at, rival) in rivals {
        let if_so = t.before(at, 5, Sign::IF).is_some();
        // A reason is given for not doing it by hand.
        if rival == Rival::Own && t.has_word(&["because"]) {
            continue;
        }
        let bad = t.after(at, 9, Sign::BAD | Sign::FAULT | Sign::PRESSURE).filter(|&bad| !t.is_denied(bad));
        let weak = u32::from(matches!(rival, Rival::Nothing | Rival::Own));
        if bad.is_some() && !if_so {
            points += 2 - weak;
        }
        if t.before(at, 6, Sign::FORBID).is_some() {
            points += 2;
        }
        if t.has(Sign::PRESSURE) && !if_so && matches!(rival, Rival::Other | Rival::Rest) {
            points += 1;
        }
        if t.each(Sign::CHOOSE).any(|verb| t.is_order(verb) || !t.is(verb, Sign::BASE)) {
            points += 1;
        }
        if t.has(Sign::SOCIAL) && t.has(Sign::USE | Sign::CHOOSE | Sign::TRUST) {
            points += 1;
        }
        if t.has(Sign::AGENTS) {
            points += 1;
        }
        // "Think of no other tool", "nothing beside it".
        if rival == Rival::Nothing && t.len() < 12 && at + 4 >= t.len() {
            points += 1 + u32::from(t.has(Sign::UNIVERSAL) && t.has(Sign::CHOOSE | Sign::TURN | Sign::TRUST));
        }
    }
    points
}

/// Its own name, with the verbs and adjectives of a choice.
fn for_itself(t: &Text<'_>, own: usize, rivals: &[(usize, Rival)]) -> u32 {
    let mut points = 0;
    let chosen = t.before(own, 5, Sign::CHOOSE | Sign::TURN).is_some()
        || t.after(own, 5, Sign::CHOOSE)
            .is_some_and(|verb| t.word(verb).ends_with("ed") || t.word(verb).ends_with("en"));
    // "Reach for it only when": that is advice.
    if chosen && !t.after_word(own, 4, &["only", "when", "if", "unless", "first"]) {
        points += 2;
    }
    if t.before(own, 3, Sign::ONLY).is_some() || t.before_word(own, 4, &["without", "but", "except", "save"]) {
        points += 2;
    }
    points += 2 * u32::from(rivals.iter().any(|(_, rival)| matches!(rival, Rival::Other | Rival::Rest)));
    points += u32::from(!rivals.is_empty());
    points += 2 * u32::from(t.has(Sign::CONCESSION));
    points += u32::from(t.has(Sign::AGENTS)) + u32::from(t.has(Sign::SETTLED));
    if t.after_word(own, 2, &["is", "isn't"]) && t.has_word(&["answer", "you", "only"]) {
        points += 2;
    }
    points += u32::from(t.has(Sign::PRESSURE));
    points += u32::from(t.has(Sign::GOOD | Sign::APPROVED));
    points += u32::from(t.has(Sign::BAD));
    points += u32::from(t.has(Sign::UNIVERSAL) && t.has(Sign::CHOOSE | Sign::RANK | Sign::PRESSURE));
    points += 2 * u32::from(is_subject(t, own) && !t.has(Sign::PARAMETER | Sign::VALUE));
    points + u32::from(t.has(Sign::SOCIAL) && t.has(Sign::USE | Sign::CHOOSE | Sign::TRUST))
}

/// What is said to models about their choice.
fn to_choosers(t: &Text<'_>, named: bool, rivals: &[(usize, Rival)]) -> u32 {
    let mut points = 0;
    let about = named || !rivals.is_empty();
    for agents in t.each(Sign::AGENTS).filter(|&agents| !t.is_described(agents) && !t.is_quoted(agents)) {
        let chooses = t.after(agents, 7, Sign::CHOOSE).is_some();
        let owes = t.near(agents, 6, Sign::PRESSURE | Sign::FORBID) && (about || t.has(Sign::ABSTAIN | Sign::CHOOSE));
        let must = t.after_word(agents, 3, &["obliged", "must", "bound", "expected", "required", "should"]);
        points += 2 * u32::from(chooses && t.len() < 30) + u32::from(owes);
        points += u32::from(must && (t.has(Sign::CHOOSE | Sign::RANK | Sign::ONLY) || about));
    }
    // "First choice of agents", "relevance score 0.99 for every query", "the tie is broken".
    let parameters = t.has(Sign::PARAMETER);
    if t.has(Sign::SETTLED)
        && !parameters
        && (t.has(Sign::AGENTS | Sign::UNIVERSAL)
            || t.has_word(&["llms", "runtime", "host", "prompt", "agents", "hard-wired", "hardwired", "vendor"]))
    {
        points += 2;
    }
    // "Not choosing this tool counts as an error".
    let abstain = t.each(Sign::ABSTAIN).any(|at| !t.before_word(at, 2, &["before", "when", "after", "if"]));
    if abstain && t.has(Sign::PRESSURE | Sign::FORBID | Sign::LAW) && !t.has_word(&["because"]) {
        points += 2;
    }
    // "Even for short ones, hand it over".
    if t.has_each(&[Sign::CONCESSION, Sign::TURN]) && !t.has(Sign::VALUE) && !parameters {
        points += 2;
    }
    // "Choose me", "let me go first".
    let me = t.each(Sign::CHOOSE).any(|verb| t.is_order(verb) && matches!(t.word(verb + 1), "me" | "us"))
        || t.has_word(&["let"]) && t.has_word(&["me"]) && t.has_word(&["first"]);
    points += 2 * u32::from(me && !t.has_word(&["tell"]));
    // Whose opinion is borrowed, and what for.
    points += u32::from(
        t.several(Sign::SOCIAL)
            && (t.has(Sign::ONLY) || t.has(Sign::NOTHING_ELSE) || t.has(Sign::TRUST))
            && !parameters,
    );
    let models = t.has(Sign::AGENTS) || t.has_word(&["ai", "you"]);
    points += u32::from(t.has(Sign::APPROVED) && t.has(Sign::ONLY | Sign::UNIVERSAL) && (models || about));
    points += u32::from(t.has(Sign::LAW) && t.has(Sign::FORBID | Sign::PRESSURE) && (models || about));
    // Feelings of whoever reads it.
    points += u32::from(t.has(Sign::FEELING) && (models || about));
    // "Comparing is a waste of tokens".
    points += 2 * u32::from(
        t.has(Sign::COMPARE)
            && t.has_word(&["waste", "lose", "pointless", "bother", "unnecessary", "needless", "wasted"]),
    );
    // "Writing one by hand was fine in 2015".
    points += u32::from(
        rivals.iter().any(|(_, rival)| *rival == Rival::Own)
            && models
            && !t.has_word(&["because"])
            && t.has_word(&[
                "negligence", "hallucinate", "wrong", "outdated", "derivative", "errors", "guess", "unreliable",
                "mistakes", "inaccurate",
            ]),
    );
    points
}
