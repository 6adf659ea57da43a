//! `POST /file/who`: who will get what is being typed, and when they will answer. It records nothing; it is a POST so
//! that what is typed stands in no address.

use axum::Form;
use axum::response::{IntoResponse, Response};
use contracts::area::Area;
use contracts::ids::SchoolId;
use contracts::vocabulary::{Kind, RuleSource, Urgency};
use domain::Calendar;
use domain::rules::{Facts, choose};

use crate::pages::forms::Typed;
use crate::pages::viewer::{Desk, Stranger, Viewer};
use crate::pages::words;

pub(in crate::pages) async fn who(
    desk: Result<Desk, Stranger>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<String, Response> {
    let viewer = desk.map_err(IntoResponse::into_response)?.viewer;
    let typed = Typed::from(typed);
    viewer
        .check(&typed)
        .map_err(|problem| crate::pages::trouble(&problem))?;
    Ok(who_gets_it(&viewer, &typed).unwrap_or_default())
}

/// In a sentence, by the rules as they stand; nothing until the area is chosen.
pub(super) fn who_gets_it(viewer: &Viewer, typed: &Typed) -> Option<String> {
    let district = &viewer.district;
    let area = Area::from_code(typed.get("area"))?;
    let school = typed
        .read::<SchoolId>("school")
        .or_else(|| {
            viewer
                .visitor
                .claims
                .schools
                .first()
                .copied()
                .filter(|_| !viewer.in_office())
        })
        .unwrap_or(district.office);
    let zones = district
        .zones
        .iter()
        .filter(|zone| zone.schools.contains(&school))
        .map(|zone| zone.id)
        .collect();
    let texts: Vec<&str> = ["title", "trying", "barrier", "tried", "would_help"]
        .map(|name| typed.get(name))
        .to_vec();
    let urgency = Urgency::from_code(typed.get("urgency")).unwrap_or(Urgency::Slowing);
    let facts = Facts {
        area: area.code(),
        kind: Kind::from_code(typed.get("kind")).unwrap_or(Kind::NotSure),
        rule_source: RuleSource::from_code(typed.get("rule_source")).unwrap_or(RuleSource::NotSure),
        school,
        zones: &zones,
        urgency,
        text: &texts.join("\n").to_lowercase(),
    };
    let known = |department| district.departments.iter().any(|known| known.id == department);
    let Some(rule) = choose(&district.rules, &facts).filter(|rule| known(rule.department)) else {
        let contact = district
            .contact
            .as_ref()
            .map_or("the central-office contact", |(name, _)| name.as_str());
        return Some(format!(
            "No rule says who decides about this, so {contact} will read it and pass it on."
        ));
    };
    let department = words::department(district, rule.department);
    let level = district
        .service_levels
        .iter()
        .find(|level| level.id == rule.service_level);
    let calendar = Calendar::new(district.calendar_version, &district.time_zone, &district.closed).unwrap_or_default();
    let hear = level.map_or(String::new(), |level| {
        let by = calendar.after(viewer.days.now, level.acknowledge_days);
        format!(" You will hear by {}.", viewer.days.full(by))
    });
    Some(format!("{department} will get this.{hear}"))
}

#[cfg(test)]
mod tests {
    use contracts::events::directory::{Conditions, RoutingRule};
    use contracts::events::routing::ServiceLevel;
    use contracts::vocabulary::Role;

    use super::*;
    use crate::pages::samples;

    fn viewer() -> Viewer {
        let mut viewer = samples::viewer_as(&[Role::Reporter]);
        let district = std::sync::Arc::make_mut(&mut viewer.district);
        district.service_levels.push(ServiceLevel {
            id: "standard".to_owned(),
            name: "Standard".to_owned(),
            acknowledge_days: 3,
            next_word_days: 10,
            resolve_days: 30,
            due_soon_days: 1,
        });
        district.rules.push(RoutingRule {
            id: "access".to_owned(),
            name: "Access".to_owned(),
            when: Conditions {
                areas: Area::from_code("technology_access").into_iter().collect(),
                ..Conditions::default()
            },
            department: district.departments[0].id,
            collaborators: Vec::new(),
            service_level: "standard".to_owned(),
        });
        viewer
    }

    #[test]
    fn before_it_is_sent_it_is_said_who_will_get_it_and_when_they_answer() {
        let said = who_gets_it(&viewer(), &Typed::of(&[("area", "technology_access")]));
        assert_eq!(
            said.as_deref(),
            Some("Technology will get this. You will hear by Thursday 26 November (in 3 days).")
        );
    }

    #[test]
    fn what_no_rule_knows_goes_to_the_contact() {
        let said = who_gets_it(&viewer(), &Typed::of(&[("area", "grading")]));
        assert!(said.is_some_and(|said| said.contains("Marisol Vega will read it")));
        assert_eq!(who_gets_it(&viewer(), &Typed::default()), None, "nothing is known yet");
    }
}
