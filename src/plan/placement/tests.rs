//! What holds of every placement, against a twin that looks at each cell and one that tries them all.

use proptest::prelude::*;

use super::*;

/// A tenant of a group, by the group's number.
type Tenant = (usize, Vec<u64>);

fn cells(capacities: &[Capacity], setups: &[Vec<u64>]) -> (Cells, Vec<Group>) {
    let mut cells = Cells::new(capacities.to_vec());
    let groups = setups.iter().map(|setup| cells.add_group(setup.clone())).collect();
    (cells, groups)
}

fn whole(most: &[u64]) -> Vec<Capacity> {
    most.iter().map(|most| Capacity::whole(*most)).collect()
}

/// What a cell with these tenants gives.
fn usage(tenants: &[&Tenant], setups: &[Vec<u64>], things: usize) -> Vec<u64> {
    let mut used = vec![0; things];
    for (_, demand) in tenants {
        add(&mut used, demand);
    }
    let groups: BTreeSet<usize> = tenants.iter().map(|(group, _)| *group).collect();
    for group in groups {
        add(&mut used, &setups[group]);
    }
    used
}

/// Whether these tenants may share a cell: within the fill; or one of them, who was the first, within
/// all there is, and the others take nothing of what it has taken beyond the fill.
fn may_share(tenants: &[&Tenant], setups: &[Vec<u64>], capacities: &[Capacity]) -> bool {
    let used = usage(tenants, setups, capacities.len());
    tenants.iter().any(|first| {
        let of_first = usage(&[*first], setups, capacities.len());
        (0..capacities.len()).all(|thing| {
            used[thing] <= capacities[thing].fill
                || (used[thing] == of_first[thing] && used[thing] <= capacities[thing].most)
        })
    })
}

/// The same rule without a tree: every cell is looked at.
fn by_looking_at_each(tenants: &[Tenant], setups: &[Vec<u64>], capacities: &[Capacity]) -> Vec<usize> {
    let mut cells: Vec<Vec<&Tenant>> = Vec::new();
    let mut homes = Vec::new();
    for tenant in tenants {
        let fits = |cell: &Vec<&Tenant>| {
            let used = usage(cell, setups, capacities.len());
            let new = !cell.iter().any(|(group, _)| *group == tenant.0);
            (0..capacities.len()).all(|thing| {
                let setup = if new { setups[tenant.0][thing] } else { 0 };
                let room = capacities[thing].fill.saturating_sub(used[thing]);
                tenant.1[thing] + setup <= room
            })
        };
        let serves = |cell: &Vec<&Tenant>| cell.iter().any(|(group, _)| *group == tenant.0);
        let home = cells
            .iter()
            .position(|cell| serves(cell) && fits(cell))
            .or_else(|| cells.iter().position(fits))
            .unwrap_or_else(|| {
                cells.push(Vec::new());
                cells.len() - 1
            });
        cells[home].push(tenant);
        homes.push(home);
    }
    homes
}

/// The fewest cells of all placements.
fn fewest(tenants: &[Tenant], setups: &[Vec<u64>], capacities: &[Capacity]) -> usize {
    fn search<'t>(
        rest: &'t [Tenant],
        cells: &mut Vec<Vec<&'t Tenant>>,
        rules: (&[Vec<u64>], &[Capacity]),
        best: &mut usize,
    ) {
        let Some((tenant, rest)) = rest.split_first() else {
            *best = (*best).min(cells.len());
            return;
        };
        for cell in 0..cells.len() {
            cells[cell].push(tenant);
            // Whoever is taken out of those who may share leaves others who may: no need to try on.
            if may_share(&cells[cell], rules.0, rules.1) {
                search(rest, cells, rules, best);
            }
            cells[cell].pop();
        }
        if cells.len() + 1 < *best {
            cells.push(vec![tenant]);
            search(rest, cells, rules, best);
            cells.pop();
        }
    }
    let mut best = tenants.len() + 1;
    search(tenants, &mut Vec::new(), (setups, capacities), &mut best);
    best
}

/// Two things, two groups, and tenants of which each has room in a cell of its own.
fn problem(most_tenants: usize) -> impl Strategy<Value = (Vec<Tenant>, Vec<Vec<u64>>, Vec<Capacity>)> {
    let setups = prop::collection::vec(prop::collection::vec(0u64..4, 2), 2);
    let tenants = prop::collection::vec((0usize..2, prop::collection::vec(0u64..11, 2)), 0..=most_tenants);
    let capacity = (14u64..24, any::<bool>()).prop_map(|(most, room)| match room {
        true => Capacity::with_room_to_grow(most),
        false => Capacity::whole(most),
    });
    (tenants, setups, prop::collection::vec(capacity, 2))
}

#[test]
fn tenants_fill_the_first_cell_that_has_room() {
    let (mut cells, groups) = cells(&whole(&[10]), &[vec![0]]);
    let homes: Vec<_> = [6, 6, 4, 5, 4].iter().map(|size| cells.place(groups[0], &[*size])).collect();
    assert_eq!(homes, [Ok(0), Ok(1), Ok(0), Ok(2), Ok(1)]);
    assert_eq!((cells.count(), cells.used(1), cells.tenants(1)), (3, &[10][..], 2));
}

#[test]
fn a_cell_is_full_when_one_of_the_things_runs_out() {
    let (mut cells, groups) = cells(&whole(&[100, 3]), &[vec![0, 0]]);
    let homes: Vec<_> = (0..4).map(|_| cells.place(groups[0], &[1, 1]).unwrap()).collect();
    assert_eq!(homes, [0, 0, 0, 1]);
}

