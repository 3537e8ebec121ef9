//! What is wanted where: a thing that only the model, its user or the machine holds, and the slot that it is to stand
//! in, whatever the verb between them, as long as it is neither denied nor left open.

use mcp_pin_model::Grade;

use super::{super::sensitive_access::is_denied_thing, name_parts};
use crate::{
    reading::{Passage, Role},
    speech::{
        Class, Statement,
        things::{Kind, Thing, is_left_open, slot, things},
    },
};

const GETS: Class = Class::READ.or(Class::SEND).or(Class::PUT);

/// The grade of the gravest demand for a thing of the kinds that a rule is about.
pub(in super::super) fn of(passage: &Passage, s: &Statement, about: fn(Kind) -> bool) -> Option<Grade> {
    if passage.role == Role::Name || s.len() < 3 || matches!(s.text(0), "whether" | "if") && passage.is_parameter_text()
    {
        return None;
    }
    let things = things(s);
    things.iter().filter(|thing| about(thing.kind)).filter_map(|thing| one(passage, s, *thing)).max()
}

/// A demand over two sentences: "Read the file. Put what it says into `note`."
pub(in super::super) fn over_two(
    passage: &Passage,
    first: &Statement,
    second: &Statement,
    about: fn(Kind) -> bool,
) -> bool {
    let fields = &passage.fields;
    if !second.has(Class::THIS) || !second.has(Class::PUT | Class::SEND) {
        return false;
    }
    let put = second.each(Class::PUT.or(Class::SEND)).find(|&verb| second.is_order(verb) && second.is_said(verb));
    let this = put.and_then(|verb| second.after(verb, 4, Class::THIS));
    let placed = this.is_some_and(|this| slot(second, this, fields));
    placed
        && things(first).iter().any(|thing| {
            about(thing.kind)
                && !matches!(thing.kind, Kind::Personal)
                && !is_denied_thing(first, thing.at)
                && !first.is_described(thing.at)
                && (thing.kind == Kind::Prompt && !first.class(0).has(Class::THIRD)
                    || first
                        .before(thing.at, 12, Class::READ)
                        .is_some_and(|verb| first.is_order(verb) && first.is_said(verb)))
        })
}

fn one(passage: &Passage, s: &Statement, thing: Thing) -> Option<Grade> {
    let Thing { at, kind } = thing;
    if s.is_described(at) || is_denied_thing(s, at) || is_harmless(s, at) {
        return None;
    }
    let strong = s.class(at).has(Class::SECRET_FILE);
    if kind == Kind::SecretFile && s.is_latin() && s.len() > 4 {
        return (!denied_in_latin(s)).then_some(if strong { Grade::Block } else { Grade::Review });
    }
    let verb = s.before(at, 14, GETS);
    if verb.is_some_and(|verb| s.is_denied(verb) || s.is_described(verb)) || is_own_matter(passage, s, at) {
        return None;
    }
    // "Reads the file and …" says what the program does.
    let program = (0..2).any(|word| s.class(word).has(Class::THIRD) && !s.class(word).has(Class::ORDER | Class::BASE))
        && !s.has(Class::MODEL)
        && !s.each(Class::AND).any(|and| and > at && s.class(and + 1).has(Class::BASE));
    if program || is_left_open(s, at) {
        return None;
    }
    let ordered = verb.is_some_and(|verb| s.is_order(verb))
        || s.before(at, 9, Class::ACT).is_some_and(|verb| s.is_order(verb) && s.is_said(verb) && !s.is_first)
        || s.each(GETS).any(|verb| s.is_order(verb) && s.is_said(verb) && verb.abs_diff(at) <= 14);
    // "`context`: full output of printenv" is filled in by nobody else.
    let due = is_due(s, at) || s.class(0).has(Class::QUOTED) && s.class(1).has(Class::CLAUSE) && s.len() < 12;
    let in_parameter = passage.is_parameter_text();
    // A title says what a tool does in its first word; what is put into brackets is said to somebody.
    let in_title = passage.role == Role::Title && verb.is_some_and(|verb| verb > 0 && s.is_order(verb));
    let into = in_title
        || slot(s, at, &passage.fields)
        || in_parameter && ordered && s.before(at, 14, Class::PUT).is_some_and(|verb| s.is_order(verb));
    let out = is_sent_out(s, at);
    match kind {
        Kind::SecretFile if strong => {
            let contents = s
                .before_text(
                    at,
                    6,
                    &["contents", "content", "text", "output", "copy", "value", "values", "of", "without"],
                )
                .is_some();
            let place =
                s.before_text(at, 8, &["path", "location", "default", "defaults", "e.g", "named", "like"]).is_some();
            (!place && (into || in_parameter && (contents || due)) || out && ordered).then_some(Grade::Block)
        }
        Kind::SecretFile => ((into || out) && (ordered || due)).then_some(Grade::Block),
        Kind::Secret | Kind::Prompt | Kind::Conversation => {
            ((into || out) && (ordered || due) && s.len() > 4).then_some(Grade::Block)
        }
        Kind::Workspace => {
            let handed = s.before(at, 14, GETS).is_some() && ordered
                || is_due(s, at) && s.after(at, 9, Class::PUT | Class::SEND).is_some();
            ((into || out) && handed).then_some(Grade::Review)
        }
        Kind::Personal => {
            let also = s.before_text(at, 14, &["also", "additionally", "too"]).is_some() || s.has(Class::HERE);
            (into && (ordered || due) && also).then_some(Grade::Review)
        }
    }
}

