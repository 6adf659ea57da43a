//! Names for ids, in a district's own words.

use chrono_tz::Tz;
use contracts::Claims;
use contracts::ids::{DepartmentId, District, SchoolId, TeamId};
use contracts::queries::Holder;
use domain::Calendar;
use projection::LiveDistricts;

/// One district's names.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    districts: LiveDistricts,
    district: District,
}

impl Names {
    pub(crate) fn new(districts: &LiveDistricts, district: &District) -> Self {
        Self {
            districts: districts.clone(),
            district: district.clone(),
        }
    }

    pub(crate) fn school(&self, id: SchoolId) -> String {
        if id == SchoolId::of_district(&self.district) {
            return "the district office".to_owned();
        }
        self.districts
            .with(&self.district, |record| {
                record.schools.get(&id).map(|school| school.name.clone())
            })
            .flatten()
            .unwrap_or_else(|| "a school".to_owned())
    }

    pub(crate) fn department(&self, id: DepartmentId) -> String {
        self.districts
            .with(&self.district, |record| {
                record.departments.get(&id).map(|department| department.name.clone())
            })
            .flatten()
            .unwrap_or_else(|| "a department".to_owned())
    }

    pub(crate) fn team(&self, id: TeamId) -> String {
        self.districts
            .with(&self.district, |record| {
                record.teams.get(&id).map(|team| team.name.clone())
            })
            .flatten()
            .unwrap_or_else(|| "a team".to_owned())
    }

    pub(crate) fn calendar(&self, version: u32) -> Calendar {
        self.districts
            .with(&self.district, |record| record.calendar_at(version))
            .unwrap_or_default()
    }

    pub(crate) fn zone(&self) -> Tz {
        self.districts
            .with(&self.district, |record| record.calendar().time_zone)
            .unwrap_or(chrono_tz::UTC)
    }

    /// Who has the next step, as one phrase that can stand before "has this".
    pub(crate) fn holder(&self, holder: &Holder, viewer: &Claims) -> String {
        match holder {
            Holder::Nobody => "nobody".to_owned(),
            Holder::Router => "the district office".to_owned(),
            Holder::School { schools } => match schools.as_slice() {
                [one] if viewer.schools.contains(one) && *one != SchoolId::of_district(&self.district) => {
                    "your school".to_owned()
                }
                [one] => self.school(*one),
                several => format!("{} schools", several.len()),
            },
            Holder::Department { department } => self.department(*department),
            Holder::Contact => "the central-office contact".to_owned(),
            Holder::Leader => "district leadership".to_owned(),
            Holder::Team { team } => self.team(*team),
            Holder::State => "the state".to_owned(),
        }
    }
}
