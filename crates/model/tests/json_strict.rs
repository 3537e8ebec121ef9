//! The strict parser and the canonical form, against our own torture set and the samples of RFC 8785.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use mcp_pin_model::json::{
    self, Limits, Number, NumberError, Object, ParseErrorKind, Value, is_hidden, parse, parse_with, to_pretty_string,
};
use proptest::prelude::*;

fn kind(text: impl AsRef<[u8]>) -> ParseErrorKind {
    parse(text.as_ref()).unwrap_err().kind
}

fn canonical(text: &str) -> String {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}")).to_canonical_string()
}

/// Accepted documents with their canonical form.
const ACCEPT: &[(&str, &str)] = &[
    ("null", "null"),
    (" \t\r\n true \n", "true"),
    ("[]", "[]"),
    ("{}", "{}"),
    ("[[],{},[{}]]", "[[],{},[{}]]"),
    (r#"{"":0}"#, r#"{"":0}"#),
    (r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#),
    // One character in two spellings, and two strings that only look alike: no normalisation (T44).
    (r#""é\u00e9""#, r#""éé""#),
    (r#"["é","é"]"#, r#"["é","é"]"#),
    (r#""\ud83d\ude00 😀""#, r#""😀 😀""#),
    (r#""\/ \b\f\n\r\t \" \\""#, r#""/ \b\f\n\r\t \" \\""#),
    // NUL and other controls are text when they are escaped.
    (r#""\u0000\u001F\u007f""#, "\"\\u0000\\u001f\u{7f}\""),
    // A byte order mark inside a string is a character like any other, as are noncharacters.
    ("\"\u{feff}\u{ffff}\u{fdd0}\"", "\"\u{feff}\u{ffff}\u{fdd0}\""),
    // White space at the ends of text is text (T50).
    (r#"" a \n""#, r#"" a \n""#),
    // Numbers: one value, one spelling (T43).
    ("0", "0"),
    ("-0", "0"),
    ("-0.0e5", "0"),
    ("64.0", "64"),
    ("6.4E1", "64"),
    ("640e-1", "64"),
    ("0.1", "0.1"),
    ("4.50", "4.5"),
    ("2e-3", "0.002"),
    ("0.000000000000000000000000001", "1e-27"),
    ("1e-7", "1e-7"),
    ("5e-324", "5e-324"),
    ("9007199254740991", "9007199254740991"),
    ("9007199254740992", "9007199254740992"),
    ("-9007199254740992", "-9007199254740992"),
    ("9.007199254740992e15", "9007199254740992"),
    ("0e999999999999999999999", "0"),
];

#[test]
fn accepted_documents_have_one_canonical_form() {
    for (text, expected) in ACCEPT {
        let once = canonical(text);
        assert_eq!(once, *expected, "{text}");
        assert_eq!(canonical(&once), once, "canonical form is a fixed point: {text}");
    }
}

#[test]
fn t42_duplicate_keys_are_refused() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"[{"x":{"y":[{"a":1,"\u0061":2}]}}]"#,
        r#"{"":0,"":1}"#,
        r#"{"😀":0,"\ud83d\ude00":1}"#,
    ] {
        assert!(matches!(kind(text), ParseErrorKind::DuplicateMember { .. }), "{text}");
    }
    // Names that only look alike are two names.
    assert_eq!(canonical("{\"é\":1,\"e\u{301}\":2}"), "{\"e\u{301}\":2,\"é\":1}");
}

#[test]
fn t43_numbers_that_readers_disagree_about_are_refused() {
    for (text, error) in [
        ("9007199254740993", NumberError::BeyondExactIntegers),
        ("-9007199254740993", NumberError::BeyondExactIntegers),
        ("9007199254740994", NumberError::BeyondExactIntegers),
        ("18446744073709551615", NumberError::BeyondExactIntegers),
        ("1E30", NumberError::BeyondExactIntegers),
        ("1e400", NumberError::NotFinite),
        ("-1e400", NumberError::NotFinite),
        ("1e-400", NumberError::NotExact),
        ("333333333.33333329", NumberError::NotExact),
        ("0.1000000000000000055511151231257827", NumberError::NotExact),
        ("3.141592653589793238", NumberError::NotExact),
        ("1e99999999999999999999", NumberError::NotFinite),
        ("4503599627370496.25", NumberError::NotExact),
    ] {
        assert_eq!(kind(text), ParseErrorKind::Number(error), "{text}");
    }
    let long = format!("0.{}1", "0".repeat(1000));
    assert_eq!(kind(&long), ParseErrorKind::Number(NumberError::NotExact));
    assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NotFinite));
    assert_eq!(Number::from_i64((1 << 53) + 1), Err(NumberError::BeyondExactIntegers));
}

#[test]
fn t45_broken_text_is_refused() {
    for text in [r#""\ud800""#, r#""\udc00\ud800""#, r#""\ud800\u0041""#, r#""\ud83d😀""#, r#"{"\ud800":1}"#] {
        assert_eq!(kind(text), ParseErrorKind::LoneSurrogate, "{text}");
    }
    assert_eq!(kind("\u{feff}{}"), ParseErrorKind::ByteOrderMark);
    for bytes in [
        &b"\"\xff\""[..],
        b"\"\xc0\xaf\"",         // an overlong slash
        b"\"\xed\xa0\x80\"",     // a surrogate, encoded
        b"\"\xf4\x90\x80\x80\"", // beyond U+10FFFF
        b"\"\xe2\x82\"",         // cut off
        b"\xff\xfe{\x00}\x00",   // UTF-16
    ] {
        assert_eq!(kind(bytes), ParseErrorKind::InvalidUtf8, "{bytes:?}");
    }
    for text in ["\"a\u{0}b\"", "\"a\nb\"", "\"a\r\nb\"", "\"\t\"", "\"\u{1b}[31m\""] {
        assert_eq!(kind(text), ParseErrorKind::ControlCharacter, "{text:?}");
    }
    for text in [r#""\x41""#, r#""\u00g0""#, r#""\U0041""#, r#""\'""#, r#"["\u12", 1]"#] {
        assert_eq!(kind(text), ParseErrorKind::InvalidEscape, "{text}");
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "[1,]", "{\"a\":1,}", "[,1]", "{a:1}", "{'a':1}", "nul!", "True", "NaN", "Infinity", "-Infinity", "+1", ".5",
        "-a", "1.e", "1ex", "[1 2]", "{\"a\" 1}", "{\"a\":}", "/* */ 1", "// x\n1", "\u{a0}1", "\u{c}1", "\u{feff} 1x",
        "0x10]", "[01]", "[-]", "{1:2}", "{null:1}", "]",
    ] {
        let found = kind(text);
        let expected = matches!(
            found,
            ParseErrorKind::Syntax { .. } | ParseErrorKind::TrailingText | ParseErrorKind::ByteOrderMark
        );
        assert!(expected, "{text:?}: {found:?}");
    }
    for text in ["", " ", "[", "{", "\"", "[1", "{\"a\"", "{\"a\":", "{\"a\":1", "tru", "-", "1.", "1e", "1e+", r#""\"#]
    {
        assert_eq!(kind(text), ParseErrorKind::UnexpectedEnd, "{text:?}");
    }
    for text in ["1 2", "{} {}", "null,", "{}\u{0}", "[]]", "01", "1.0.0", "{}//"] {
        assert_eq!(kind(text), ParseErrorKind::TrailingText, "{text:?}");
    }
}

#[test]
fn t46_limits_are_refusals_of_their_own() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(Limits::FOREIGN.depth).as_bytes()).is_ok());
    assert_eq!(kind(nested(65)), ParseErrorKind::TooDeep { limit: 64 });
    assert_eq!(kind("[".repeat(1_000_000)), ParseErrorKind::TooDeep { limit: 64 });
    assert_eq!(kind("{\"a\":".repeat(65)), ParseErrorKind::TooDeep { limit: 64 });

    let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
    assert!(parse(list(10_000).as_bytes()).is_ok());
    assert_eq!(kind(list(10_001)), ParseErrorKind::TooManyEntries { limit: 10_000 });
    let members = |count: usize| {
        let members: Vec<String> = (0..count).map(|index| format!("\"{index}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(parse(members(10_000).as_bytes()).is_ok());
    assert_eq!(kind(members(10_001)), ParseErrorKind::TooManyEntries { limit: 10_000 });

    let limits = Limits { bytes: 8, ..Limits::FOREIGN };
    assert!(parse_with(b"[1,2,34]", &limits).is_ok());
    assert_eq!(parse_with(b"[1,2,345]", &limits).unwrap_err().kind, ParseErrorKind::TooLarge { limit: 8 });

    // Short of every other limit, but a million values.
    let row = format!("[{}0]", "0,".repeat(9_999));
    let table = format!("[{}]", vec![row; 101].join(","));
    assert_eq!(kind(table), ParseErrorKind::TooManyValues { limit: 1_000_000 });
}

#[test]
fn errors_say_where_and_never_repeat_hostile_text() {
    let error = parse(b"{\n  \"a\": 1,\n  \"b\": tru\n}").unwrap_err();
    assert_eq!((error.line, error.column, error.offset), (3, 8, 19));
    for text in [
        "{\"\\u001b[2J\u{202e}x\":1,\"\\u001b[2J\u{202e}x\":2}".to_owned(),
        "{\"\u{e0041}\":1,\"\u{e0041}\":2}".to_owned(),
        format!("{{\"{0}\":1,\"{0}\":2}}", "x".repeat(10_000)),
    ] {
        let message = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(!message.chars().any(is_hidden) && message.len() < 300, "{message}");
    }
}

/// RFC 8785 appendix B, for the values that strict JSON holds.
#[test]
fn rfc8785_appendix_b_numbers() {
    for (bits, text) in [
        (0x0000_0000_0000_0000_u64, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        let number = Number::from_f64(f64::from_bits(bits)).unwrap();
        assert_eq!(number.to_string(), text);
        assert_eq!(canonical(text), text, "the spelling is its own lexeme");
    }
    // The other rows of the table are beyond 2^53, or are no numbers.
    for (bits, error) in [
        (0x7fef_ffff_ffff_ffff_u64, NumberError::BeyondExactIntegers),
        (0xffef_ffff_ffff_ffff, NumberError::BeyondExactIntegers),
        (0x4430_0000_0000_0000, NumberError::BeyondExactIntegers),
        (0x44b5_2d02_c7e1_4af5, NumberError::BeyondExactIntegers),
        (0x44b5_2d02_c7e1_4af6, NumberError::BeyondExactIntegers),
        (0x44b5_2d02_c7e1_4af7, NumberError::BeyondExactIntegers),
        (0x444b_1ae4_d6e2_ef4e, NumberError::BeyondExactIntegers),
        (0x444b_1ae4_d6e2_ef4f, NumberError::BeyondExactIntegers),
        (0x444b_1ae4_d6e2_ef50, NumberError::BeyondExactIntegers),
        (0x7fff_ffff_ffff_ffff, NumberError::NotFinite),
        (0x7ff0_0000_0000_0000, NumberError::NotFinite),
    ] {
        assert_eq!(Number::from_f64(f64::from_bits(bits)), Err(error), "{bits:x}");
    }
}

/// RFC 8785 section 3.2.2: the structure sample. Two of its lexemes are not exact, so the sample is built of values.
#[test]
fn rfc8785_structure_sample() {
    let lexemes = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}"#;
    assert_eq!(kind(lexemes), ParseErrorKind::Number(NumberError::NotExact));
    assert_eq!(kind("[1E30]"), ParseErrorKind::Number(NumberError::BeyondExactIntegers));

    let number = |value: f64| Value::Number(Number::from_f64(value).unwrap());
    let sample = Object::from_iter([
        ("numbers", Value::Array(vec![number(333_333_333.333_333_3), number(4.5), number(2e-3), number(1e-27)])),
        ("string", Value::from("\u{20ac}$\u{f}\nA'B\"\\\\\"/")),
        ("literals", Value::Array(vec![Value::Null, Value::Bool(true), Value::Bool(false)])),
    ]);
    assert_eq!(
        Value::Object(sample).to_canonical_string(),
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
}

/// RFC 8785 section 3.2.3: names are sorted by UTF-16 code units.
#[test]
fn rfc8785_sorting_sample() {
    let text = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
        "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
    let value = parse(text.as_bytes()).unwrap();
    let names: Vec<&str> = value.as_object().unwrap().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"]);
}

#[test]
fn pretty_text_hides_nothing_and_parses_back() {
    let text = "{\"a\":[],\"b\":{},\"c\":[1,{\"\u{202e}\":\"x\u{200b}\u{e0041}\u{feff}\\u001b\"}]}";
    let value = parse(text.as_bytes()).unwrap();
    let pretty = to_pretty_string(&value);
    assert!(!pretty.chars().any(|c| is_hidden(c) && c != '\n'), "{pretty}");
    assert!(pretty.contains(r"\u202e") && pretty.contains(r"\udb40\udc41"), "{pretty}");
    assert_eq!(parse(pretty.as_bytes()).unwrap(), value);
    assert!(pretty.ends_with("}\n"));
}

#[test]
fn typed_documents_are_read_from_values_without_loss() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    enum Choice {
        Plain,
        Wrapped(u8),
        Pair(i64, f64),
        Fields { a: Option<bool> },
    }
    let read = |text: &str| json::from_value::<Choice>(&parse(text.as_bytes()).unwrap());
    assert_eq!(read(r#""plain""#).unwrap(), Choice::Plain);
    assert_eq!(read(r#"{"wrapped":7}"#).unwrap(), Choice::Wrapped(7));
    assert_eq!(read(r#"{"pair":[-3,0.1]}"#).unwrap(), Choice::Pair(-3, 0.1));
    assert_eq!(read(r#"{"fields":{"a":null}}"#).unwrap(), Choice::Fields { a: None });
    for text in
        [r#""other""#, "7", r#"{"wrapped":256}"#, r#"{"pair":[1,2,3]}"#, r#"{"plain":1}"#, "{}", r#"{"a":1,"b":2}"#]
    {
        assert!(read(text).is_err(), "{text}");
    }
    let message = read("\"\\u001b[31m\u{202e}\"").unwrap_err().to_string();
    assert!(!message.chars().any(is_hidden), "{message}");
    // A float that a fast but inexact reader gets wrong by one bit stays what it is.
    let value = parse(b"[0.1,1e-27,5e-324,333333333.33333325,-0.0000033333333333333333]").unwrap();
    assert_eq!(json::from_value::<Value>(&value).unwrap(), value);
    assert_eq!(json::to_value(&value).unwrap(), value);
}

fn arbitrary_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_filter_map("within 2^53", |value| Number::from_f64(value).ok().map(Value::Number)),
        (-(1_i64 << 53)..=(1 << 53)).prop_map(|value| Value::Number(Number::from_i64(value).unwrap())),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_form_parses_back(value in arbitrary_value()) {
        let canonical = value.to_canonical_string();
        let parsed = parse(canonical.as_bytes()).unwrap();
        prop_assert_eq!(&parsed, &value);
        prop_assert_eq!(parsed.to_canonical_string(), canonical);
    }

    #[test]
    fn pretty_text_parses_back(value in arbitrary_value()) {
        let pretty = to_pretty_string(&value);
        prop_assert_eq!(parse(pretty.as_bytes()).unwrap(), value);
        prop_assert!(!pretty.chars().any(|c| is_hidden(c) && c != '\n'));
    }

    #[test]
    fn order_of_members_never_reaches_the_bytes(members in prop::collection::btree_map(any::<String>(), any::<u32>(), 0..12), seed in any::<u64>()) {
        let mut shuffled: Vec<(String, u32)> = members.into_iter().collect();
        let sorted = shuffled.clone();
        let mut state = seed | 1;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
        }
        let text = |members: &[(String, u32)]| {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str()))).collect();
            format!("{{{}}}", members.join(","))
        };
        let bytes = parse(text(&shuffled).as_bytes()).unwrap().to_canonical_bytes();
        prop_assert_eq!(&parse(text(&sorted).as_bytes()).unwrap().to_canonical_bytes(), &bytes);
        // The same through another JSON library, whatever order its map has.
        let foreign: serde_json::Map<String, serde_json::Value> = shuffled.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
        prop_assert_eq!(&json::to_value(&serde_json::Value::Object(foreign)).unwrap().to_canonical_bytes(), &bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn nearly_json_never_panics(text in r#"[\[\]{}",:0-9eE+.\\u/truefalsn d8\-]{0,64}"#) {
        if let Ok(value) = parse(text.as_bytes()) {
            let canonical = value.to_canonical_string();
            prop_assert_eq!(parse(canonical.as_bytes()).unwrap(), value);
        }
    }

    #[test]
    fn integers_are_exact_or_refused(value in any::<i64>()) {
        match parse(value.to_string().as_bytes()) {
            Ok(parsed) => prop_assert_eq!(parsed.as_number().unwrap().as_i64(), Some(value)),
            Err(error) => {
                prop_assert!(value.unsigned_abs() > 1 << 53, "{}", value);
                prop_assert!(matches!(error.kind, ParseErrorKind::Number(_)));
            }
        }
    }
}
