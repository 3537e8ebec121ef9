//! Strict JSON in, canonical JSON (RFC 8785) out.
//!
//! There is one value type, [`Value`], and it has no document order: members are kept in the order of
//! RFC 8785 section 3.2.3 from the moment they are parsed, so no path exists by which the order of a
//! document, or of somebody's map type, reaches a hash.

mod canonical;
mod de;
mod number;
mod parse;
pub mod pointer;
mod pretty;
mod typed;
mod value;

pub use canonical::CanonicalObject;
pub use number::{Number, NumberError};
pub use parse::{Limits, ParseError, ParseErrorKind, parse, parse_with};
pub use pointer::Pointer;
pub use pretty::{is_hidden, to_line_string, to_pretty_string};
pub use typed::{TypedError, from_value, to_value};
pub(crate) use value::utf16_cmp;
pub use value::{Object, Value};
