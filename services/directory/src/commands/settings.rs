//! What a district sets about itself.

use std::collections::BTreeSet;

use ::domain::Calendar;
use contracts::commands::{self as wire, CommandMessage, Done};
use contracts::events::directory::{
    AreasSet, ContactDesignated, PatternThresholdsSet, ServiceLevelSet, SignOnRemoved, SignOnSet,
};
use contracts::problem::Problem;
use contracts::sign_on::Provider;
use contracts::vocabulary::Role;

use super::{LIST_MAX, away, carry_out, of_district, state_of_district, still_follows};
use crate::Directory;
use crate::domain::{PublishRules, SetCalendar, SetServiceLevel};
use crate::{entering, second_step, sign_on as signing_on};

/// The longest name of an area, in letters.
const AREA_LABEL_MAX: usize = 60;
/// Providers of one district.
const PROVIDERS_MAX: usize = 10;

/// Sets the working days.
pub(super) async fn calendar(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetCalendar,
) -> Result<Done, Problem> {
    if body.closed.len() > LIST_MAX {
        return Err(Problem::invalid_field(
            "closed",
            format!("names more than {LIST_MAX} ranges"),
        ));
    }
    let time_zone = body.time_zone.map(|zone| zone.to_string());
    Calendar::new(1, time_zone.as_deref().unwrap_or("UTC"), &body.closed)
        .map_err(|error| Problem::invalid_field("closed", error.to_string()))?;
    carry_out(
        directory,
        message,
        &SetCalendar {
            time_zone,
            closed: body.closed,
        },
    )
    .await
}

/// Sets a promise of days.
pub(super) async fn service_level(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetServiceLevel,
) -> Result<Done, Problem> {
    let level = &body.level;
    for (field, days) in [
        ("acknowledge_days", level.acknowledge_days),
        ("next_word_days", level.next_word_days),
        ("resolve_days", level.resolve_days),
    ] {
        if !(1..=750).contains(&days) {
            return Err(Problem::invalid_field(
                field,
                "is a number of business days from 1 to 750",
            ));
        }
    }
    if level.id.is_empty() || level.id.len() > 40 || level.name.trim().is_empty() || level.name.len() > 200 {
        return Err(Problem::invalid_field("level", "needs a short name and a name"));
    }
    carry_out(
        directory,
        message,
        &SetServiceLevel(ServiceLevelSet { level: body.level }),
    )
    .await
}

/// Sets when what several schools meet is a pattern.
pub(super) async fn thresholds(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetPatternThresholds,
) -> Result<Done, Problem> {
    let thresholds = body.thresholds;
    for (field, least, count) in [
        ("thresholds.clause_schools", 2, thresholds.clause_schools),
        ("thresholds.area_schools", 2, thresholds.area_schools),
        ("thresholds.exceptions", 2, thresholds.exceptions),
        ("thresholds.days", 14, thresholds.days),
    ] {
        if !(least..=1000).contains(&count) {
            return Err(Problem::invalid_field(
                field,
                format!("is a number from {least} to 1000"),
            ));
        }
    }
    let set = PatternThresholdsSet { thresholds };
    state_of_district(directory, message, set.into()).await
}

/// Publishes rules.
pub(super) async fn rules(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::PublishRoutingRules,
) -> Result<Done, Problem> {
    if body.rules.len() > LIST_MAX {
        return Err(Problem::invalid_field("rules", format!("are more than {LIST_MAX}")));
    }
    let mut names = BTreeSet::new();
    for (at, rule) in body.rules.iter().enumerate() {
        if !names.insert(rule.id.as_str()) {
            return Err(Problem::invalid_field(
                &format!("rules[{at}].id"),
                "is used twice in this set",
            ));
        }
        let known = directory.districts.with(&message.district, |record| {
            (
                record.has_department(rule.department)
                    && rule
                        .collaborators
                        .iter()
                        .all(|department| record.has_department(*department)),
                record.service_levels.contains_key(&rule.service_level),
            )
        });
        match known {
            Some((true, true)) => {}
            Some((_, false)) => {
                return Err(Problem::invalid_field(
                    &format!("rules[{at}].service_level"),
                    "is not a service level of this district",
                ));
            }
            Some((false, _)) | None => {
                return Err(Problem::invalid_field(
                    &format!("rules[{at}].department"),
                    "is not a department of this district",
                ));
            }
        }
    }
    carry_out(directory, message, &PublishRules(body.rules)).await
}

