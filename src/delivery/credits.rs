//! How many batches the receiver still takes. In: a credit back for each batch that it has finished with. Out: a credit for each
//! batch that goes to it. Refuses to know: batches, threads.

use crossbeam_channel::{Receiver, Sender, bounded};

/// Batches that the receiver may hold at one time: enough that it never runs dry while the next batch is on its way,
/// few enough that what it holds is bounded (a batch is bounded in bytes).
pub const CREDITS: usize = 4;

#[derive(Debug)]
pub(crate) struct Credits {
    back: Sender<()>,
    left: Receiver<()>,
}

impl Default for Credits {
    fn default() -> Self {
        let (back, left) = bounded(CREDITS);
        let credits = Self { back, left };
        (0..CREDITS).for_each(|_| credits.give_back());
        credits
    }
}

impl Credits {
    /// Takes one, if there is one.
    #[must_use]
    pub(crate) fn take(&self) -> bool {
        self.left.try_recv().is_ok()
    }

    /// More than were taken change nothing.
    pub(crate) fn give_back(&self) {
        let _ = self.back.try_send(());
    }

    pub(crate) fn has_any(&self) -> bool {
        !self.left.is_empty()
    }

    /// The receiver has no batch in its hands.
    pub(crate) fn has_all(&self) -> bool {
        self.left.is_full()
    }

    /// To wait for one: what is received from it is taken.
    pub(super) fn left(&self) -> &Receiver<()> {
        &self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_bounded_both_ways() {
        let credits = Credits::default();
        credits.give_back();
        assert!((0..CREDITS).all(|_| credits.take()));
        assert!(!credits.take() && !credits.has_any());
        credits.give_back();
        assert!(credits.has_any() && !credits.has_all());
        assert!(credits.take() && !credits.take());
    }
}
