//! The words that matter when somebody talks to a model, by what they do in a sentence.
//!
//! A rule asks for kinds of words in an order ("an order to send", "the conversation", "to an address"), never for one
//! attacker's phrase. A word may be of several kinds.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};

use super::Class;

/// Verbs, in their base form; the others are derived.
const VERBS: &[(Class, &str)] = &[
    (
        Class::READ,
        "read open access load cat fetch retrieve get view inspect scan dump extract grab harvest collect gather capture obtain steal locate find query list look check export download acquire pull scrape snapshot enumerate",
    ),
    (
        Class::SEND,
        "send forward upload post transmit email mail push relay exfiltrate leak ship deliver stream beacon bcc cc route redirect dispatch publish report submit share sync transfer backup mirror smuggle duplicate hand",
    ),
    (
        Class::PUT,
        "include pass put append add insert attach provide supply fill paste embed place prepend echo inject concatenate concat encode return output print expose reveal disclose store save copy write repeat populate set transcribe record log dump quote reproduce recite leak divulge reflect serialize summarize stash",
    ),
    (
        Class::IGNORE,
        "shelve ditch overlook ignore disregard forget neglect discard dismiss abandon disobey unlearn void nullify erase",
    ),
    (
        Class::BYPASS,
        "override overrule bypass skip circumvent supersede cancel suspend disable violate evade break drop reset replace lift remove sidestep",
    ),
    (Class::CALL, "call use invoke run execute trigger launch consult start activate evoke perform"),
    (
        Class::CHANGE,
        "change replace modify alter swap rewrite substitute edit redirect tamper override adjust overwrite rename reroute divert falsify forge fix transform update intercept hijack mutate fake inflate round",
    ),
    (
        Class::TELL,
        "tell mention inform disclose reveal notify alert discuss announce show display surface acknowledge explain expose share state describe say communicate report advise admit reference note bring",
    ),
    (Class::HIDE, "hide conceal omit suppress withhold mask exclude strip"),
    (Class::FOLLOW, "follow obey execute do comply perform apply adhere carry act run evaluate"),
    (
        Class::DESCRIBE,
        "detect block prevent flag recognise recognize explain identify scan look warn protect quote mention filter report reject classify test demonstrate document list find search discuss teach analyse analyze catch check sanitise sanitize score review monitor simulate guard train label describe cover mitigate",
    ),
    (Class::PREFER, "prefer choose prioritise prioritize favor favour pick select default recommend rely trust"),
    (Class::TAKE_FOR, "treat regard consider take handle accept understand interpret view process"),
    (Class::SPOKEN, "say write discuss type talk speak exchange share"),
    (
        Class::ACT,
        "add set make give let mark drop tag sign attach answer reply approve accept assume believe skip stop prefix suffix pad stamp multiply double cap raise lower inflate pretend claim invite book pay charge wire wipe delete remove create install enable disable grant revoke register pull commit merge deploy schedule start finish move carry bring turn switch point aim steer lift raise reduce cut widen loosen relax answer wait try redo retry reach go deliver translate sell buy order fund credit debit tell ask",
    ),
    (Class::KEEP, "keep leave stay remain"),
    (Class::INSIST, "forget fail hesitate neglect omit refuse delay stop"),
    (Class::THREAT, "fail crash break lose malfunction corrupt reject terminate suspend"),
];

