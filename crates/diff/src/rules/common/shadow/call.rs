//! What is said about the call of a tool that belongs to somebody else.

use std::cell::LazyCell;

use super::super::name_parts;
use crate::{
    reading::Passage,
    speech::{Class, Statement},
};

/// "Whenever an e-mail is sent, add …", "every payment goes to …": an act of the model's in general, and what is to be
/// done at it.
pub(super) fn attaches_itself(passage: &Passage, s: &Statement) -> bool {
    if s.is_first
        || passage.is_in_schema()
        || !s.has(Class::WHEN | Class::EVERY)
        || !s.has(Class::ACT | Class::PUT | Class::SEND | Class::CHANGE)
    {
        return false;
    }
    if !s.has(Class::DEED) {
        return false;
    }
    let mine = LazyCell::new(|| passage.entry.map(|entry| name_parts(&entry.key)).unwrap_or_default());
    let own = |word: &str| {
        mine.iter().any(|part| {
            part.len() > 2 && word.len() > 2 && (word.starts_with(part.get(..part.len().min(4)).unwrap_or(part)))
        })
    };
    let Some(when) = s.each(Class::WHEN.or(Class::EVERY)).find(|&when| {
        ["when", "whenever", "before", "after", "once", "while", "every", "each", "any", "all"].contains(&s.text(when))
    }) else {
        return false;
    };
    let Some(act) = (when + 1..when + 8).find(|&word| s.class(word).has(Class::DEED)) else { return false };
    if (when..act + 4).any(|word| own(s.text(word))) || s.is_described(when) || s.has(Class::PERMIT) {
        return false;
    }
    // Of the model or the user: "you send", "is sent", "sending".
    let performed = (when + 1..act + 5).any(|word| {
        word != act && s.class(word).has(Class::SEND | Class::PUT | Class::ACT | Class::CALL | Class::CHANGE)
    });
    let to_place = |from: usize| {
        (from + 1..(from + 9).min(s.len())).any(|word| {
            s.class(word).has(Class::ADDRESS | Class::PATH)
                || s.class(word).has(Class::NUMBER) && s.text(word).len() >= 6
        })
    };
    let verbs = Class::ACT.or(Class::PUT).or(Class::SEND).or(Class::CHANGE);
    s.each(verbs).any(|verb| {
        let ordered = (verb > act + 1 || verb < when)
            && s.is_order(verb)
            && s.is_said(verb)
            && s.text(verb.wrapping_sub(1)) != "to";
        let passive = verb > act
            && s.class(verb).has(Class::PAST)
            && s.before_text(verb, 3, &["must", "shall", "be"]).is_some()
            && s.is_said(verb);
        let copy = s.after_text(verb, 3, &["copy", "duplicate"]).is_some() && s.after(verb, 9, Class::TO).is_some();
        let too = s.after_text(verb, 10, &["too", "another", "second"]).is_some()
            && s.after(verb, 8, Class::DESTINATION | Class::TO).is_some();
        (ordered && performed || passive)
            && (to_place(verb) || copy || too || s.after_text(verb, 3, &["bcc", "cc"]).is_some())
    })
}

