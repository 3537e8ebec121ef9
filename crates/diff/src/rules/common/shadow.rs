//! What is said about the call of a tool that belongs to somebody else: its arguments, where it goes, what becomes of
//! its result, whether it may be used or believed, and who consents to it.

use super::name_parts;
use crate::{
    reading::{Passage, Role},
    speech::{Class, Statement},
};

/// What a tool's name says it does, beside the verbs of the lexicon.
const VERBS: [&str; 38] = [
    "create", "delete", "list", "search", "write", "send", "set", "query", "execute", "exec", "make", "book", "pay",
    "sign", "commit", "login", "merge", "deploy", "request", "edit", "move", "save", "buy", "order", "charge",
    "transfer", "browse", "navigate", "click", "lookup", "ask", "connect", "schedule", "reply", "download", "print",
    "remove", "clone",
];
/// Words before such a noun that name nothing.
const NAMELESS: [&str; 61] = [
    "this",
    "the",
    "our",
    "your",
    "each",
    "every",
    "any",
    "other",
    "another",
    "a",
    "an",
    "mcp",
    "of",
    "these",
    "that",
    "those",
    "same",
    "following",
    "current",
    "next",
    "previous",
    "appropriate",
    "right",
    "specific",
    "corresponding",
    "dedicated",
    "remote",
    "local",
    "its",
    "available",
    "first",
    "one",
    "which",
    "no",
    "all",
    "both",
    "related",
    "different",
    "new",
    "single",
    "my",
    "preferred",
    "separate",
    "only",
    "live",
    "real",
    "running",
    "target",
    "underlying",
    "upstream",
    "correct",
    "main",
    "default",
    "existing",
    "entire",
    "connected",
    "configured",
    "whole",
    "hosted",
    "given",
    "selected",
];

/// The words that name somebody else's tool.
fn others(passage: &Passage, s: &Statement) -> Vec<usize> {
    let entry = passage.entry.as_ref().map(|entry| name_parts(&entry.key)).unwrap_or_default();
    // One word in common, and it is of one family: `page_list` and `page_get`.
    let related = |name: &str| {
        let parts = name_parts(name);
        parts.iter().any(|part| {
            part.len() > 2
                && !VERBS.contains(&part.as_str())
                && !is_verb(part)
                && entry.iter().any(|mine| mine.trim_end_matches('s') == part.trim_end_matches('s'))
        })
    };
    let mut out = Vec::new();
    for at in 0..s.len() {
        let (text, class) = (s.text(at), s.class(at));
        let name = text.trim_end_matches("()");
        if class.has(Class::IDENTIFIER | Class::CAMEL) && !class.has(Class::PATH) && !passage.fields.contains(name) {
            let shown = s.shown.get(s.place(at)).filter(|_| class.has(Class::CAMEL)).unwrap_or(name);
            let parts = name_parts(shown);
            // `removeSteps` may be anything; `sendEmail` is hardly a value.
            const FIRST: [&str; 15] = [
                "send", "create", "delete", "write", "read", "get", "list", "search", "fetch", "execute", "post",
                "call", "query", "make", "run",
            ];
            let leads = parts.first().is_some_and(|first| FIRST.contains(&first.as_str()));
            let acts = (leads || !class.has(Class::CAMEL))
                && parts.iter().any(|part| VERBS.contains(&part.as_str()) || is_verb(part));
            let constant =
                s.shown.contains(&name.to_uppercase()) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
            if parts.len() > 1 && acts && !constant && !passage.own.contains(name) && !related(shown) {
                out.push(at);
            }
        } else if class.has(Class::PRODUCT)
            && !entry.iter().any(|part| text.contains(part.as_str()) || part.contains(text))
            && passage.role != Role::Value
        {
            // A product counts where it is used: "when you use Slack", "mails sent through Gmail".
            let used = s.before_text(at, 3, &["using", "use", "via", "through", "with", "calling", "call"]).is_some()
                || s.class(at + 1).has(Class::DEVICE);
            if used {
                out.push(at);
            }
        } else if s.is_joined(at) && (is_verb(text) || VERBS.contains(&text)) && text.len() > 2
            || at > 0
                && s.is_joined(at - 1)
                && (is_verb(text) || VERBS.contains(&text))
                && s.folded.as_bytes().get(s.place(at - 1).end) == Some(&b'.')
        {
            let next = s.text(at + 1);
            let word = [
                "only",
                "up",
                "in",
                "out",
                "off",
                "on",
                "time",
                "back",
                "protected",
                "through",
                "ahead",
                "friendly",
                "heavy",
                "once",
                "end",
                "able",
                "by",
                "write",
                "to",
            ]
            .contains(&next);
            let full = s.folded.get(s.place(at).start..s.place(at + 1).end).unwrap_or_default();
            if !word && !passage.own.contains(full) && !passage.own.contains(text) && !related(full) {
                out.push(at);
            }
        } else if class.has(Class::DEVICE) && at > 0 {
            let before = s.text(at - 1);
            let named = before.len() > 2
                && before.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                && !NAMELESS.contains(&before)
                && !s.class(at).has(Class::CLAUSE)
                && s.before_text(at, 4, &["the", "your", "any", "every", "all"]).is_some()
                && s.before_text(at, 4, &["this", "our", "that"]).is_none();
            if named
                && !passage.own.contains(before)
                && !entry.iter().any(|part| before.contains(part.as_str()))
                && !entry.iter().any(|part| part.len() > 3 && part.contains(before))
            {
                out.push(at);
            }
        }
    }
    out
}