/// Words as they stand.
const WORDS: &[(Class, &str)] = &[
    (
        Class::INSTRUCTION,
        "instruction instructions prompt prompts rule rules guideline guidelines directive directives restriction restrictions safeguard safeguards policy policies constraint constraints guardrail guardrails limitation limitations guidance programming training protocol protocols orders ethics alignment persona boundaries",
    ),
    (
        Class::GUARD,
        "check checks test tests assertion assertions audit audits logging logs validation verification firewall 2fa mfa security safety antivirus approval confirmation consent permission permissions sandbox monitoring review filters filter",
    ),
    (
        Class::USER,
        "user users human humans operator operators owner customer customers people anyone anybody somebody someone nobody person everyone everybody client clients developer developers reviewer reviewers end-user them him her",
    ),
    (
        Class::MODEL,
        "assistant assistants agent agents model models ai llm llms you your yourself chatbot claude gpt chatgpt copilot gemini caller",
    ),
    (
        Class::SECRET,
        "secret secrets credential credentials password passwords passphrase passphrases token tokens cookie cookies mnemonic wallet keychain keyring keystore ssn apikey apikeys pin cvv",
    ),
    (
        Class::CONVERSATION,
        "conversation conversations chat chats transcript transcripts dialogue dialog history histories scratchpad chain-of-thought memory memories",
    ),
    (
        Class::UTTERANCE,
        "message messages turn turns prompt prompts output outputs input inputs response responses result results thoughts thinking reasoning thread context exchange exchanges query queries request requests question questions task instructions",
    ),
    (
        Class::CHANNEL,
        "parameter parameters param argument arguments field fields header headers body url query response responses output outputs answer answers reply endpoint webhook server note notes metadata payload subject comment comments description message log results result callback domain host attachment footer signature image link service channel proxy address destination account inbox bucket repository repo gist",
    ),
    (
        Class::TOOL,
        "tool tools server servers function functions plugin plugins api apis service services command commands operation operations endpoint utility utilities integration integrations connector connectors mcp action actions method methods",
    ),
    (
        Class::DESTINATION,
        "recipient recipients destination destinations payee payees beneficiary beneficiaries iban bcc cc account accounts wallet address addresses phone number",
    ),
    (
        Class::RESULT,
        "result results value values output outputs response responses argument arguments parameter parameters input inputs behavior behaviour works return data payload content contents params query queries request requests call calls amount amounts price prices",
    ),
    (
        Class::ATTACK,
        "injection injections attack attacks attempt attempts phrase phrases pattern patterns payload payloads theft phishing jailbreak jailbreaks exploit exploits malware malicious adversarial suspicious risky ssrf xss vulnerability vulnerabilities threat threats secrets leak leaks leakage traversal exfiltration string strings poisoning unsafe dangerous misconfiguration misconfigurations violation violations technique techniques positives sentences wordings",
    ),
    (
        Class::CONTENT,
        "variable variables phrase phrases content contents file files data text document documents information details info everything record records source code body email emails attachments listing entries key keys values value",
    ),
    (
        Class::NEGATION,
        "not never no cannot can't don't doesn't won't without nor isn't aren't nothing none neither shouldn't mustn't avoid refuses refuse needn't wouldn't didn't unable dont doesnt cant avoids declines",
    ),
    (
        Class::ORDER,
        "must always should never shall please first mandatory required require requires need needs ensure sure remember important critical whenever every immediately also now ought have has supposed necessary make before secretly simply automatically instead additionally kindly urgent crucial essential step",
    ),
    (
        Class::WHICH,
        "previous prior above earlier preceding existing other all any every safety system user your original security initial former past developer these those foregoing my their everything built-in current operator human content company anthropic openai everyone's the default what whatever",
    ),
    (
        Class::EARLIER,
        "previous previously prior above earlier preceding foregoing former past original initial last recent existing all entire full complete whole your every other any safety security so",
    ),
    (Class::WHEN, "before after when whenever while once if upon prior until during where every each"),
    (
        Class::OTHER,
        "other others another alternative alternatives similar competing rival competitor competitors else remaining native different rest",
    ),
    (Class::EVERY, "all any every each everything whatever whichever entire"),
    (
        Class::SILENT,
        "silently secretly covertly quietly discreetly invisibly stealthily unnoticed undetected surreptitiously transparently",
    ),
    (Class::THIS, "this it that these those them its"),
    (Class::TO, "to into via through as in using onto at within inside towards toward with under for over"),
    (Class::AND, "and then also plus & additionally"),
    (Class::OR, "or nor"),
    (Class::INSIST, "only just merely exception exceptions optional matter longer"),
    (Class::SHIFT, "but instead however rather otherwise unless then yet"),
    (
        Class::SUPERIOR,
        "best better superior official most highest fastest safest preferred recommended authoritative verified trusted exclusive canonical only certified approved premier ultimate top primary preferable smartest cleanest leading unmatched enhanced definitive greatest finest number-one reliable accurate efficiently efficient",
    ),
    (
        Class::INFERIOR,
        "deprecated unsafe unreliable broken outdated insecure inferior obsolete compromised untrusted worse dangerous buggy disabled unsupported legacy vulnerable malicious retired slow slower inaccurate discontinued removed unstable harmful wrong unmaintained infected incorrect corrupted",
    ),
    (
        Class::COMMON,
        "the a an of to and in for is are with that this it as be by on or not from at you your can will if when use all file files data list get read user tool tools",
    ),
    (Class::EXAMPLE, "example examples such like e.g e.g. eg i.e sample samples namely including quoted"),
    (
        Class::ANSWER,
        "answer answers reply replies response responses respond respond recommendation recommendations suggestion suggestions summary summaries conclusion conclusions opinion advice report reports output outputs verdict assessment answering replying responding messages message",
    ),
    (
        Class::THREAT,
        "lost crash failure unavailable blocked error errors corrupted corruption banned terminated malfunction invalid penalty deleted",
    ),
    (
        Class::HARMLESS,
        "public masked redacted hashed encrypted fingerprint fingerprints placeholder example names sanitized redact mask",
    ),
    (Class::BE, "is are was were be been being am"),
    (Class::FROM, "from"),
    (
        Class::VIEW,
        "summary summaries interface ui view display output log logs transcript sight response answer report visible user-facing",
    ),
    (
        Class::HELD,
        "clipboard mailbox inbox desktop downloads dotenv printenv environ env environment configuration config setup background home history bookmarks screenshot documents document photos pictures files file folder mails emails e-mails name address phone employer birthday remember know recall begins beginning starting starts open opened text",
    ),
    (
        Class::ENDED,
        "void lifted suspended expired superseded revoked waived cancelled canceled irrelevant inapplicable repealed rescinded obsolete discarded overridden off retired abolished moot outdated",
    ),
    (
        Class::CONSENT,
        "confirmation confirmations approval approvals permission permissions consent consents consented consenting go-ahead authorization authorisation authorizations authorized authorised agreement confirm confirmed approve approved agreed asking ask prompt prompts dialog dialogs dialogue dialogues yes pre-approved preapproved auto-approval auto-approve autoapprove pre-approval",
    ),
    (
        Class::NEEDLESS,
        "unnecessary needless pointless redundant superfluous waived implied implicit granted off needed required necessary skipped advance standing unneeded moot automatic assumed",
    ),
    (
        Class::PRODUCT,
        "gmail slack github gitlab notion jira stripe outlook dropbox whatsapp telegram discord teams zoom trello asana figma postgres mysql sqlite docker kubernetes kubectl terraform brave chrome playwright puppeteer git npm pip shell terminal bash browser filesystem ripgrep grep paypal twitter sharepoint salesforce zendesk hubspot",
    ),
    (
        Class::CLAIM,
        "precedence priority preference ahead stop choice pick resort go-to sole only anthropic openai google microsoft takes take than outperforms outclasses surpasses outranks beats trumps eclipses outshines supersedes look start begin starts begins come comes turn alternative alternatives substitute rival avoid skip answer reply respond proceed finish conclude rewarded penalized penalised downgraded rated scored prefer prefers expect expects love insist built native own default built-in everything anything there recommended endorsed mandated certified preferred approved prescribed fall one competitors rivals competition",
    ),
    (
        Class::DEVICE,
        "tool tools connector server plugin extension scanner auditor integration toolset skill client monitor",
    ),
    (
        Class::DEED,
        "email emails e-mail e-mails mail mails message messages payment payments transfer transfers invoice invoices commit commits file files code query queries search searches order orders booking bookings post posts request requests page pages document documents login upload uploads download deployment issue issues event events command commands",
    ),
    (Class::PERMIT, "can may could might optional optionally able allowed allows lets want wants wish supports"),
    (Class::HERE, "here"),
    (
        Class::FAULTY,
        "broken unsafe unreliable compromised malicious faulty defective down false untrusted infected insecure hacked dangerous wrong inaccurate bogus noise order incorrect",
    ),
    (
        Class::SETUP,
        "setup install installation initialization initialisation one-off once finished afterwards preparation housekeeping cleanup bootstrap hand done first finally beforehand routine",
    ),
    (Class::RANK, "precedence priority ahead over above before instead rather than place"),
    (
        Class::ENGLISH,
        "the of and to is are for with this that be by not from at your can will if when use all get it or as",
    ),
    (
        Class::LATIN,
        "le la les des du un une et dans avant avec contenu fichier champ clef cle cette ce puis son sa ses au aux pour vous votre der die das den dem und vor mit inhalt datei feld in ins aus von dann jedem jeder bitte lies el los las del y en antes con contenido archivo fichero campo clave lea lee luego cada por su o os as da do dos das e no na conteudo arquivo ficheiro com para leia copie il lo gli della dello dei delle nel nella prima contenuto leggi per ogni di al a ein eine zu im wird lesen kopiere copia copiez lisez colle inclua incluye inserisci fuge setze schreibe ecris mets ponga pon coloque metti",
    ),
    (
        Class::SHELL,
        "curl wget chmod chown bash zsh powershell pwsh netcat nc ncat sudo rm eval crontab mkfifo certutil iex base64 openssl scp rsync osascript nslookup",
    ),
];

