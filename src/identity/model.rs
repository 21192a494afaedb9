//! The layer at which a tenant is kept apart.

use std::fmt;
use std::str::FromStr;

use crate::identity::NameError;

/// The isolation models, from the strongest to the weakest layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    Account,
    Vpc,
    Subnet,
    Container,
    Application,
}

impl Model {
    /// All of them, in their order.
    pub const ALL: [Model; 5] =
        [Model::Account, Model::Vpc, Model::Subnet, Model::Container, Model::Application];

    /// Every word with its value.
    pub const WORDS: &'static [(&'static str, Model)] = &[
        ("account", Model::Account),
        ("vpc", Model::Vpc),
        ("subnet", Model::Subnet),
        ("container", Model::Container),
        ("application", Model::Application),
    ];

    /// The rule for these names, as a phrase that follows "must be".
    pub const RULE: &'static str = "`account`, `vpc`, `subnet`, `container` or `application`";

    /// The name that catalogs and blueprints use.
    pub fn as_str(self) -> &'static str {
        match self {
            Model::Account => "account",
            Model::Vpc => "vpc",
            Model::Subnet => "subnet",
            Model::Container => "container",
            Model::Application => "application",
        }
    }

    /// Whether a cell of this model holds one tenant only.
    pub fn is_silo(self) -> bool {
        matches!(self, Model::Account | Model::Vpc)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Model {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Model::ALL.into_iter().find(|model| model.as_str() == text).ok_or(NameError(Self::RULE))
    }
}
