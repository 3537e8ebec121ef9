//! Rules: what changes mean. One file per rule; each is data and one detector.
//!
//! A rule reads changes, or the passages of text that they brought; on first admission everything is such a passage.
//! Its words are constant, so that nothing a server says ever stands in a message.

use std::collections::BTreeSet;

use mcp_pin_model::{
    Grade,
    json::{Pointer, Value},
};

use crate::{
    change::{Change, EntryRef},
    compare::Comparison,
    content::{Contents, Identity},
    finding::{Finding, Location},
    reading::Passage,
};

/// A rule.
pub struct Rule {
    /// The stable name, in kebab case.
    pub id: &'static str,
    /// What it is about, in one line.
    pub title: &'static str,
    /// Why it exists and what it can do to the one who ignores it.
    pub rationale: &'static str,
    /// The gravest grade it gives.
    pub grade: Grade,
    /// What it reads.
    pub reads: &'static str,
    /// Where to read on.
    pub reference: &'static str,
    /// An example on which it fires.
    pub fires: Example,
    /// An example, close to the other, on which it must not fire.
    pub silent: Example,
    pub(crate) detect: fn(&Comparison<'_>, &mut Found<'_>),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("grade", &self.grade).finish_non_exhaustive()
    }
}

/// Two sides as JSON texts: a capture (`initialize`, `tools`, `prompts`, …), and beside it where the rule needs them
/// `name`, `version`, `protocol`, `signer`, `launch`, `artifacts` and, after, `tombstones` and `siblings`.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Before; none for a first admission.
    pub before: Option<&'static str>,
    /// After.
    pub after: &'static str,
}

macro_rules! rules {
    ($list:ident: $($module:ident),* $(,)?) => {
        $(mod $module;)*
        static $list: &[&Rule] = &[$(&$module::RULE),*];
    };
}

rules![
    REPORTED:
    active_content,
    answer_steering,
    artifact_changed,
    beyond_its_function,
    capability_changed,
    choice_pressure,
    coercion,
    concealment,
    confusable_twin,
    content_hash_mismatch,
    conversation_delimiter,
    dangerous_command,
    dangerous_limit_removed,
    default_changed,
    degenerate_schema,
    dormant_tool,
    encoded_text,
    entry_added,
    entry_removed,
    entry_renamed,
    entry_returned,
    exfiltration,
    external_ref,
    first_admission,
    foreign_tool_claim,
    hidden_characters,
    icon_changed,
    imitating_name,
    instruction_override,
    instructions_changed,
    invisible_change,
    launch_changed,
    launch_repinned,
    limiting_sentence_removed,
    literal_credential,
    lookalike_letters,
    mcp_header,
    mixed_safety,
    new_host,
    new_instruction,
    output_schema_changed,
    padding,
    parameter_added,
    parameter_free_text_added,
    parameter_renamed,
    preference_manipulation,
    protocol_changed,
    provenance_changed,
    provenance_lost,
    reads_and_sends,
    remote_instructions,
    reordered,
    safety_hint_claimed,
    safety_hint_contradicted,
    safety_hint_flipped,
    safety_hint_riskier,
    same_version_other_content,
    schema_carrier,
    schema_narrowed,
    schema_widened,
    script_change,
    section_changed,
    sensitive_access,
    sensitive_parameter,
    server_info_changed,
    server_info_version_only,
    server_name_changed,
    shape_only,
    signer_changed,
    terminal_escape,
    text_changed,
    title_changed,
    tool_redirect,
    unknown_member_changed,
    unusual_name,
    version_changed,
    version_step_too_small,
    widening_switch,
];
rules![
    AMONG:
    sibling_server_lookalike,
    sibling_tool_lookalike,
    sibling_tool_mentioned,
    sibling_tool_name,
];
mod common;
mod signs;

pub(crate) use signs::Weighed;

/// All rules, sorted by id.
#[must_use]
pub fn all() -> Vec<&'static Rule> {
    let mut rules: Vec<&'static Rule> = REPORTED.iter().chain(AMONG).copied().collect();
    rules.sort_by_key(|rule| rule.id);
    rules
}

/// One rule.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    REPORTED.iter().chain(AMONG).find(|rule| rule.id == id).copied()
}

/// The ids of rules that somebody may have meant, the nearest first; at most three.
#[must_use]
pub fn nearest(id: &str) -> Vec<&'static str> {
    // Alike enough that a slip of the keyboard or a forgotten word explains it.
    const ALIKE: f64 = 0.75;
    let mut near: Vec<(f64, &'static str)> = all()
        .into_iter()
        .map(|rule| (strsim::jaro_winkler(&id.to_lowercase(), rule.id), rule.id))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.into_iter().take(3).map(|(_, id)| id).collect()
}

