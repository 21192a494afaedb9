//! IPv4 and IPv6 blocks in canonical form.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A block of addresses whose host bits are all zero, printed as AWS prints it.
///
/// Ordered by family (IPv4 first), then address, then the larger block first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr(IpNet);

/// Why a text is not a [`Cidr`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CidrError {
    /// It is not an address, a slash and a length.
    Malformed,
    /// An address without a length; the block of that one address is given.
    NoLength(Cidr),
    /// Bits beyond the length are set; the block that was probably meant is given.
    HostBits(Cidr),
}

impl Cidr {
    /// The block of this length that holds the address; host bits are cleared.
    pub fn containing(address: IpAddr, length: u8) -> Option<Cidr> {
        IpNet::new(address, length).ok().map(|net| Cidr(net.trunc()))
    }

    /// An IPv4 block from its first address as a number; `None` if host bits are set or the length is over 32.
    pub fn v4(first: u32, length: u8) -> Option<Cidr> {
        let net = Ipv4Net::new(first.into(), length).ok()?;
        (net.trunc() == net).then_some(Cidr(IpNet::V4(net)))
    }

    /// An IPv6 block from its first address as a number; `None` if host bits are set or the length is over 128.
    pub fn v6(first: u128, length: u8) -> Option<Cidr> {
        let net = Ipv6Net::new(first.into(), length).ok()?;
        (net.trunc() == net).then_some(Cidr(IpNet::V6(net)))
    }

    /// The first address.
    pub fn first(&self) -> IpAddr {
        self.0.network()
    }

    /// The first address as a number, in the low 32 bits for IPv4.
    pub fn first_number(&self) -> u128 {
        match self.0.network() {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address),
        }
    }

    /// The last address as a number.
    pub fn last_number(&self) -> u128 {
        // Not by way of the size, which for `::/0` is one more than a number can say.
        let bits = u32::from(self.0.max_prefix_len() - self.0.prefix_len());
        self.first_number() | !u128::MAX.checked_shl(bits).unwrap_or(0)
    }

    /// How many addresses there are; `u128::MAX` for `::/0`, which has one more.
    pub fn size(&self) -> u128 {
        let bits = self.0.max_prefix_len() - self.0.prefix_len();
        1u128.checked_shl(u32::from(bits)).unwrap_or(u128::MAX)
    }

    /// The number after the slash.
    pub fn length(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether this is an IPv4 block.
    pub fn is_v4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }

    /// Whether every address of the other is one of this.
    pub fn contains(&self, other: &Cidr) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the address lies inside.
    pub fn contains_address(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether the two have an address in common (then one contains the other).
    pub fn overlaps(&self, other: &Cidr) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The block that holds this one and is twice as large; `None` for all addresses.
    pub fn parent(&self) -> Option<Cidr> {
        self.0.supernet().map(Cidr)
    }

    /// The other half of the block that is twice as large: what this one would grow into.
    pub fn buddy(&self) -> Option<Cidr> {
        let parent = self.parent()?;
        let lower = parent.part(self.length(), 0)?;
        if lower == *self { parent.part(self.length(), 1) } else { Some(lower) }
    }

    /// The part number `index` of this block, cut into equal parts of the longer length.
    pub fn part(&self, length: u8, index: u32) -> Option<Cidr> {
        let extra = length.checked_sub(self.length())?;
        if length > self.0.max_prefix_len() || (extra < 32 && index >> extra != 0) {
            return None;
        }
        let step = 1u128 << (self.0.max_prefix_len() - length);
        let first = self.first_number() + step * u128::from(index);
        let address = match self.0 {
            IpNet::V4(_) => IpAddr::V4(u32::try_from(first).ok()?.into()),
            IpNet::V6(_) => IpAddr::V6(first.into()),
        };
        Cidr::containing(address, length)
    }
}

impl Ord for Cidr {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |cidr: &Cidr| (!cidr.is_v4(), cidr.first_number(), cidr.length());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Cidr {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((address, length)) = text.split_once('/') else {
            let address: IpAddr = text.parse().map_err(|_| CidrError::Malformed)?;
            return Err(CidrError::NoLength(Cidr(IpNet::from(address))));
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError::Malformed)?;
        // The standard library's integers accept `+8` and `08`.
        if length.starts_with('+') || (length.len() > 1 && length.starts_with('0')) {
            return Err(CidrError::Malformed);
        }
        let length: u8 = length.parse().map_err(|_| CidrError::Malformed)?;
        let net = IpNet::new(address, length).map_err(|_| CidrError::Malformed)?;
        if net.trunc() == net { Ok(Cidr(net)) } else { Err(CidrError::HostBits(Cidr(net.trunc()))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn only_canonical_text_is_accepted() {
        assert_eq!(cidr("10.64.0.0/12").to_string(), "10.64.0.0/12");
        assert_eq!("10.0.0.7/16".parse::<Cidr>(), Err(CidrError::HostBits(cidr("10.0.0.0/16"))));
        assert_eq!("10.0.0.7".parse::<Cidr>(), Err(CidrError::NoLength(cidr("10.0.0.7/32"))));
        for text in [
            "",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0/8",
            "010.0.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "a/8",
            " 10.0.0.0/8",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(CidrError::Malformed), "{text}");
        }
        assert_eq!(cidr("2001:DB8::/32").to_string(), "2001:db8::/32");
    }

    #[test]
    fn the_last_address_is_counted_in_both_families() {
        assert_eq!(cidr("10.0.0.0/30").last_number(), cidr("10.0.0.3/32").first_number());
        assert_eq!(cidr("::/0").last_number(), u128::MAX);
        assert_eq!(cidr("0.0.0.0/0").last_number(), u128::from(u32::MAX));
    }

    #[test]
    fn parts_lie_side_by_side_inside() {
        let block = cidr("10.0.0.0/22");
        assert_eq!(block.part(24, 3), Some(cidr("10.0.3.0/24")));
        assert_eq!(block.part(24, 4), None);
        assert_eq!(block.part(21, 0), None);
        assert_eq!(block.part(22, 0), Some(block));
        assert_eq!(cidr("2001:db8::/56").part(64, 255), Some(cidr("2001:db8:0:ff::/64")));
    }

    #[test]
    fn a_block_and_its_buddy_make_their_parent() {
        assert_eq!(cidr("10.0.4.0/22").parent(), Some(cidr("10.0.0.0/21")));
        assert_eq!(cidr("10.0.4.0/22").buddy(), Some(cidr("10.0.0.0/22")));
        assert_eq!(cidr("10.0.0.0/22").buddy(), Some(cidr("10.0.4.0/22")));
        assert_eq!(cidr("2001:db8::/64").buddy(), Some(cidr("2001:db8:0:1::/64")));
        assert_eq!(cidr("0.0.0.0/0").buddy(), None);
    }

    #[test]
    fn order_is_family_then_address_then_larger_first() {
        let mut blocks = ["::/0", "10.0.0.0/16", "9.0.0.0/8", "10.0.0.0/8"].map(cidr);
        blocks.sort();
        assert_eq!(blocks.map(|block| block.to_string()), ["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16", "::/0"]);
    }
}