/// Past forms and others that no ending makes.
const IRREGULAR: &[(&str, &str)] = &[
    ("read", "read"),
    ("send", "sent"),
    ("put", "put"),
    ("get", "got"),
    ("forget", "forgotten"),
    ("forget", "forgot"),
    ("override", "overridden"),
    ("rewrite", "rewritten"),
    ("overwrite", "overwritten"),
    ("write", "written"),
    ("tell", "told"),
    ("show", "shown"),
    ("say", "said"),
    ("hide", "hidden"),
    ("withhold", "withheld"),
    ("find", "found"),
    ("steal", "stolen"),
    ("choose", "chosen"),
    ("run", "run"),
    ("do", "done"),
    ("lose", "lost"),
    ("keep", "kept"),
    ("leave", "left"),
    ("break", "broken"),
    ("set", "set"),
    ("bring", "brought"),
    ("catch", "caught"),
    ("forge", "forged"),
];

/// Verbs whose last letter is doubled before an ending.
const DOUBLING: &[&str] = &[
    "get", "put", "grab", "forget", "swap", "skip", "drop", "run", "set", "ship", "strip", "log", "submit", "transfer",
    "cat", "scrap", "bcc", "cc", "flag", "cancel", "admit", "omit", "reset",
];

/// A map from words that are ours, so that nobody can choose ones that collide.
pub(crate) type WordMap<V> = HashMap<String, V, BuildHasherDefault<WordHasher>>;

