//! Who may do what to a loop, and who may see it: read from the one declared table in `contracts::action`.

use contracts::Claims;
use contracts::action::{AUTHORITY, Action, Scope};
use contracts::ids::{District, SchoolId};
use contracts::queries::Audience;
use contracts::vocabulary::{Role, Visibility};

use crate::district_loop::LoopRecord;

/// How much of a loop a person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing, not even that it exists.
    Nothing,
    /// Title, area, kind, state, how many schools, and the facts that say nothing of who: never names or text.
    Card,
    /// Everything but what the district office keeps to itself.
    Loop,
    /// Internal notes too.
    Office,
}

impl LoopRecord {
    /// Who may hear of it.
    pub fn audience(&self, district: &District) -> Audience {
        let departments = self
            .had_by
            .iter()
            .chain(self.collaborators.iter())
            .chain(self.with().map(|with| &with.department))
            .copied()
            .collect::<std::collections::BTreeSet<_>>();
        Audience {
            district: district.clone(),
            visibility: self.tension.visibility,
            // A school that left or withdrew still sees what it was in.
            schools: self.parts.keys().copied().collect(),
            departments: departments.into_iter().collect(),
            teams: match self.tension.visibility {
                Visibility::Confidential => self.matter.iter().map(|matter| matter.team).collect(),
                Visibility::Joinable | Visibility::SchoolOnly => self.teams_asked.iter().copied().collect(),
            },
            people: self.named.iter().copied().collect(),
            leader: self.leader_asked,
        }
    }
}

/// How much of a loop with this audience a person sees.
///
/// A district's loops are seen by its contact, leaders and auditors; a department sees what it has, had or helps
/// with; a team what lies before it; a school what it is in. Other schools see the card of what can be joined.
/// A team goes on seeing what was put before it, and a confidential loop only while it lies there.
/// A confidential loop is seen by the people named in it, the lead of a department that has a hand in it, the
/// contact, the auditor, and a leader only once it was escalated to one.
pub fn sight(viewer: &Claims, audience: &Audience) -> Sight {
    if viewer.district != audience.district {
        return Sight::Nothing;
    }
    let confidential = audience.visibility == Visibility::Confidential;
    let in_department = audience
        .departments
        .iter()
        .any(|department| viewer.departments.contains(department));
    let leads = audience
        .departments
        .iter()
        .any(|department| viewer.leads.contains(department));
    let named = audience.people.contains(&viewer.person);
    let office = viewer.has(Role::Contact)
        || viewer.has(Role::Auditor)
        || (viewer.has(Role::Leader) && (!confidential || audience.leader))
        || (in_department && (!confidential || leads || named));
    if office {
        return Sight::Office;
    }
    let in_school = audience.schools.iter().any(|school| viewer.schools.contains(school));
    let on_team = audience.teams.iter().any(|team| viewer.teams.contains(team));
    // Staff who filed for a school, or were named otherwise, follow what becomes of it.
    let named_in_office = named && !viewer.departments.is_empty();
    if on_team || named_in_office || (in_school && (!confidential || named)) {
        return Sight::Loop;
    }
    if audience.visibility == Visibility::Joinable && (viewer.has(Role::Reporter) || !viewer.departments.is_empty()) {
        return Sight::Card;
    }
    Sight::Nothing
}

/// Whether a person's roles allow an action on a loop, as far as the table says; the loop's own rules come after.
/// `school` is the school the action speaks for, where it speaks for one.
pub fn may(viewer: &Claims, action: Action, record: &LoopRecord, school: Option<SchoolId>) -> bool {
    let holding = record.with().map(|with| with.department);
    AUTHORITY
        .iter()
        .filter(|(listed, role, _)| *listed == action && viewer.has(*role))
        .any(|(_, role, scope)| match scope {
            Scope::District => true,
            Scope::OwnSchool => match (action, school) {
                (Action::Join, Some(school)) => viewer.schools.contains(&school),
                (_, Some(school)) => viewer.schools.contains(&school) && record.parts.contains_key(&school),
                (_, None) => viewer.schools.iter().any(|school| record.is_in(*school)),
            },
            Scope::HoldingDepartment => holding.is_some_and(|department| in_department(viewer, *role, department)),
            Scope::AnyDepartmentInIt => record
                .collaborators
                .iter()
                .copied()
                .chain(holding)
                .any(|department| in_department(viewer, *role, department)),
            Scope::TeamAsked => record
                .matter
                .as_ref()
                .is_some_and(|matter| viewer.teams.contains(&matter.team)),
        })
}

fn in_department(viewer: &Claims, role: Role, department: contracts::DepartmentId) -> bool {
    match role {
        Role::DepartmentLead => viewer.leads.contains(&department),
        Role::DepartmentStaff | Role::Reporter | Role::Contact | Role::Leader | Role::Auditor | Role::Administrator => {
            viewer.departments.contains(&department)
        }
    }
}