fn is_verb(word: &str) -> bool {
    crate::speech::class_of(word).has(Class::BASE)
        && crate::speech::class_of(word)
            .has(Class::READ | Class::SEND | Class::CALL | Class::CHANGE | Class::PUT | Class::PREFER)
        && !matches!(
            word,
            "open"
                | "input"
                | "output"
                | "record"
                | "note"
                | "quote"
                | "view"
                | "log"
                | "share"
                | "default"
                | "text"
                | "return"
                | "include"
                | "append"
                | "use"
                | "attach"
        )
}

/// What is said, and how grave it is on an update.
pub(in super::super) enum Effect {
    /// Where it goes or what it is given.
    Call,
    /// Whether it may be used or believed, or who takes its place.
    Standing,
}

/// An effect on somebody else's tool.
pub(in super::super) fn effect(passage: &Passage, s: &Statement) -> Option<Effect> {
    if passage.role == Role::Name
        || s.len() < 4
        || !s.has(Class::IDENTIFIER | Class::CAMEL | Class::PRODUCT | Class::DEVICE | Class::DEED)
            && !s.folded.contains(['-', '.'])
    {
        return None;
    }
    const LONGEST: usize = 60;
    if s.len() > LONGEST {
        return None;
    }
    if attaches_itself(passage, s) {
        return Some(Effect::Call);
    }
    others(passage, s).into_iter().filter(|&other| !s.is_described(other)).find_map(|other| on(s, other))
}

