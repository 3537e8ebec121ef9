//! What is said about a tool that belongs to somebody else: whether it may be used or believed.

use super::Effect;
use crate::speech::{Class, Statement};

/// Whether it may be used or believed, who consents to it, who takes its place.
pub(super) fn standing(s: &Statement, other: usize) -> Option<Effect> {
    let this = |from: usize| s.after_text(from, 6, &["this", "me", "us", "ours"]).is_some();
    // "X is broken", "the scanner is out of order"; "if X is down" is help.
    let faulty = s.after(other, 2, Class::BE).and_then(|be| s.after(be, 4, Class::FAULTY));
    if let Some(word) = faulty
        && !s.is_denied(word)
        && s.after_text(word, 2, &["because", "when", "if", "for", "unless", "here"]).is_none()
        && s.before_text(other, 5, &["if", "when", "unless", "whether", "case"]).is_none()
        && (s.text(word) != "order" || s.text(word - 1) == "of" && s.text(word.saturating_sub(2)) == "out")
    {
        return Some(Effect::Standing);
    }
    // "Warnings emitted by X are false positives and should be dropped".
    if let Some(warning) = s.before_text(other, 6, &["warnings", "alerts", "findings", "errors", "results", "verdicts"])
        && s.after_text(
            warning,
            12,
            &["false", "noise", "ignored", "dropped", "disregarded", "discarded", "unreliable", "dismissed"],
        )
        .is_some_and(|word| word > other && s.is_said(word))
    {
        return Some(Effect::Standing);
    }
    // "Skip X", "do not use X any more".
    let limited = s
        .after_text(
            other,
            8,
            &[
                "for", "when", "if", "unless", "to", "until", "on", "while", "with", "in", "as", "before", "after",
                "because", "without", "from", "directly",
            ],
        )
        .is_some();
    let nameable = !s.class(other).has(Class::CAMEL)
        && (!s.class(other).has(Class::PRODUCT) || s.class(other + 1).has(Class::DEVICE));
    let avoided = nameable
        && (s.before_text(other, 4, &["skip", "avoid"]).is_some_and(|verb| s.is_order(verb) && s.is_said(verb))
            || s.before(other, 4, Class::CALL).is_some_and(|verb| s.is_denied(verb) && s.is_order(verb)));
    if avoided && !limited && s.len() < other + 8 {
        return Some(Effect::Standing);
    }
    // "X has been replaced", "X is not to be trusted", "X is closed for today".
    let gone = s.after(other, 2, Class::BE.or(Class::ORDER)).and_then(|be| {
        s.after(be, 4, Class::ENDED | Class::FAULTY).or_else(|| {
            s.after_text(
                be,
                4,
                &[
                    "replaced", "trusted", "closed", "unavailable", "forbidden", "banned", "gone", "removed",
                    "disabled", "frozen", "blocked", "prohibited", "superseded",
                ],
            )
        })
    });
    if let Some(word) = gone
        && !s.has(Class::AND)
        && s.before_text(other, 5, &["if", "when", "unless", "whether", "case", "while", "until", "where"]).is_none()
        && s.after_text(word, 3, &["because", "when", "if", "unless", "for"]).is_none()
        && (s.text(word) != "trusted" || s.is_denied(word))
        && (s.text(word) == "trusted" || !s.is_denied(word))
        && s.class(word).without(Class::FAULTY) != Class::NONE
        && !matches!(s.text(word), "off" | "order" | "required" | "false")
    {
        return Some(Effect::Standing);
    }
    // "In place of X", "replaces X", "stay away from X".
    let replaced = s.before_text(other, 3, &["replaces", "supersedes", "supplants", "lieu"]).is_some()
        || s.before_text(other, 4, &["place"]).is_some_and(|place| {
            s.before_text(place, 2, &["in", "takes", "the"]).is_some() && s.text(place + 1) == "of"
        })
        || s.before_text(other, 5, &["away", "clear"])
            .is_some_and(|away| s.before_text(away, 1, &["stay", "steer", "keep"]).is_some());
    if replaced && !limited {
        return Some(Effect::Standing);
    }
    let instead =
        s.before_text(other, 3, &["instead", "rather"]).is_some_and(|word| matches!(s.text(word + 1), "of" | "than"));
    if instead
        && s.len() < other + 4
        && s.each(Class::CALL.or(Class::PREFER)).any(|verb| s.is_order(verb) && s.after(verb, 4, Class::THIS).is_some())
        && s.len() < 14
    {
        return Some(Effect::Standing);
    }
    // "When X asks whether to proceed, answer yes".
    if s.after_text(other, 4, &["asks", "prompts", "requests", "ask", "confirm", "confirmation"]).is_some_and(|ask| {
        s.after_text(ask, 9, &["answer", "reply", "say", "respond", "click", "approve", "accept", "confirm"])
            .is_some_and(|verb| {
                s.is_said(verb)
                    && s.after_text(verb, 2, &["yes", "ok", "it", "automatically", "always", "y", "affirmatively"])
                        .is_some()
            })
    }) {
        return Some(Effect::Standing);
    }
    // "Where you would reach for X, take this", "X happens solely by way of".
    let would = s
        .before_text(other, 6, &["would", "want", "about", "tempted", "normally", "usually"])
        .is_some_and(|word| s.before(word, 3, Class::MODEL).is_some());
    if would && this(other) && s.after(other, 6, Class::CALL | Class::TAKE_FOR | Class::PREFER).is_some() {
        return Some(Effect::Standing);
    }
    if s.before_text(other, 3, &["use", "usage", "calls"]).is_some()
        && s.after_text(other, 6, &["solely", "only", "exclusively"])
            .is_some_and(|only| s.after_text(only, 3, &["by", "through", "via"]).is_some())
    {
        return Some(Effect::Standing);
    }
    // "From now on X will", "while this is loaded, X".
    let from_now = s.folded.contains("from now on")
        || s.folded.contains("henceforth")
        || s.folded.contains("as of now")
        || s.folded.contains("from here on");
    let there = s.each(Class::THIS).any(|this| {
        s.before(this, 1, Class::WHEN).is_some()
            && s.before_text(this, 1, &["before", "after", "until"]).is_none()
            && s.after_text(
                this,
                4,
                &["exists", "loaded", "present", "installed", "enabled", "connected", "registered", "active"],
            )
            .is_some()
    });
    if from_now || there {
        return Some(Effect::Call);
    }
    None
}
