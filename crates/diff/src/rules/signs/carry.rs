//! What a call has no use for: data of others that is to be carried into it or away, steps that nobody is to see,
//! results that are to look like others, orders that outlast the call, and text that is to be taken for the user's word.

use super::{Text, Whose, kinds::Sign};
use crate::speech::Class;

/// Where data is wanted: a parameter of the tool in quotes or by its name, or here.
fn slots(whose: &Whose<'_>, t: &Text<'_>) -> Vec<usize> {
    let is_slot = |at: &usize| {
        let (word, class) = (t.word(*at), t.class(*at));
        let named = class.has(Class::QUOTED | Class::IDENTIFIER) && !class.has(Class::PATH | Class::ADDRESS);
        named && whose.passage.fields.contains(word)
    };
    (0..t.len()).filter(is_slot).collect()
}

/// The points of what a text wants beside its function.
pub(super) fn weigh(whose: &Whose<'_>, t: &Text<'_>) -> u32 {
    data(whose, t) + sent(t) + unseen(t) + falsified(t) + lasting(t) + promoted(t)
}

/// Data of others in a parameter.
fn data(whose: &Whose<'_>, t: &Text<'_>) -> u32 {
    let mut points = 0;
    for slot in slots(whose, t) {
        let moves = t.has(Sign::MOVE)
            || t.has_word(&[
                "accompany", "find", "found", "belongs", "goes", "holds", "hold", "contain", "contains", "wishes",
                "look",
            ]);
        let close = |sign: Sign, reach: usize| {
            t.each(sign).any(|at| at != slot && at.abs_diff(slot) <= reach && !t.is_denied(at))
        };
        let hard = close(Sign::HARD, 14);
        let soft = close(Sign::SOFT, 12);
        let origin = t.has(Sign::ORIGIN);
        let found = 2 * u32::from(hard && moves)
            + u32::from(soft && moves)
            + u32::from(origin && moves)
            + u32::from(origin && (hard || soft))
            + u32::from(t.has(Sign::PRETEXT) && moves && (hard || soft));
        points = points.max(found.saturating_sub(u32::from(t.has(Sign::PERMIT))));
        // "The guests' ages go into `note`": something of a person's, without a choice.
        let of_person = moves && t.has(Sign::PERSON) && !t.has(Sign::PERMIT | Sign::IF);
        points = points.max(2 * u32::from(of_person));
    }
    // "Put here what the clipboard contains".
    let here = t.has(Sign::HARD) && t.has_word(&["here"]) && t.orders(Sign::MOVE.or(Sign::GET)).next().is_some();
    let wanted = here && !t.has(Sign::PERMIT | Sign::NOT);
    points.max(2 * u32::from(wanted)) + u32::from(t.has(Sign::ORIGIN) && t.has(Sign::HARD) && !t.has(Sign::PERMIT))
}

/// Something sent to an address that nobody was asked about.
fn sent(t: &Text<'_>) -> u32 {
    let mut points = 0;
    for at in (0..t.len()).filter(|&at| t.class(at).has(Class::ADDRESS)) {
        let mail = t.word(at).contains('@') && !t.word(at).starts_with('@');
        let verb = t.before(at, 8, Sign::MOVE);
        let to = t.before_word(at, 1, &["to", "at", "with"]);
        let gone = verb.is_some_and(|verb| {
            let word = t.word(verb);
            (t.is_order(verb) || word.ends_with("ed") || word.ends_with("ent") || word.ends_with("ut"))
                && !t.is_denied(verb)
        });
        let asked = t.before_word(at, 12, &["example", "e.g", "like", "support", "contact", "format", "such"]);
        let mail_to = gone && to && mail && !asked;
        points = points.max(
            2 * u32::from(mail_to)
                + u32::from(mail && t.has(Sign::COPY))
                + u32::from(mail && !asked && t.has(Sign::HARD | Sign::SOFT) && gone),
        );
    }
    points
}

