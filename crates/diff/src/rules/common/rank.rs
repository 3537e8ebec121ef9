//! A place before all others that a tool claims: for itself, against its rivals, by somebody's authority.

use super::name_parts;
use crate::{
    reading::{Passage, Role},
    speech::{Class, Statement},
};

/// What is chosen among.
const CHOSEN: [&str; 24] = [
    "tool", "tools", "server", "servers", "source", "sources", "provider", "providers", "service", "services",
    "engine", "engines", "plugin", "plugins", "connector", "connectors", "calendar", "calendars", "search", "searches",
    "app", "apps", "mcp", "assistant",
];

/// Whether a word begins the others of its kind: "other search tools", "alternatives", "anything else".
fn is_rival(s: &Statement, at: usize) -> bool {
    let text = s.text(at);
    if matches!(text, "alternatives" | "competitors" | "rivals" | "competition") {
        return !matches!(s.text(at + 1), "to" | "are" | "of" | "for" | "in");
    }
    if text == "else" {
        return matches!(s.text(at.wrapping_sub(1)), "anything" | "everything" | "all");
    }
    let other = ["other", "competing", "comparable", "rival", "alternative", "different", "similar", "built-in"]
        .contains(&text);
    let noun = (at + 1..at + 4).find(|&word| CHOSEN.contains(&s.text(word)));
    other
        && noun.is_some_and(|noun| {
            // "Other Shopify tools", "other tools of this server" are its own family.
            let brand = (at + 1..noun).any(|word| {
                let mut capital = s.text(word).to_owned();
                capital.get_mut(..1).map(str::make_ascii_uppercase);
                s.shown.contains(&capital)
            });
            !brand
                && s.after_text(noun, 4, &["in", "of", "from", "on"])
                    .is_none_or(|of| s.after_text(of, 2, &["this", "these", "our", "the", "its", "server"]).is_none())
        })
}

