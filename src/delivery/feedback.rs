//! The feedback, which goes against the stream: credits, whether stdout is all that wants the lines, whether the receiver wants
//! changes or facts. In: the receiver's calls, from any thread. Out: the same to the capture thread and the sending thread. Refuses to know:
//! batches, how a thread is woken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::changes::MIN_MESSAGES;
use super::cpu::cpu_of_this_thread;
use super::credits::Credits;
use super::stdout::StdoutOutput;
use crate::batch::Batch;

#[derive(Debug, Default)]
pub(crate) struct Feedback {
    pub(super) credits: Credits,
    /// For facts: lines may go to stdout while the receiver has some of these in its hands.
    pub(super) facts_credits: Credits,
    pub(crate) stdout: StdoutOutput,
    /// The receiver makes objects of the messages.
    wants_changes: AtomicBool,
    /// The receiver counts messages.
    wants_facts: AtomicBool,
    /// The capture thread has a young batch for a receiver that was not hungry.
    young_waits: AtomicBool,
    /// CPU time of the sending thread, in ns, once `measure_cpu` was called.
    measures_cpu: AtomicBool,
    cpu_nanos: AtomicU64,
}

impl Feedback {
    /// The receiver has finished with one batch. Says whether the capture thread waits to hear that.
    pub(crate) fn release(&self) -> bool {
        self.credits.give_back();
        self.young_waits.swap(false, Ordering::SeqCst)
    }

    /// `is_hungry`: the receiver could have another batch at once. If it could not, `release` says so.
    pub(super) fn note_hunger(&self, is_hungry: impl Fn() -> bool) -> bool {
        if !is_hungry() {
            self.young_waits.store(true, Ordering::SeqCst);
            // A credit may have come meanwhile, and then no wake-up says so.
            if !is_hungry() {
                return false;
            }
        }
        self.young_waits.store(false, Ordering::SeqCst);
        true
    }

    pub(crate) fn want_changes(&self, want: bool) {
        self.wants_changes.store(want, Ordering::Relaxed);
    }

    pub(super) fn wants_changes_of(&self, batch: &Batch) -> bool {
        self.wants_changes.load(Ordering::Relaxed) && batch.messages >= MIN_MESSAGES
    }

    pub(crate) fn want_facts(&self, want: bool) {
        self.wants_facts.store(want, Ordering::Relaxed);
    }

    pub(super) fn wants_facts(&self) -> bool {
        self.wants_facts.load(Ordering::Relaxed)
    }

    pub(crate) fn release_facts(&self) {
        self.facts_credits.give_back();
    }

    /// The sending thread is to tell how much CPU time it has taken.
    pub(crate) fn measure_cpu(&self) {
        self.measures_cpu.store(true, Ordering::Relaxed);
    }

    /// As of its last batch.
    pub(crate) fn cpu_of_sending(&self) -> Duration {
        Duration::from_nanos(self.cpu_nanos.load(Ordering::Relaxed))
    }

    /// On the sending thread.
    pub(crate) fn tell_cpu(&self) {
        if self.measures_cpu.load(Ordering::Relaxed) {
            let nanos = u64::try_from(cpu_of_this_thread().as_nanos()).unwrap_or(u64::MAX);
            self.cpu_nanos.store(nanos, Ordering::Relaxed);
        }
    }

    /// Ahead of what the receiver has in its hands no line is written.
    pub(super) fn may_write_to_stdout(&self) -> bool {
        self.stdout.is_open() && self.credits.has_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_wakes_the_capture_thread_where_a_young_batch_waits_for_it() {
        let feedback = Feedback::default();
        assert!(feedback.note_hunger(|| true) && !feedback.release(), "it does not wait");
        assert!(!feedback.note_hunger(|| false) && feedback.release());
        assert!(!feedback.release(), "it was told");
    }

    #[test]
    fn only_where_the_receiver_left_it_and_has_nothing_of_before() {
        let feedback = Feedback::default();
        assert!(!feedback.may_write_to_stdout(), "never opened");
        feedback.stdout.open(true);
        assert!(feedback.may_write_to_stdout());
        assert!(feedback.credits.take() && !feedback.may_write_to_stdout(), "a batch is before it");
        feedback.release();
        assert!(feedback.may_write_to_stdout());
        feedback.stdout.open(false);
        assert!(!feedback.may_write_to_stdout());
    }
}
