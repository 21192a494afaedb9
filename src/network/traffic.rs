//! What packets a rule is about, apart from whose: a protocol, with its ports or its types.
//!
//! In the terms that security groups and network ACLs share. How each of the two writes it down is
//! here as well, since the two differ in spelling alone.

use std::fmt;

/// First and last port.
pub type Ports = (u16, u16);

/// A protocol with the part of it that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    Tcp(Ports),
    Udp(Ports),
    /// ICMP, of IPv4.
    Icmp(Icmp),
    /// ICMPv6.
    Icmp6(Icmp),
    /// A protocol by the number that IANA gave it, whole: AWS knows no ports of it.
    Number(u8),
    /// Every protocol.
    All,
}

/// The messages of ICMP that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Icmp {
    Every,
    /// A type with all its codes.
    Type(u8),
    TypeAndCode(u8, u8),
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;

impl Icmp {
    /// As AWS writes it: type and code, -1 where all are meant.
    pub fn type_and_code(self) -> (i64, i64) {
        match self {
            Icmp::Every => (-1, -1),
            Icmp::Type(kind) => (i64::from(kind), -1),
            Icmp::TypeAndCode(kind, code) => (i64::from(kind), i64::from(code)),
        }
    }

    /// Whether all the other's messages are among these.
    pub fn contains(self, other: Icmp) -> bool {
        match (self, other) {
            (Icmp::Every, _) => true,
            (Icmp::Type(kind), Icmp::Type(same) | Icmp::TypeAndCode(same, _)) => kind == same,
            _ => self == other,
        }
    }
}

impl Traffic {
    /// Whether packets of this family carry it: ICMP is another protocol in each.
    pub fn is_of_family(self, ipv6: bool) -> bool {
        match self {
            Traffic::Icmp(_) => !ipv6,
            Traffic::Icmp6(_) => ipv6,
            _ => true,
        }
    }

    /// A protocol number, in the form that has ports or types where there are any.
    pub fn of_number(number: u8) -> Traffic {
        match number {
            ICMP => Traffic::Icmp(Icmp::Every),
            TCP => Traffic::Tcp((0, u16::MAX)),
            UDP => Traffic::Udp((0, u16::MAX)),
            ICMP6 => Traffic::Icmp6(Icmp::Every),
            other => Traffic::Number(other),
        }
    }

    /// The number that network ACLs write; -1 for every protocol.
    pub fn number(self) -> i64 {
        i64::from(match self {
            Traffic::All => return -1,
            Traffic::Icmp(_) => ICMP,
            Traffic::Tcp(_) => TCP,
            Traffic::Udp(_) => UDP,
            Traffic::Icmp6(_) => ICMP6,
            Traffic::Number(number) => number,
        })
    }

    /// The protocol as security groups write it.
    pub fn protocol(self) -> String {
        match self {
            Traffic::Tcp(_) => "tcp".to_owned(),
            Traffic::Udp(_) => "udp".to_owned(),
            Traffic::Icmp(_) => "icmp".to_owned(),
            Traffic::Icmp6(_) => "icmpv6".to_owned(),
            Traffic::Number(number) => number.to_string(),
            Traffic::All => "-1".to_owned(),
        }
    }

    /// First and last port, where the protocol has ports.
    pub fn ports(self) -> Option<Ports> {
        match self {
            Traffic::Tcp(ports) | Traffic::Udp(ports) => Some(ports),
            _ => None,
        }
    }

    /// The messages, where the protocol is one of the two ICMPs.
    pub fn icmp(self) -> Option<Icmp> {
        match self {
            Traffic::Icmp(icmp) | Traffic::Icmp6(icmp) => Some(icmp),
            _ => None,
        }
    }

    /// The two numbers of a security group rule, `FromPort` and `ToPort`: ports, or type and code. AWS
    /// takes no numbers for other protocols.
    pub fn from_and_to(self) -> Option<(i64, i64)> {
        match (self.ports(), self.icmp()) {
            (Some((first, last)), _) => Some((first.into(), last.into())),
            (_, Some(icmp)) => Some(icmp.type_and_code()),
            _ => None,
        }
    }

    /// Whether every packet of the other is one of these.
    pub fn contains(self, other: Traffic) -> bool {
        match (self, other) {
            (Traffic::All, _) => true,
            (Traffic::Tcp(mine), Traffic::Tcp(others)) | (Traffic::Udp(mine), Traffic::Udp(others)) => {
                mine.0 <= others.0 && others.1 <= mine.1
            }
            (Traffic::Icmp(mine), Traffic::Icmp(others)) | (Traffic::Icmp6(mine), Traffic::Icmp6(others)) => {
                mine.contains(others)
            }
            _ => self == other,
        }
    }
}

/// For people: `tcp 443`, `udp 5000-5010`, `icmp 3/4`, `all`.
impl fmt::Display for Traffic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Traffic::All => return formatter.write_str("all"),
            Traffic::Number(number) => return write!(formatter, "protocol {number}"),
            _ => formatter.write_str(&self.protocol())?,
        }
        match (self.ports(), self.icmp()) {
            (Some((first, last)), _) if first == last => write!(formatter, " {first}"),
            (Some((first, last)), _) => write!(formatter, " {first}-{last}"),
            (_, Some(Icmp::Type(kind))) => write!(formatter, " {kind}"),
            (_, Some(Icmp::TypeAndCode(kind, code))) => write!(formatter, " {kind}/{code}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_protocols_with_ports_become_those_protocols() {
        assert_eq!(Traffic::of_number(6), Traffic::Tcp((0, 65535)));
        assert_eq!(Traffic::of_number(50), Traffic::Number(50));
        for number in 0..=u8::MAX {
            assert_eq!(Traffic::of_number(number).number(), i64::from(number));
        }
    }

    #[test]
    fn the_broader_contains_the_narrower() {
        let echo = Traffic::Icmp(Icmp::Type(8));
        assert!(Traffic::All.contains(echo) && !echo.contains(Traffic::All));
        assert!(echo.contains(Traffic::Icmp(Icmp::TypeAndCode(8, 0))));
        assert!(!echo.contains(Traffic::Icmp6(Icmp::Type(8))));
        assert!(Traffic::Tcp((80, 90)).contains(Traffic::Tcp((80, 80))));
        assert!(!Traffic::Tcp((80, 90)).contains(Traffic::Udp((80, 80))));
    }

    #[test]
    fn traffic_reads_as_people_say_it() {
        let words = [
            Traffic::Tcp((443, 443)),
            Traffic::Udp((5000, 5010)),
            Traffic::Icmp(Icmp::TypeAndCode(3, 4)),
            Traffic::Icmp6(Icmp::Every),
            Traffic::Number(47),
            Traffic::All,
        ]
        .map(|traffic| traffic.to_string());
        assert_eq!(words, ["tcp 443", "udp 5000-5010", "icmp 3/4", "icmpv6", "protocol 47", "all"]);
    }
}
