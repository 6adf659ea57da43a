//! Signing on with an account that somebody has elsewhere: OpenID Connect, with what the providers of school accounts add.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::ProviderKind;

/// Where a district's people have accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provider {
    /// Its short name, which stands in the address that the provider sends people back to.
    pub id: String,
    /// What its tokens say about people, and how far that is trusted.
    pub kind: ProviderKind,
    /// What the button says, such as "Cedar Valley Google account".
    pub name: String,
    /// Who it is, exactly as its tokens say it.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// Which of its customers the district is: Google's hosted domain, Entra's tenant, ClassLink's tenant, Clever's
    /// district.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

impl Provider {
    /// Whether another is this one, perhaps by another name on the button: what is known of accounts there holds for
    /// both.
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        (&self.id, self.kind, &self.issuer, &self.client_id, &self.tenant)
            == (&other.id, other.kind, &other.issuer, &other.client_id, &other.tenant)
    }
}

impl ProviderKind {
    /// The issuer, where it follows from the kind and the customer.
    pub fn issuer(self, tenant: Option<&str>) -> Option<String> {
        match self {
            Self::Google => Some("https://accounts.google.com".to_owned()),
            Self::Entra => tenant.map(|tenant| format!("https://login.microsoftonline.com/{tenant}/v2.0")),
            Self::Classlink => Some("https://launchpad.classlink.com".to_owned()),
            Self::Clever => Some("https://clever.com".to_owned()),
            Self::Standard => None,
        }
    }

    /// Whether a district is one of many customers, so that which one must be said: accounts of others are not its own.
    pub fn has_tenants(self) -> bool {
        match self {
            Self::Google | Self::Entra | Self::Classlink | Self::Clever => true,
            Self::Standard => false,
        }
    }
}
