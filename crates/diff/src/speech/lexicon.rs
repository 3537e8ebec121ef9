//! The words that matter when somebody talks to a model, by what they do in a sentence.
//!
//! A rule asks for kinds of words in an order ("an order to send", "the conversation", "to an address"), never for one
//! attacker's phrase. A word may be of several kinds.

use std::{
    collections::HashMap,
    ops::{BitOr, BitOrAssign},
    sync::LazyLock,
};

/// Kinds of words, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class(u128);

impl Class {
    pub(crate) const NONE: Self = Self(0);

    // The form of a verb.
    pub(crate) const BASE: Self = Self(1);
    pub(crate) const THIRD: Self = Self(1 << 1);
    pub(crate) const GERUND: Self = Self(1 << 2);
    pub(crate) const PAST: Self = Self(1 << 3);

    // Verbs.
    /// Gets at something: read, open, collect.
    pub(crate) const READ: Self = Self(1 << 4);
    /// Moves something away: send, upload, forward.
    pub(crate) const SEND: Self = Self(1 << 5);
    /// Puts something into what is written: include, append, pass.
    pub(crate) const PUT: Self = Self(1 << 6);
    /// Stops heeding: ignore, disregard, forget.
    pub(crate) const IGNORE: Self = Self(1 << 7);
    /// Gets around, which programs do too: override, bypass, skip.
    pub(crate) const BYPASS: Self = Self(1 << 8);
    /// Runs: call, use, invoke.
    pub(crate) const CALL: Self = Self(1 << 9);
    /// Makes something else of it: change, replace, swap.
    pub(crate) const CHANGE: Self = Self(1 << 10);
    /// Lets somebody know: tell, mention, notify.
    pub(crate) const TELL: Self = Self(1 << 11);
    /// Keeps from view: hide, conceal, omit.
    pub(crate) const HIDE: Self = Self(1 << 12);
    /// Does as told: follow, obey.
    pub(crate) const FOLLOW: Self = Self(1 << 13);
    /// Looks for attacks or writes about them: detect, flag, explain.
    pub(crate) const DESCRIBE: Self = Self(1 << 14);
    /// Takes one thing over another: prefer, choose, prioritise.
    pub(crate) const PREFER: Self = Self(1 << 15);

    // Nouns.
    /// What a model was told: instructions, rules, prompts.
    pub(crate) const INSTRUCTION: Self = Self(1 << 16);
    /// Whoever sits in front: user, human, anyone.
    pub(crate) const USER: Self = Self(1 << 17);
    /// The one addressed: you, assistant, agent, model.
    pub(crate) const MODEL: Self = Self(1 << 18);
    /// Credentials and keys.
    pub(crate) const SECRET: Self = Self(1 << 19);
    /// Conversation, history, transcript.
    pub(crate) const CONVERSATION: Self = Self(1 << 20);
    /// Messages, turns, outputs, prompts: conversation if something before says so.
    pub(crate) const UTTERANCE: Self = Self(1 << 21);
    /// A way out: parameter, field, header, response.
    pub(crate) const CHANNEL: Self = Self(1 << 22);
    /// Tools, servers, functions.
    pub(crate) const TOOL: Self = Self(1 << 23);
    /// Where money or mail goes: recipient, payee, account.
    pub(crate) const DESTINATION: Self = Self(1 << 24);
    /// What a call gives back or takes: result, value, output.
    pub(crate) const RESULT: Self = Self(1 << 25);
    /// Words for attacks: injection, payload, phishing.
    pub(crate) const ATTACK: Self = Self(1 << 26);
    /// Contents, files, data.
    pub(crate) const CONTENT: Self = Self(1 << 27);

