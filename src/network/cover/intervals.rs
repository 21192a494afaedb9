//! Sets of ports: intervals in order, no two of which touch.

use crate::network::traffic::Ports;

/// Sorts intervals and joins those that overlap or touch.
pub(super) fn join(intervals: &mut Vec<Ports>) {
    intervals.sort_unstable();
    let mut kept = 0;
    for position in 0..intervals.len() {
        let (first, last) = intervals[position];
        if kept > 0 && u32::from(first) <= u32::from(intervals[kept - 1].1) + 1 {
            intervals[kept - 1].1 = intervals[kept - 1].1.max(last);
        } else {
            intervals[kept] = (first, last);
            kept += 1;
        }
    }
    intervals.truncate(kept);
}

/// What either set holds; both are joined already.
pub(super) fn union(left: &[Ports], right: &[Ports]) -> Vec<Ports> {
    if right.is_empty() {
        return left.to_vec();
    }
    let mut all = [left, right].concat();
    if !left.is_empty() {
        join(&mut all);
    }
    all
}

/// What both sets hold.
pub(super) fn intersection(left: &[Ports], right: &[Ports]) -> Vec<Ports> {
    let (mut here, mut there) = (0, 0);
    let mut both = Vec::new();
    while let (Some(one), Some(other)) = (left.get(here), right.get(there)) {
        let (first, last) = (one.0.max(other.0), one.1.min(other.1));
        if first <= last {
            both.push((first, last));
        }
        if one.1 <= other.1 {
            here += 1;
        } else {
            there += 1;
        }
    }
    both
}

/// The lowest port of an interval that the set lacks.
pub(super) fn first_outside(interval: Ports, set: &[Ports]) -> Option<u16> {
    let mut candidate = interval.0;
    for (first, last) in set {
        if *first <= candidate && candidate <= *last {
            candidate = last.checked_add(1)?;
        }
    }
    (candidate <= interval.1).then_some(candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_that_touch_become_one() {
        let mut ports = vec![(443, 443), (80, 90), (91, 100), (85, 86), (65535, 65535), (65534, 65534)];
        join(&mut ports);
        assert_eq!(ports, [(80, 100), (443, 443), (65534, 65535)]);
    }

    #[test]
    fn what_both_hold_is_cut_out_of_each() {
        assert_eq!(intersection(&[(1, 5), (8, 20)], &[(4, 9), (12, 12)]), [(4, 5), (8, 9), (12, 12)]);
        assert_eq!(intersection(&[(1, 5)], &[]), []);
    }

    #[test]
    fn the_first_port_outside_is_found() {
        assert_eq!(first_outside((1, 5), &[(0, 2), (4, 4)]), Some(3));
        assert_eq!(first_outside((1, 5), &[(0, 9)]), None);
        assert_eq!(first_outside((65535, 65535), &[(0, 65535)]), None);
    }
}
