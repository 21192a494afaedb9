//! Intervals of addresses and of services: what every rule, route and list comes down to.
//!
//! A service is a protocol with what the protocol calls a port: for TCP and UDP the port, for ICMP type and
//! code. All of them lie on one line, so that a rule is one interval there, whatever protocol it speaks of.

use std::ops::{Add, Sub};

use crate::network::Cidr;

/// An interval that holds both of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval<N> {
    pub first: N,
    pub last: N,
}

/// Addresses of one family, as numbers.
pub type Range = Interval<u128>;

/// Services: protocol number × 65,536 + port.
pub type Services = Interval<u32>;

/// The two families are judged one after the other: no packet is of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    V4,
    V6,
}

impl<N: Copy + Ord + Add<Output = N> + Sub<Output = N> + From<u8>> Interval<N> {
    /// What both hold.
    pub fn meet(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Interval { first, last })
    }

    /// Whether the two have a member in common.
    pub fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Whether every member of the other is one of this.
    pub fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// What is left without the other: a part below it and a part above it.
    pub fn minus(self, other: Self) -> impl Iterator<Item = Self> {
        let one = N::from(1);
        let below = (self.first < other.first)
            .then(|| Interval { first: self.first, last: self.last.min(other.first - one) });
        let above = (self.last > other.last)
            .then(|| Interval { first: self.first.max(other.last + one), last: self.last });
        below.into_iter().chain(above)
    }
}

/// What is left of some intervals without others.
pub(super) fn without<N>(whole: Interval<N>, taken: &[Interval<N>]) -> Vec<Interval<N>>
where
    N: Copy + Ord + Add<Output = N> + Sub<Output = N> + From<u8>,
{
    taken.iter().fold(vec![whole], |left, taken| left.iter().flat_map(|part| part.minus(*taken)).collect())
}

impl Range {
    /// Every address of a family.
    pub fn everything(family: Family) -> Range {
        let last = match family {
            Family::V4 => u128::from(u32::MAX),
            Family::V6 => u128::MAX,
        };
        Range { first: 0, last }
    }

    /// The addresses of a block.
    pub fn of(block: &Cidr) -> Range {
        Range { first: block.first_number(), last: block.last_number() }
    }

    /// The addresses of a subnet that an interface can have.
    ///
    /// AWS keeps the first four of each block and the last, in both families (VPC User Guide, "Subnet sizing").
    pub fn usable(block: &Cidr) -> Option<Range> {
        let Range { first, last } = Range::of(block);
        (last - first >= 5).then(|| Range { first: first + 4, last: last - 1 })
    }
}

impl Family {
    pub const BOTH: [Family; 2] = [Family::V4, Family::V6];

    /// The family of a block.
    pub fn of(block: &Cidr) -> Family {
        if block.is_v4() { Family::V4 } else { Family::V6 }
    }
}

const PORTS: u32 = 1 << 16;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP_V6: u8 = 58;

impl Services {
    /// Everything that can be sent.
    pub const ALL: Services = Services { first: 0, last: 256 * PORTS - 1 };

    /// All of one protocol.
    pub fn protocol(number: u8) -> Services {
        let first = u32::from(number) * PORTS;
        Services { first, last: first + PORTS - 1 }
    }

    /// Ports of a protocol that has them.
    pub fn ports(number: u8, first: u16, last: u16) -> Option<Services> {
        let base = u32::from(number) * PORTS;
        (first <= last).then(|| Services { first: base + u32::from(first), last: base + u32::from(last) })
    }

    /// What a rule of this protocol and these two figures lets through.
    ///
    /// TCP and UDP have ports; ICMP has a type and a code, -1 for any; other protocols have neither, and
    /// figures beside them mean nothing (EC2 API, `AuthorizeSecurityGroupIngress`).
    pub fn of_rule(protocol: Option<u8>, from: Option<i64>, to: Option<i64>) -> Option<Services> {
        let Some(protocol) = protocol else { return Some(Services::ALL) };
        match protocol {
            TCP | UDP => match (from, to) {
                (None | Some(-1), None | Some(-1)) => Some(Services::protocol(protocol)),
                (from, to) => Services::ports(protocol, u16::try_from(from?).ok()?, u16::try_from(to?).ok()?),
            },
            ICMP | ICMP_V6 => {
                let byte = |figure: Option<i64>| match figure {
                    None | Some(-1) => Some(None),
                    Some(figure) => u8::try_from(figure).ok().map(Some),
                };
                match (byte(from)?, byte(to)?) {
                    (None, _) => Some(Services::protocol(protocol)),
                    (Some(kind), None) => {
                        let first = u16::from(kind) << 8;
                        Services::ports(protocol, first, first | 0xff)
                    }
                    (Some(kind), Some(code)) => {
                        let one = u16::from(kind) << 8 | u16::from(code);
                        Services::ports(protocol, one, one)
                    }
                }
            }
            _ => Some(Services::protocol(protocol)),
        }
    }