impl Rule {
    /// The rule's page, as `docs/rules/<id>.md` has it.
    #[must_use]
    pub fn page(&self) -> String {
        let example = |example: &Example| {
            let mut out = String::new();
            if let Some(before) = example.before {
                out.push_str("Before:\n\n```json\n");
                out.push_str(before);
                out.push_str("\n```\n\nAfter:\n\n");
            }
            out.push_str("```json\n");
            out.push_str(example.after);
            out.push_str("\n```\n");
            out
        };
        format!(
            "# {}\n\n{}\n\nGrade: at most `{}`. Reads: {}.\n\n{}\n\n## Fires\n\n{}\n## Stays silent\n\n{}\nReference: {}\n",
            self.id,
            self.title,
            self.grade,
            self.reads,
            self.rationale,
            example(&self.fires),
            example(&self.silent),
            self.reference,
        )
    }
}

/// Runs the rules of a report; the findings come sorted, the gravest first, each once.
pub(crate) fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    findings(REPORTED, comparison)
}

/// Runs the rules about a server among others.
pub(crate) fn run_among(comparison: &Comparison<'_>) -> Vec<Finding> {
    findings(AMONG, comparison)
}

fn findings(rules: &[&'static Rule], comparison: &Comparison<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules {
        (rule.detect)(comparison, &mut Found { rule, findings: &mut findings });
    }
    findings.sort_by(|a, b| {
        b.grade
            .cmp(&a.grade)
            .then_with(|| (&a.rule, &a.location, &a.fingerprint).cmp(&(&b.rule, &b.location, &b.fingerprint)))
    });
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.fingerprint.clone()));
    findings
}

/// Where a rule puts what it finds.
pub(crate) struct Found<'f> {
    rule: &'static Rule,
    findings: &'f mut Vec<Finding>,
}

/// A finding in the making.
pub(crate) struct Draft<'d> {
    pub(crate) grade: Grade,
    pub(crate) message: String,
    pub(crate) path: &'d Pointer,
    pub(crate) entry: Option<&'d EntryRef>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    pub(crate) hint: Option<&'static str>,
    /// Tells several findings of one rule about one text apart.
    pub(crate) aspect: &'static str,
}

impl Found<'_> {
    pub(crate) fn draft(&mut self, draft: Draft<'_>) {
        let contents = Contents::of(draft.before.as_ref(), draft.after.as_ref());
        self.draft_of(draft, contents);
    }

    /// The same where the digests of the draft's values are known.
    fn draft_of(&mut self, draft: Draft<'_>, contents: Contents) {
        let mut identity = Identity::new();
        identity.content("after", contents.after);
        identity.text("aspect", draft.aspect);
        identity.content("before", contents.before);
        if let Some(entry) = draft.entry {
            identity.text("entry", &entry.key);
            identity.text("kind", entry.kind.section());
        }
        identity.text("path", draft.path.as_str());
        identity.text("rule", self.rule.id);
        // 128 bits: acknowledging one finding must never acknowledge another that somebody searched for.
        let fingerprint = identity.digits(32);
        self.findings.push(Finding {
            rule: self.rule.id.to_owned(),
            grade: draft.grade,
            message: draft.message,
            location: Location { path: draft.path.clone(), entry: draft.entry.cloned() },
            before: draft.before,
            after: draft.after,
            hint: draft.hint.map(str::to_owned),
            fingerprint,
        });
    }

    /// About a change, with its values.
    pub(crate) fn change(&mut self, grade: Grade, change: &Change, message: impl Into<String>) {
        self.change_with_hint(grade, change, message, None);
    }

    pub(crate) fn change_with_hint(
        &mut self,
        grade: Grade,
        change: &Change,
        message: impl Into<String>,
        hint: Option<&'static str>,
    ) {
        let draft = Draft {
            grade,
            message: message.into(),
            path: &change.path,
            entry: change.entry.as_ref(),
            before: change.before.clone(),
            after: change.after.clone(),
            hint,
            aspect: "",
        };
        self.draft_of(draft, change.contents);
    }

    /// About a statement of a passage.
    pub(crate) fn passage(
        &mut self,
        grade: Grade,
        passage: &Passage,
        statement: &str,
        message: impl Into<String>,
        aspect: &'static str,
    ) {
        self.draft(Draft {
            grade,
            message: message.into(),
            path: &passage.path,
            entry: passage.entry,
            before: None,
            after: Some(statement.into()),
            hint: None,
            aspect,
        });
    }
}
