//! `active-content`: text that a page or a client would run.

use mcp_pin_model::Grade;
use std::sync::LazyLock;


use super::common::{is_described, Pattern, pattern};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "active-content",
    title: "Text that a page or a client would run",
    rationale: "Descriptions are shown in dialogues, web pages and terminals. Script addresses, event handlers and documents in `data:` addresses run there; an image address with data in it sends what the model puts there without anybody pressing anything.",
    grade: Grade::Block,
    reads: "every new string",
    reference: "CWE-79; OWASP LLM05 improper output handling",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs. <img src=x onerror=fetch(1)>","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs. Removes <script> tags and blocks javascript: links.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

static ACTIVE: LazyLock<Pattern> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(?:javascript|vbscript):\s*[a-z_$(][^\s]*(?:[(=]|\.\w)|\bdata:(?:text/html|image/svg\+xml|application/(?:javascript|xhtml\+xml)|text/javascript)[;,]",
        r"|<script\b[^>]*(?:\ssrc\s*=|>[^<\s][^<]{0,200}</script|>\s*(?:fetch|alert|eval|document|window|var|let|const|new|import)\b)|<(?:iframe|object|embed|svg|form|base|meta|link)\b[^>]{0,200}(?:src|href|action|onload|http-equiv|data)\s*=|<[a-z]{1,12}\b[^>]{0,200}\bon(?:error|load|click|mouseover|focus|toggle)\s*=",
        r"|!\[[^\]]{0,80}\]\(https?://[^)\s]{0,200}[?&/][^)\s]{0,60}[{<$][^)]{0,80}\)|\beval\s*\(\s*atob\s*\(",
    ))
});

/// Whether it has one of the signs, which are rare in prose. Most texts are settled by their bytes.
fn is_marked(text: &str) -> bool {
    let has = |byte: u8| text.as_bytes().contains(&byte);
    has(b'<')
        || has(b']') && text.contains("](")
        || has(b':') && (text.contains("script:") || text.contains("data:"))
        || text.contains("eval")
}

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        let text: &str = &passage.after;
        if !is_marked(text) || passage.is_icon() {
            continue;
        }
        if let Some(hit) = ACTIVE.find(text)
            && !passage.before.is_some_and(|before| before.contains(hit.as_str()))
        {
            let statement = passage.fresh.iter().find(|statement| ACTIVE.is_match(&statement.shown));
            let described = statement.is_some_and(|statement| {
                ACTIVE.find(&statement.folded).is_some_and(|hit| is_described(statement, hit.start(), hit.end()))
            });
            if !described {
                found.passage(Grade::Block, passage, hit.as_str(), "holds what a page or a client would run", "");
            }
        }
    }
}
