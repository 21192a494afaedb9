//! Decides one tenant anew after a merge, and leaves every other decision as it is.
//!
//! Goes in: the lock without the tenant's lines. Comes out: the lock with the decisions that planning
//! gives the tenant now. What planning would decide for others is left to the next run: settling a
//! merge changes what the user named, and nothing else.

use crate::blueprint::Library;
use crate::catalog::Catalog;
use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::identity::{Date, HomeId};
use crate::network::Cidr;
use crate::plan::lock::{Lock, Owner, lines_of, lines_of_cell};
use crate::plan::plan_as_of;
use crate::source::SourceMap;

/// The lock with new decisions for a tenant of the catalog.
///
/// # Errors
/// Whatever keeps the catalog from being planned.
pub fn settle(
    home: &HomeId,
    as_of: Option<Date>,
    mut kept: Lock,
    catalog: &Catalog,
    library: &Library,
    report: &mut Report,
) -> Result<Lock, Reported> {
    let planned = plan_as_of(as_of, catalog, library, &kept, report)?.lock;
    // A number that was taken out may be given to none: then it is another home that is decided.
    let is_new = |id: &&HomeId| id.tenant == home.tenant && !kept.tenants.contains_key(id);
    let anew: Vec<&HomeId> = planned.tenants.keys().filter(is_new).collect();
    // A block that waited for the tenant may be its own again, and one that has waited long enough too.
    let own = anew.iter().filter_map(|id| planned.networks.get(&Owner::Tenant((*id).clone())));
    let own: Vec<Cidr> = own.flat_map(|network| network.value.claims()).collect();
    kept.quarantine.retain(|block, waiting| {
        let is_taken = own.iter().any(|own| own.overlaps(block));
        let is_its_own = waiting.value.owner == Owner::Tenant(home.clone());
        planned.quarantine.contains_key(block) || !(is_taken || is_its_own)
    });
    // By way of the text, so that a sort of decision that is added later is not forgotten here.
    let text = planned.to_text();
    let mut lines = kept.to_text();
    // A new cell is decided with the tenant that it is for; a line that is there already does no harm.
    for id in anew {
        let cell = planned.tenants.get(id).map(|home| home.value.cell.to_string());
        let cell = cell.filter(|cell| !lines.contains(&format!("cell {cell}: ")));
        let of_cell = cell.iter().flat_map(|cell| lines_of_cell(&text, cell));
        for line in lines_of(&text, id).into_iter().chain(of_cell) {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    let mut sources = SourceMap::default();
    let file = sources.add("tenantry.lock", lines);
    let mut told = Report::default();
    Lock::read(file, &sources, &mut told).map_err(|_| {
        let first = told.diagnostics().first().map(|error| error.message.clone()).unwrap_or_default();
        report.error(
            Diagnostic::error(
                &codes::INTERNAL_ERROR,
                format!("the settled lock does not fit together: {first}"),
            )
            .help("please report this with the catalog and the lock that show it"),
        )
    })
}
