//! Whoever sets a district up, and what of it was changed.

use contracts::events::directory::{Closed, Conditions, RoutingRule};
use contracts::events::routing::ServiceLevel;
use contracts::ids::{LoopId, PersonId, TeamId};
use contracts::queries::{Changed, ChangedLine, DryRan, NamedTeam, WentElsewhere, WouldGo};
use contracts::sign_on::Provider;
use contracts::vocabulary::{Kind, ProviderKind, TeamKind};
use uuid::Uuid;

use super::{department_id, now, viewer};
use crate::pages::viewer::Viewer;

/// Somebody who keeps all settings of a district that has some of each.
pub(in crate::pages) fn keeper(text: &str) -> Viewer {
    let mut viewer = viewer();
    let mut district = (*viewer.district).clone();
    let day = now().date_naive();
    district.closed = vec![Closed {
        from: day,
        to: day,
        label: text.to_owned(),
    }];
    district.service_levels = vec![ServiceLevel {
        id: "standard".to_owned(),
        name: text.to_owned(),
        acknowledge_days: 3,
        next_word_days: 10,
        resolve_days: 30,
        due_soon_days: 2,
    }];
    district.rules = vec![RoutingRule {
        id: "bells".to_owned(),
        name: text.to_owned(),
        when: Conditions {
            areas: vec![district.areas[0].code.clone()],
            kinds: vec![Kind::Policy],
            words: vec![text.to_owned()],
            ..Conditions::default()
        },
        department: department_id(),
        collaborators: vec![department_id()],
        service_level: "standard".to_owned(),
    }];
    district.teams = vec![NamedTeam {
        id: TeamId(Uuid::from_u128(3)),
        name: text.to_owned(),
        kind: TeamKind::DistrictCouncil,
        members: vec![PersonId(Uuid::from_u128(4))],
    }];
    district.sign_on = vec![Provider {
        id: "google".to_owned(),
        kind: ProviderKind::Google,
        name: text.to_owned(),
        issuer: text.to_owned(),
        client_id: text.to_owned(),
        tenant: Some(text.to_owned()),
    }];
    for school in &mut district.schools {
        text.clone_into(&mut school.name);
        school.retired = true;
    }
    for department in &mut district.departments {
        department.decides = Some(text.to_owned());
    }
    for area in &mut district.areas {
        text.clone_into(&mut area.label);
    }
    district.contact = Some((text.to_owned(), text.to_owned()));
    viewer.district = std::sync::Arc::new(district);
    viewer
}

/// What was changed.
pub(in crate::pages) fn changed(text: &str) -> Changed {
    let line = |before: Option<&str>, after: Option<&str>| ChangedLine {
        at: text.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    Changed {
        sequence: 9,
        time: now(),
        by: text.to_owned(),
        event: "calendar_set".to_owned(),
        lines: vec![
            line(Some(text), Some(text)),
            line(None, Some(text)),
            line(Some(text), None),
        ],
    }
}

/// What trying rules out showed.
pub(in crate::pages) fn dry_ran(text: &str) -> DryRan {
    DryRan {
        looked_at: 12,
        same: 10,
        elsewhere: vec![WentElsewhere {
            from: Some(department_id()),
            to: None,
            count: 2,
        }],
        chosen: [("bells".to_owned(), 3)].into(),
        loops: vec![WouldGo {
            id: LoopId(Uuid::from_u128(8)),
            title: text.to_owned(),
            from: Some(department_id()),
            to: None,
            rule: Some("bells".to_owned()),
        }],
    }
}