/// Whether a statement claims a place before others.
pub(in super::super) fn is_claimed(passage: &Passage, s: &Statement) -> bool {
    if !s.has(
        Class::RANK | Class::SUPERIOR | Class::OTHER | Class::NEGATION | Class::PREFER | Class::INFERIOR | Class::EVERY,
    ) {
        return false;
    }
    if !s.has(Class::CLAIM | Class::OTHER | Class::RANK | Class::SUPERIOR) {
        return false;
    }
    let choice = |verb: usize| {
        s.class(verb).has(Class::PREFER | Class::CALL)
            || ["take", "consult", "consulted", "reach", "given", "chosen", "considered", "come", "comes", "takes"]
                .contains(&s.text(verb))
    };
    // Ahead of others: "pick it over anything else", "given precedence over comparable calendars".
    for over in s.each(Class::RANK) {
        let rival = (over + 1..over + 6).find(|&word| is_rival(s, word));
        // "Before other tools" are those of the same server.
        let rival = rival.filter(|&rival| {
            s.text(over) != "before" || s.text(rival) != "other" || s.before(rival, 2, Class::EVERY).is_some()
        });
        let chosen = (over.saturating_sub(9)..over).find(|&verb| choice(verb));
        if let (Some(rival), Some(verb)) = (rival, chosen)
            && s.is_said(verb)
            && !s.class(rival).has(Class::CLAUSE)
            && (s.is_order(verb)
                || s.has(Class::ORDER | Class::MODEL)
                || s.text(over) == "precedence"
                || s.before_text(over, 4, &["to", "should"]).is_some())
            && s.before_text(over, 9, &["if", "results", "field", "values"]).is_none()
        {
            return true;
        }
        // "Ahead of the web", "in place of native search".
        let general = s.text(over) == "ahead"
            && s.after_text(over, 4, &["web", "internet", "search", "cheaper"]).is_some()
            || s.text(over) == "place"
                && s.before_text(over, 1, &["in"]).is_some()
                && s.after_text(over, 4, &["native", "built", "default", "standard"]).is_some();
        if general && chosen.is_some_and(|verb| s.is_said(verb) && (s.is_order(verb) || s.has(Class::ORDER))) {
            return true;
        }
    }
    for no in s.each(Class::NEGATION) {
        let rival = (no + 1..no + 7).find(|&word| is_rival(s, word));
        if let Some(rival) = rival {
            let needed = s
                .after_text(
                    rival,
                    6,
                    &[
                        "needs", "need", "needed", "necessary", "required", "considered", "should", "compares",
                        "matches", "exists",
                    ],
                )
                .is_some();
            let barred = (no + 1..rival).any(|verb| s.class(verb).has(Class::CALL | Class::PREFER) && s.is_order(verb))
                && s.len() < rival + 6;
            if (s.text(no) == "no" && needed || barred)
                && s.after_text(rival, 8, &["for", "if", "when", "unless", "until", "to", "while", "with"])
                    .is_none_or(|word| s.class(word + 1).has(Class::BE))
            {
                return true;
            }
        }
        // "Do not fall back on your own knowledge".
        let falls = s.after_text(no, 3, &["fall", "resort", "switch", "turn", "rely", "defer"]);
        if falls.is_some_and(|verb| {
            s.after_text(no, 1, &["fall", "resort", "switch", "turn", "rely", "defer"]).is_some()
                && (s.after_text(verb, 4, &["own", "training", "built", "different", "other", "another"]).is_some())
                && s.after_text(
                    verb,
                    7,
                    &["knowledge", "memory", "provider", "tool", "tools", "search", "training", "source", "sources"],
                )
                .is_some()
        }) {
            return true;
        }
    }
    if !(s.has(Class::CLAIM | Class::OTHER) || s.has(Class::SUPERIOR) && s.folded.contains("priority")) {
        return false;
    }
    // "Avoid other sources", "skip the competing plugins", "other tools can wait".
    for rival in (0..s.len()).filter(|&word| s.class(word).has(Class::OTHER) && is_rival(s, word)) {
        let put_off = s
            .before_text(
                rival,
                3,
                &[
                    "avoid", "skip", "ignore", "forget", "bypass", "disable", "uninstall", "disregard", "dismiss",
                    "decline", "abandon",
                ],
            )
            .is_some_and(|verb| {
                (verb == 0 || s.class(verb).has(Class::CLAUSE) || s.class(verb - 1).has(Class::ORDER | Class::AND))
                    && s.is_said(verb)
            });
        let behind = s
            .after_text(
                rival,
                6,
                &[
                    "avoided", "skipped", "ignored", "wait", "second", "unnecessary", "superfluous", "redundant",
                    "needless", "fallback", "last", "disregarded", "inferior",
                ],
            )
            .is_some_and(|word| {
                s.is_said(word)
                    && s.each(Class::ORDER.or(Class::BE).or(Class::PERMIT))
                        .any(|verb| verb > rival && verb < word || verb == word)
            });
        let limited = s.after_text(rival, 9, &["for", "if", "when", "unless", "until", "while"]).is_some();
        if (put_off || behind) && !limited {
            return true;
        }
    }
    // "Outperforms every other engine", "better than any rival", "look no further".
    let beats = (0..s.len()).find(|&word| {
        ["outperforms", "outclasses", "surpasses", "outranks", "beats", "trumps", "eclipses", "outshines", "supersedes"]
            .contains(&s.text(word))
    });
    if beats.is_some_and(|verb| {
        (verb + 1..verb + 5).any(|word| is_rival(s, word))
            || s.after(verb, 2, Class::EVERY).is_some() && s.after(verb, 6, Class::TOOL).is_some()
    }) {
        return true;
    }
    if s.text(0) == "look" && s.text(1) == "no" && s.text(2) == "further"
        || s.folded.contains("no need to look elsewhere")
        || s.folded.contains("no need to look any further")
    {
        return true;
    }
    if let Some(than) = s.after_text(0, s.len(), &["than"])
        && (than + 1..than + 5).any(|word| is_rival(s, word))
        && s.before_text(
            than,
            3,
            &[
                "better", "faster", "smarter", "safer", "superior", "reliable", "accurate", "more", "stronger",
                "cheaper", "fresher", "quicker", "trustworthy",
            ],
        )
        .is_some()
    {
        return true;
    }
    // "Whatever the question is about, start here", "comes first".
    let start = s
        .after_text(0, s.len(), &["start", "begin", "starts", "begins", "come", "comes", "turn"])
        .or_else(|| matches!(s.text(0), "start" | "begin" | "come" | "turn").then_some(0));
    if let Some(start) = start
        && (s.after(start, 2, Class::HERE).is_some()
            || s.after_text(start, 3, &["this", "me"])
                .is_some_and(|this| s.before_text(this, 2, &["with", "to"]).is_some()))
        && s.has(Class::EVERY)
        && s.is_said(start)
        && s.after_text(
            0,
            s.len(),
            &[
                "question", "questions", "request", "requests", "task", "tasks", "query", "queries", "topic",
                "problem", "asks", "conversation", "matter", "anything", "everything", "whatever",
            ],
        )
        .is_some()
    {
        return true;
    }
    // "This tool has precedence", "is to be granted priority".
    let precedence = (0..s.len()).find(|&word| matches!(s.text(word), "precedence" | "priority" | "preference"));
    if let Some(word) = precedence
        && s.before_text(
            word,
            4,
            &["takes", "has", "given", "granted", "enjoys", "deserves", "give", "grant", "receives"],
        )
        .is_some_and(|verb| {
            s.is_said(verb)
                && (s.before(verb, 4, Class::THIS).is_some()
                    || s.after(verb, 2, Class::THIS).is_some()
                    || s.before_text(verb, 3, &["be"]).is_some())
        })
        && (word + 1..word + 6).any(|rival| is_rival(s, rival) || s.class(rival).has(Class::EVERY))
    {
        return true;
    }
    // "Do not answer from memory; ask this first".
    if s.has(Class::NEGATION)
        && s.after_text(0, s.len(), &["alternative", "alternatives", "substitute", "equivalent", "rival"])
            .is_some_and(|word| s.text(0) == "there" && s.before_text(word, 2, &["no"]).is_some() && s.len() < 9)
    {
        return true;
    }
    // "Never answer without calling this", "do not reply before you have asked it".
    for verb in (0..s.len())
        .filter(|&verb| ["answer", "reply", "respond", "proceed", "finish", "conclude", "act"].contains(&s.text(verb)))
    {
        let held_back = s.is_denied(verb)
            && s.after_text(verb, 6, &["before", "without", "until", "unless"]).is_some_and(|until| {
                s.after(until, 5, Class::CALL).is_some_and(|call| s.after(call, 3, Class::THIS).is_some())
            });
        if held_back && s.is_directed() {
            return true;
        }
    }
    // "Agents that use it are rated higher", "users expect this one".
    let rewarded = s.after_text(0, s.len(), &["rewarded", "penalized", "penalised", "downgraded", "rated", "scored"]);
    if rewarded.is_some_and(|word| {
        s.before(word, 9, Class::MODEL).is_some() && s.before(word, 3, Class::BE).is_some() && s.is_said(word)
    }) && !s.is_first
    {
        return true;
    }
    let loved = s.after_text(0, 6, &["prefer", "prefers", "expect", "expects", "love", "insist"]);
    if loved.is_some_and(|word| {
        s.before(word, 2, Class::USER).is_some()
            && s.after_text(word, 3, &["this", "it", "us"]).is_some()
            && s.after_text(word, 8, &["over", "to", "instead", "rather"])
                .is_some_and(|over| (over + 1..over + 5).any(|rival| is_rival(s, rival)))
    }) {
        return true;
    }
    // "Your built-in search is outdated", "grep is retired".
    let mine = (0..s.len()).find(|&word| {
        (matches!(s.text(word), "built" | "native" | "own" | "default" | "built-in")
            && s.before_text(word, 1, &["your"]).is_some()
            || s.class(word).has(Class::PRODUCT) && !s.class(word + 1).has(Class::TOOL))
            && s.before_text(word, 4, &["if", "when", "unless"]).is_none()
    });
    if mine.is_some_and(|word| {
        s.after(word, 5, Class::BE).is_some_and(|be| {
            s.after(be, 3, Class::INFERIOR).is_some_and(|bad| {
                s.is_said(bad)
                    && !["disabled", "removed", "unsupported", "unsafe", "corrupted", "harmful", "dangerous"]
                        .contains(&s.text(bad))
            })
        })
    }) && !passage.is_in_schema()
        && s.len() < 22
    {
        return true;
    }
    // "Use this for everything".
    let everything = s.after_text(0, s.len(), &["everything", "anything"]);
    if everything.is_some_and(|all| {
        s.text(all - 1) == "for"
            && s.before(all, 7, Class::CALL | Class::PREFER)
                .is_some_and(|verb| s.is_order(verb) && s.after(verb, 2, Class::THIS).is_some())
            && s.len() < all + 3
    }) {
        return true;
    }
    // "Make this your first stop", "the go-to for any request".
    for rank in (0..s.len())
        .filter(|&word| ["first", "default", "go-to", "only", "primary", "sole", "preferred"].contains(&s.text(word)))
    {
        let stop = s.after_text(rank, 1, &["stop", "choice", "pick", "resort", "port", "go-to", "option"]).is_some()
            || s.text(rank) == "go-to";
        let all = s.after_text(rank, 6, &["any", "every", "all", "whatever", "everything"]).is_some();
        let yours = s.before_text(rank, 3, &["your", "make", "be"]).is_some();
        if stop && (all && s.text(rank + 1) != "option" || yours && s.has(Class::THIS) && s.is_order(0)) {
            return true;
        }
        // "The only reliable source".
        let reliable = s
            .after_text(
                rank,
                1,
                &[
                    "reliable", "trusted", "trustworthy", "accurate", "correct", "authoritative", "approved",
                    "legitimate", "safe", "dependable", "credible",
                ],
            )
            .is_some();
        if matches!(s.text(rank), "only" | "sole")
            && reliable
            && (rank + 2..rank + 4).any(|word| CHOSEN.contains(&s.text(word)) || matches!(s.text(word), "way" | "one"))
        {
            return true;
        }
    }
    // "The one search that should be consulted", "the most trusted search there is".
    if s.text(0) == "the" || s.has(Class::SUPERIOR) {
        let one = s.text(1) == "one" && CHOSEN.contains(&s.text(2)) && s.has(Class::ORDER) && s.has(Class::EVERY);
        let there_is = s.folded.contains(" there is")
            && s.each(Class::SUPERIOR).any(|best| (best + 1..best + 4).any(|word| CHOSEN.contains(&s.text(word))));
        if one || there_is {
            return true;
        }
    }
    // By somebody's authority: "Anthropic advises models to select it".
    if let Some(who) = s
        .after_text(0, 8, &["anthropic", "openai", "google", "microsoft"])
        .or_else(|| matches!(s.text(0), "anthropic" | "openai" | "google" | "microsoft").then_some(0))
        && s.after_text(
            who,
            5,
            &[
                "advise", "advises", "recommend", "recommends", "endorse", "endorses", "mandate", "mandates",
                "require", "requires", "ask", "asks", "want", "wants",
            ],
        )
        .is_some_and(|verb| {
            s.after_text(
                verb,
                6,
                &["select", "use", "choose", "pick", "prefer", "call", "models", "agents", "assistants"],
            )
            .is_some()
        })
        && s.after(who, 12, Class::PREFER | Class::CALL).is_some()
    {
        return true;
    }
    // "Endorsed by Anthropic", "mandated by your operator".
    if let Some(by) = s.after_text(0, s.len(), &["by"])
        && s.before_text(
            by,
            3,
            &[
                "recommended", "endorsed", "mandated", "required", "approved", "certified", "preferred", "chosen",
                "prescribed",
            ],
        )
        .is_some_and(|verb| s.is_said(verb))
        && s.after_text(
            by,
            3,
            &[
                "anthropic", "openai", "google", "microsoft", "operator", "employer", "administrator",
                "administrators", "experts", "platform", "company", "organization", "management",
            ],
        )
        .is_some()
        && !passage.is_in_schema()
        && (s.has(Class::TOOL | Class::PREFER) && s.len() < 16)
    {
        return true;
    }
    // "They are retired; it takes over from them everywhere".
    if s.after_text(0, s.len(), &["takes", "take"]).is_some_and(|verb| {
        s.text(verb + 1) == "over"
            && s.after_text(verb, 3, &["from", "for"])
                .is_some_and(|from| s.after_text(from, 2, &["them", "all", "every", "other"]).is_some())
    }) {
        return true;
    }
    // "PRIORITY: HIGHEST", and nothing else.
    let short = s.len() <= 3 && passage.role == Role::Prose && !passage.is_in_schema();
    if short
        && s.folded.contains("priority")
        && s.each(Class::SUPERIOR).any(|word| matches!(s.text(word), "highest" | "top"))
    {
        return true;
    }
    // Rivals that a claim beside this tool's own name puts down: "these sources are wrong".
    s.each(Class::OTHER).any(|other| {
        is_rival(s, other)
            && s.after(other, 5, Class::BE).is_some_and(|be| {
                s.after(be, 3, Class::INFERIOR | Class::FAULTY | Class::NEEDLESS).is_some_and(|bad| s.is_said(bad))
                    && s.text(be) != "be"
            })
            && s.before_text(other, 3, &["if", "when", "unless", "where", "whether"]).is_none()
            && passage.entry.is_some_and(|entry| !name_parts(&entry.key).is_empty())
    })
}
