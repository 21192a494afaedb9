//! Addresses that are not known yet, as blocks.
//!
//! Rules are decided once for all tenants of a shape, so that "the app subnets" is a name and not a
//! block. What is known of names is which lies inside which. Blocks with the same nesting stand in for them.

use crate::network::Cidr;

/// A block for each name, from the position of the name that it lies in: nested as the names are, and
/// no block filled by those inside it. So a cover of the blocks names no other block. `None` if a name lies
/// in a later one, or if they are nested too deep.
pub fn nested(parents: &[Option<usize>]) -> Option<Vec<Cidr>> {
    let whole = Cidr::containing("::".parse().ok()?, 0)?;
    let bits = usize::BITS - parents.len().leading_zeros();
    let bits = u8::try_from(bits).ok()?;
    let mut blocks: Vec<Cidr> = Vec::with_capacity(parents.len());
    for (position, parent) in parents.iter().enumerate() {
        let around = match parent {
            Some(parent) => *blocks.get(*parent)?,
            None => whole,
        };
        // One bit more than the position needs: the other half stays empty.
        let length = around.length().checked_add(bits + 1)?;
        blocks.push(around.part(length, u32::try_from(position).ok()? << 1)?);
    }
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_nested_as_the_names_are() {
        let blocks = nested(&[None, Some(0), Some(0), Some(2), None]).unwrap();
        let inside = |inner: usize, outer: usize| blocks[outer].contains(&blocks[inner]);
        assert!(inside(1, 0) && inside(2, 0) && inside(3, 2) && inside(3, 0));
        assert!(!inside(3, 1) && !inside(4, 0) && !inside(0, 4) && !inside(1, 2));
        assert_eq!(nested(&[Some(1), None]), None);
    }
}
