//! One tenant, whichever format it was written in.

use crate::catalog::values::{block, check_settings, free_text, name, name_or, refuse_duplicates, word};
use crate::catalog::{Role, Settings, Status, TagRule, Tenant, TenantName, tags};
use crate::diagnostics::{Report, codes};
use crate::identity::ComplianceName;
use crate::yaml::{Fields, Located, Node};

/// How often an address space may double in place: 4 makes it 16 times as large.
pub(super) const MAXIMUM_HEADROOM: i64 = 4;

/// The tenant of a node; none if a part that every tenant needs is wrong.
pub(super) fn decode(node: &Node, rules: Option<&[TagRule]>, report: &mut Report) -> Option<Tenant> {
    let mut fields = Fields::open(node, "a tenant", report)?;
    let id = fields.required("id", report).and_then(|node| name(node, "the id of a tenant", report));
    let full_name = fields
        .required("name", report)
        .and_then(|node| free_text(node, "the name of a tenant", TenantName::new, report));
    let tier = fields
        .required("tier", report)
        .and_then(|node| name_or(&codes::UNKNOWN_TIER, node, "the tier of a tenant", report));
    let region = fields
        .required("region", report)
        .and_then(|node| name_or(&codes::UNKNOWN_REGION, node, "the region of a tenant", report));
    let status = fields
        .optional("status")
        .and_then(|node| word(node, "a status", &codes::UNKNOWN_VALUE, Status::WORDS, report));
    let compliance = fields.optional("compliance").map_or_else(Vec::new, |node| compliance(node, report));
    let ingress = fields.optional("ingress").map_or_else(Vec::new, |node| {
        let items = node.list("`ingress`", report).unwrap_or_default();
        let blocks: Vec<_> =
            items.iter().filter_map(|item| block(item, "a block of `ingress`", report)).collect();
        refuse_duplicates(&blocks, "the block", ToString::to_string, report);
        blocks
    });
    let headroom = fields.optional("headroom").and_then(|node| headroom(node, report));
    let size = fields.optional("size").and_then(|node| text(node, "the size of a tenant", report));
    let account = fields.optional("account").and_then(|node| name(node, "the account of a tenant", report));
    let tags = fields.optional("tags").map(|node| tags::decode_given(node, rules, report));
    let settings = fields.optional("settings").map_or_else(Settings::default, |node| settings(node, report));
    let homes = fields.optional("homes");
    fields.finish(report);
    let mut tenant = Tenant {
        id: id?,
        name: full_name?,
        tier: tier?,
        region: region?,
        status: status.map_or_else(Status::default, |status| status.value),
        compliance,
        ingress,
        headroom,
        size,
        account,
        tags: tags.unwrap_or_default(),
        settings,
        role: Role::Main,
        further: Vec::new(),
        span: node.span,
    };
    let homes = homes.map(|node| node.list("`homes`", report).unwrap_or_default()).unwrap_or_default();
    tenant.further = homes.iter().filter_map(|node| further(node, &tenant, report)).collect();
    Some(tenant)
}

/// Another home of a tenant, as the tenant that would have it alone. What says how a home is built is its
/// own: a size or a setting of one blueprint means nothing to another.
fn further(node: &Node, tenant: &Tenant, report: &mut Report) -> Option<Tenant> {
    let mut fields = Fields::open(node, "a home of a tenant", report)?;
    let tier = fields
        .required("tier", report)
        .and_then(|node| name_or(&codes::UNKNOWN_TIER, node, "the tier of a home", report));
    let leaving = fields.optional("leaving").and_then(|node| node.boolean("`leaving`", report));
    let region = fields
        .optional("region")
        .and_then(|node| name_or(&codes::UNKNOWN_REGION, node, "the region of a home", report));
    let status = fields
        .optional("status")
        .and_then(|node| word(node, "a status", &codes::UNKNOWN_VALUE, Status::WORDS, report));
    let headroom = fields.optional("headroom").and_then(|node| headroom(node, report));
    let size = fields.optional("size").and_then(|node| text(node, "the size of a home", report));
    let account = fields.optional("account").and_then(|node| name(node, "the account of a home", report));
    let settings = fields.optional("settings").map_or_else(Settings::default, |node| settings(node, report));
    fields.finish(report);
    let status = status.map(|status| status.value).filter(|_| tenant.status != Status::Retired);
    Some(Tenant {
        tier: tier?,
        region: region.unwrap_or_else(|| tenant.region.clone()),
        status: status.unwrap_or(tenant.status),
        headroom,
        size,
        account,
        settings,
        role: if leaving == Some(true) { Role::Leaving } else { Role::Beside },
        further: Vec::new(),
        span: node.span,
        ..tenant.clone()
    })
}

fn compliance(node: &Node, report: &mut Report) -> Vec<Located<ComplianceName>> {
    let items = node.list("`compliance`", report).unwrap_or_default();
    let names: Vec<Located<ComplianceName>> =
        items.iter().filter_map(|item| name(item, "an item of `compliance`", report)).collect();
    refuse_duplicates(&names, "the item", ToString::to_string, report);
    names
}

/// A number of doublings.
pub(super) fn headroom(node: &Node, report: &mut Report) -> Option<Located<u8>> {
    let doublings = node.integer("`headroom`", 0..=MAXIMUM_HEADROOM, report)?;
    Some(Located::new(u8::try_from(doublings).ok()?, node.span))
}

/// Text that a later stage looks up.
pub(super) fn text(node: &Node, what: &str, report: &mut Report) -> Option<Located<String>> {
    node.text(what, report).map(|text| Located::new(text.to_owned(), node.span))
}

/// The settings of a tier or tenant as they are, once they hold nothing unsafe.
pub(super) fn settings(node: &Node, report: &mut Report) -> Settings {
    check_settings(node, report);
    Settings(node.map("`settings`", report).unwrap_or_default().to_vec())
}
