//! Which of a tenant's homes is meant: most have one, and one that moves or that is served by two models has
//! several.

use std::fmt;
use std::str::FromStr;

use crate::identity::{NameError, TenantId};

/// A home of a tenant, written `acme` for the first and `acme.2` for the second.
///
/// Numbers count the homes that a tenant has ever had beside others; a home keeps its number for as long as
/// it stands, whatever becomes of the others, since names of stacks hang on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HomeId {
    pub tenant: TenantId,
    /// From 1.
    pub number: u32,
}

impl HomeId {
    /// The rule for these names, as a phrase that follows "must be".
    pub const RULE: &'static str =
        "a tenant's id, followed by the number of the home where it is not the first: `acme` or `acme.2`";

    /// A home of this number.
    pub fn new(tenant: TenantId, number: u32) -> Self {
        HomeId { tenant, number }
    }

    /// A name for what is made in this home, where a name must be its own. No tenant's id begins with a
    /// digit, so it is nobody else's.
    pub fn name(&self) -> String {
        if self.number == 1 { self.tenant.to_string() } else { self.numbered_name() }
    }

    /// The same with the number, also of the first.
    pub fn numbered_name(&self) -> String {
        format!("{}h-{}", self.number, self.tenant)
    }
}

impl From<TenantId> for HomeId {
    /// The first home.
    fn from(tenant: TenantId) -> Self {
        HomeId { tenant, number: 1 }
    }
}

impl fmt::Display for HomeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tenant.fmt(formatter)?;
        if self.number == 1 { Ok(()) } else { write!(formatter, ".{}", self.number) }
    }
}

impl FromStr for HomeId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = |_| NameError(Self::RULE);
        let Some((tenant, number)) = text.split_once('.') else {
            return Ok(HomeId::from(text.parse::<TenantId>().map_err(error)?));
        };
        // One spelling for each: neither `acme.1`, nor what the standard library takes for a number beside.
        let number =
            Some(number).filter(|number| number.starts_with(|first: char| matches!(first, '1'..='9')));
        let number = number.and_then(|number| number.parse::<u32>().ok()).filter(|number| *number > 1);
        let number = number.ok_or(NameError(Self::RULE))?;
        Ok(HomeId { tenant: tenant.parse().map_err(error)?, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_reads_back_as_it_is_written() {
        for text in ["acme", "acme-2", "acme.2", "acme.17", "acme.4294967295"] {
            assert_eq!(text.parse::<HomeId>().unwrap().to_string(), text);
        }
        for text in
            ["", "acme.", "acme.0", "acme.1", "acme.01", "acme.+2", "acme.two", "acme.2.2", ".2", "Acme.2"]
        {
            assert!(text.parse::<HomeId>().is_err(), "{text}");
        }
    }

    #[test]
    fn homes_are_ordered_by_tenant_and_then_by_number() {
        let home = |text: &str| text.parse::<HomeId>().unwrap();
        assert!(
            home("acme") < home("acme.2")
                && home("acme.9") < home("acme.10")
                && home("acme.10") < home("acme-2")
        );
    }

    #[test]
    fn a_name_of_a_home_is_no_tenants() {
        let home = |text: &str| text.parse::<HomeId>().unwrap();
        assert_eq!(home("acme").name(), "acme");
        assert_eq!(home("acme.2").name(), "2h-acme");
        assert!(home("acme.2").name().parse::<TenantId>().is_err());
    }
}
