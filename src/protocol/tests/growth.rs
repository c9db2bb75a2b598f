//! Hostile bytes cost work in proportion to their number. The CPU time of this thread tells it: neither the speed of the machine nor
//! its load changes the ratio of two such times much, and the least of some is the least disturbed.

use std::time::Duration;

use crate::delivery::cpu_of_this_thread;

/// Four times the input may cost at most so many times the work; work that is quadratic costs 16 times as much.
const MAX_RATIO: u32 = 8;
const ROUNDS: std::ops::Range<u32> = 3..20;

/// Panics if the work for `4 * size` is out of proportion to the work for `size`.
pub(in crate::protocol) fn expect_linear(size: usize, mut work: impl FnMut(usize)) {
    let mut least = [Duration::MAX; 2];
    for round in 1..=ROUNDS.end {
        for (least, size) in least.iter_mut().zip([size, 4 * size]) {
            let began = cpu_of_this_thread();
            work(size);
            *least = (*least).min(cpu_of_this_thread() - began);
        }
        let [small, large] = least;
        if round >= ROUNDS.start && large < MAX_RATIO * small {
            return;
        }
    }
    panic!("{least:?} for {size} and for four times as much");
}

fn busy(steps: usize) {
    std::hint::black_box((0..steps).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
}

#[test]
fn what_is_linear_passes() {
    expect_linear(10_000, busy);
}

#[test]
#[should_panic(expected = "for four times as much")]
fn what_is_quadratic_does_not() {
    expect_linear(100, |size| busy(size * size));
}
