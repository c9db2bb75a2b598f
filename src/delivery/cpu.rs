//! CPU time that was taken, as the kernel counts it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub(crate) fn cpu_of_this_thread() -> Duration {
    taken(ClockId::ThreadCPUTime)
}

/// All threads together.
pub(crate) fn cpu_of_process() -> Duration {
    taken(ClockId::ProcessCPUTime)
}

fn taken(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let [seconds, nanos] = [time.tv_sec, time.tv_nsec].map(|part| u64::try_from(part).unwrap_or_default());
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}
