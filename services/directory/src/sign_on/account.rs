//! What a provider says about an account, and what of it is believed. Pure.
//!
//! A district is one of many customers of Google, Microsoft, ClassLink and Clever: which customer's an account is decides
//! first. The claims are those that each publishes; none of them could be asked while this was written.

use contracts::sign_on::Provider;
use contracts::vocabulary::ProviderKind;
use serde_json::Value;

use super::asking::Claims;

/// The longest description of an account that is shown.
const SHOWN_MAX: usize = 200;

/// An account of this district's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// By this it is known for ever, at its provider.
    pub(crate) stable: String,
    /// The id in the roster, where the provider knows it.
    pub(crate) sourced_id: Option<String>,
    /// What the roster may call it, as `{type:id}` in small letters.
    pub(crate) user_ids: Vec<String>,
    /// The address, in small letters, where it is known to be theirs.
    pub(crate) email: Option<String>,
    /// For people.
    pub(crate) shown: String,
}

/// An account that is none of this district's staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// For the operator.
    pub(crate) why: &'static str,
    /// For people.
    pub(crate) account: String,
}

/// Whether a provider says what is needed only when it is asked once more.
pub(crate) fn says_more(kind: ProviderKind) -> bool {
    match kind {
        ProviderKind::Classlink | ProviderKind::Clever => true,
        ProviderKind::Google | ProviderKind::Entra | ProviderKind::Standard => false,
    }
}