    /// The one that a reader understands best: TCP before UDP before ICMP before the rest.
    pub fn example(self) -> u32 {
        let known = [TCP, UDP, ICMP, ICMP_V6].into_iter();
        known.filter_map(|number| self.meet(Services::protocol(number))).next().unwrap_or(self).first
    }
}

/// A service in words: `tcp 443`, `icmp type 8 code 0`, `protocol 50`.
pub fn service_text(service: u32) -> String {
    let (protocol, port) = (service / PORTS, service % PORTS);
    match u8::try_from(protocol).unwrap_or_default() {
        TCP => format!("tcp {port}"),
        UDP => format!("udp {port}"),
        ICMP => format!("icmp type {} code {}", port >> 8, port & 0xff),
        ICMP_V6 => format!("icmpv6 type {} code {}", port >> 8, port & 0xff),
        number => format!("protocol {number}"),
    }
}

/// Services in words: `tcp 443`, `tcp 1024-65535`, `tcp`, `everything`.
pub fn services_text(services: Services) -> String {
    if services == Services::ALL {
        return "everything".to_owned();
    }
    let (protocol, port) = (services.first / PORTS, services.last % PORTS);
    if Services::protocol(u8::try_from(protocol).unwrap_or_default()) == services {
        let text = service_text(services.first);
        return match text.split_once(' ') {
            Some((name, _)) if name != "protocol" => name.to_owned(),
            _ => text,
        };
    }
    let text = service_text(services.first);
    match services.first == services.last {
        true => text,
        false => format!("{text}-{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u128, last: u128) -> Range {
        Range { first, last }
    }

    #[test]
    fn what_is_left_lies_below_and_above() {
        assert_eq!(range(0, 9).minus(range(3, 5)).collect::<Vec<_>>(), [range(0, 2), range(6, 9)]);
        assert_eq!(range(0, 9).minus(range(0, 9)).count(), 0);
        assert_eq!(range(3, 5).minus(range(0, 9)).count(), 0);
        assert_eq!(range(3, 5).minus(range(7, 9)).collect::<Vec<_>>(), [range(3, 5)]);
        let whole = Range::everything(Family::V6);
        assert_eq!(whole.minus(range(0, 0)).collect::<Vec<_>>(), [range(1, u128::MAX)]);
        assert_eq!(without(range(0, 9), &[range(2, 2), range(4, 4)]).len(), 3);
    }

    #[test]
    fn an_interface_has_neither_the_first_four_addresses_nor_the_last() {
        let block: Cidr = "10.0.0.0/28".parse().unwrap();
        let usable = Range::usable(&block).unwrap();
        assert_eq!(usable.last - usable.first + 1, 11);
        assert_eq!(Range::usable(&"10.0.0.0/30".parse().unwrap()), None);
    }

    #[test]
    fn a_rule_is_one_interval_of_services() {
        let text = |protocol, from, to| Services::of_rule(protocol, from, to).map(services_text);
        assert_eq!(text(None, Some(1), Some(2)).as_deref(), Some("everything"));
        assert_eq!(text(Some(6), Some(443), Some(443)).as_deref(), Some("tcp 443"));
        assert_eq!(text(Some(6), Some(1024), Some(65535)).as_deref(), Some("tcp 1024-65535"));
        assert_eq!(text(Some(17), Some(-1), Some(-1)).as_deref(), Some("udp"));
        assert_eq!(text(Some(1), Some(8), Some(-1)), Some("icmp type 8 code 0-2303".to_owned()));
        assert_eq!(text(Some(1), Some(-1), Some(-1)).as_deref(), Some("icmp"));
        assert_eq!(text(Some(50), Some(7), Some(9)).as_deref(), Some("protocol 50"));
        assert_eq!(text(Some(6), Some(9), Some(7)), None);
    }
}
