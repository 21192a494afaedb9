//! Which home a tenant has: the identity of a cell.

use std::fmt;
use std::str::FromStr;

use crate::identity::{AccountId, Model, NameError, RegionName, TenantId};

/// The account that hosts a cell. One that does not exist yet is named by its tenant; the two cannot
/// be confused, since a tenant's id begins with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostAccount {
    Number(AccountId),
    Of(TenantId),
}

/// One home of tenants, written `vpc/222222222222/us-east-1/1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId {
    pub model: Model,
    pub account: HostAccount,
    pub region: RegionName,
    /// In models whose tenants share cells counted from 1 for each model, over all accounts and Regions, so
    /// that model and number name a cell; in the others unique in its account, Region and model.
    pub ordinal: u32,
}

impl CellId {
    /// The rule for these names, as a phrase that follows "must be".
    pub const RULE: &'static str =
        "a cell: model, account, region and number, such as `vpc/222222222222/us-east-1/1`";

    /// Model and number, such as `subnet-1`: of a shared model no other cell has them.
    pub fn name(&self) -> String {
        format!("{}-{}", self.model, self.ordinal)
    }
}

impl fmt::Display for HostAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostAccount::Number(account) => account.fmt(formatter),
            HostAccount::Of(tenant) => tenant.fmt(formatter),
        }
    }
}

impl FromStr for HostAccount {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = NameError("an account's twelve digits, or the id of the tenant whose account it will be");
        match text.parse() {
            Ok(account) => Ok(HostAccount::Number(account)),
            Err(_) => text.parse().map(HostAccount::Of).map_err(|_| error),
        }
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}/{}", self.model, self.account, self.region, self.ordinal)
    }
}

impl FromStr for CellId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = text.split('/');
        let mut part = || parts.next().ok_or(NameError(Self::RULE));
        let (model, account, region, ordinal) = (part()?, part()?, part()?, part()?);
        // The standard library's integers accept `+1` and `01`, which would be a second spelling.
        if parts.next().is_some() || !ordinal.starts_with(|first: char| matches!(first, '1'..='9')) {
            return Err(NameError(Self::RULE));
        }
        Ok(CellId {
            model: model.parse().map_err(|_| NameError(Self::RULE))?,
            account: account.parse().map_err(|_| NameError(Self::RULE))?,
            region: region.parse().map_err(|_| NameError(Self::RULE))?,
            ordinal: ordinal.parse().map_err(|_| NameError(Self::RULE))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_reads_back_as_it_is_written() {
        for text in [
            "vpc/222222222222/us-east-1/1",
            "account/acme/eu-west-1/12",
            "application/012345678901/us-gov-west-1/4294967295",
        ] {
            assert_eq!(text.parse::<CellId>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "vpc",
            "vpc/222222222222/us-east-1",
            "vpc/222222222222/us-east-1/0",
            "vpc/222222222222/us-east-1/01",
            "vpc/222222222222/us-east-1/+1",
            "vpc/222222222222/us-east-1/4294967296",
            "vpc/222222222222/us-east-1/1/",
            "vps/222222222222/us-east-1/1",
            "vpc/22222222222/us-east-1/1",
            "vpc/222222222222/useast1/1",
        ] {
            assert!(text.parse::<CellId>().is_err(), "{text}");
        }
    }

    #[test]
    fn cells_are_ordered_by_number_and_not_by_text() {
        let cell = |text: &str| text.parse::<CellId>().unwrap();
        assert!(cell("vpc/222222222222/us-east-1/9") < cell("vpc/222222222222/us-east-1/10"));
    }
}