fn text(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match value.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

fn is_true(value: &Value, name: &str) -> bool {
    match value.get(name) {
        Some(Value::Bool(said)) => *said,
        // Some say it as a text or a number.
        Some(Value::String(said)) => said == "true" || said == "1",
        Some(Value::Number(said)) => said.as_u64() == Some(1),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
    }
}

/// The account that a provider speaks of.
pub(crate) fn of(provider: &Provider, claims: &Claims) -> Result<Account, Foreign> {
    let (said, more) = (&claims.said, &claims.more);
    let email = text(said, &["email"]).or_else(|| text(more, &["email", "Email"]));
    let shown: String = email
        .clone()
        .or_else(|| text(said, &["preferred_username", "name"]))
        .or_else(|| text(more, &["LoginId", "DisplayName", "name"]))
        .unwrap_or_else(|| "this account".to_owned())
        .chars()
        .take(SHOWN_MAX)
        .collect();
    let foreign = |why| Foreign {
        why,
        account: shown.clone(),
    };
    let of_tenant = |found: Option<String>| {
        let wanted = provider.tenant.as_deref().unwrap_or_default();
        // Where the district was not said, nobody is of it.
        if found.is_some_and(|found| !wanted.is_empty() && found.eq_ignore_ascii_case(wanted)) {
            Ok(())
        } else {
            Err(foreign("it is of another customer of the provider"))
        }
    };
    let verified = || email.clone().filter(|_| is_true(said, "email_verified"));
    let named = |types: &[&str], id: &str| -> Vec<String> {
        types.iter().map(|of| format!("{{{of}:{id}}}").to_lowercase()).collect()
    };
    let account = |stable: String, sourced_id, user_ids, email: Option<String>| Account {
        stable,
        sourced_id,
        user_ids,
        email: email.map(|email| email.to_lowercase()),
        shown: shown.clone(),
    };
    let subject = claims.subject.clone();
    match provider.kind {
        ProviderKind::Google => {
            of_tenant(text(said, &["hd"]))?;
            let ids = named(&["google", "googleid"], &subject);
            Ok(account(subject, None, ids, verified()))
        }
        ProviderKind::Entra => {
            of_tenant(text(said, &["tid"]))?;
            // `sub` differs from one application to the next; `oid` is the person's in the whole tenant.
            let oid = text(said, &["oid"]).ok_or_else(|| foreign("it has no id of its tenant"))?;
            // Guests of a tenant are of another: their name there says so.
            let upn = text(said, &["preferred_username"]).filter(|upn| upn.contains('@') && !upn.contains("#EXT#"));
            // An address that the owner of its domain has not vouched for is anybody's to choose.
            let vouched = email.clone().filter(|_| is_true(said, "xms_edov"));
            let ids = named(&["entra", "azuread", "microsoft", "oid"], &oid);
            Ok(account(oid, None, ids, vouched.or(upn)))
        }
        ProviderKind::Classlink => {
            of_tenant(text(more, &["TenantId", "tenant_id"]))?;
            not_a_student(text(more, &["Role", "role"])).map_err(foreign)?;
            let id = text(more, &["UserId", "user_id"]).ok_or_else(|| foreign("it has no id"))?;
            let sourced_id = text(more, &["SourcedId", "sourced_id"]);
            let ids = named(&["classlink"], &id);
            // What stands there was put there by the district.
            Ok(account(id, sourced_id, ids, email.clone()))
        }
        ProviderKind::Clever => {
            of_tenant(text(more, &["district"]))?;
            not_a_student(text(more, &["user_type", "type"])).map_err(foreign)?;
            let id = text(more, &["user_id"]).ok_or_else(|| foreign("it has no id"))?;
            let ids = named(&["clever"], &id);
            Ok(account(id, None, ids, email.clone()))
        }
        ProviderKind::Standard => {
            let ids = named(&[&provider.id], &subject);
            Ok(account(subject, None, ids, verified()))
        }
    }
}

fn not_a_student(role: Option<String>) -> Result<(), &'static str> {
    match role {
        Some(role) if !["student", "contact", "guardian", "parent"].contains(&role.to_lowercase().as_str()) => Ok(()),
        Some(_) => Err("it is not of staff"),
        None => Err("it is not said to be of staff"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(kind: ProviderKind, tenant: Option<&str>) -> Provider {
        Provider {
            id: "p".to_owned(),
            kind,
            name: "P".to_owned(),
            issuer: "https://p.example".to_owned(),
            client_id: "c".to_owned(),
            tenant: tenant.map(str::to_owned),
        }
    }

    fn claims(said: Value, more: Value) -> Claims {
        Claims {
            subject: "sub-1".to_owned(),
            said,
            more,
        }
    }

    #[test]
    fn google_counts_its_hosted_domain_and_only_verified_addresses() {
        let google = provider(ProviderKind::Google, Some("cedar.example"));
        let of = |said| of(&google, &claims(said, Value::Null));
        let account = of(json!({"hd": "cedar.example", "email": "Ann@cedar.example", "email_verified": true}));
        let account = account.expect("an account");
        assert_eq!(
            (account.stable.as_str(), account.email.as_deref()),
            ("sub-1", Some("ann@cedar.example"))
        );
        assert_eq!(account.user_ids[0], "{google:sub-1}");
        let unverified = of(json!({"hd": "cedar.example", "email": "ann@cedar.example", "email_verified": false}));
        assert_eq!(unverified.expect("an account").email, None);
        for stranger in [
            json!({"email": "ann@cedar.example", "email_verified": true}),
            json!({"hd": "elm.example"}),
        ] {
            assert!(of(stranger).is_err());
        }
    }

    #[test]
    fn entra_goes_by_tenant_and_object_and_takes_no_address_that_anybody_can_choose() {
        let entra = provider(ProviderKind::Entra, Some("t-1"));
        let of = |said| of(&entra, &claims(said, Value::Null));
        let chosen =
            of(json!({"tid": "t-1", "oid": "o-1", "email": "superintendent@cedar.example"})).expect("an account");
        assert_eq!((chosen.stable.as_str(), chosen.email), ("o-1", None));
        let known = of(json!({"tid": "t-1", "oid": "o-1", "preferred_username": "ann@cedar.example"}));
        assert_eq!(known.expect("an account").email.as_deref(), Some("ann@cedar.example"));
        let vouched = of(json!({"tid": "t-1", "oid": "o-1", "email": "ann@cedar.example", "xms_edov": "1"}));
        assert_eq!(vouched.expect("an account").email.as_deref(), Some("ann@cedar.example"));
        let guest = json!({"tid": "t-1", "oid": "o-1", "preferred_username": "x_y.example#EXT#@cedar.example"});
        assert_eq!(of(guest).expect("an account").email, None);
        assert!(of(json!({"tid": "t-2", "oid": "o-1"})).is_err());
        assert!(of(json!({"tid": "t-1"})).is_err());
    }

    #[test]
    fn classlink_and_clever_know_the_roster_and_let_no_student_in() {
        let classlink = provider(ProviderKind::Classlink, Some("77"));
        let info =
            json!({"TenantId": 77, "UserId": 4, "SourcedId": "s-9", "Role": "Teacher", "Email": "Ann@Cedar.example"});
        let account = of(&classlink, &claims(Value::Null, info)).expect("an account");
        assert_eq!(
            (account.stable.as_str(), account.sourced_id.as_deref()),
            ("4", Some("s-9"))
        );
        assert_eq!(account.email.as_deref(), Some("ann@cedar.example"));
        for stranger in [
            json!({"TenantId": 78, "UserId": 4, "Role": "Teacher"}),
            json!({"TenantId": 77, "UserId": 4, "Role": "Student"}),
            json!({"TenantId": 77, "UserId": 4}),
        ] {
            assert!(of(&classlink, &claims(Value::Null, stranger)).is_err());
        }
        let clever = provider(ProviderKind::Clever, Some("d-1"));
        let info = json!({"district": "d-1", "user_type": "teacher", "user_id": "u-1"});
        let account = of(&clever, &claims(Value::Null, info)).expect("an account");
        assert_eq!(account.user_ids, ["{clever:u-1}"]);
        let student = json!({"district": "d-1", "user_type": "student", "user_id": "u-1"});
        assert!(of(&clever, &claims(Value::Null, student)).is_err());
    }

    #[test]
    fn where_the_district_was_not_said_nobody_is_of_it() {
        let google = provider(ProviderKind::Google, None);
        assert!(of(&google, &claims(json!({"hd": ""}), Value::Null)).is_err());
        assert!(of(&google, &claims(json!({}), Value::Null)).is_err());
    }
}
