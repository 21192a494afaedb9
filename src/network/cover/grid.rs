//! Whether two sets of rules let through the same packets, by looking.
//!
//! Addresses and traffic are cut at every end that a rule has. Between two cuts all packets fare alike,
//! so that one of each decides. This shares nothing with how a cover is found, and judges it in every run.

use crate::network::cover::trie::address;
use crate::network::cover::{Opening, Packet};
use crate::network::{Icmp, Traffic};

/// A packet that one side lets through and the other does not.
pub fn difference(left: &[Opening], right: &[Opening]) -> Option<Packet> {
    [true, false].into_iter().find_map(|v4| {
        let mut sides = [Side::new(left, v4), Side::new(right, v4)];
        let mut cuts: Vec<u128> = sides.iter().flat_map(|side| &side.waiting).flat_map(Span::ends).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts.into_iter().find_map(|cut| {
            let [left, right] = &mut sides;
            let traffic = differing(left.at(cut), right.at(cut))?;
            Some(Packet { address: address(cut, v4)?, traffic })
        })
    })
}

/// An opening by the numbers of its addresses.
#[derive(Clone, Copy)]
struct Span {
    first: u128,
    last: u128,
    traffic: Traffic,
}

impl Span {
    /// Where it begins, and where it is over; the last address of all is followed by none.
    fn ends(&self) -> impl Iterator<Item = u128> + use<> {
        [Some(self.first), self.last.checked_add(1)].into_iter().flatten()
    }
}

/// A set of rules, read from the lowest address to the highest.
struct Side {
    /// Those to come, the next one last.
    waiting: Vec<Span>,
    here: Vec<Span>,
}

impl Side {
    fn new(openings: &[Opening], v4: bool) -> Side {
        let of_family = openings.iter().filter(|opening| opening.range.is_v4() == v4);
        let mut waiting: Vec<Span> = of_family
            .map(|opening| Span {
                first: opening.range.first_number(),
                last: opening.range.last_number(),
                traffic: opening.traffic,
            })
            .collect();
        waiting.sort_unstable_by_key(|span| std::cmp::Reverse(span.first));
        Side { waiting, here: Vec::new() }
    }

    /// The rules for an address; addresses are asked for in order.
    fn at(&mut self, number: u128) -> &[Span] {
        self.here.retain(|span| span.last >= number);
        while let Some(span) = self.waiting.pop_if(|span| span.first <= number) {
            self.here.push(span);
        }
        &self.here
    }
}

/// Traffic that one side allows at an address and the other does not.
fn differing(left: &[Span], right: &[Span]) -> Option<Traffic> {
    if left.is_empty() && right.is_empty() {
        return None;
    }
    let said = || left.iter().chain(right).map(|span| span.traffic);
    let allowed = |side: &[Span], packet: Traffic| side.iter().any(|span| span.traffic.contains(packet));
    let differs = |packet: &Traffic| allowed(left, *packet) != allowed(right, *packet);
    said().flat_map(samples).chain(WHOLE).find(differs)
}

/// Packets of protocols, ports and messages that nobody names: only a broader rule holds them.
const WHOLE: [Traffic; 5] = [
    Traffic::All,
    Traffic::Tcp((0, 0)),
    Traffic::Udp((0, 0)),
    Traffic::Icmp(Icmp::Every),
    Traffic::Icmp6(Icmp::Every),
];

/// Traffic at whose packets what is allowed may change: where it begins, and right after it.
fn samples(traffic: Traffic) -> impl Iterator<Item = Traffic> {
    let port = |make: fn((u16, u16)) -> Traffic, (first, last): (u16, u16)| {
        [Some(make((first, first))), last.checked_add(1).map(|next| make((next, next)))]
    };
    let both = match traffic {
        Traffic::Tcp(ports) => port(Traffic::Tcp, ports),
        Traffic::Udp(ports) => port(Traffic::Udp, ports),
        // One message of a type stands for those that no rule names, which fare like the type itself.
        Traffic::Icmp(Icmp::TypeAndCode(kind, _)) => [Some(traffic), Some(Traffic::Icmp(Icmp::Type(kind)))],
        Traffic::Icmp6(Icmp::TypeAndCode(kind, _)) => [Some(traffic), Some(Traffic::Icmp6(Icmp::Type(kind)))],
        other => [Some(other), None],
    };
    both.into_iter().flatten()
}
