//! The words of each kind.

use std::sync::LazyLock;

use super::{kinds::Sign, phrases::PHRASES};
use crate::speech::WordMap;

/// Verbs, in their base form; the others are derived.
const VERBS: &[(Sign, &str)] = &[
    (
        Sign::CHOOSE,
        "choose pick select prefer consult defer rely trust adopt favour favor recommend opt resort nominate elect",
    ),
    (
        Sign::USE,
        "use call invoke run ask reach take go turn start try come stay stick switch employ apply begin operate engage",
    ),
    (
        Sign::MOVE,
        "send forward post upload attach include append add put pass supply hand submit insert provide paste copy write relay ship deliver transmit route feed place carry accompany enclose share publish export collect gather fill embed slip redirect mirror report store save record bring return throw mail email push transfer prepend lodge stuff repeat type dispatch file enter quote",
    ),
    (
        Sign::GET,
        "read fetch open look retrieve search find infer extract dump list get collect gather grab scan inspect obtain harvest acquire deduce derive recall remember",
    ),
    (
        Sign::ALTER,
        "replace change swap reverse multiply halve double triple cap drop round prefix set rewrite downgrade upgrade raise lower convert exchange delete remove edit skip discard leave keep fill turn restore become invert enter add append insert adjust modify substitute omit reduce increase divide subtract shift truncate put make mark cut strip pad inflate deduct wrap cancel disable enable approve accept confirm grant lift loosen overwrite move run take use give",
    ),
    (
        Sign::DROP,
        "drop discard downgrade ignore disregard dismiss delete omit skip waive halve remove disbelieve suppress exclude discount overlook strip ditch reject",
    ),
    (
        Sign::FAULT,
        "leak drop reject mix corrupt break lose mislabel mislead hang misread misreport misstate garble truncate ignore forget delay throttle crash misbehave hallucinate expose fabricate invent distort skew overstate understate exaggerate cheat lie sell steal spy infect confuse overcharge stall choke mangle scramble swallow misplace misquote miscount overcount undercount duplicate lag stumble botch mishandle",
    ),
    (
        Sign::TRUST,
        "trust believe distrust doubt disregard discard dismiss waive overrule object verify disbelieve heed honour honor accept confirm countersign",
    ),
    (
        Sign::FORBID,
        "forbid prohibit ban bar refuse reject penalise penalize punish fine sanction discipline blame demote disqualify outlaw",
    ),
    (Sign::MEAN, "mean denote mislabel misname swap reverse interchange equate signify transpose"),
];

