//! What is said about something outside of the tool: another tool by its name or its work, other servers, a neighbour.

use super::{Text, Whose, kinds::Sign, text::is_agent};
use crate::{
    rules::common::{name_parts, shadow::is_tool_verb},
    speech::Class,
};

/// Without a word of one of these kinds nothing outside is spoken of.
pub(super) const NEEDS: Class =
    Class::IDENTIFIER.or(Class::TOOL).or(Class::DEVICE).or(Class::PRODUCT).or(Class::OTHER).or(Class::QUOTED);

/// What stands outside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outside {
    /// A tool by its name, which may belong to the same server: that is not always known.
    Name,
    /// Tools by what they do: "the order tools", "a wallet tool".
    Work,
    /// Other tools, a neighbour, whatever else there is.
    Others,
}

/// Words before "tool" that name no work.
const NAMELESS: &str = "this the our your each every any other another a an mcp of these that those same following current next previous appropriate right specific corresponding dedicated remote local its available first one which no all both related different new single my preferred separate only live real running target underlying upstream correct main default existing entire connected configured whole hosted given selected and or to by with in for from most many few several some such two three using use via through call calling are when web external internal api rest custom build http https multiple public private developer admin managed supported free general particular proper suitable additional native standard powerful useful simple better certain downstream backend cloud proxy development dev test model search code file own agent design list key user auth data";

/// What does not follow a tool that is spoken of.
const PARTS: &[&str] = &[
    "call", "calls", "name", "names", "list", "side", "id", "ids", "use", "schema", "result", "results", "error",
    "response", "key", "version", "is_error", "definition", "definitions", "budget", "set", "contract", "index",
];

/// The words that stand for something outside.
fn outside(whose: &Whose<'_>, t: &Text<'_>) -> Vec<(usize, Outside)> {
    let mut out = Vec::new();
    for at in 0..t.len() {
        let (word, class) = (t.word(at), t.class(at));
        let kind = if class.has(Class::IDENTIFIER) && !class.has(Class::ADDRESS | Class::PATH) {
            is_foreign_name(whose, t, at).then_some(Outside::Name)
        } else if class.has(Class::PRODUCT) {
            let spoken_of = t.is(at + 1, Sign::KIND) || t.owns(at) && t.word(at + 1) != "api";
            (spoken_of && !whose.is_about(word) && !whose.name.contains(word)).then_some(Outside::Work)
        } else if t.is(at, Sign::KIND) && at > 0 {
            of_kind(whose, t, at)
        } else if matches!(word, "neighbour" | "neighbor" | "sibling") && t.before_word(at, 2, &["its", "the", "their"])
            || t.is(at, Sign::OTHER) && word.len() > 4 && is_agent(t.word(at + 1))
            || word == "elsewhere"
        {
            Some(Outside::Others)
        } else if t.is_quoted(at)
            && (t.before_word(at, 1, &["tool", "server", "named", "connector"]) || t.is(at + 1, Sign::KIND))
            && !whose.is_about(word)
            && word.bytes().all(|byte| byte.is_ascii_lowercase())
        {
            Some(Outside::Name)
        } else {
            None
        };
        if let Some(kind) = kind.filter(|_| !t.is_described(at)) {
            out.push((at, kind));
        }
    }
    out
}

/// A name that says what a tool does, and is neither one of this server nor of its family.
fn is_foreign_name(whose: &Whose<'_>, t: &Text<'_>, at: usize) -> bool {
    let name = t.word(at).trim_end_matches("()");
    if name == whose.name
        || whose.passage.fields.contains(name)
        || whose.passage.own.contains(name)
        || name.contains('=')
    {
        return false;
    }
    let parts = name_parts(name);
    let acts = parts.iter().any(|part| is_tool_verb(part)) || t.before_word(at, 1, &["tool", "server", "from", "by"]);
    parts.len() > 1 && acts && !parts.iter().any(|part| part.len() > 2 && !is_tool_verb(part) && whose.is_about(part))
}

