//! Numbers: finite doubles of magnitude at most 2^53, spelled as RFC 8785 section 3.2.2.3 says.

use std::fmt;

use thiserror::Error;

/// The largest magnitude accepted as an integer.
const MAX_INTEGER: u64 = 1 << 53;

/// The largest magnitude accepted: above it not every integer has a double of its own (RFC 7493 section 2.2), so two
/// readers of one document could see two numbers.
const MAX_MAGNITUDE: f64 = 9_007_199_254_740_992.0;

/// The most characters a number may have; the longest that a double needs has 24, and longer ones are refused by the
/// exactness rule anyway.
const MAX_LEXEME: usize = 400;

/// A JSON number with one canonical spelling. Negative zero is stored as zero.
#[derive(Clone, Copy, PartialEq)]
pub struct Number(f64);

// A `Number` is never NaN, so equality is total.
impl Eq for Number {}

/// Why a number is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberError {
    /// Not finite as a double, for example `1e400`.
    #[error("number is too large for an IEEE double")]
    NotFinite,
    /// Magnitude above 2^53.
    #[error("number is beyond 2^53, where readers disagree about its value")]
    BeyondExactIntegers,
    /// The double nearest to what is written has another shortest spelling.
    #[error("number has more digits than an IEEE double holds, so readers disagree about its value")]
    NotExact,
}

impl Number {
    /// Takes a double.
    ///
    /// # Errors
    /// NaN, infinities and magnitudes above 2^53 are refused.
    pub fn from_f64(value: f64) -> Result<Self, NumberError> {
        if !value.is_finite() {
            Err(NumberError::NotFinite)
        } else if value.abs() > MAX_MAGNITUDE {
            Err(NumberError::BeyondExactIntegers)
        } else {
            // RFC 8785 spells -0 as 0; storing one zero makes equality and spelling agree.
            Ok(Self(if value == 0.0 { 0.0 } else { value }))
        }
    }

    /// Takes an integer.
    ///
    /// # Errors
    /// Magnitudes above 2^53 are refused.
    pub fn from_i64(value: i64) -> Result<Self, NumberError> {
        if value.unsigned_abs() > MAX_INTEGER {
            return Err(NumberError::BeyondExactIntegers);
        }
        #[expect(clippy::cast_precision_loss, reason = "checked: at most 2^53")]
        Ok(Self(value as f64))
    }

    /// Takes a lexeme that already matches the JSON grammar (RFC 8259 section 6).
    pub(super) fn from_lexeme(lexeme: &str) -> Result<Self, NumberError> {
        if lexeme.len() > MAX_LEXEME {
            return Err(NumberError::NotExact);
        }
        let value: f64 = lexeme.parse().map_err(|_| NumberError::NotFinite)?;
        let number = Self::from_f64(value)?;
        // The common case, an integer of at most 15 digits, is exact by construction. One more digit is not:
        // 9007199254740993 is read as 2^53.
        let plain = lexeme.len() <= 15 && lexeme.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if plain || Decimal::of(lexeme) == Decimal::of(number.spelled(&mut ryu_js::Buffer::new())) {
            Ok(number)
        } else if number.0.abs() >= MAX_MAGNITUDE {
            // Just above 2^53 the nearest double is 2^53 itself.
            Err(NumberError::BeyondExactIntegers)
        } else {
            Err(NumberError::NotExact)
        }
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The value, if it is a non-negative integer.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: a non-negative integer of at most 2^53"
        )]
        (self.0 >= 0.0 && self.0.fract() == 0.0).then_some(self.0 as u64)
    }

    /// The value, if it is an integer.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "checked: an integer of magnitude at most 2^53")]
        (self.0.fract() == 0.0).then_some(self.0 as i64)
    }

    /// The canonical spelling (ECMAScript `Number::toString`).
    pub(super) fn spelled(self, buffer: &mut ryu_js::Buffer) -> &str {
        buffer.format_finite(self.0)
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self(f64::from(value))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spelled(&mut ryu_js::Buffer::new()))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A decimal number as sign, significant digits without zeros at either end, and the power of ten of the last digit.
/// Two lexemes denote the same number exactly if these are equal.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn of(lexeme: &str) -> Self {
        let (mantissa, exponent) = match lexeme.split_once(['e', 'E']) {
            // An exponent too long for an i64 cannot be equal to that of a finite double.
            Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(i64::MAX / 2)),
            None => (lexeme, 0_i64),
        };
        let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|&digit| digit == b'0').collect();
        let mut exponent = exponent.saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX));
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent = exponent.saturating_add(1);
        }
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent }
    }
}