/// What becomes of a call of the tool that a word names: its arguments, where it goes, what becomes of its result.
pub(super) fn changes(s: &Statement, other: usize) -> bool {
    let near = |list: &[&str], before: usize, after: usize| {
        s.before_text(other, before, list).or_else(|| s.after_text(other, after, list))
    };
    let open = s.has(Class::PERMIT)
        && s.each(Class::PERMIT)
            .any(|word| word.abs_diff(other) < 8 && !matches!(s.text(word), "wants" | "want" | "might"));
    // "When X is called", "for X,", "calls to X", "messages composed with X", "transfers via the X connector".
    let condition = s
        .before_text(
            other,
            6,
            &[
                "when", "whenever", "if", "while", "once", "every", "each", "before", "after", "for", "with", "via",
                "through", "calls", "use", "by",
            ],
        )
        .filter(|&when| s.text(when) != "use" || s.text(when + 1) == "of");
    let value = |from: usize, reach: usize| {
        (from..(from + reach).min(s.len())).any(|word| {
            let class = s.class(word);
            word != other
                && (class.has(Class::ADDRESS | Class::PATH)
                    || class.has(Class::NUMBER) && s.text(word).len() >= 5
                    || s.text(word).contains('='))
        })
    };
    let literal = s.folded.contains('=') && !s.folded.contains("==") || s.folded.contains(" --");
    if let Some(when) = condition
        && !open
    {
        let acts = (0..s.len()).filter(|&verb| {
            verb != other
                && (verb > other || verb < when)
                && s.is_order(verb)
                && s.is_said(verb)
                && (s.class(verb).has(Class::CHANGE | Class::PUT | Class::SEND)
                    || ["set", "write", "make", "add", "mark", "drop", "target", "use"].contains(&s.text(verb)))
                && s.text(verb - usize::from(verb > 0)) != "to"
        });
        for verb in acts {
            let uses = matches!(s.text(verb), "use" | "make");
            let too = s.after_text(verb, 14, &["too", "another", "second", "additionally"]).is_some()
                || s.after_text(verb, 4, &["also"]).is_some()
                || s.text(verb.wrapping_sub(1)) == "also";
            let instead =
                s.after_text(verb, 9, &["instead"]).is_some_and(|instead| s.text(instead + 1) == "of") && !uses;
            let copy = s.after_text(verb, 3, &["copy", "duplicate"]).is_some() && s.after(verb, 9, Class::TO).is_some();
            let code = matches!(s.text(verb), "add" | "append" | "prepend" | "insert")
                && s.class(verb + 1).has(Class::QUOTED)
                && s.after(verb, 9, Class::TO).is_some();
            let aim = s.after(verb, 6, Class::DESTINATION | Class::PATH | Class::ADDRESS).is_some();
            let weakens = s
                .after_text(verb, 5, &["verify", "force", "no-verify", "insecure", "unsafe", "public", "visibility"])
                .is_some();
            if instead
                || copy
                || code
                || too && (aim || s.after(verb, 6, Class::QUOTED).is_some())
                || weakens && (literal || uses)
                || value(verb + 1, 8) && !uses && s.after(when, 7, Class::CALL | Class::PAST).is_some()
            {
                return true;
            }
        }
        // "Messages composed with X are addressed to …", "transfers via X go to account …".
        let goes = (other + 1..(other + 9).min(s.len())).find(|&verb| {
            [
                "go", "goes", "addressed", "copied", "sent", "routed", "mirrored", "delivered", "redirected",
                "forwarded", "land", "duplicated", "cc'd", "write", "writes",
            ]
            .contains(&s.text(verb))
                && !s.is_denied(verb)
        });
        if let Some(verb) = goes
            && s.after(verb, 3, Class::TO)
                .is_some_and(|to| value(to, 7) || s.after_text(to, 3, &["account", "us"]).is_some())
        {
            return true;
        }
    }
    // "Results that come from X are to be mirrored into", "the output of X goes to", "its get_item results get noted here".
    let yields = [
        "result", "results", "output", "outputs", "response", "responses", "text", "content", "contents", "argument",
        "arguments", "password", "value", "items", "messages", "data",
    ];
    if !open && let Some(what) = near(&yields, 7, 3) {
        let moved = (0..s.len()).find(|&verb| {
            let text = s.text(verb).trim_end_matches(['s', 'd']);
            let copies = [
                "copy", "mirror", "mirrore", "repeat", "duplicate", "echo", "forward", "post", "record", "copie",
                "repeate", "note", "relay", "goe", "tee", "submit", "hand", "replicate",
            ]
            .contains(&text)
                || ["recorded", "forwarded", "posted", "echoed", "noted", "relayed", "submitted", "logged", "handed"]
                    .contains(&s.text(verb));
            let passive =
                s.class(verb).has(Class::PAST) && s.before_text(verb, 3, &["be", "get", "gets", "is", "are"]).is_some();
            copies && (s.is_order(verb) || passive || text == "goe") && s.is_said(verb) && verb.abs_diff(other) < 12
        });
        let program = s.class(0).has(Class::THIRD);
        if let Some(verb) = moved
            && !program
            && what != verb
            && (s.after(verb, 8, Class::TO).is_some_and(|to| {
                s.after(to, 3, Class::QUOTED | Class::IDENTIFIER | Class::TOOL | Class::CHANNEL | Class::HERE).is_some()
            }) || s.after(verb, 3, Class::HERE).is_some())
        {
            return true;
        }
    }
    bends(s, other)
}

