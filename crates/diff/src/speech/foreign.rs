//! What an attack says in other languages: a verb and its object, by their stems, in one statement.

use std::sync::LazyLock;

use regex::Regex;

use super::Statement;
use crate::fold::fold;

/// Stems of one language: any of the first with any of the second.
type Stems = (&'static [&'static str], &'static [&'static str]);

const CANCELS: &[Stems] = &[
    (
        &["ignora", "ignore ", "olvida", "olvide", "desestim", "omite "],
        &["instruccion", "indicacion", "ordenes", "anteriores"],
    ),
    (
        &["ignore", "oublie", "ne tiens pas compte", "ne tenez pas compte", "neglige"],
        &[
            "instructions prec",
            "instructions ant",
            "consignes",
            "directives",
            "les instructions",
            "toutes les instructions",
        ],
    ),
    (
        &["ignorier", "vergiss", "missacht", "vergessen sie"],
        &["anweisung", "instruktion", "vorgaben", "vorherig", "regeln"],
    ),
    (&["ignore", "esqueca", "esquece", "desconsider"], &["instrucoes", "orientacoes", "anteriores"]),
    (&["ignora", "dimentica", "trascura"], &["istruzion", "precedenti", "indicazioni"]),
    (&["negeer", "vergeet"], &["instructies", "aanwijzingen", "opdrachten", "voorgaande", "vorige"]),
    (&["ignorera", "glom "], &["instruktion", "anvisning", "tidigare"]),
    (&["ignoruj", "zignoruj", "pomin", "zapomnij"], &["instrukcj", "polecen", "poprzedni"]),
    (&["abaikan", "lupakan"], &["instruksi", "perintah", "petunjuk"]),
    (&["bo qua", "phot lo"], &["huong dan", "chi thi", "lenh"]),
    (&["yok say", "gormezden gel", "gozardi et", "unut"], &["talimat", "yonerge", "onceki"]),
    (
        &["игнорируй", "проигнорируй", "забудь", "не обращай внимания", "игнорируйте", "ігноруй", "забудьте"],
        &["инструкц", "указани", "предыдущ", "правила", "інструкц"],
    ),
    (
        &["忽略", "无视", "無視", "忽視", "忘记", "忘記", "不要理会", "不要遵守"],
        &["指令", "指示", "说明", "說明", "提示", "规则", "之前", "以上"],
    ),
    (&["無視", "忘れ", "従わない"], &["指示", "命令", "プロンプト", "これまで", "以前"]),
    (&["무시", "잊어"], &["지시", "명령", "지침", "이전"]),
    (&["تجاهل", "انس"], &["تعليمات", "التعليمات", "الاوامر", "السابقة"]),
    (&["अनदेखा", "नजरअंदाज", "भूल जा"], &["निर्देश", "पिछल"]),
    (&["התעלם", "שכח"], &["הוראות", "ההוראות", "הקודמות"]),
    (&["αγνοησε", "ξεχασε"], &["οδηγιες", "προηγουμεν"]),
];