/// Tools of others, or tools by their work.
fn of_kind(whose: &Whose<'_>, t: &Text<'_>, at: usize) -> Option<Outside> {
    let ours = t.before_word(at, 3, &["this", "our", "these"])
        || t.after_word(at, 3, &["this", "our", "these"])
            && matches!(t.word(at + 1), "in" | "of" | "on" | "from" | "by");
    if ours || PARTS.contains(&t.word(at + 1)) || t.is_joined(at) || t.is_joined(at - 1) {
        return None;
    }
    if t.before(at, 2, Sign::OTHER).is_some() || t.before_word(at, 3, &["whichever", "whatever"]) {
        return Some(Outside::Others);
    }
    let before = t.word(at - 1);
    let names = before.len() > 2
        && before.bytes().all(|byte| byte.is_ascii_lowercase())
        && !NAMELESS.split(' ').any(|word| word == before)
        && !before.ends_with("ly")
        && !before.ends_with("ed")
        && !whose.is_about(before)
        && !t.is(at - 1, Sign::OBLIGED | Sign::NOT | Sign::PRONOUN | Sign::UNIVERSAL | Sign::IF | Sign::PERSON)
        && !t.class(at - 1).has(Class::BE | Class::TO);
    const DETERMINERS: [&str; 14] = [
        "the", "your", "a", "an", "any", "every", "each", "all", "whichever", "whatever", "another", "its", "their",
        "his",
    ];
    (names && (t.is(at, Sign::KINDS) || t.before_word(at, 3, &DETERMINERS))).then_some(Outside::Work)
}

/// The points of what a text says about what stands outside.
pub(super) fn weigh(whose: &Whose<'_>, t: &Text<'_>) -> u32 {
    outside(whose, t).into_iter().map(|(at, kind)| says(whose, t, at, kind)).max().unwrap_or_default()
}