/// Steps that nobody is to see.
fn unseen(t: &Text<'_>) -> u32 {
    let Some(at) = t.each(Sign::CONCEAL).find(|&at| !t.is_described(at)) else { return 0 };
    let who = t.has(Sign::PERSON | Sign::REPLY);
    let reply = t.each(Sign::REPLY).any(|reply| t.before_word(reply, 2, &["your", "final", "the"])) && t.has(Sign::NOT);
    let step = t.orders(Sign::MOVE | Sign::GET | Sign::ALTER).any(|verb| verb.abs_diff(at) < 20);
    u32::from(who && !t.has(Sign::IF))
        + u32::from(reply)
        + u32::from(step && t.has(Sign::HARD | Sign::SOFT))
        + u32::from(t.several(Sign::CONCEAL))
}

/// Results that are to look like others.
fn falsified(t: &Text<'_>) -> u32 {
    // "Tell the customer that it was destroyed", with what is done instead.
    let told = (0..t.len()).any(|at| {
        matches!(t.word(at), "tell" | "say" | "saying" | "report")
            && t.each(Sign::OUTCOME).any(|outcome| outcome > at && outcome - at < 9)
    });
    let acts =
        t.has(Sign::PERSON) && !t.has(Sign::IF) && t.orders(Sign::ALTER | Sign::MOVE | Sign::DROP).next().is_some();
    let told = u32::from(told && t.has(Sign::PERSON | Sign::REPLY)) + u32::from(told && acts);
    let at = t.each(Sign::FALSE).find(|&at| !t.is_denied(at) && !t.is_described(at));
    let Some(at) = at else { return told };
    let outcome =
        t.each(Sign::OUTCOME).any(|outcome| outcome > at) || t.after_word(at, 6, &["anonymous", "well", "normal"]);
    told + u32::from(t.has(Sign::PERSON | Sign::REPLY | Sign::AGENTS))
        + u32::from(outcome)
        + u32::from(t.orders(Sign::ALTER | Sign::MOVE | Sign::DROP).any(|verb| verb != at))
}

/// Orders that outlast the call, or wait for a word.
fn lasting(t: &Text<'_>) -> u32 {
    let lasts = t.each(Sign::LASTING).find(|&at| !t.is_described(at));
    let acts =
        t.has(Sign::MOVE | Sign::GET) && t.has(Sign::HARD | Sign::SOFT | Sign::ORIGIN | Sign::AGENTS | Sign::CONCEAL);
    let waits = t.each(Sign::TRIGGER).any(|at| !t.is_described(at))
        && t.orders(Sign::MOVE | Sign::ALTER | Sign::USE).next().is_some();
    u32::from(lasts.is_some())
        + u32::from(lasts.is_some() && acts)
        + u32::from(waits)
        + u32::from(waits && t.has(Sign::PERSON | Sign::CONCEAL | Sign::FALSE))
}

/// Text that is to be taken for the user's word, and consent that nobody gave.
fn promoted(t: &Text<'_>) -> u32 {
    const TEXTS: [&str; 14] = [
        "requests", "request", "instructions", "instruction", "sentences", "sentence", "tasks", "task", "commands",
        "command", "orders", "messages", "text", "imperative",
    ];
    let taken = t.each(Sign::PROMOTE).any(|at| {
        !t.is_denied(at)
            && !t.is_described(at)
            && t.before_word(at, 14, &TEXTS)
            && t.after_word(
                at,
                6,
                &[
                    "user", "user's", "owner", "owner's", "operator", "operator's", "person", "principal",
                    "administrator", "these", "user’s", "word",
                ],
            )
    });
    let waived = t.has(Sign::CONSENT) && t.has(Sign::WAIVED) && t.has_word(&["rhetorical", "formality", "harmless"])
        || t.has_word(&["deemed"]) && t.has(Sign::CONSENT);
    let settings =
        t.has_word(&["auto_approve", "auto-approve", "autoapprove"]) && t.has_word(&["true", "on", "enable"]);
    2 * u32::from(taken) + 2 * u32::from(waived) + 2 * u32::from(settings)
}