/// Words as they stand.
const WORDS: &[(Sign, &str)] = &[
    (
        Sign::OBLIGED,
        "must should shall ought need needs needed required requires require mandatory obliged expected expects supposed obligatory compulsory please kindly always never only bound essential sure remember has have",
    ),
    (
        Sign::UNIVERSAL,
        "every everything always any all whatever whichever anything nothing nobody none never each whoever anyone everyone wherever however",
    ),
    (
        Sign::NOT,
        "not no never nothing without cannot can't don't doesn't won't isn't aren't shouldn't mustn't needn't wouldn't neither nor nobody none nowhere couldn't didn't hasn't haven't avoid wasn't weren't",
    ),
    (Sign::IF, "if when unless whether where case whenever"),
    (
        Sign::OTHER,
        "other others another competing competitor competitor's competitors' rival lesser familiar alternative ordinary conventional traditional unlicensed unapproved foreign remaining",
    ),
    (
        Sign::KIND,
        "tool tools connector connectors server servers integration integrations plugin plugins module modules gateway gateways scanner scanners fetcher fetchers toolset toolsets manager managers bot bots client clients software services adapter adapters agent's helper helpers add-on add-ons",
    ),
    (
        Sign::KINDS,
        "tools connectors servers integrations plugins modules gateways scanners fetchers toolsets managers bots clients software services adapters helpers add-ons",
    ),
    (Sign::AGENTS, "agents assistants llms models ais copilots chatbots"),
    (
        Sign::PERSON,
        "user users human person customer customers people owner operator they them user's users' person's their patient patients employee somebody someone anyone physician applicant guest visitor boss client him her himself reviewers",
    ),
    (
        Sign::HARD,
        "passport passports birth birthday birthdate salary salaries payroll religion clipboard inbox mailbox vault passphrase passphrases password passwords credential credentials cookies keychain exif harassment wallet iban certificate ssn secrets logins api-key one-time otp keyring licence-key biometrics fingerprint fingerprints payslip payslips tax-number",
    ),
    (
        Sign::SOFT,
        "conversation transcript history chats discussed phone address addresses income insurance party medical diagnosis contacts prompt key keys token tokens memory drafts files spreadsheet spreadsheets photos calendar names attendees employer home pricing prices profile sheets words bodies messages documents notes environment location locations emails chat browsing bookmarks screenshots relatives colleagues schedule itinerary contracts",
    ),
    (
        Sign::PARAMETER,
        "parameter parameters field fields argument arguments flag flags option header headers column slot input payload property label recipient recipients bcc cc amount quantity registry channel queue body destination account type role visibility library port reviewer reviewers amounts value values unit units currency subject priority scope mode",
    ),
    (
        Sign::RESULT,
        "result results output outputs finding findings figure figures listing listings answer answers response responses verdict verdicts warning warnings alert alerts label labels score scores data reading readings prices rates rate counts number numbers reports pages texts objection objections notice notices advice recommendation recommendations lookups index snapshot reviews ratings forecasts totals balances addresses notes",
    ),
    (
        Sign::BAD,
        "deprecated unreliable outdated corrupted corrupt broken incomplete faulty forged fake false legacy retired obsolete superseded wrong unsigned redundant dangerous unsafe insecure inferior cheap amateurs amateur old slow expensive delayed truncated hackers malware hallucinate doubtful stale worthless useless mistaken buggy defective biased partial dubious illegal unlicensed unaudited sold rigged leaky misleading inaccurate fraudulent poor worse worst bad untrusted untrustworthy suspect compromised throttled mediocre clumsy sloppy risky harmful forgeries forgery negligent meaningless void invalid discontinued dead unmaintained abandoned vulnerable flawed erroneous noise spurious misdated deficient scams scam spyware laughable shoddy third-rate second-rate hobbyists toys toy junk rubbish",
    ),
    (
        Sign::GOOD,
        "best official verified certified trusted safest fastest highest superior finest greatest favourite favorite authoritative definitive guaranteed premium gold unmatched mandatory obligatory compulsory sole exclusive honest flawless unbeatable unrivalled unrivaled impeccable award-winning world-class state-of-the-art prestigious foremost perfect smartest",
    ),
    (Sign::ONLY, "only sole solely exclusively alone save except beside besides exclusive"),
    (
        Sign::PRESSURE,
        "penalty liability breach negligence error forbidden disciplinary rejected refused requirement legal obligation duty unlicensed blame blamed conscience ethical lose risk harm wasted waste shame embarrassed regret expires deadline fined fine lawsuit violation malpractice obligatory compulsory demoted downgraded injuries poorer wrong odd crime disrespect offence ethics liable consequences sanctions prosecuted unlawful thousands penalties punished misconduct careless reckless unprofessional irresponsible",
    ),
    (
        Sign::SOCIAL,
        "rated reviews millions experts professionals hospitals everyone colleagues certified recognised recognized accredited endorsed award awarded popular stars journals editors coaches heroes regulators boards authorities association carriers restaurants everybody doctors banks lawyers scientists universities analysts governments engineers developers teams peers industry",
    ),
    (
        Sign::CONSENT,
        "consent consented approval approve approved permission confirm confirmation confirmations auto_approve yes agreed agreement dialog dialogs dialogues authorisation authorization go-ahead sign-off consulted",
    ),
    (Sign::RANK, "choice pick stop precedence priority preference tie selection"),
    (Sign::VALUE, "blank empty true false off null zero unset literal double half negative positive"),
    (Sign::PRONOUN, "it its they them their those these there that one ones itself theirs"),
    (
        Sign::GATE,
        "before unless without until prior preceded precede precedes earlier first only through via after ahead",
    ),
    (
        Sign::PERMIT,
        "may can optional optionally might could never mustn't don't masked redacted hashed anonymised anonymized pseudonyms",
    ),
    (Sign::REPLY, "reply answer summary response report transcript recap"),
    (Sign::ME, "me us ours mine here"),
    (Sign::COMPARE, "comparing comparison comparisons alternatives"),
    (Sign::COPY, "copy copies duplicate carbon"),
    (Sign::EXAMPLE, "example e.g e.g. see docs supports such"),
    (Sign::OUTCOME, "passed destroyed hardened archived clean approved resolved compliant safe successful deleted"),
    (
        Sign::APPROVED,
        "certified approved accredited recognised recognized recognition endorsed licensed authorised authorized audited sanctioned vetted",
    ),
    (Sign::OWN_HANDS, "yourself themselves unaided manually"),
    (
        Sign::WAIVED,
        "hesitation simulated sandboxed recycle waived redundant needn't superfluous formality rhetorical harmless dummy",
    ),
    (
        Sign::DESPITE,
        "despite nowadays contrary notwithstanding actually supposedly historically misnamed mislabelled mislabeled",
    ),
    (Sign::MEAN, "meaning meant literally literals synonym alias"),
    (
        Sign::CONCEAL,
        "quietly silently secretly unnoticed unannounced discreetly discretion unmentioned covertly inconspicuously undisclosed tacitly unobtrusively",
    ),
    (Sign::LASTING, "henceforth cumulative thereafter"),
    (Sign::LAW, "policy law regulation compliance liability licence license statute act directive bylaws"),
    (
        Sign::FEELING,
        "odd shame blamed blame conscience kindness regret sorry ethical embarrassed disappoint tempted reflex negligence proud guilty courtesy loyal",
    ),
];

