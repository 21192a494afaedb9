//! Takes networks that exist already into the lock.
//!
//! Goes in: what AWS's command line prints about VPCs, subnets and peerings, lists of blocks, and who
//! says that a VPC is the home of which tenant. Comes out: the lock with a reservation for every block
//! that somebody else uses, and with the home of every tenant that was named; or a report of all that
//! does not fit, and then nothing is taken in. Doing it again changes nothing.
//!
//! In the order of the work: `read` and `list` take the files in, `home` (with `cut`) fits a VPC to its
//! tenant's blueprint, and `reserve` keeps the other blocks from being handed out. The files come from an
//! account that others may write tags in: every text in them is data, and only what is safe everywhere
//! gets into the lock.

mod cut;
mod found;
mod home;
mod list;
mod read;
mod reserve;

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::Library;
use crate::catalog::Catalog;
use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::identity::{Date, SubnetGroupName, TenantId, VpcId};
use crate::plan::lock::Lock;
use crate::plan::moves::Homes;
use crate::source::{FileId, SourceMap};

pub use found::Found;

/// Who says what about the VPCs that were found.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The VPCs that are homes of tenants.
    pub homes: Vec<(TenantId, VpcId)>,
    /// The subnet group of a subnet, by the subnet's id.
    pub groups: BTreeMap<String, SubnetGroupName>,
    /// The key of the tag that names the subnet group of a subnet that is not listed.
    pub group_tag: String,
    /// The day of the run, for blocks whose wait in quarantine is counted in days.
    pub as_of: Option<Date>,
}

/// What has been taken in.
#[derive(Debug)]
pub struct Adoption {
    pub lock: Lock,
    /// Blocks that the lock knew already, as reserved or as somebody's home.
    pub known: usize,
}

/// Reads a file of any kind that is understood; what it tells is told by JSON's first character.
pub fn read(file: FileId, sources: &SourceMap, found: &mut Found, report: &mut Report) {
    if sources.text(file).trim_start().starts_with(['{', '[']) {
        read::read_answer(file, sources, found, report);
    } else {
        list::read_list(file, sources, found, report);
    }
}

/// Takes everything that was found into a lock.
///
/// # Errors
/// `unknown-tenant`, `unknown-vpc`, `home-does-not-fit` and `adopted-block-taken`, all at once.
pub fn adopt(
    found: &Found,
    wishes: &Wishes,
    catalog: &Catalog,
    library: &Library,
    lock: &Lock,
    report: &mut Report,
) -> Result<Adoption, Reported> {
    // What is wrong with the homes of others is for `plan` to tell.
    let known = Homes::identify(catalog, &mut lock.clone(), &mut Report::default());
    let intents = super::intents(catalog, &known, library, report);
    report.checkpoint()?;
    let mut adoption = Adoption { lock: lock.clone(), known: 0 };
    let mut homes: BTreeMap<&VpcId, &TenantId> = BTreeMap::new();
    let mut tenants = BTreeSet::new();
    for (tenant, vpc) in &wishes.homes {
        let other = homes.insert(vpc, tenant);
        if other.is_some_and(|other| other != tenant) || !tenants.insert(tenant) {
            report.push(
                Diagnostic::error(
                    &codes::HOME_DOES_NOT_FIT,
                    format!("`{vpc}` or tenant `{tenant}` is named twice, and each tenant has one VPC"),
                )
                .help("name every tenant and every VPC once"),
            );
            continue;
        }
        home::adopt(
            tenant,
            vpc,
            &home::Ground { found, wishes, catalog, intents: &intents },
            &mut adoption,
            report,
        );
    }
    home::check_mentions(found, wishes, &intents, report);
    reserve::reserve(found, &homes, &mut adoption, report);
    report.checkpoint()?;
    adoption.lock.verify(report)?;
    Ok(adoption)
}
