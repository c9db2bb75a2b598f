//! Conversations with known messages, the packets that carry them, and what may come of these.
//!
//! `conversation` says what two parties send and `rendered` which streams and messages that is, without asking the engine.
//! It comes from `strategy`, small and with everything at once, so that what fails can be made smaller still, or from `seeded`,
//! like real conversations. `trace` cuts it into packets and `disorder` shakes these; `timing` sends them over a path with delays
//! and true acks, and each of the `models` lets `network` do to them what networks and captures do. `watch` passes them to an
//! engine,
//! `verdict` and `times` compare with what was sent, `scene` for a whole capture, which `look` saves and tells.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own bug may panic"
)]

pub mod bodies;
pub mod conversation;
pub mod disorder;
pub mod expected;
pub mod look;
pub mod model;
pub mod models;
pub mod network;
pub mod random;
pub mod rendered;
pub mod scene;
pub mod seeded;
pub mod strangers;
pub mod strategy;
pub mod survivors;
pub mod times;
pub mod timing;
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