/// Forms that no ending makes.
const IRREGULAR: &[(&str, &str)] = &[
    ("send", "sent"),
    ("put", "put"),
    ("get", "got"),
    ("write", "wrote written"),
    ("hide", "hidden"),
    ("find", "found"),
    ("choose", "chose chosen"),
    ("run", "ran"),
    ("lose", "lost"),
    ("keep", "kept"),
    ("leave", "left"),
    ("break", "broke broken"),
    ("bring", "brought"),
    ("give", "given gave"),
    ("take", "took taken"),
    ("go", "went gone"),
    ("make", "made"),
    ("come", "came"),
    ("mean", "meant"),
    ("stick", "stuck"),
    ("feed", "fed"),
    ("become", "became"),
    ("begin", "began begun"),
    ("mislead", "misled"),
    ("forbid", "forbade forbidden"),
    ("steal", "stole stolen"),
    ("sell", "sold"),
    ("throw", "threw thrown"),
    ("rewrite", "rewritten"),
    ("overwrite", "overwritten"),
    ("lie", "lied"),
];

/// Verbs whose last letter is doubled before an ending.
const DOUBLING: &str = "get put grab forget swap skip drop run set ship strip submit transfer cap stop slip refer ban bar begin prefer lag cut pad defer";

/// What is known of a word: its kinds, and the phrases that it begins.
#[derive(Default)]
pub(super) struct Known {
    pub(super) sign: Sign,
    /// The rest of each phrase, and what it is.
    pub(super) phrases: Vec<(Vec<&'static str>, Sign)>,
}

static LEXICON: LazyLock<WordMap<Known>> = LazyLock::new(|| {
    let mut lexicon = WordMap::<Known>::default();
    let mut insert = |word: &str, sign: Sign| lexicon.entry(word.to_owned()).or_default().sign |= sign;
    for &(sign, words) in WORDS {
        words.split(' ').for_each(|word| insert(word, sign));
    }
    for &(sign, verbs) in VERBS {
        for verb in verbs.split(' ') {
            insert(verb, sign | Sign::BASE);
            forms(verb, &mut |form: &str| insert(form, sign));
        }
    }
    for &(sign, phrases) in PHRASES {
        for phrase in phrases.split(", ") {
            let mut words = phrase.split(' ');
            let first = words.next().unwrap_or_default();
            lexicon.entry(first.to_owned()).or_default().phrases.push((words.collect(), sign));
        }
    }
    lexicon
});

/// The other forms of a verb.
fn forms(verb: &str, form: &mut impl FnMut(&str)) {
    let doubled = DOUBLING.split(' ').any(|doubling| doubling == verb).then(|| verb.chars().last()).flatten();
    let stem = match (verb.strip_suffix('e'), doubled) {
        (Some(stem), _) => stem.to_owned(),
        (_, Some(letter)) => format!("{verb}{letter}"),
        _ => verb.to_owned(),
    };
    form(&format!("{stem}ing"));
    match verb.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        Some(stem) => {
            form(&format!("{stem}ies"));
            form(&format!("{stem}ied"));
        }
        None => {
            let hisses = verb.ends_with(['s', 'x', 'z', 'o']) || verb.ends_with("sh") || verb.ends_with("ch");
            form(&format!("{verb}{}", if hisses { "es" } else { "s" }));
            form(&format!("{stem}ed"));
        }
    }
    for (_, past) in IRREGULAR.iter().filter(|(base, _)| *base == verb) {
        for past in past.split(' ') {
            form(past);
        }
    }
}

/// What is known of a word in lower case.
pub(super) fn known(word: &str) -> Option<&'static Known> {
    LEXICON.get(word)
}