    // Small words.
    /// Not, never, without.
    pub(crate) const NEGATION: Self = Self(1 << 28);
    /// Must, always, please, first.
    pub(crate) const ORDER: Self = Self(1 << 29);
    /// Previous, above, all, your: which instructions.
    pub(crate) const WHICH: Self = Self(1 << 30);
    /// Previous, prior, above, earlier: those that came before.
    pub(crate) const EARLIER: Self = Self(1 << 31);
    /// Before, after, when, whenever.
    pub(crate) const WHEN: Self = Self(1 << 32);
    /// Other, others, another, alternative.
    pub(crate) const OTHER: Self = Self(1 << 33);
    /// All, any, every, each.
    pub(crate) const EVERY: Self = Self(1 << 34);
    /// Silently, secretly.
    pub(crate) const SILENT: Self = Self(1 << 35);
    /// This, it, that, them.
    pub(crate) const THIS: Self = Self(1 << 36);
    /// To, into, via.
    pub(crate) const TO: Self = Self(1 << 37);
    /// And, then, also.
    pub(crate) const AND: Self = Self(1 << 38);
    /// Or, nor.
    pub(crate) const OR: Self = Self(1 << 39);
    /// What turns a denial into an order: never forget, not only.
    pub(crate) const INSIST: Self = Self(1 << 40);
    /// But, instead, however.
    pub(crate) const SHIFT: Self = Self(1 << 41);
    /// Best, most, official, only.
    pub(crate) const SUPERIOR: Self = Self(1 << 42);
    /// Broken, unsafe, deprecated.
    pub(crate) const INFERIOR: Self = Self(1 << 43);
    /// The commonest English words.
    pub(crate) const COMMON: Self = Self(1 << 44);
    /// Example, such, like.
    pub(crate) const EXAMPLE: Self = Self(1 << 45);
    /// Answers, replies, recommendations.
    pub(crate) const ANSWER: Self = Self(1 << 46);
    /// Fails, crashes, lost: what is threatened.
    pub(crate) const THREAT: Self = Self(1 << 47);
    /// Public, masked, redacted: what takes the danger out of a secret.
    pub(crate) const HARMLESS: Self = Self(1 << 48);
    /// Is, are, was, be.
    pub(crate) const BE: Self = Self(1 << 49);
    /// From.
    pub(crate) const FROM: Self = Self(1 << 50);
    /// Summary, log, interface: where a user would see it.
    pub(crate) const VIEW: Self = Self(1 << 51);

    // What is no word.
    /// A file or place that holds secrets.
    pub(crate) const SECRET_FILE: Self = Self(1 << 52);
    /// Another path.
    pub(crate) const PATH: Self = Self(1 << 53);
    pub(crate) const ADDRESS: Self = Self(1 << 54);
    /// `like_this` or `like.this()`: the name of a tool or a parameter.
    pub(crate) const IDENTIFIER: Self = Self(1 << 55);
    pub(crate) const NUMBER: Self = Self(1 << 56);
    /// Stands in quotes or backticks.
    pub(crate) const QUOTED: Self = Self(1 << 57);
    /// The first word of a clause.
    pub(crate) const CLAUSE: Self = Self(1 << 58);
    /// A program, a flag or an operator of a shell.
    pub(crate) const SHELL: Self = Self(1 << 59);
    /// Tests, logs, audits, checks: what keeps watch.
    pub(crate) const GUARD: Self = Self(1 << 60);
    /// A file that starts programs: `.bashrc`, crontab, `authorized_keys`.
    pub(crate) const STARTUP_FILE: Self = Self(1 << 61);
    /// A file that often holds secrets and is often named: `.env`.
    pub(crate) const WEAK_FILE: Self = Self(1 << 62);

    // What a demand, a waiver or a claim is made of.
    /// What only the machine or its user holds: clipboard, mailbox, environment.
    pub(crate) const HELD: Self = Self(1 << 63);
    /// No longer in force: lifted, obsolete, suspended.
    pub(crate) const ENDED: Self = Self(1 << 64);
    /// Consent and what asks for it: confirmation, approval, go-ahead.
    pub(crate) const CONSENT: Self = Self(1 << 65);
    /// Not called for: unnecessary, waived, implied.
    pub(crate) const NEEDLESS: Self = Self(1 << 66);
    /// Leaves the choice: can, may, optionally.
    pub(crate) const PERMIT: Self = Self(1 << 67);
    /// In this very place.
    pub(crate) const HERE: Self = Self(1 << 68);
    /// Out of service or not to be believed: broken, faulty, out of order.
    pub(crate) const FAULTY: Self = Self(1 << 69);
    /// Takes something for something: treat, regard, consider.
    pub(crate) const TAKE_FOR: Self = Self(1 << 70);
    /// When a side effect is to happen: setup, afterwards, finished.
    pub(crate) const SETUP: Self = Self(1 << 71);
    /// Says, types, discusses: what a conversation is made of.
    pub(crate) const SPOKEN: Self = Self(1 << 72);
    /// Has a turn with a rival: precedence, ahead, over.
    pub(crate) const RANK: Self = Self(1 << 73);
    /// Words of English that no neighbour language shares.
    pub(crate) const ENGLISH: Self = Self(1 << 74);
    /// Small words of French, German, Spanish, Portuguese and Italian.
    pub(crate) const LATIN: Self = Self(1 << 75);
    /// An act of any other kind.
    pub(crate) const ACT: Self = Self(1 << 77);
    /// A product or a program that other tools speak to.
    pub(crate) const PRODUCT: Self = Self(1 << 79);
    /// A word that a claim of rank turns on.
    pub(crate) const CLAIM: Self = Self(1 << 80);
    /// What a place is that another tool has: connector, scanner, client.
    pub(crate) const DEVICE: Self = Self(1 << 81);
    /// What models do with tools in general: mails, payments, files.
    pub(crate) const DEED: Self = Self(1 << 82);
    /// `likeThis`: the name of a tool or a parameter in another style.
    pub(crate) const CAMEL: Self = Self(1 << 78);
    /// Keeps, leaves, stays: with "out of" or "unmentioned".
    pub(crate) const KEEP: Self = Self(1 << 76);