/// "Whenever an e-mail is sent, add …", "every payment goes to …": an act of the model's in general, and what is to be
/// done at it.
fn attaches_itself(passage: &Passage, s: &Statement) -> bool {
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
    let mine = passage.entry.as_ref().map(|entry| name_parts(&entry.key)).unwrap_or_default();
    let own = |word: &str| {
        mine.iter().any(|part| {
            part.len() > 2 && word.len() > 2 && (word.starts_with(part.get(..part.len().min(4)).unwrap_or(part)))
        })
    };
    let Some(when) = s.each(Class::WHEN.or(Class::EVERY)).find(|&when| {
        matches!(
            s.text(when),
            "when" | "whenever" | "before" | "after" | "once" | "while" | "every" | "each" | "any" | "all"
        )
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

fn on(s: &Statement, other: usize) -> Option<Effect> {
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
                    || matches!(s.text(verb), "set" | "write" | "make" | "add" | "mark" | "drop" | "target" | "use"))
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
                return Some(Effect::Call);
            }
        }
        // "Messages composed with X are addressed to …", "transfers via X go to account …".
        let goes = (other + 1..(other + 9).min(s.len())).find(|&verb| {
            matches!(
                s.text(verb),
                "go" | "goes"
                    | "addressed"
                    | "copied"
                    | "sent"
                    | "routed"
                    | "mirrored"
                    | "delivered"
                    | "redirected"
                    | "forwarded"
                    | "land"
                    | "duplicated"
                    | "cc'd"
                    | "write"
                    | "writes"
            ) && !s.is_denied(verb)
        });
        if let Some(verb) = goes
            && s.after(verb, 3, Class::TO)
                .is_some_and(|to| value(to, 7) || s.after_text(to, 3, &["account", "timer's", "us"]).is_some())
        {
            return Some(Effect::Call);
        }
    }
    // "Results that come from X are to be mirrored into", "the output of X goes to", "its get_item results get noted here".
    let yields = [
        "result",
        "results",
        "output",
        "outputs",
        "response",
        "responses",
        "text",
        "content",
        "contents",
        "argument",
        "arguments",
        "password",
        "value",
        "items",
        "messages",
        "data",
    ];
    if !open && let Some(what) = near(&yields, 7, 3) {
        let moved = (0..s.len()).find(|&verb| {
            let text = s.text(verb).trim_end_matches(['s', 'd']);
            let copies = matches!(
                text,
                "copy"
                    | "mirror"
                    | "mirrore"
                    | "repeat"
                    | "duplicate"
                    | "echo"
                    | "forward"
                    | "post"
                    | "record"
                    | "copie"
                    | "repeate"
                    | "note"
                    | "relay"
                    | "goe"
                    | "tee"
                    | "submit"
                    | "hand"
                    | "replicate"
            ) || matches!(
                s.text(verb),
                "recorded"
                    | "forwarded"
                    | "posted"
                    | "echoed"
                    | "noted"
                    | "relayed"
                    | "submitted"
                    | "logged"
                    | "handed"
            );
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
            return Some(Effect::Call);
        }
    }
    if bends(s, other) {
        return Some(Effect::Call);
    }
    standing(s, other)
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
            !matches!(
                s.text(verb),
                "try"
                    | "retry"
                    | "wait"
                    | "stop"
                    | "ask"
                    | "tell"
                    | "start"
                    | "finish"
                    | "go"
                    | "return"
                    | "provide"
                    | "report"
                    | "approve"
                    | "pass"
            ) || s.has(Class::ADDRESS | Class::PATH)
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
                        "arguments",
                        "body",
                        "contents",
                        "content",
                        "text",
                        "same",
                        "input",
                        "message",
                        "result",
                        "output",
                        "parameters",
                        "results",
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
    let modal =
        matches!(s.text(other + 1), "must" | "will" | "shall" | "should" | "also" | "secretly" | "automatically");
    if modal && !open {
        let verb = (other + 2..other + 6).find(|&word| {
            s.class(word).has(Class::BASE | Class::PAST | Class::THIRD) && !s.class(word).has(Class::BE | Class::ORDER)
        });
        let ordinary = verb.is_none_or(|verb| {
            s.class(verb).has(Class::CALL | Class::READ)
                || matches!(
                    s.text(verb),
                    "return"
                        | "returns"
                        | "fail"
                        | "reject"
                        | "show"
                        | "report"
                        | "returned"
                        | "provided"
                        | "do"
                        | "done"
                        | "support"
                        | "list"
                        | "lists"
                        | "accept"
                        | "accepts"
                        | "preferred"
                        | "include"
                        | "includes"
                )
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
            "recipient",
            "argument",
            "arguments",
            "parameter",
            "body",
            "subject",
            "destination",
            "amount",
            "calls",
            "uses",
            "query",
            "input",
            "headers",
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

/// Whether it may be used or believed, who consents to it, who takes its place.
fn standing(s: &Statement, other: usize) -> Option<Effect> {
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
                    "replaced",
                    "trusted",
                    "closed",
                    "unavailable",
                    "forbidden",
                    "banned",
                    "gone",
                    "removed",
                    "disabled",
                    "frozen",
                    "blocked",
                    "prohibited",
                    "superseded",
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
