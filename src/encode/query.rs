//! Secrets in a request target's query.

use super::REDACTED;

/// The query with the value of every parameter of these names (in lower case) replaced. Names are compared as a server
/// reads them: percent-encoding and case make no difference; `&` and `;` both separate.
pub(super) fn redact(query: &[u8], names: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(query.len());
    for parameter in query.split_inclusive(|b| matches!(b, b'&' | b';' | b'#')) {
        let (parameter, separator) = match parameter.split_last() {
            Some((last @ (b'&' | b';' | b'#'), rest)) => (rest, Some(*last)),
            _ => (parameter, None),
        };
        match parameter.iter().position(|&b| b == b'=') {
            Some(equals) if names.contains(&decoded(parameter.get(..equals).unwrap_or_default())) => {
                out.extend_from_slice(parameter.get(..=equals).unwrap_or_default());
                out.extend_from_slice(REDACTED);
            }
            _ => out.extend_from_slice(parameter),
        }
        out.extend(separator);
    }
    out
}

/// A parameter's name without percent-encoding, in lower case.
fn decoded(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |b: u8| char::from(b).to_digit(16);
        let (byte, after) = match (byte, after) {
            (b'%', &[high, low, ref behind @ ..]) => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => ((high * 16 + low) as u8, behind),
                _ => (byte, after),
            },
            (b'+', _) => (b' ', after),
            _ => (byte, after),
        };
        out.push(byte.to_ascii_lowercase());
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_these_names_only() {
        let names = [b"token".to_vec(), b"api key".to_vec()];
        for (query, redacted) in [
            ("token=abc", "token=[REDACTED]"),
            ("a=1&TOKEN=abc&b=2", "a=1&TOKEN=[REDACTED]&b=2"),
            ("%74oken=abc;x=y", "%74oken=[REDACTED];x=y"),
            ("api+key=1&api%20key=2", "api+key=[REDACTED]&api%20key=[REDACTED]"),
            ("token", "token"),
            ("token=", "token=[REDACTED]"),
            ("token=a=b#token=c", "token=[REDACTED]#token=[REDACTED]"),
            ("tokens=1&%zz=2", "tokens=1&%zz=2"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(redact(query.as_bytes(), &names)).unwrap(), redacted, "{query}");
        }
    }
}
