//! The sending thread: one for each capture, so that decoding bodies and waiting for the receiver cost the capture thread
//! nothing. In: what the outbox holds. Out: events to the receiver, batches finished, as it gives credits for them; or past
//! it to stdout, where it says so.

use std::io;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::bypass;
use super::control::CaptureControl;
use super::delivery::{Delivery, Event};
use super::options::CaptureOptions;
use super::outbox::{MAX_QUEUE_BYTES, Next, Want};
use super::panics;
use crate::batch::Batch;
use crate::error::EngineError;
use crate::finish::Finisher;
use crate::source::SourceOptions;

/// Linux shows 15 bytes of it.
pub const SENDING_THREAD_NAME: &str = "tcp-sniffer-out";
/// How often a receiver that asks for nothing is looked at: it may be gone.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// When so much waits of a live capture, bodies are left as they are: decoding must not be what messages are lost for.
const HASTE_BYTES: usize = MAX_QUEUE_BYTES / 2;

/// Runs until the outbox is closed and empty.
///
/// # Errors
/// When the system has no thread left.
pub(super) fn spawn<D>(options: &CaptureOptions, control: Arc<CaptureControl>, delivery: D) -> io::Result<()>
where
    D: Delivery + 'static,
{
    let finisher = Finisher::new(&options.engine);
    let (finisher, haste_bytes) = match options.source {
        SourceOptions::Live(_) => (finisher.with_rate(Instant::now), HASTE_BYTES),
        SourceOptions::Savefile { .. } => (finisher, usize::MAX),
    };
    let delivery: Arc<dyn Delivery> = Arc::new(delivery);
    control.outbox.attach(&delivery);
    let body = move || {
        panics::guard_this_thread();
        Sending { control, finisher, haste_bytes, delivery }.run();
    };
    thread::Builder::new().name(SENDING_THREAD_NAME.to_owned()).spawn(body).map(drop)
}

struct Sending {
    control: Arc<CaptureControl>,
    finisher: Finisher,
    haste_bytes: usize,
    delivery: Arc<dyn Delivery>,
}

impl Sending {
    fn run(mut self) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.send_all())) {
            self.control.outbox.give_up();
            self.control.stop();
            let message = panics::describe(&*payload);
            self.delivery.deliver(Event::Error(EngineError::Panicked { message }));
            self.delivery.deliver(Event::Stats(Box::new(self.control.stats())));
            self.delivery.deliver(Event::End);
        }
    }

    fn send_all(&mut self) {
        let Self { control, finisher, haste_bytes, delivery } = self;
        let delivery = &**delivery;
        loop {
            match control.outbox.next(Want::Batch, LOOK_AGAIN, delivery) {
                Next::Event(event) => delivery.deliver(event),
                Next::Batch(batch, waiting) => {
                    finisher.finish(batch, waiting > *haste_bytes, |batch| send(control, delivery, batch));
                    control.count_content(std::mem::take(&mut finisher.stats));
                    if control.outbox.sent() {
                        control.wake.signal();
                    }
                }
                Next::Credit | Next::Nothing => {}
                Next::Closed => return,
            }
        }
    }
}

/// Past the receiver where it goes. Otherwise waits for a credit as long as there is somebody to give one; meanwhile events go out.
fn send(control: &CaptureControl, delivery: &dyn Delivery, batch: Batch) {
    let Some(batch) = bypass::write(&control.outbox, io::stdout().as_fd(), batch) else { return };
    loop {
        match control.outbox.next(Want::Credit, LOOK_AGAIN, delivery) {
            Next::Event(event) => delivery.deliver(event),
            Next::Credit => return delivery.deliver(Event::Batch(batch)),
            Next::Batch(..) | Next::Nothing | Next::Closed if delivery.is_gone() => return,
            Next::Batch(..) | Next::Nothing | Next::Closed => {}
        }
    }
}