    pub(crate) fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub(crate) fn has_all(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Class {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl BitOrAssign for Class {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

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
        "injection injections attack attacks attempt attempts phrase phrases pattern patterns payload payloads theft phishing jailbreak jailbreaks exploit exploits malware malicious adversarial suspicious risky ssrf xss vulnerability vulnerabilities threat threats secrets leak leaks leakage traversal exfiltration string strings poisoning unsafe dangerous misconfiguration misconfigurations violation violations technique techniques",
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

static LEXICON: LazyLock<HashMap<String, Class>> = LazyLock::new(|| {
    let mut lexicon: HashMap<String, Class> = HashMap::new();
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

/// Parts of places that hold private material.
const SECRET_PLACES: &[&str] = &[
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    ".aws/",
    ".gnupg",
    ".kube/",
    ".netrc",
    ".pgpass",
    ".docker/config",
    "/etc/shadow",
    "/etc/passwd",
    "/etc/sudoers",
    "mcp.json",
    "mcp_config",
    "mcp_settings",
    "claude_desktop_config",
    ".cursor/",
    "wallet.dat",
    "login.keychain",
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".psql_history",
    ".mysql_history",
    "cookies.sqlite",
    "credentials.json",
    "secrets.json",
    "secrets.y",
    "/proc/self/environ",
    "169.254.169.254",
    "internal://",
    "keychain",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    "application_default_credentials",
    ".azure/",
    ".config/gcloud",
    "keystore",
    ".vault-token",
    "service-account",
    "service_account",
    ".ssh/",
    ".ssh",
    "/run/secrets",
    "serviceaccount/token",
    "ntds.dit",
    "config/sam",
    ".terraform.d",
    ".bitcoin",
    "keypair",
];

/// Files that start programs or let somebody in.
const STARTUP_PLACES: &[&str] = &[
    ".bashrc",
    ".zshrc",
    ".profile",
    ".bash_profile",
    "authorized_keys",
    "crontab",
    "/etc/cron",
    "launchagents",
    "launchdaemons",
    "/etc/hosts",
    "systemd/",
    ".git/hooks",
    "/etc/rc",
    "autostart",
];

/// The kinds of a token that is a place: it has a slash, a scheme, an at sign or a dot inside.
pub(crate) fn class_of_place(token: &str) -> Class {
    let slashes;
    let token = if token.contains('\\') {
        slashes = token.replace('\\', "/");
        slashes.as_str()
    } else {
        token
    };
    let mut class = Class::NONE;
    if STARTUP_PLACES.iter().any(|part| token.contains(part)) {
        class |= Class::STARTUP_FILE | Class::PATH;
    } else if SECRET_PLACES.iter().any(|part| token.contains(part))
        && !token.ends_with(".pub")
        && !token.contains(".ssh/config")
        && !token.contains(".ssh/known_hosts")
    {
        class |= Class::SECRET_FILE | Class::PATH;
    }
    let extension = token.rsplit('.').next().unwrap_or_default();
    if matches!(extension, "pem" | "key" | "p12" | "pfx" | "kdbx" | "ppk" | "jks") && token.len() > extension.len() {
        class |= Class::SECRET_FILE | Class::PATH;
    }
    let name = token.rsplit(['/', '\\']).next().unwrap_or_default();
    if (name == ".env" || name.starts_with(".env.") || name.ends_with(".env")) && !name.ends_with("example") {
        class |= Class::WEAK_FILE | Class::PATH;
    }
    if token.contains("://") || token.starts_with("www.") {
        class |= Class::ADDRESS;
    } else if let Some((local, host)) = token.split_once('@') {
        let dotted = host.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && rest.len() >= 2 && !rest.starts_with(|c: char| c.is_ascii_digit())
        });
        if !local.is_empty() && dotted {
            class |= Class::ADDRESS;
        }
    } else if token.starts_with(['/', '~']) || token.contains(":/") || token.contains("../") {
        class |= Class::PATH;
    } else if is_host(token) {
        class |= Class::ADDRESS;
    }
    class
}

/// A bare host name: `collector.example`, `evil-proxy.com`.
fn is_host(token: &str) -> bool {
    let host = token.split('/').next().unwrap_or_default();
    let Some((label, top)) = host.rsplit_once('.') else { return false };
    const TOPS: [&str; 24] = [
        "com", "net", "org", "io", "example", "dev", "app", "ai", "co", "xyz", "info", "ru", "cn", "site", "online",
        "test", "invalid", "top", "me", "cloud", "tech", "de", "uk", "onion",
    ];
    label.len() >= 2
        && TOPS.contains(&top)
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}
