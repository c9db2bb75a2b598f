//! Conversations with known messages, the packets that carry them, and what may come of these.
//!
//! `conversation` says what two parties send and which messages that is, without asking the engine. `trace` cuts it into
//! packets, `disorder` does to them what networks and captures do, `watch` gives them to an engine and `verdict` compares.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own bug may panic"
)]

pub mod conversation;
pub mod disorder;
pub mod expected;
pub mod random;
pub mod strategy;
pub mod survivors;
pub mod trace;
pub mod verdict;
pub mod watch;
pub mod wire;

use proptest::test_runner::{Config, RngSeed};

/// The same cases in every run, so that CI does not depend on luck; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` look further.
pub fn config(cases: u32) -> Config {
    let default = Config::default();
    Config {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases },
        rng_seed: match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(0x7c95_1f2e),
            seed => seed,
        },
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..default
    }
}
