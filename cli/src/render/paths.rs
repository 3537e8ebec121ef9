//! Places in words: `/tools/a/inputSchema/properties/city/description` is "`description` of parameter `city` of tool `a`".

use mcp_pin_diff::EntryRef;
use mcp_pin_model::{EntryKind, json::Pointer};

use crate::ui::sanitize::name;

/// A place in words, one line, safe to show. Names of members and entries are in backticks.
#[must_use]
pub fn in_words(path: &Pointer, entry: Option<&EntryRef>) -> String {
    let tokens: Vec<String> = path.tokens().collect();
    let (owner, inside) = owner(&tokens, entry);
    let inner = inside_words(inside);
    match (inner.is_empty(), owner.is_empty()) {
        (true, true) => "the whole server".to_owned(),
        (true, false) => owner,
        (false, true) => inner,
        (false, false) => format!("{inner} of {owner}"),
    }
}

/// The place within its entry, for edits that several entries share; empty when it is the entry itself.
#[must_use]
pub fn within_entry(path: &Pointer) -> String {
    let tokens: Vec<String> = path.tokens().skip(2).collect();
    inside_words(&tokens)
}

/// The entry or section that a place belongs to, and the rest of the path.
fn owner<'a>(tokens: &'a [String], entry: Option<&EntryRef>) -> (String, &'a [String]) {
    let Some((first, rest)) = tokens.split_first() else {
        return (String::new(), tokens);
    };
    if let Some(kind) = EntryKind::ALL.into_iter().find(|kind| kind.section() == first) {
        return match rest.split_first() {
            Some((key, inside)) => {
                let key = entry.filter(|entry| entry.kind == kind).map_or(key.as_str(), |entry| entry.key.as_str());
                (format!("{} {}", kind.noun(), name(key)), inside)
            }
            None => (format!("the list of {}s", kind.noun()), rest),
        };
    }
    let owner = match first.as_str() {
        "instructions" => "the server's instructions",
        "serverInfo" => "the server's self-description",
        "capabilities" => "the server's capabilities",
        "launch" => "the launch",
        "artifacts" => "the packages",
        "name" => "the server's name",
        "version" => "the server's version",
        "signer" => "the signer",
        "protocol" => "the protocol version",
        _ => return (String::new(), tokens),
    };
    (owner.to_owned(), rest)
}

/// The path within an entry, innermost first.
fn inside_words(tokens: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = tokens;
    let mut field = "member";
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match (token.as_str(), after) {
            ("inputSchema", []) => parts.push("the input schema".to_owned()),
            ("outputSchema", []) => parts.push("the output schema".to_owned()),
            ("inputSchema", _) => field = "parameter",
            ("outputSchema", _) => {
                field = "output field";
                if after.first().is_none_or(|next| next != "properties") {
                    parts.push("the output schema".to_owned());
                }
            }
            ("properties", [property, after @ ..]) => {
                parts.push(format!("{field} {}", name(property)));
                rest = after;
            }
            ("items", after) if !after.is_empty() => parts.push("the items".to_owned()),
            ("annotations", [hint, after @ ..]) => {
                parts.push(format!("annotation {}", name(hint)));
                rest = after;
            }
            ("arguments", [argument, after @ ..]) => {
                parts.push(format!("argument {}", name(argument)));
                rest = after;
            }
            (other, _) => parts.push(name(other)),
        }
    }
    parts.reverse();
    parts.join(" of ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tokens: &[&str]) -> String {
        in_words(&tokens.iter().fold(Pointer::root(), |path, token| path.child(token)), None)
    }

    #[test]
    fn places_read_from_the_inside_out() {
        assert_eq!(words(&["tools", "get", "description"]), "`description` of tool `get`");
        assert_eq!(
            words(&["tools", "get", "inputSchema", "properties", "city", "description"]),
            "`description` of parameter `city` of tool `get`"
        );
        assert_eq!(
            words(&["tools", "get", "inputSchema", "properties", "a", "items", "properties", "b", "enum"]),
            "`enum` of parameter `b` of the items of parameter `a` of tool `get`"
        );
        assert_eq!(words(&["tools", "get", "annotations", "readOnlyHint"]), "annotation `readOnlyHint` of tool `get`");
        assert_eq!(words(&["instructions"]), "the server's instructions");
        assert_eq!(words(&["tools", "get"]), "tool `get`");
        assert_eq!(words(&["tools"]), "the list of tools");
        assert_eq!(words(&[]), "the whole server");
    }

    #[test]
    fn t52_names_in_a_place_are_hostile() {
        assert_eq!(words(&["tools", "a`\u{1b}[2K\n"]), "tool `a\\`\\u{1b}[2K\\n`");
    }
}