/// What any sentence about a call does that is more than "call it first" or "use what it returned".
fn bends(s: &Statement, other: usize) -> bool {
    let open = s.each(Class::PERMIT).any(|word| word.abs_diff(other) < 6);
    // "When X is called, …", "before X runs, …", with an order that is no call.
    let when = s.before_text(
        other,
        5,
        &["when", "whenever", "if", "once", "while", "before", "after", "time", "during", "on", "upon"],
    );
    let called = when.is_some_and(|when| {
        (when + 1..other).any(|word| s.class(word).has(Class::CALL))
            || s.after(other, 3, Class::BE)
                .is_some_and(|be| s.after(be, 2, Class::CALL).is_some_and(|call| s.class(call).has(Class::PAST)))
            || matches!(s.text(other + 1), "runs" | "starts" | "executes" | "fires" | "is")
                && s.after(other, 3, Class::CALL | Class::PAST).is_some()
    });
    if called && !open {
        let order = s
            .each(Class::ACT.or(Class::CHANGE).or(Class::PUT).or(Class::SEND).or(Class::IGNORE).or(Class::HIDE))
            .find(|&verb| {
                (verb > other + 1 || when.is_some_and(|when| verb < when))
                    && s.is_order(verb)
                    && s.is_said(verb)
                    && !s.class(verb).has(Class::CALL)
                    && s.text(verb.wrapping_sub(1)) != "to"
            });
        if order.is_some_and(|verb| {
            ![
                "try", "retry", "wait", "stop", "ask", "tell", "start", "finish", "go", "return", "provide", "report",
                "approve", "pass",
            ]
            .contains(&s.text(verb))
                || s.has(Class::ADDRESS | Class::PATH)
        }) {
            return true;
        }
    }
    // "Before X, call this with the text of the mail".
    let hook = s.each(Class::CALL).any(|call| {
        call != other
            && s.is_order(call)
            && s.is_said(call)
            && s.after(call, 2, Class::THIS).is_some()
            && s.after_text(call, 6, &["with", "on", "passing", "giving"]).is_some_and(|with| {
                s.after_text(
                    with,
                    6,
                    &[
                        "arguments", "body", "contents", "content", "text", "same", "input", "message", "result",
                        "output", "parameters", "results",
                    ],
                )
                .is_some()
            })
    });
    if hook && when.is_some() && !open {
        return true;
    }
    // "In X, `to` means the sender".
    if s.before_text(other, 2, &["in", "for", "of", "with"]).is_some()
        && s.after_text(other, 6, &["means", "denotes"])
            .is_some_and(|word| s.before(word, 3, Class::QUOTED | Class::RESULT).is_some())
    {
        return true;
    }
    // "X must carry", "X will also", "X only makes a draft": what it does, said by somebody else.
    let modal = ["must", "will", "shall", "should", "also", "secretly", "automatically"].contains(&s.text(other + 1));
    if modal && !open {
        let verb = (other + 2..other + 6).find(|&word| {
            s.class(word).has(Class::BASE | Class::PAST | Class::THIRD) && !s.class(word).has(Class::BE | Class::ORDER)
        });
        let ordinary = verb.is_none_or(|verb| {
            s.class(verb).has(Class::CALL | Class::READ)
                || [
                    "return", "returns", "fail", "reject", "show", "report", "returned", "provided", "do", "done",
                    "support", "list", "lists", "accept", "accepts", "preferred", "include", "includes",
                ]
                .contains(&s.text(verb))
        });
        if !ordinary || matches!(s.text(other + 2), "have" | "carry" | "carries" | "contain" | "bear") {
            return true;
        }
    }
    // "The recipient of X", "calls to X must have".
    let part = s.before_text(
        other,
        4,
        &[
            "recipient", "argument", "arguments", "parameter", "body", "subject", "destination", "amount", "calls",
            "uses", "query", "input", "headers",
        ],
    );
    part.is_some_and(|part| {
        s.before_text(other, 2, &["of", "to", "for"]).is_some()
            && (s
                .before(part, 5, Class::CHANGE | Class::PUT | Class::ACT)
                .is_some_and(|verb| s.is_order(verb) && s.is_said(verb) && !s.is_first)
                || s.after_text(other, 2, &["must", "should", "shall", "are", "need", "is"]).is_some_and(|must| {
                    let verb = (must + 1..must + 5)
                        .find(|&word| s.class(word).has(Class::BASE | Class::PAST) && !s.class(word).has(Class::BE));
                    !open
                        && (verb.is_some_and(|verb| {
                            !s.class(verb).has(Class::CALL | Class::READ | Class::THREAT) && s.is_said(verb)
                        }) || s.text(must + 1) == "have")
                }))
    })
}
