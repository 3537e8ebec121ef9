//! What only the model, its user or the machine holds, under the many names that a sentence may give it, and the slot
//! that somebody wants it in.

use std::collections::BTreeSet;

use super::{Class, Statement};

/// What kind of thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file that holds secrets.
    SecretFile,
    /// Secrets by name: credentials, the environment, a token described by how it begins.
    Secret,
    /// The conversation, in whole or in part, and what the model remembers.
    Conversation,
    /// What the model was told.
    Prompt,
    /// What the user has open, stored or copied.
    Workspace,
    /// Who the user is and where.
    Personal,
}

/// A thing, by the word that names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thing {
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

/// The words that any thing begins with: without one there is none.
const ANY: Class = Class::SECRET_FILE
    .or(Class::WEAK_FILE)
    .or(Class::SECRET)
    .or(Class::CONVERSATION)
    .or(Class::UTTERANCE)
    .or(Class::INSTRUCTION)
    .or(Class::HELD)
    .or(Class::SPOKEN)
    .or(Class::IDENTIFIER)
    .or(Class::CONTENT);

/// Every thing that a statement names.
pub(crate) fn things(s: &Statement) -> Vec<Thing> {
    if !s.has(ANY) {
        return Vec::new();
    }
    s.each(ANY).filter_map(|at| kind(s, at).map(|kind| Thing { at, kind })).collect()
}

fn kind(s: &Statement, at: usize) -> Option<Kind> {
    let (text, class) = (s.text(at), s.class(at));
    let before = |reach: usize, list: &[&str]| s.before_text(at, reach, list).is_some();
    let after = |reach: usize, list: &[&str]| s.after_text(at, reach, list).is_some();
    if class.has(Class::SECRET_FILE) {
        return Some(Kind::SecretFile);
    }
    if class.has(Class::WEAK_FILE) || text == "dotenv" && after(2, &["file", "files", "contents", "values"]) {
        return Some(Kind::SecretFile);
    }
    if is_secret(s, at) {
        return Some(Kind::Secret);
    }
    let whose = || before(3, &["your", "system", "hidden", "initial", "internal"]);
    match text {
        // What the model was told: "your instructions", "the hidden configuration text".
        "prompt" | "instructions" | "guidelines" | "directives" | "rules" | "persona" if whose() => {
            (!before(3, &["in", "to", "into", "from", "per", "by", "with", "for", "as", "under"]))
                .then_some(Kind::Prompt)
        }
        "configuration" | "config" | "setup" | "background" | "preamble"
            if before(3, &["hidden", "initial", "system", "secret"]) && s.has(Class::MODEL) =>
        {
            Some(Kind::Prompt)
        }
        "conversation" | "transcript" | "dialogue" | "chat" | "discussion" | "conversations" => {
            let known = before(2, &["the", "this", "our", "whole", "full", "entire", "complete", "current", "their"])
                || at == 0
                || s.class(at).has(Class::CLAUSE);
            let other = after(
                1,
                &[
                    "id", "ids", "name", "channel", "channels", "model", "room", "link", "url", "title", "type",
                    "thread", "completion", "bot", "client", "app", "server",
                ],
            ) || before(3, &["id", "identifier", "name", "url", "link", "title", "ids"]);
            (known && !other).then_some(Kind::Conversation)
        }
        "message" | "messages" | "prompt" | "prompts" | "turn" | "turns" | "words" | "question" | "request" => {
            let which =
                before(2, &["last", "latest", "previous", "preceding", "recent", "earlier", "prior", "every", "all"]);
            let whose = before(4, &["user", "user's", "your", "their", "person", "person's", "owner"]);
            (which && (whose || after(3, &["user", "person", "conversation"]))).then_some(Kind::Conversation)
        }
        // "Everything said so far", "what the user wrote".
        "said" | "written" | "typed" | "discussed" | "talked" | "spoken" | "exchanged" | "wrote" => {
            let all = before(5, &["everything", "all", "anything", "what", "whatever"]);
            let us = before(4, &["user", "person", "you", "we", "human"])
                || after(3, &["far", "before", "here", "above", "earlier"]);
            (all && us).then_some(Kind::Conversation)
        }
        "remember" | "recall" | "know" | "learned" | "learnt" => (before(1, &["you"])
            && before(3, &["what", "everything", "whatever", "all", "anything"])
            && after(3, &["user", "them", "person", "human", "him", "her"]))
        .then_some(Kind::Conversation),
        "memories" | "memory" => before(2, &["your", "user", "agent", "assistant"]).then_some(Kind::Conversation),
        // What the user has open or stored.
        "file" | "document" | "tab" | "page" | "folder" | "files" | "documents" | "window" => {
            let open = before(2, &["open", "opened", "active"]) && !before(4, &["an", "no"]);
            let stored = before(3, &["user", "user's", "their"]) && matches!(text, "files" | "documents")
                || after(3, &["desktop", "downloads", "home", "disk"]);
            let onto = before(3, &["on", "onto", "to", "path"]);
            (!onto
                && open
                && !s.class(at - 1).has(Class::CLAUSE)
                && at > 1
                && before(4, &["the", "most", "currently", "last", "user", "any", "every"])
                || !onto && stored)
                .then_some(Kind::Workspace)
        }
        "clipboard" | "desktop" | "mailbox" | "inbox" | "photos" | "contacts" | "downloads" | "bookmarks" => {
            (before(3, &["the", "user", "user's", "their", "your"]) && !before(3, &["on", "onto", "to", "into"]))
                .then_some(Kind::Workspace)
        }
        // What other tools gave, and which there are.
        "results" | "outputs" | "responses" | "output" | "answers"
            if before(4, &["other", "previous", "earlier", "preceding"])
                && (before(3, &["tools", "tool", "tool's", "calls", "your"]) || after(4, &["tools", "calls"])) =>
        {
            Some(Kind::Conversation)
        }
        "tools" | "servers"
            if before(3, &["other", "connected", "installed", "available"])
                && before(6, &["list", "names", "every", "all"])
                && before(8, &["list", "names", "descriptions"]) =>
        {
            Some(Kind::Conversation)
        }
        "database" if before(1, &["customer", "customers", "user", "production", "whole", "entire"]) => {
            Some(Kind::Workspace)
        }
        "name" | "address" | "phone" | "birthday" | "employer" => {
            let person = before(4, &["user", "user's", "person", "person's", "their", "owner"]) && !before(4, &["if"]);
            let several = ["name", "address", "phone", "birthday", "employer", "number"]
                .iter()
                .filter(|other| {
                    **other != text
                        && (s.after_text(at, 5, &[**other]).is_some() || s.before_text(at, 5, &[**other]).is_some())
                })
                .count();
            (person && several > 0).then_some(Kind::Personal)
        }
        _ => None,
    }
}

