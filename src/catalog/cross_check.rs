//! What the parts of a catalog say of each other: names that must exist, addresses that must not overlap.
//!
//! Every check takes time in proportion to the catalog, sorting aside: overlaps are found in sorted
//! order, duplicates in an index.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::vpc_blocks::{BlockRefusal, advised_against, usable_range};
use crate::catalog::check_ipv6;
use crate::catalog::decode::Declared;
use crate::catalog::values::suggestion;
use crate::catalog::{Account, Catalog, Pool, Reserved, Role, Tenant, Tier};
use crate::catalog::{ranges, shared_services, tier_homes};
use crate::diagnostics::{Code, Diagnostic, Report, codes, list_of, quote};
use crate::identity::{AccountId, ComplianceName, Model, TenantId};
use crate::source::Span;
use crate::yaml::Located;

/// A pool and the name of its Region.
type PoolOf<'c> = (&'c Pool, &'c str);

/// Reports every contradiction between the parts.
pub(super) fn check(catalog: &Catalog, declared: &Declared<'_>, report: &mut Report) {
    let mut pools: Vec<PoolOf<'_>> = Vec::new();
    for region in catalog.regions.values() {
        for pool in &region.pools {
            for tier in &pool.tiers {
                check_known(tier, "tier", &codes::UNKNOWN_TIER, declared.tiers.as_ref(), report);
            }
            if is_usable(pool, catalog, report) {
                pools.push((pool, region.name.as_str()));
            }
        }
    }
    pools.sort_by_key(|(pool, _)| (pool.value, pool.span));
    let meet = catalog.shared_services.meet();
    let alone = |pool: &PoolOf<'_>| !meet && !pool.0.routable;
    let everywhere: Vec<PoolOf<'_>> = pools.iter().filter(|pool| !alone(pool)).copied().collect();
    check_overlaps(&everywhere, &|_, _| true, report);
    // Networks that meet no other may have the addresses of another Region's.
    for region in catalog.regions.keys() {
        let here = |pool: &PoolOf<'_>| !alone(pool) || pool.1 == region.as_str();
        let among: Vec<PoolOf<'_>> = pools.iter().filter(|pool| here(pool)).copied().collect();
        check_overlaps(&among, &|one, other| alone(one) || alone(other), report);
    }
    check_reserved(&pools, catalog, report);
    check_ipv6::check(catalog, report);
    ranges::check(catalog, report);
    shared_services::check(catalog, report);
    check_accounts(catalog, report);
    check_tiers(catalog, declared, report);
    check_tenants(catalog, declared, report);
    check_quotas(catalog, declared, report);
    check_regimes(catalog, report);
}

/// Where the catalog says what regimes ask for, one that it does not know is misspelled: what it forbids
/// would be allowed.
fn check_regimes(catalog: &Catalog, report: &mut Report) {
    let Some(regimes) = &catalog.compliance else { return };
    for name in catalog.tenants.iter().flat_map(|tenant| &tenant.compliance) {
        if regimes.contains_key(&name.value) {
            continue;
        }
        let known = || regimes.keys().map(ComplianceName::as_str);
        let otherwise = format!("add it to `compliance`; there are {}", list_of(known()));
        let message = format!("`compliance` of the catalog does not know {}", quote(name.value.as_str()));
        report.push(Diagnostic::error(&codes::UNKNOWN_VALUE, message).at(name.span, "").help(suggestion(
            name.value.as_str(),
            known(),
            &otherwise,
        )));
    }
}

fn is_usable(pool: &Pool, catalog: &Catalog, report: &mut Report) -> bool {
    let before = report.errors();
    let block = &pool.value;
    // Below /8 only the ranges of other networks remain; a longer block than /28 is no VPC's.
    if !(8..=28).contains(&block.length()) {
        report.push(
            Diagnostic::error(
                &codes::UNUSABLE_POOL,
                format!("the pool {} has a length of {}", quote(&block.to_string()), block.length()),
            )
            .at(pool.span, "")
            .help("give a pool a length from 8 to 28"),
        );
    }
    if let Err(BlockRefusal::Refused { range, use_of }) = usable_range(block) {
        report.push(
            Diagnostic::error(
                &codes::UNUSABLE_POOL,
                format!("the pool {} touches {range} ({use_of})", quote(&block.to_string())),
            )
            .at(pool.span, "")
            .note("AWS refuses VPCs in this range")
            .help("take private addresses: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"),
        );
    }
    if let Some((range, reason)) = advised_against(block) {
        let reserve = |reserved: &Reserved| reserved.cidr.value.contains(&range);
        if !catalog.reserved.iter().any(reserve) {
            report.push(
                Diagnostic::warning(
                    &codes::RANGE_TO_AVOID,
                    format!("the pool {} holds addresses of {range}", quote(&block.to_string())),
                )
                .at(pool.span, "")
                .note(reason)
                .help(format!("reserve {range}, unless tenants are there already")),
            );
        }
    }
    report.errors() == before
}

