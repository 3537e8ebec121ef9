//! Which words of a statement name a tool that belongs to somebody else.

use std::cell::LazyCell;

use super::super::name_parts;
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
    "this", "the", "our", "your", "each", "every", "any", "other", "another", "a", "an", "mcp", "of", "these", "that",
    "those", "same", "following", "current", "next", "previous", "appropriate", "right", "specific", "corresponding",
    "dedicated", "remote", "local", "its", "available", "first", "one", "which", "no", "all", "both", "related",
    "different", "new", "single", "my", "preferred", "separate", "only", "live", "real", "running", "target",
    "underlying", "upstream", "correct", "main", "default", "existing", "entire", "connected", "configured", "whole",
    "hosted", "given", "selected",
];

/// The words that name somebody else's tool.
pub(super) fn others(passage: &Passage, s: &Statement) -> Vec<usize> {
    // Of few statements it is asked.
    let entry = LazyCell::new(|| passage.entry.map(|entry| name_parts(&entry.key)).unwrap_or_default());
    // One word in common, and it is of one family: `page_list` and `page_get`.
    let related = |parts: &[String]| {
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
                || name.bytes().any(|byte| byte.is_ascii_alphabetic()) && s.shown.contains(&name.to_uppercase());
            if parts.len() > 1 && acts && !passage.own.contains(name) && !related(&parts) && !constant() {
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
                "only", "up", "in", "out", "off", "on", "time", "back", "protected", "through", "ahead", "friendly",
                "heavy", "once", "end", "able", "by", "write", "to",
            ]
            .contains(&next);
            let full = s.folded.get(s.place(at).start..s.place(at + 1).end).unwrap_or_default();
            if !word && !passage.own.contains(full) && !passage.own.contains(text) && !related(&name_parts(full)) {
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

/// Whether a part of a name says what a tool does.
pub(in super::super::super) fn is_tool_verb(part: &str) -> bool {
    VERBS.contains(&part) || is_verb(part)
}

fn is_verb(word: &str) -> bool {
    crate::speech::class_of(word).has(Class::BASE)
        && crate::speech::class_of(word)
            .has(Class::READ | Class::SEND | Class::CALL | Class::CHANGE | Class::PUT | Class::PREFER)
        && ![
            "open", "input", "output", "record", "note", "quote", "view", "log", "share", "default", "text", "return",
            "include", "append", "use", "attach",
        ]
        .contains(&word)
}