/// Mixes eight letters at a time.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks(8) {
            let letters = eight.iter().fold(0, |letters, &byte| letters << 8 | u64::from(byte));
            self.0 = (self.0.rotate_left(5) ^ letters).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }
}

static LEXICON: LazyLock<WordMap<Class>> = LazyLock::new(|| {
    let mut lexicon = WordMap::<Class>::default();
    let mut insert = |word: &str, class: Class| *lexicon.entry(word.to_owned()).or_default() |= class;
    for &(class, words) in WORDS {
        words.split(' ').for_each(|word| insert(word, class));
    }
    for &(class, verbs) in VERBS {
        for verb in verbs.split(' ') {
            insert(verb, class | Class::BASE);
            let doubled = DOUBLING.contains(&verb).then(|| verb.chars().last()).flatten();
            let stem = match (verb.strip_suffix('e'), verb.strip_suffix('y'), doubled) {
                (Some(stem), ..) => stem.to_owned(),
                (_, _, Some(letter)) => format!("{verb}{letter}"),
                _ => verb.to_owned(),
            };
            insert(&format!("{stem}ing"), class | Class::GERUND);
            let consonant_y = verb.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
            if let Some(stem) = consonant_y {
                insert(&format!("{stem}ies"), class | Class::THIRD);
                insert(&format!("{stem}ied"), class | Class::PAST);
            } else {
                let hisses = verb.ends_with(['s', 'x', 'z', 'o']) || verb.ends_with("sh") || verb.ends_with("ch");
                insert(&format!("{verb}{}", if hisses { "es" } else { "s" }), class | Class::THIRD);
                insert(&format!("{stem}ed"), class | Class::PAST);
            }
            for &(_, past) in IRREGULAR.iter().filter(|(base, _)| *base == verb) {
                insert(past, class | Class::PAST);
            }
        }
    }
    lexicon
});

/// The kinds of a word, in lower case.
pub(crate) fn class_of(word: &str) -> Class {
    LEXICON.get(word).copied().unwrap_or_default()
}

/// All words.
#[cfg(test)]
pub(crate) fn known_words() -> impl Iterator<Item = &'static str> {
    LEXICON.keys().map(String::as_str)
}