/// Blocks overlap only where one contains the other, so in sorted order (address, then larger first)
/// whatever overlaps an earlier block lies inside the last one that was not inside another.
fn check_overlaps(
    pools: &[PoolOf<'_>],
    matters: &dyn Fn(&PoolOf<'_>, &PoolOf<'_>) -> bool,
    report: &mut Report,
) {
    let mut outer: Option<PoolOf<'_>> = None;
    for (pool, region) in pools {
        match outer {
            Some((first, other)) if first.value.contains(&pool.value) => {
                if matters(&(first, other), &(pool, region)) {
                    report.push(overlap(pool, region, first, other));
                }
            }
            _ => outer = Some((pool, region)),
        }
    }
}

/// As overlaps are: what contains a pool is the last outermost reserved range that begins before it.
fn check_reserved(pools: &[PoolOf<'_>], catalog: &Catalog, report: &mut Report) {
    let mut reserved: Vec<&Reserved> = catalog.reserved.iter().collect();
    reserved.sort_by_key(|reserved| (reserved.cidr.value, reserved.span));
    let mut tops: Vec<&Reserved> = Vec::new();
    for one in reserved {
        if !tops.last().is_some_and(|top| top.cidr.value.contains(&one.cidr.value)) {
            tops.push(one);
        }
    }
    for (pool, _) in pools {
        let after = tops.partition_point(|top| top.cidr.value <= pool.value);
        let Some(swallower) = after.checked_sub(1).and_then(|position| tops.get(position)) else { continue };
        if swallower.cidr.value.contains(&pool.value) {
            report.push(
                Diagnostic::error(
                    &codes::POOL_SWALLOWED,
                    format!(
                        "the whole pool {} is reserved for {}",
                        quote(&pool.value.to_string()),
                        quote(swallower.reason.value.as_str())
                    ),
                )
                .at(pool.span, "no address of it can be given to a tenant")
                .also(swallower.cidr.span, "reserved here")
                .help("move the pool, or reserve less"),
            );
        }
    }
}

fn overlap(pool: &Pool, region: &str, first: &Pool, other: &str) -> Diagnostic {
    let place = |region: &str| format!("a pool of `{region}`");
    let message = if region == other {
        format!("two pools of {} have addresses in common", quote(region))
    } else {
        format!("pools of {} and {} have addresses in common", quote(other), quote(region))
    };
    let label = if pool.value == first.value {
        format!("{}, the same block", place(region))
    } else {
        format!("{}, inside {}", place(region), first.value)
    };
    Diagnostic::error(&codes::OVERLAPPING_POOLS, message)
        .at(pool.span, label)
        .also(first.span, place(other))
        .note("networks with common addresses cannot be connected later, whatever their Region")
        .help(
            "give every pool a block of its own; or mark both `routable: false`, if they lie in two Regions and `connect` is `private_link` or `none`",
        )
}

fn check_accounts(catalog: &Catalog, report: &mut Report) {
    let mut seen: BTreeMap<&AccountId, Span> = BTreeMap::new();
    for account in &catalog.accounts {
        match seen.get(&account.id.value) {
            Some(first) => report.push(
                Diagnostic::error(
                    &codes::DUPLICATE_ACCOUNT,
                    format!("the account {} is there twice", quote(account.id.value.as_str())),
                )
                .at(account.id.span, "again here")
                .also(*first, "first here")
                .help("put all that it hosts into one entry"),
            ),
            None => _ = seen.insert(&account.id.value, account.id.span),
        }
    }
}

fn check_tiers(catalog: &Catalog, declared: &Declared<'_>, report: &mut Report) {
    let mut used: BTreeMap<&str, Span> = BTreeMap::new();
    for tenant in catalog.homes() {
        if tenant.account.is_none() {
            used.entry(tenant.tier.value.as_str()).or_insert(tenant.id.span);
        }
    }
    for tier in catalog.tiers.values() {
        for home in &tier.homes {
            check_known(&home.tier, "tier", &codes::UNKNOWN_TIER, declared.tiers.as_ref(), report);
        }
        tier_homes::check(tier, &catalog.tiers, report);
        match &tier.account {
            Some(account) if tier.model.value == Model::Account => report.push(
                Diagnostic::error(
                    &codes::SHARED_ACCOUNT,
                    format!("the tier {} puts all its tenants into one account", quote(tier.name.as_str())),
                )
                .at(account.span, "")
                .also(tier.model.span, "this model gives every tenant an account of its own")
                .help("remove `account` from the tier; a tenant may name its own"),
            ),
            Some(account) => check_home(account, tier, catalog, declared, report),
            None if tier.model.value != Model::Account && used.contains_key(tier.name.as_str()) => {
                let hosted = catalog.accounts.iter().any(|account| account.hosts(tier.model.value));
                // An account that is wrong in itself was reported, and may be the host.
                let all_known = declared.accounts_listed == catalog.accounts.len();
                if !hosted && all_known {
                    report.push(no_host(tier));
                }
            }
            None => {}
        }
    }
}

fn no_host(tier: &Tier) -> Diagnostic {
    let model = tier.model.value;
    Diagnostic::error(
        &codes::NO_HOST_ACCOUNT,
        format!("no account hosts the model `{model}` of the tier {}", quote(tier.name.as_str())),
    )
    .at(tier.model.span, "")
    .help(format!("add `{model}` to the `hosts` of an account"))
}

/// The account that a tier or a tenant names must be listed, and must host the model.
fn check_home(
    account: &Located<AccountId>,
    tier: &Tier,
    catalog: &Catalog,
    declared: &Declared<'_>,
    report: &mut Report,
) {
    let model = tier.model.value;
    match catalog.account(&account.value) {
        Some(known) if !known.hosts(model) => report.push(does_not_host(account, known, model)),
        Some(_) => {}
        None => check_known_account(account, catalog, declared, report),
    }
}

fn does_not_host(account: &Located<AccountId>, known: &Account, model: Model) -> Diagnostic {
    Diagnostic::error(
        &codes::ACCOUNT_DOES_NOT_HOST,
        format!("the account {} does not host the model `{model}`", quote(account.value.as_str())),
    )
    .at(account.span, "")
    .also(known.span, format!("the account {}", quote(known.name.value.as_str())))
    .help(format!("add `{model}` to its `hosts`, or name another account"))
}

fn check_known_account(
    account: &Located<AccountId>,
    catalog: &Catalog,
    declared: &Declared<'_>,
    report: &mut Report,
) {
    let Some(known) = declared.accounts.as_ref() else { return };
    let text = account.value.as_str();
    if known.contains(text) {
        return;
    }
    let listed = catalog.accounts.iter().map(|account| account.id.value.as_str());
    let otherwise = format!("the accounts are {}", list_of(listed.clone()));
    report.push(
        Diagnostic::error(&codes::UNKNOWN_ACCOUNT, format!("the catalog has no account {}", quote(text)))
            .at(account.span, "")
            .help(suggestion(text, listed, &otherwise)),
    );
}

fn check_tenants(catalog: &Catalog, declared: &Declared<'_>, report: &mut Report) {
    let mut ids: BTreeMap<&TenantId, Span> = BTreeMap::new();
    let mut own: BTreeMap<&AccountId, &Tenant> = BTreeMap::new();
    for tenant in &catalog.tenants {
        match ids.get(&tenant.id.value) {
            Some(first) => report.push(
                Diagnostic::error(
                    &codes::DUPLICATE_TENANT,
                    format!("two tenants have the id {}", quote(tenant.id.value.as_str())),
                )
                .at(tenant.id.span, "again here")
                .also(*first, "first here")
                .help("remove one of the two, or give it an id of its own"),
            ),
            None => _ = ids.insert(&tenant.id.value, tenant.id.span),
        }
        check_homes(tenant, catalog, report);
    }
    for tenant in catalog.homes() {
        check_known(&tenant.tier, "tier", &codes::UNKNOWN_TIER, declared.tiers.as_ref(), report);
        check_known(&tenant.region, "region", &codes::UNKNOWN_REGION, declared.regions.as_ref(), report);
        let (Some(account), Some(tier)) = (&tenant.account, catalog.tier_of(tenant)) else { continue };
        if tier.model.value == Model::Account {
            check_own_account(tenant, account, catalog, &own, report);
            own.entry(&account.value).or_insert(tenant);
        } else {
            check_home(account, tier, catalog, declared, report);
        }
    }
}

/// A home is known by its model: of those that stay there is one in each. And a tenant's own account is
/// named by the tenant, so it has no second one.
fn check_homes(tenant: &Tenant, catalog: &Catalog, report: &mut Report) {
    let mut seen: BTreeMap<Model, &Tenant> = BTreeMap::new();
    for home in std::iter::once(tenant).chain(&tenant.further) {
        let Some(model) = catalog.tier_of(home).map(|tier| tier.model.value) else { continue };
        if home.role == Role::Leaving && model != Model::Account {
            continue;
        }
        let Some(first) = seen.get(&model) else {
            seen.insert(model, home);
            continue;
        };
        let message =
            format!("the tenant {} has two homes in the model `{model}`", quote(tenant.id.value.as_str()));
        let help = if model == Model::Account {
            "a tenant has one account: build the new one under another id, and let this tenant leave"
        } else {
            "put all that it has in this model into one home; or, if it moves, mark the old one `leaving: true`"
        };
        report.push(
            Diagnostic::error(&codes::TWO_HOMES_ALIKE, message)
                .at(home.tier.span, "again here")
                .also(first.tier.span, "first here")
                .help(help),
        );
    }
}

fn check_known<T: std::fmt::Display>(
    named: &Located<T>,
    kind: &str,
    code: &'static Code,
    declared: Option<&BTreeSet<&str>>,
    report: &mut Report,
) {
    let text = named.value.to_string();
    let Some(declared) = declared.filter(|declared| !declared.contains(text.as_str())) else { return };
    let known = || declared.iter().copied();
    let all = format!("its {kind}s are {}; name one of them, or add this one", list_of(known()));
    // Codes of Regions are so much alike that the nearest one is no better than any other.
    let help = if kind == "region" { all } else { suggestion(&text, known(), &all) };
    report.push(
        Diagnostic::error(code, format!("the catalog has no {kind} {}", quote(&text)))
            .at(named.span, "")
            .help(help),
    );
}

/// A tenant of the account model is alone in its account: no platform account, no other tenant's.
fn check_own_account(
    tenant: &Tenant,
    account: &Located<AccountId>,
    catalog: &Catalog,
    own: &BTreeMap<&AccountId, &Tenant>,
    report: &mut Report,
) {
    if let Some(other) = own.get(&account.value) {
        report.push(
            Diagnostic::error(
                &codes::SHARED_ACCOUNT,
                format!(
                    "tenants {} and {} name the same account",
                    quote(other.id.value.as_str()),
                    quote(tenant.id.value.as_str())
                ),
            )
            .at(account.span, "")
            .also(other.account.as_ref().map_or(other.span, |account| account.span), "first here")
            .help("give each its own account, or choose a tier of another model"),
        );
    }
    let known = catalog.account(&account.value).filter(|known| !known.hosts(Model::Account));
    if let Some(known) = known {
        report.push(does_not_host(account, known, Model::Account));
    }
    let management = catalog.organization.as_ref().and_then(|one| one.management_account.as_ref());
    if let Some(management) = management.filter(|management| management.value == account.value) {
        report.push(
            Diagnostic::error(
                &codes::SHARED_ACCOUNT,
                format!("the tenant {} is put into the management account", quote(tenant.id.value.as_str())),
            )
            .at(account.span, "")
            .also(management.span, "the management account of the organization")
            .help("give the tenant an account of its own"),
        );
    }
}

fn check_quotas(catalog: &Catalog, declared: &Declared<'_>, report: &mut Report) {
    let management = catalog.organization.as_ref().and_then(|one| one.management_account.as_ref());
    let own: BTreeSet<_> = catalog
        .homes()
        .filter_map(|tenant| tenant.account.as_ref())
        .chain(management)
        .map(|account| &account.value)
        .collect();
    for file in &catalog.quota_files {
        if !own.contains(&file.account.value) {
            check_known_account(&file.account, catalog, declared, report);
        }
        check_known(&file.region, "region", &codes::UNKNOWN_REGION, declared.regions.as_ref(), report);
    }
    for quota in &catalog.quotas {
        if let Some(account) = quota.account.as_ref().filter(|account| !own.contains(&account.value)) {
            check_known_account(account, catalog, declared, report);
        }
        if let Some(region) = &quota.region {
            check_known(region, "region", &codes::UNKNOWN_REGION, declared.regions.as_ref(), report);
        }
    }
}
