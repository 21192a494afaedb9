//! The isolation certificate: whether a packet of one tenant can be delivered to another.

mod boxes;
mod doubt;
mod filters;
mod forwarding;
mod interval;
mod join;
mod nodes;
mod reach;
pub mod read;
mod simulate;
pub mod topology;
mod verdict;

pub use interval::{Family, Interval, Range, Services, service_text, services_text};
pub use simulate::{Hop, Packet, follow};
pub use verdict::{Leak, Shared, Verdict, judge, judge_with};
