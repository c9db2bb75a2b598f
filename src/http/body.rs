//! The part of a body that is kept: its beginning, up to the limit or the first lost byte.

#[derive(Debug, Default)]
pub(super) struct Body {
    kept: Vec<u8>,
    /// Bytes of the body so far, kept or not, lost ones included.
    pub bytes: u64,
    /// Nothing more is kept: the limit is reached, bytes were lost, or memory ran short.
    full: bool,
}

/// A body grows by doubling from here; small ones are taken as they come.
const FIRST_GROWTH_BYTES: usize = 4 << 10;

impl Body {
    pub fn push(&mut self, bytes: &[u8], max_body_bytes: usize) {
        self.bytes += bytes.len() as u64;
        if self.full {
            return;
        }
        let room = max_body_bytes.saturating_sub(self.kept.len());
        let take = bytes.len().min(room);
        let needed = self.kept.len() + take;
        if needed > self.kept.capacity() {
            // Never more than the limit: the capacity is what counts against the memory budget.
            let goal = (self.kept.capacity() * 2).max(FIRST_GROWTH_BYTES).min(max_body_bytes).max(needed);
            self.kept.reserve_exact(goal - self.kept.len());
        }
        self.kept.extend_from_slice(bytes.get(..take).unwrap_or_default());
        self.full = take < bytes.len();
    }

    pub fn lose(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.full = true;
    }

    /// Forgets what was kept. Says whether there was something.
    pub fn cut(&mut self) -> bool {
        let cut = !self.full || !self.kept.is_empty();
        self.kept = Vec::new();
        self.full = true;
        cut
    }

    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// What it costs: growing blocks leave holes between them that fit nothing (an eighth is what tests/resources.rs sees).
    pub fn buffered_bytes(&self) -> usize {
        self.kept.capacity() + self.kept.capacity() / 8
    }
}
