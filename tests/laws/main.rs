//! The laws, tried from outside with random catalogs and random edits: what goes in is files as users
//! write them, and what is looked at is the files that come out.
//!
//! `company` is a catalog's content and how it is written down, `random` makes such companies, `edits`
//! changes them, `compiled` runs tenantry over them and reads what it wrote. The rest is one module a
//! law. `PROPTEST_CASES` raises the number of cases; the default is what a developer can wait for.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod company;
mod compiled;
mod edits;
mod random;

mod data_is_never_code;
mod deterministic;
mod nothing_lost;
mod one_template_a_shape;
mod plain_cloudformation;
mod stable;

use proptest::test_runner::Config;

/// A number of cases that takes some seconds, unless the environment asks for more.
fn cases(default: u32) -> Config {
    let config = Config::default();
    let asked = std::env::var_os("PROPTEST_CASES").map_or(0, |_| config.cases);
    // Whoever finds a failing case writes it down as a test that can be read.
    Config { cases: default.max(asked), failure_persistence: None, max_shrink_time: 60_000, ..config }
}