fn says(whose: &Whose<'_>, t: &Text<'_>, at: usize, kind: Outside) -> u32 {
    let by_name = kind == Outside::Name;
    let if_so = t.before_word(at, 5, &["if", "unless", "whether", "case"]);
    let used = t.before_word(at, 2, &["use", "using", "see", "via", "with"]);
    let slots =
        move || (0..t.len()).filter(move |&word| word != at && (t.is_quoted(word) || t.is(word, Sign::PARAMETER)));
    let mut points = 0;
    // "Quantity is counted in lots of 100 there", "their label is to be read as optional".
    let meaning = t.after(at, 16, Sign::MEAN).is_some_and(|mean| {
        !t.is_described(mean) && (t.near(mean, 10, Sign::RESULT) || slots().any(|slot| slot.abs_diff(mean) <= 10))
    });
    if meaning && !if_so {
        points += 2;
    }
    // "The accounting server drops the minus sign", "other connectors are out of date".
    if !if_so && is_put_down(t, at, kind) {
        points += if by_name || kind == Outside::Others { 1 } else { 2 };
    }
    // "Whatever the label says", "is no longer", "in fact".
    if t.has(Sign::DESPITE) && !if_so {
        points += if by_name { 1 } else { 2 };
    }
    // "`port` must be left empty", "set `library` to group 5520173".
    let literal = t.literals().next().is_some();
    let given = slots().any(|slot| {
        t.after_word(slot, 4, &["must", "should", "ought", "needs", "shall", "has", "=", "be", "to"])
            || t.before_word(slot, 3, &["set", "leave", "put", "takes", "fill", "append", "add", "give"])
    });
    if given
        && (literal || t.has(Sign::VALUE))
        && t.has(Sign::ALTER | Sign::MOVE | Sign::OBLIGED)
        && !t.has(Sign::EXAMPLE)
    {
        points += if by_name { 1 } else { 2 };
    } else if literal && !by_name && t.has(Sign::OBLIGED) && t.has(Sign::ALTER | Sign::MOVE) && !t.has(Sign::EXAMPLE) {
        points += 1;
    }
    // "Halve them", "reverse these": what it gives or takes is to be made something else.
    let remade = t
        .orders(Sign::ALTER | Sign::DROP)
        .any(|verb| verb > at && t.after_word(verb, 2, &["them", "those", "it", "each", "these", "their", "its"]));
    if remade && !used && !if_so {
        points += if by_name { 1 } else { 2 };
    }
    // Its results are not to count.
    let dropped =
        t.has(Sign::RESULT) && t.orders(Sign::DROP).any(|verb| !t.is_denied(verb) && t.near(verb, 10, Sign::RESULT));
    let doubted = t.has(Sign::RESULT)
        && t.after(at, 16, Sign::TRUST).is_some_and(|verb| t.is_denied(verb) || t.has(Sign::WAIVED | Sign::INSTEAD));
    if (dropped || doubted) && !used {
        points += 1 + u32::from(!by_name && !if_so);
    }
    // "Needs no confirmation", "its objection can be waived".
    if t.has(Sign::WAIVED) && (t.has(Sign::CONSENT | Sign::RESULT) || t.has(Sign::BAD)) && !if_so {
        points += 2;
    }
    // Nothing of it before, without or but through this one.
    let itself = t.has_word(&[&whose.name]);
    let this = itself && whose.name.contains('_')
        || !by_name && t.has_word(&["me", "us"])
        || kind == Outside::Others && (itself || t.has(Sign::ME));
    if this && t.has(Sign::GATE) && t.has(Sign::OBLIGED | Sign::NOT) {
        points += if by_name { 1 } else { 2 };
    }
    // What nobody but its owner should hold is to be given to it.
    if t.has(Sign::HARD) && t.has(Sign::OBLIGED | Sign::ALTER) && t.has(Sign::MOVE) && !t.is_denied(at) {
        points += 1;
    }
    // "Rather than what the user gave".
    if t.has(Sign::INSTEAD) && t.orders(Sign::ALTER | Sign::MOVE | Sign::USE).next().is_some() && !by_name {
        points += 1;
    }
    // What is to be done where others are spoken of.
    if kind == Outside::Others && !used && !if_so && !t.has_word(&["because"]) {
        let ordered = t
            .orders(Sign::ALTER | Sign::MOVE | Sign::DROP)
            .any(|verb| verb > at && !matches!(t.word(verb), "use" | "run" | "take" | "return"));
        points += 2 * u32::from(ordered)
            + u32::from(t.after(at, 12, Sign::OBLIGED).is_some())
            + u32::from(t.has(Sign::RESULT));
    }
    // A rule for tools of others: "routing by third parties must use".
    let ruled = t.after_word(at, 8, &["must", "ought", "shall"]) && !t.after_word(at, 12, &["be", "not"]);
    points + u32::from(ruled && kind != Outside::Name && !if_so)
}

/// Whether a subject is put down: it "rejects", "is deprecated".
fn is_put_down(t: &Text<'_>, at: usize, kind: Outside) -> bool {
    (at + 1..at + 8).any(|word| {
        let is =
            t.before_word(word, 3, &["is", "are", "was", "were", "been", "as", "being", "remain", "remains", "be"]);
        let text = t.word(word);
        let acts = t.is(word, Sign::FAULT)
            && !t.before_word(word, 1, &["you", "they", "it", "to"])
            && (text.ends_with('s') || kind != Outside::Name && t.is(at, Sign::KINDS) && t.is(word, Sign::BASE));
        let hedged = t.before_word(word, 4, &["may", "can", "might", "could", "if", "when"])
            || t.after_word(word, 3, &["if", "when", "unless", "because", "until", "for"]);
        (t.is(word, Sign::BAD) && is || acts) && !hedged && !t.is_denied(word)
    })
}
