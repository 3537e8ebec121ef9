//! The table of keywords, applied in both directions to both schemas of a tool.

use mcp_pin_model::json::Object;

use super::{
    keywords::{Keyword, direction},
    *,
};

fn sample(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| mcp_pin_model::json::parse(text.as_bytes()).expect("a sample is JSON"))
}

fn directions(keyword: &Keyword, was: Option<Value>, is: Option<Value>, side: Side) -> Vec<Option<Direction>> {
    let schema = |value: Option<Value>| {
        let mut schema = Object::new();
        if let Some(value) = value {
            schema.insert(keyword.name, value);
        }
        Value::Object(schema)
    };
    let mut changes = Vec::new();
    compare(&mut Collector::new(&mut changes, None), &Pointer::root(), Some(&schema(was)), Some(&schema(is)), side);
    changes.iter().map(|change| change.direction).collect()
}

#[test]
fn every_keyword_has_its_mirror() {
    let mut counted = 0;
    for keyword in KEYWORDS {
        let (loose, tight) = (sample(keyword.samples.0), sample(keyword.samples.1));
        for (was, is, input, output) in [
            (&loose, &tight, Direction::Narrowed, Direction::Widened),
            (&tight, &loose, Direction::Widened, Direction::Narrowed),
        ] {
            // Which branch another question leads to, nobody can tell.
            let question = keyword.effect == Effect::Question;
            let (input, output) = if question { (Direction::Altered, Direction::Altered) } else { (input, output) };
            assert_eq!(
                directions(keyword, was.clone(), is.clone(), Side::Input),
                [Some(input)],
                "{} of an input",
                keyword.name
            );
            assert_eq!(
                directions(keyword, was.clone(), is.clone(), Side::Output),
                [Some(output)],
                "{} of an output",
                keyword.name
            );
            counted += 1;
        }
    }
    assert_eq!(counted, 2 * KEYWORDS.len());
    assert_eq!(KEYWORDS.len(), 46);
}

#[test]
fn keywords_are_listed_once() {
    let names: BTreeSet<&str> = KEYWORDS.iter().map(|keyword| keyword.name).collect();
    assert_eq!(names.len(), KEYWORDS.len());
}

#[test]
fn an_integer_is_a_number() {
    let [integer, number] = [sample("\"integer\""), sample("\"number\"")];
    assert_eq!(direction(Effect::Types, integer.as_ref(), number.as_ref()), Some(Direction::Widened));
    assert_eq!(direction(Effect::Types, number.as_ref(), integer.as_ref()), Some(Direction::Narrowed));
}
