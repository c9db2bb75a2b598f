//! The engine under attack: conversations of every kind on networks of every kind, and nothing wrong may come out.
//!
//! ```text
//! seed -> [seeded] a conversation and the truth of each message -> [rendered] two streams -> [timing] who sends what when,
//! with true acks -> [network] what this model does to the packets -> [wire] frames, checksums right or wrong
//! -> engine -> [scene, verdict] what was shown against what was sent and what of that was captured
//! ```
//!
//! The models, and what each may get wrong, are a table: `support/models.rs`. A few seeds of each are run with all tests;
//! many by `cargo test --release --test attack -- --ignored`, with `SEEDS` (how many), `FIRST`, `MODEL` (names, with commas
//! between), `KIND` (tells of no failures that begin otherwise) and `SAVE` (a folder for the savefiles of what failed).
//! `SEEDS=1` tells packet by packet what came of it.

#![allow(clippy::print_stdout, clippy::panic, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;

use support::model::{Allowed, Model};
use support::models::MODELS;
use support::scene::Outcome;

/// Of each model, with every run of the tests.
const FEW: u64 = 200;
/// Failures that are told in full, of each model.
const TOLD: u64 = 5;
const TOLD_CHARS: usize = 300;

fn number(name: &str, otherwise: u64) -> u64 {
    let value = std::env::var(name).unwrap_or_default();
    if value.is_empty() { otherwise } else { value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")) }
}

/// Runs a model. Returns the report, and true when the outcome is allowed.
fn run(model: &Model, first: u64, seeds: u64) -> (String, bool) {
    let kinds = std::env::var("KIND").unwrap_or_default();
    let wanted = |finding: &String| kinds.split(',').any(|kind| finding.starts_with(kind));
    let (mut total, mut failed, mut report) = (Outcome::default(), 0, String::new());
    for seed in first..first + seeds {
        let scene = model.scene(seed);
        let mut outcome = scene.judge();
        if !model.complete {
            outcome.missing.clear();
        }
        if outcome.findings().any(wanted) {
            failed += 1;
            if failed <= TOLD {
                for finding in outcome.findings().filter(|finding| wanted(finding)).take(4) {
                    let finding: String = finding.chars().take(TOLD_CHARS).collect();
                    writeln!(report, "  {} {seed}: {finding}", model.name).unwrap();
                }
            }
            if let Some(folder) = std::env::var_os("SAVE") {
                std::fs::create_dir_all(&folder).unwrap();
                scene.save(&Path::new(&folder).join(format!("{}-{seed}.pcap", model.name))).unwrap();
            }
        }
        if seeds == 1 {
            report += &scene.tell();
        }
        total.add(outcome);
    }
    let mut kinds = BTreeMap::new();
    for finding in total.findings() {
        *kinds.entry(finding.split(':').next().unwrap_or_default()).or_insert(0) += 1;
    }
    let Outcome { sent, shown, flagged, unpaired, .. } = total;
    let [wrong, missing, unnamed] = [&total.wrong, &total.missing, &total.unnamed].map(Vec::len);
    let may_be = match model.allowed {
        Allowed::Never => wrong + missing + unnamed == 0,
        Allowed::OneIn(messages) => wrong <= sent / messages && missing + unnamed == 0,
    };
    let may_be = may_be && unpaired * 100 <= sent * model.unpaired;
    let verdict = if may_be { "ok" } else { "NO" };
    writeln!(
        report,
        "{verdict}: {} ({seeds} seeds from {first}): {sent} sent, {shown} shown, {flagged} flagged, {unpaired} unpaired; \
         {kinds:?} in {failed} seeds",
        model.name
    )
    .unwrap();
    (report, may_be)
}

fn run_all(models: &[&Model], first: u64, seeds: u64) {
    let (queue, bad) = (Mutex::new(models.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |count| count.get()) {
            scope.spawn(|| {
                loop {
                    let Some(model) = queue.lock().unwrap().next() else { break };
                    let (report, may_be) = run(model, first, seeds);
                    print!("{report}");
                    if !may_be {
                        bad.lock().unwrap().push(model.name);
                    }
                }
            });
        }
    });
    let bad = bad.into_inner().unwrap();
    let Some(one) = bad.first() else { return };
    panic!("{bad:?}: a seed alone: MODEL={one} FIRST=… SEEDS=1 cargo test --test attack -- --ignored --nocapture");
}

#[test]
fn a_few_seeds_of_each_model() {
    run_all(&MODELS.iter().collect::<Vec<_>>(), 1, FEW);
}

#[test]
#[ignore = "takes as long as it is told to"]
fn many_seeds() {
    let names = std::env::var("MODEL").unwrap_or_default();
    let chosen = |model: &&Model| names.is_empty() || names.split(',').any(|name| name == model.name);
    let models: Vec<_> = MODELS.iter().filter(chosen).collect();
    assert!(
        !models.is_empty(),
        "no such model: {names}; there are {:?}",
        MODELS.iter().map(|m| m.name).collect::<Vec<_>>()
    );
    run_all(&models, number("FIRST", 1), number("SEEDS", 2_000));
}