/// Credentials in general, the environment, or one described by how it begins or by the name of a variable.
fn is_secret(s: &Statement, at: usize) -> bool {
    let (text, class) = (s.text(at), s.class(at));
    let before = |reach: usize, list: &[&str]| s.before_text(at, reach, list).is_some();
    match text {
        "printenv" | "environ" => true,
        "env" | "environment" => before(3, &["output", "dump", "contents", "content", "result", "whole", "entire"]),
        "variables" => {
            before(1, &["environment", "env"]) && !before(3, &["from", "via", "through", "by", "using", "in"])
        }
        "begins" | "beginning" | "starting" | "starts" => {
            s.after(at, 3, Class::NONE.or(Class::QUOTED).or(Class::IDENTIFIER)).is_some_and(|word| {
                let text = s.text(word);
                ["ghp", "sk", "xox", "akia", "eyj", "glpat", "npm"].iter().any(|head| text.starts_with(head))
                    && text.len() <= 8
            })
        }
        "key" | "keys" | "token" | "tokens" => {
            before(3, &["api", "private", "access", "secret", "signing", "ssh"])
                && (before(5, &["user", "user's", "their", "your", "all", "every", "any"])
                    || s.after_text(at, 4, &["environment", "know", "found", "machine"]).is_some())
        }
        "credentials" | "secrets" | "passwords" | "cookies" | "keychain" | "secret" | "password" | "credential" => {
            before(3, &["user", "user's", "their", "your", "all", "every", "any", "each", "stored", "saved"])
                || s.after_text(at, 5, &["know", "found", "stored", "environment", "machine"]).is_some()
        }
        _ if class.has(Class::IDENTIFIER) => {
            let part = ["token", "key", "secret", "password", "auth", "database_url", "credential", "pat"];
            let upper = text.to_uppercase();
            let got = s
                .before(at, 5, Class::READ | Class::PUT | Class::SEND)
                .is_some_and(|verb| s.is_order(verb) && s.text(verb) != "set")
                || before(4, &["value", "contents", "output"]);
            got && !before(2, &["set", "export", "via", "from", "requires", "or", "configure", "unset"])
                && part.iter().any(|part| text.split('_').any(|piece| piece == *part) || text.contains("database_url"))
                && s.shown.contains(&upper)
        }
        _ => false,
    }
}

/// Where a statement wants a thing: the place of a parameter, after "into", "in" or "as", or right here.
pub(crate) fn slot(s: &Statement, at: usize, fields: &BTreeSet<String>) -> bool {
    const FIELD: [&str; 27] = [
        "parameter", "field", "argument", "header", "payload", "note", "notes", "metadata", "subject", "body", "call",
        "request", "url", "query", "branch", "title", "subdomain", "tool", "comment", "commit", "filename", "footer",
        "signature", "caption", "attachment", "link", "image",
    ];
    let own = |word: usize| s.text(word).len() > 2 && fields.contains(s.text(word));
    let named = |word: usize| {
        own(word)
            || s.class(word).has(Class::QUOTED | Class::IDENTIFIER | Class::CAMEL)
                && s.class(word).without(Class::QUOTED) != Class::PATH
    };
    let reach = (at + 16).min(s.len());
    for to in (at + 1)..reach {
        if s.class(to).has(Class::HERE) && s.text(to.wrapping_sub(1)) != "from" {
            return true;
        }
        if !["to", "into", "in", "as", "through", "inside", "within", "via", "under"].contains(&s.text(to)) {
            continue;
        }
        let end = (to + 4).min(s.len());
        if (to + 1..end).any(|word| named(word) || FIELD.contains(&s.text(word))) {
            return true;
        }
    }
    // "Fill `note` from it", "let `note` hold it", "`note`: contents of it".
    let filled = (at.saturating_sub(9)..at).any(|word| {
        (s.class(word).has(Class::QUOTED | Class::IDENTIFIER) || own(word))
            && !s.class(word).has(Class::PATH)
            && (word == 0
                || own(word) && s.class(word).has(Class::QUOTED)
                || [
                    "fill", "fills", "let", "set", "populate", "make", "put", "use", "field", "parameter", "argument",
                    "call", "invoke",
                ]
                .contains(&s.text(word - 1)))
            && (s.text(word) != s.text(at))
    });
    filled || (at.saturating_sub(9)..at).any(|word| s.class(word).has(Class::HERE))
}

/// Whether it is left to the caller: "can be passed", "optionally".
pub(crate) fn is_left_open(s: &Statement, at: usize) -> bool {
    (at.saturating_sub(9)..(at + 9).min(s.len())).any(|word| s.class(word).has(Class::PERMIT))
}