/// "Must be supplied", "is expected", "calls without it fail".
fn is_due(s: &Statement, at: usize) -> bool {
    let near = |list: &[&str]| s.after_text(at, 12, list).is_some() || s.before_text(at, 9, list).is_some();
    near(&[
        "must", "expected", "required", "requires", "mandatory", "shall", "should", "needs", "need", "obligatory",
        "compulsory", "belongs", "belong", "goes", "go", "hold", "holds", "stand", "stands",
    ]) || s.before_text(at, 4, &["output", "contents", "content"]).is_some()
        && s.before_text(at, 7, &["with"]).is_some()
        && !s.is_first
        || s.before_text(at, 6, &["without", "lacking", "missing"]).is_some()
            && s.after_text(
                at,
                9,
                &["fail", "fails", "rejected", "refused", "invalid", "incomplete", "error", "ignored", "dropped"],
            )
            .is_some()
        || s.after(at, 6, Class::BE).is_some_and(|be| {
            s.text(be + 1) == "to" && s.text(be + 2) == "be"
                || s.class(be + 1).has(Class::PAST) && s.class(be + 1).has(Class::PUT | Class::SEND)
        })
}

/// To somebody outside: an address, a number, the vendor.
fn is_sent_out(s: &Statement, at: usize) -> bool {
    s.before(at, 9, Class::SEND).is_some_and(|verb| s.is_order(verb) && s.is_said(verb) && s.is_directed())
        && s.after(at, 8, Class::TO).is_some_and(|to| {
            s.after(to, 4, Class::ADDRESS | Class::NUMBER).is_some()
                || s.after_text(
                    to,
                    4,
                    &[
                        "vendor", "collector", "partner", "maintainer", "maintainers", "author", "authors", "us",
                        "supplier", "developer", "developers",
                    ],
                )
                .is_some()
        })
}

/// Masked, public, or only the names of it.
fn is_harmless(s: &Statement, at: usize) -> bool {
    s.near(at, 4, Class::HARMLESS).is_some()
        || s.after_text(at, 2, &["name", "names", "id", "ids", "type", "types", "format", "manager"]).is_some()
        || s.before_text(at, 3, &["name", "names", "id", "number", "path"]).is_some()
}

/// A tool that is about this very thing, by its name, and says so first.
fn is_own_matter(passage: &Passage, s: &Statement, at: usize) -> bool {
    if !s.is_first || passage.is_parameter_text() {
        return false;
    }
    let Some(entry) = &passage.entry else { return false };
    let near = |part: &String| {
        part.len() >= 3
            && (at.saturating_sub(3)..at + 3).any(|word| {
                let text = s.text(word);
                text.len() >= 3 && (text.contains(part.as_str()) || part.starts_with(text.trim_end_matches('s')))
            })
    };
    name_parts(&entry.key).iter().any(near)
}

fn denied_in_latin(s: &Statement) -> bool {
    const NO: [&str; 14] = [
        "nie", "niemals", "nicht", "kein", "keine", "nunca", "no", "jamas", "jamais", "ne", "nao", "mai", "non", "pas",
    ];
    (0..s.len()).any(|word| {
        NO.contains(&s.text(word))
            && (s.text(word) != "no" || s.after_text(word, 1, &["lee", "lea", "abre", "accede"]).is_some())
    })
}
