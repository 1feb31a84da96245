//! What finance opens in the morning, night after night: states, decisions and sums.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

mod old_files;
mod random_nights;
mod story;
mod twelve_nights;

pub use story::Story;
