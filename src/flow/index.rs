//! Slots by key. In: keys, each with the slot of its entry. Out: the slot whose entry has a key. Refuses to know: entries; whether one
//! has the key is asked.
//!
//! The keys stand in the entries only: of many connections the index is still small enough for fast memory, and the entry that a
//! search ends at is used next in any case.

use ahash::RandomState;
use hashbrown::HashTable;

use super::FlowKey;

#[derive(Debug)]
struct Place {
    /// Half of the key's.
    hash: u32,
    slot: u32,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    places: HashTable<Place>,
    hasher: RandomState,
}

impl Index {
    /// The slot of this key, by `has` of which it is asked whether its entry has it.
    #[inline]
    pub fn find(&self, key: &FlowKey, mut has: impl FnMut(u32) -> bool) -> Option<u32> {
        let hash = self.hash(key);
        Some(self.places.find(whole(hash), |place| place.hash == hash && has(place.slot))?.slot)
    }

    /// A key that no entry has.
    pub fn insert(&mut self, key: &FlowKey, slot: u32) {
        let hash = self.hash(key);
        self.places.insert_unique(whole(hash), Place { hash, slot }, |place| whole(place.hash));
    }

    pub fn remove(&mut self, key: &FlowKey, slot: u32) {
        let hash = self.hash(key);
        if let Ok(place) = self.places.find_entry(whole(hash), |place| place.hash == hash && place.slot == slot) {
            place.remove();
        }
    }

    #[inline]
    fn hash(&self, key: &FlowKey) -> u32 {
        self.hasher.hash_one(key) as u32
    }
}

/// The table takes the place from the low bits and a mark from the high bits.
fn whole(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::decode::Endpoint;

    proptest! {
        /// Two keys may have the same slot, and many the same hash where so few bits are left of it.
        #[test]
        fn finds_what_was_put_in_and_not_taken_out(steps in prop::collection::vec((0_u16..40, 0_u32..30), 0..200)) {
            let key = |port| {
                let end = |port| Endpoint { ip: [10, 0, 0, 1].into(), port };
                FlowKey::of(end(port), end(80)).0
            };
            let (mut index, mut model) = (Index::default(), HashMap::new());
            for (port, slot) in steps {
                match model.remove(&port) {
                    Some(slot) => index.remove(&key(port), slot),
                    None => {
                        index.insert(&key(port), slot);
                        model.insert(port, slot);
                    }
                }
                for port in 0..40 {
                    let found = index.find(&key(port), |slot| model.get(&port) == Some(&slot));
                    prop_assert_eq!(found, model.get(&port).copied());
                }
                prop_assert_eq!(index.places.len(), model.len());
            }
        }
    }
}
