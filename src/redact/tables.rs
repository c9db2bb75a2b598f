//! The tables of the search for names: which groups of names bytes fit by their low four bits.

/// Bytes in a row that are looked for.
pub(super) const WINDOW: usize = 4;

/// For each place of the window, and for each low four bits of the byte there, the groups that it fits.
pub(super) type Tables = [[u8; 16]; WINDOW];

/// How far a text was looked through.
pub(super) struct Passed {
    /// The first place where a group fits, or the end of the text.
    pub at: usize,
    /// False if a byte up to there is not ASCII, or one soon after it.
    pub is_ascii: bool,
}

/// Those that the bytes from `at` on fit. After the end of the text stands what only a name may have there that is so short.
pub(super) fn groups_at(tables: &Tables, text: &[u8], at: usize) -> u8 {
    tables.iter().enumerate().fold(u8::MAX, |groups, (place, table)| {
        let byte = text.get(at + place).copied().unwrap_or_default();
        groups & if byte.is_ascii() { table.get(usize::from(byte & 15)).copied().unwrap_or_default() } else { 0 }
    })
}
