//! Which fields of a head have the same name.
//!
//! A head has few fields, and to look at each pair of them costs next to nothing. It may have a thousand, and then a table is made:
//! the work is in proportion to the bytes, whatever the names are. Its hash has a key, so that no sender can choose names that
//! collide in it.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use ahash::RandomState;

use crate::message::words::{lower, same_name};
use crate::message::{Field, Fields, name_bit};

/// With more fields than this the table costs less.
const FEW_FIELDS: usize = 32;
/// No field.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) enum Repeats<'a> {
    Few(Fields<'a>),
    Many(Vec<Links>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    is_later: bool,
    next: u32,
}

impl<'a> Repeats<'a> {
    pub fn of(fields: Fields<'a>, random: &RandomState) -> Self {
        if fields.lines.len() > FEW_FIELDS { Self::Many(links(fields, random)) } else { Self::Few(fields) }
    }

    /// The `name_bit` of each name that may be there twice.
    pub fn bits(&self) -> u64 {
        match self {
            Self::Few(fields) => fields.lines.repeated(),
            Self::Many(_) => u64::MAX,
        }
    }

    /// True if there may be others of its name.
    #[inline]
    pub fn may_have(&self, index: usize, field: &Field) -> bool {
        match self {
            Self::Few(fields) => fields.lines.repeated() & name_bit(field.name_hash) != 0,
            Self::Many(links) => links.get(index).is_some_and(|link| link.is_later || link.next != NONE),
        }
    }

    /// True if a field before it has its name.
    pub fn is_later(&self, index: usize) -> bool {
        match self {
            Self::Few(Fields { lines, bytes }) => {
                lines.get(index).is_some_and(|field| lines.iter().take(index).any(|other| same(field, other, bytes)))
            }
            Self::Many(links) => links.get(index).is_some_and(|link| link.is_later),
        }
    }

    /// The next field with its name.
    pub fn next(&self, index: usize) -> Option<usize> {
        match self {
            Self::Few(Fields { lines, bytes }) => {
                let field = lines.get(index)?;
                let after = lines.iter().skip(index + 1).position(|other| same(field, other, bytes))?;
                Some(index + 1 + after)
            }
            Self::Many(links) => {
                links.get(index).map(|link| link.next).filter(|next| *next != NONE).map(|n| n as usize)
            }
        }
    }
}

fn same(a: &Field, b: &Field, bytes: &[u8]) -> bool {
    a.name_hash == b.name_hash && a.is_named(b.name.of(bytes), bytes)
}

fn links(Fields { lines, bytes }: Fields<'_>, random: &RandomState) -> Vec<Links> {
    let mut links = vec![Links { is_later: false, next: NONE }; lines.len()];
    let mut last_of = HashMap::with_capacity_and_hasher(lines.len(), random.clone());
    for (index, field) in lines.iter().enumerate() {
        let Some(before) = last_of.insert(Name(field.name.of(bytes)), index) else { continue };
        if let Some(link) = links.get_mut(index) {
            link.is_later = true;
        }
        if let Some(link) = links.get_mut(before) {
            link.next = index as u32;
        }
    }
    links
}

/// Compared without regard to case.
struct Name<'a>(&'a [u8]);

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (words, rest) = self.0.as_chunks::<8>();
        words.iter().for_each(|word| state.write_u64(lower(u64::from_le_bytes(*word))));
        let tail = rest.iter().fold(0, |tail, byte| (tail << 8) | u64::from(byte.to_ascii_lowercase()));
        state.write_u64(tail);
        state.write_usize(self.0.len());
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        same_name(self.0, other.0)
    }
}

impl Eq for Name<'_> {}