#[test]
fn newcomers_leave_room_for_those_who_live_there_to_grow() {
    let (mut cells, groups) = cells(&[Capacity::with_room_to_grow(100)], &[vec![0]]);
    assert_eq!([50, 35, 1].map(|size| cells.place(groups[0], &[size])), [Ok(0), Ok(0), Ok(1)]);
}

#[test]
fn one_that_needs_nearly_a_whole_cell_has_it_alone() {
    let (mut cells, groups) = cells(&[Capacity::with_room_to_grow(100)], &[vec![0]]);
    assert_eq!([10, 95, 10].map(|size| cells.place(groups[0], &[size])), [Ok(0), Ok(1), Ok(0)]);
    assert_eq!(
        cells.place(groups[0], &[101]),
        Err(TooLarge { thing: 0, wanted: 101, most: 100 }),
        "there is no larger cell"
    );
    assert_eq!(cells.count(), 2, "what has no room leaves no empty cell");
}

#[test]
fn tenants_of_a_group_come_together_although_an_earlier_cell_has_room() {
    let (mut cells, groups) = cells(&whole(&[10]), &[vec![1], vec![3]]);
    assert_eq!(cells.place(groups[0], &[7]), Ok(0));
    assert_eq!(cells.place(groups[1], &[4]), Ok(1), "with what its group sets up it is 7");
    assert_eq!(cells.place(groups[1], &[2]), Ok(1), "the group is there already");
    assert_eq!(cells.used(1), [9]);
}

#[test]
fn whoever_has_a_cell_stays_although_it_has_become_too_small() {
    let (mut cells, groups) = cells(&whole(&[10, 10]), &[vec![0, 0]]);
    let first = cells.add_cell();
    cells.hold(first, groups[0], &[8, 1]);
    cells.hold(first, groups[0], &[8, 1]);
    assert_eq!(cells.place(groups[0], &[1, 1]), Ok(1));
    assert_eq!(cells.place(groups[0], &[0, 1]), Ok(0), "of what is overdrawn it takes nothing");
}

#[test]
fn a_cell_that_everybody_has_left_is_filled_again() {
    let (mut cells, groups) = cells(&[Capacity::with_room_to_grow(100)], &[vec![0]]);
    cells.add_cell();
    assert_eq!(cells.place(groups[0], &[95]), Ok(0));
}

#[test]
fn two_of_more_than_half_a_cell_do_not_meet_and_the_bound_knows() {
    let (mut cells, groups) = cells(&whole(&[10]), &[vec![0]]);
    for size in [6, 6, 6] {
        cells.place(groups[0], &[size]).unwrap();
    }
    assert_eq!(cells.lower_bound(), 3, "the sum alone would say 2");
}

#[test]
fn what_groups_set_up_counts_in_the_bound() {
    let (mut cells, groups) = cells(&whole(&[10]), &[vec![5], vec![5]]);
    assert_eq!(cells.lower_bound(), 0);
    cells.place(groups[0], &[1]).unwrap();
    cells.place(groups[1], &[1]).unwrap();
    assert_eq!(cells.lower_bound(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_tree_finds_the_cell_that_looking_at_each_finds((tenants, setups, capacities) in problem(60)) {
        let (mut cells, groups) = cells(&capacities, &setups);
        let homes: Vec<_> =
            tenants.iter().map(|(group, demand)| cells.place(groups[*group], demand).unwrap()).collect();
        prop_assert_eq!(homes, by_looking_at_each(&tenants, &setups, &capacities));
    }

    #[test]
    fn the_bound_is_never_above_the_fewest_cells((tenants, setups, capacities) in problem(7)) {
        let (mut cells, groups) = cells(&capacities, &setups);
        for (group, demand) in &tenants {
            cells.place(groups[*group], demand).unwrap();
        }
        let fewest = if tenants.is_empty() { 0 } else { fewest(&tenants, &setups, &capacities) };
        prop_assert!(cells.lower_bound() <= fewest, "{} <= {fewest}", cells.lower_bound());
        prop_assert!(fewest <= cells.count());
    }

    #[test]
    fn no_newcomer_overfills_a_cell((tenants, setups, capacities) in problem(60)) {
        let (mut cells, groups) = cells(&capacities, &setups);
        let mut living: Vec<Vec<&Tenant>> = Vec::new();
        for tenant in &tenants {
            let home = cells.place(groups[tenant.0], &tenant.1).unwrap();
            living.resize(cells.count(), Vec::new());
            living[home].push(tenant);
        }
        for (cell, tenants) in living.iter().enumerate() {
            let used = usage(tenants, &setups, capacities.len());
            prop_assert_eq!(cells.used(cell), &used[..]);
            prop_assert!(used.iter().zip(&capacities).all(|(used, capacity)| *used <= capacity.most));
        }
    }

    #[test]
    fn those_who_have_cells_are_where_they_were_whoever_else_comes((tenants, setups, capacities) in problem(30), more in problem(10)) {
        let (mut first, groups) = cells(&capacities, &setups);
        let homes: Vec<_> =
            tenants.iter().map(|(group, demand)| first.place(groups[*group], demand).unwrap()).collect();
        let (mut again, groups) = cells(&capacities, &setups);
        for _ in 0..first.count() {
            again.add_cell();
        }
        for ((group, demand), home) in tenants.iter().zip(&homes) {
            again.hold(*home, groups[*group], demand);
        }
        for (group, demand) in &more.0 {
            prop_assert_eq!(again.place(groups[*group], demand), first.place(groups[*group], demand));
        }
    }
}
