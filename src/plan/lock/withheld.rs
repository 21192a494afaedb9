//! The lines `quarantine` and `reserved`: blocks that are handed out to nobody.

use std::fmt;
use std::str::FromStr;

use crate::catalog::FreeText;
use crate::identity::{AccountId, Date, NameError, VpcId};
use crate::network::Cidr;
use crate::plan::lock::decision::{BLOCK_RULE, Count, Decision, Owner};
use crate::plan::lock::fields::Fields;

/// A block that was given back and is not to be handed out yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Who had it last.
    pub owner: Owner,
    /// The day from which its wait is counted, once a run has known one.
    pub freed: Option<Date>,
    /// The release from which its wait is counted, if the catalog counts releases.
    pub release: Option<u32>,
    /// As of the network that had it.
    pub routable: bool,
}

impl Quarantined {
    /// A block that waits until its line is deleted.
    pub fn new(owner: Owner) -> Self {
        Quarantined { owner, freed: None, release: None, routable: true }
    }
}

/// A block that was found in use, and what uses it, written `10.64.0.0/22 vpc-0abc`; from a list of
/// blocks the block alone. VPCs that never meet may use the same block, and each has a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReservationId {
    pub block: Cidr,
    pub vpc: Option<VpcId>,
}

/// Why a block that was found in use is never handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The account that the VPC belongs to.
    pub account: Option<AccountId>,
    pub reason: FreeText,
}

impl Decision for Quarantined {
    type Key = Cidr;
    const WORD: &'static str = "quarantine";
    const KEY_RULE: &'static str = BLOCK_RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["owner", "freed", "release", "routable"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let owner = fields.required("owner", Owner::RULE);
        let freed = fields.optional("freed", Date::RULE);
        let release: Option<Count> = fields.optional("release", "a whole number")?;
        let routable = fields.optional("routable", "`true` or `false`")?.unwrap_or(true);
        let release = release.map(|release| release.0);
        Some(Quarantined { owner: owner?, freed: freed?, release, routable })
    }

    /// Two branches that took out the same tenant, each on its day: the block waits for the later.
    fn reconciled(&self, other: &Self) -> Option<Self> {
        (self.owner == other.owner).then(|| Quarantined {
            owner: self.owner.clone(),
            freed: self.freed.max(other.freed),
            release: self.release.max(other.release),
            routable: self.routable && other.routable,
        })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{ owner: {}", self.owner)?;
        if let Some(freed) = self.freed {
            write!(formatter, ", freed: {freed}")?;
        }
        if let Some(release) = self.release {
            write!(formatter, ", release: {release}")?;
        }
        if !self.routable {
            formatter.write_str(", routable: false")?;
        }
        formatter.write_str(" }")
    }
}

impl Decision for Reservation {
    type Key = ReservationId;
    const WORD: &'static str = "reserved";
    const KEY_RULE: &'static str = ReservationId::RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["account", "reason"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let account = fields.optional("account", AccountId::RULE);
        let reason: Reason = fields.required("reason", "a text without code, markup or hidden characters")?;
        Some(Reservation { account: account?, reason: reason.0 })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{ ")?;
        if let Some(account) = &self.account {
            write!(formatter, "account: \"{account}\", ")?;
        }
        // Free text holds neither quotes nor backslashes.
        write!(formatter, "reason: \"{}\" }}", self.reason)
    }
}

impl ReservationId {
    const RULE: &'static str =
        "a block of addresses, and the id of the VPC that has it: `10.64.0.0/22 vpc-0123456789abcdef0`";
}

impl fmt::Display for ReservationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.vpc {
            Some(vpc) => write!(formatter, "{} {vpc}", self.block),
            None => self.block.fmt(formatter),
        }
    }
}

impl FromStr for ReservationId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = |_| NameError(Self::RULE);
        let (block, vpc) = match text.split_once(' ') {
            Some((block, vpc)) => (block, Some(vpc.parse().map_err(error)?)),
            None => (text, None),
        };
        Ok(ReservationId { block: block.parse().map_err(|_| NameError(Self::RULE))?, vpc })
    }
}

/// A reason as the lock may hold it.
struct Reason(FreeText);

impl FromStr for Reason {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        FreeText::new(text, Reservation::REASON_LENGTH).map(Reason).map_err(|_| ())
    }
}

impl Reservation {
    /// The most characters that a reason may have.
    pub const REASON_LENGTH: usize = 256;
}