/// Sets the areas that barriers are sorted by. What was filed under one stays, so none that was is left out: it is retired.
pub(super) async fn areas(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetAreas,
) -> Result<Done, Problem> {
    if body.areas.len() > LIST_MAX {
        return Err(Problem::invalid_field("areas", format!("are more than {LIST_MAX}")));
    }
    let mut codes = BTreeSet::new();
    for (at, area) in body.areas.iter().enumerate() {
        let field = |what: &str| format!("areas[{at}].{what}");
        if !codes.insert(area.code.clone()) {
            return Err(Problem::invalid_field(&field("code"), "stands in this list twice"));
        }
        if area.label.trim().is_empty() || area.label.chars().count() > AREA_LABEL_MAX {
            return Err(Problem::invalid_field(
                &field("label"),
                format!("is a name of at most {AREA_LABEL_MAX} letters"),
            ));
        }
    }
    let dropped = directory.districts.with(&message.district, |record| {
        let own = record.areas.iter().map(|area| &area.code);
        own.filter(|code| !code.is_ours() && !codes.contains(*code))
            .map(|code| code.code().to_owned())
            .collect::<Vec<_>>()
    });
    if let Some(dropped) = dropped.filter(|dropped| !dropped.is_empty()) {
        return Err(Problem::invalid_field(
            "areas",
            format!(
                "leave out {}, under which loops may have been filed; name it and retire it",
                dropped.join(", ")
            ),
        ));
    }
    let set = AreasSet { areas: body.areas };
    state_of_district(directory, message, set.into()).await
}

/// Says who the central-office contact is.
pub(super) async fn contact(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::DesignateContact,
) -> Result<Done, Problem> {
    let found = entering::known(directory, &message.district, body.person).await?;
    let Some(found) = found else {
        return Err(Problem::invalid_field(
            "person",
            "is nobody of this district who may sign in",
        ));
    };
    if !found.has(Role::Contact) {
        return Err(Problem::invalid_field(
            "person",
            format!("is {}, who does not have the contact's role; give it first", found.name),
        ));
    }
    let designated = ContactDesignated {
        person: body.person,
        duties: body.duties.to_string(),
    };
    state_of_district(directory, message, designated.into()).await
}

/// Lets people sign on with accounts that they have elsewhere.
pub(super) async fn sign_on(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetSignOn,
) -> Result<Done, Problem> {
    let id = body.id.as_str();
    if !id
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        return Err(Problem::invalid_field(
            "id",
            "is made of small letters, digits and hyphens",
        ));
    }
    let tenant = body.tenant.as_ref().map(|tenant| tenant.as_str().trim().to_owned());
    if body.kind.has_tenants() && tenant.is_none() {
        return Err(Problem::invalid_field(
            "tenant",
            format!(
                "is missing: {} has many customers, and only this district's accounts are its people's",
                body.kind.label()
            ),
        ));
    }
    let said = body.issuer.as_ref().map(|issuer| issuer.as_str().to_owned());
    let issuer = said.or_else(|| body.kind.issuer(tenant.as_deref())).ok_or_else(|| {
        Problem::invalid_field(
            "issuer",
            "is missing: its address, such as https://accounts.example.org",
        )
    })?;
    signing_on::may_be_asked(&issuer).map_err(|why| Problem::invalid_field("issuer", why))?;
    let many = directory.districts.with(&message.district, |record| {
        record.sign_on.len() >= PROVIDERS_MAX && !record.sign_on.contains_key(id)
    });
    if many == Some(true) {
        return Err(Problem::invalid_field(
            "id",
            format!("would be one of more than {PROVIDERS_MAX} providers"),
        ));
    }
    let provider = Provider {
        id: id.to_owned(),
        kind: body.kind,
        name: body.name.to_string(),
        issuer,
        client_id: body.client_id.to_string(),
        tenant,
    };
    let known = directory
        .districts
        .with(&message.district, |record| record.sign_on.get(id).cloned())
        .flatten();
    // Whose accounts are whose, and what is shared, is of one provider: another under the same name knows nothing of it.
    let other = known.filter(|known| !known.is_the_same_as(&provider));
    if let Some(other) = &other
        && body.client_secret.is_none()
        && directory
            .sign_on
            .has_secret(&message.district, other)
            .await
            .map_err(away)?
    {
        return Err(Problem::invalid_field(
            "client_secret",
            "is needed anew: what was shared with the one before is not given to another",
        ));
    }
    let done = state_of_district(
        directory,
        message,
        SignOnSet {
            provider: provider.clone(),
        }
        .into(),
    )
    .await?;
    if !still_follows(directory, &of_district(message), &done).await? {
        return Ok(done);
    }
    if let Some(other) = &other {
        directory.sign_on.forget(&message.district, other).await.map_err(away)?;
    }
    if let Some(secret) = &body.client_secret {
        let sealed = second_step::sealed(directory, secret.as_str()).await?;
        let kept = directory
            .sign_on
            .keep_secret(&message.district, &provider, &sealed)
            .await;
        kept.map_err(away)?;
    }
    Ok(done)
}

/// No longer lets them.
pub(super) async fn no_sign_on(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::RemoveSignOn,
) -> Result<Done, Problem> {
    let id = body.id.to_string();
    let known = directory
        .districts
        .with(&message.district, |record| record.sign_on.get(&id).cloned())
        .flatten();
    let done = state_of_district(directory, message, SignOnRemoved { id }.into()).await?;
    if let Some(known) = known
        && still_follows(directory, &of_district(message), &done).await?
    {
        directory
            .sign_on
            .forget(&message.district, &known)
            .await
            .map_err(away)?;
    }
    Ok(done)
}
