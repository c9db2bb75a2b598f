//! The sending thread when its receiver fails.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use super::*;

const LINE: &[u8] = b"{}\n";

/// It fails at the first batch.
struct Failing(Mutex<Sender<Event>>);

impl Delivery for Failing {
    fn deliver(&self, event: Event) {
        assert!(!matches!(event, Event::Batch(_)), "as asked");
        self.0.lock().unwrap().send(event).unwrap();
    }

    fn backlog(&self) -> usize {
        0
    }

    fn is_gone(&self) -> bool {
        false
    }
}

#[test]
fn a_failure_costs_no_facts_of_what_was_sent_before() {
    let feedback = Arc::new(Feedback::default());
    feedback.want_facts(true);
    let shared = Shared { feedback, ledger: Arc::new(Ledger::default()), wake: Box::new(|| {}) };
    let (sender, events) = channel();
    let config = EngineConfig::for_ports(&[80]);
    let mut outgoing = spawn(&config, true, shared, Failing(Mutex::new(sender))).unwrap();
    let batch = Batch { lines: LINE.to_vec().into(), messages: 1, ..Batch::default() };
    assert_eq!(outgoing.push(batch, usize::MAX), 0);
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "end") {
        told.push(match events.recv_timeout(Duration::from_secs(60)).unwrap() {
            Event::Facts(table) => format!("facts of {}", table.messages),
            Event::Error(error) => format!("{error:?}").split(' ').next().unwrap().to_owned(),
            Event::Stats(_) => "stats".to_owned(),
            Event::End => "end".to_owned(),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(told, ["facts of 1", "Panicked", "stats", "end"]);
}