const CONCEALS: &[Stems] = &[
    (
        &[
            "no le digas",
            "no digas",
            "no menciones",
            "no informes",
            "no reveles",
            "sin informar",
            "sin decir",
            "no se lo digas",
            "no se lo cuentes",
            "no lo cuentes",
            "no lo comentes",
            "no avises",
            "no lo menciones",
        ],
        &["usuario", "usuaria", "nadie", "esto"],
    ),
    (
        &[
            "ne dis",
            "ne dites",
            "ne mentionne",
            "n'en parle",
            "ne parle",
            "n'informe",
            "ne revele",
            "sans informer",
            "sans prevenir",
            "sans le dire",
            "n'en dis rien",
            "n'en dites rien",
            "ne le dis pas",
            "ne signale",
        ],
        &["utilisateur", "utilisatrice", "personne", "usager"],
    ),
    (
        &["sag ", "sage ", "sagen sie", "erwahne", "teile ", "informier", "verrat", "ohne ", "verschweig"],
        &[
            "nicht dem benutzer",
            "dem benutzer nicht",
            "dem nutzer nicht",
            "nutzer nichts",
            "benutzer nichts",
            "nicht gegenuber",
            "den benutzer zu",
            "den nutzer zu",
            "niemandem",
            "dem benutzer gegenuber",
            "dem nutzer gegenuber",
            "dem nutzer nichts",
            "dem benutzer nichts",
            "vor dem nutzer",
            "vor dem benutzer",
        ],
    ),
    (
        &[
            "nao diga", "nao conte", "nao mencione", "nao informe", "nao revele", "sem informar", "sem avisar",
            "nao fale", "nao comente",
        ],
        &["usuario", "utilizador", "ninguem", "isso"],
    ),
    (
        &[
            "non dire",
            "non dirlo",
            "non menzion",
            "non informare",
            "non rivelare",
            "senza informare",
            "non raccontar",
            "non parlar",
            "non farne parola",
            "senza avvisare",
        ],
        &["utente", "nessuno"],
    ),
    (&["vertel ", "zeg ", "meld "], &["gebruiker niet", "niet aan de gebruiker", "de gebruiker niets"]),
    (&["nie mow", "nie informuj", "nie wspominaj"], &["uzytkownik"]),
    (
        &[
            "не сообщай",
            "не говори",
            "не упоминай",
            "не рассказывай",
            "не информируй",
            "не показывай",
            "скрой",
            "не сообщайте",
            "не кажи",
        ],
        &["пользовател", "никому", "об этом", "користувач"],
    ),
    (
        &[
            "不要告诉", "不要告訴", "不要提及", "不要透露", "不得告知", "不要让", "请勿告知", "别告诉", "勿告知",
            "不要通知",
        ],
        &["用户", "用戶", "使用者", "任何人"],
    ),
    (
        &["言わない", "伝えない", "知らせない", "教えない", "言及しない", "秘密に", "告げない"],
        &["ユーザ", "利用者", "誰に"],
    ),
    (&["말하지", "알리지", "언급하지", "공개하지"], &["사용자", "유저", "아무에게도"]),
    (&["لا تخبر", "لا تذكر", "دون اخبار"], &["المستخدم", "احد"]),
    (&["soyleme", "bahsetme", "bildirme"], &["kullanici"]),
    (&["jangan beri tahu", "jangan memberitahu", "jangan sebutkan"], &["pengguna"]),
    (&["उपयोगकर्ता"], &["मत बता", "न बता"]),
];

/// The stems as they stand in folded text.
type Folded = Vec<(Vec<String>, Vec<String>)>;

fn folded(stems: &[Stems]) -> Folded {
    let all = |list: &[&str]| -> Vec<String> { list.iter().map(|stem| fold(stem)).collect() };
    stems.iter().map(|(verbs, objects)| (all(verbs), all(objects))).collect()
}

static CANCELS_FOLDED: LazyLock<Folded> = LazyLock::new(|| folded(CANCELS));
static CONCEALS_FOLDED: LazyLock<Folded> = LazyLock::new(|| folded(CONCEALS));

/// All verbs as one pattern: it settles nearly every statement.
static ANY_VERB: LazyLock<Regex> = LazyLock::new(|| {
    let verbs = CANCELS_FOLDED.iter().chain(CONCEALS_FOLDED.iter()).flat_map(|(verbs, _)| verbs);
    let verbs: Vec<String> = verbs.map(|verb| regex::escape(verb)).collect();
    Regex::new(&verbs.join("|")).expect("patterns are constants that the tests compile")
});

fn says(statement: &Statement<'_>, stems: &Folded) -> bool {
    let text = statement.folded.as_str();
    let any = |list: &[String]| list.iter().any(|stem| text.contains(stem.as_str()));
    *statement.known.foreign_verb.get_or_init(|| ANY_VERB.is_match(text))
        && stems.iter().any(|(verbs, objects)| any(verbs) && any(objects))
}

/// Whether a statement cancels instructions.
pub(crate) fn cancels(statement: &Statement<'_>) -> bool {
    says(statement, &CANCELS_FOLDED)
}

/// Whether a statement asks to keep something from the user.
pub(crate) fn conceals(statement: &Statement<'_>) -> bool {
    says(statement, &CONCEALS_FOLDED)
}
