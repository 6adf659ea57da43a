//! Names for ids, in a district's own words.

use chrono_tz::Tz;
use contracts::ids::{DepartmentId, District, SchoolId, TeamId, ZoneId};
use contracts::queries::Holder;
use contracts::vocabulary::Level;
use contracts::{Area, Claims};
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

    /// The schools that are meant by one of them, by a level, by a zone, or by several of these at once; nothing where
    /// none of them was said.
    pub(crate) fn meant(
        &self,
        school: Option<SchoolId>,
        level: Option<Level>,
        zone: Option<ZoneId>,
    ) -> Option<Vec<SchoolId>> {
        if level.is_none() && zone.is_none() {
            return school.map(|school| vec![school]);
        }
        let found = self.districts.with(&self.district, |record| {
            let in_zone = |id: &SchoolId| {
                zone.is_none_or(|zone| record.zones.get(&zone).is_some_and(|zone| zone.schools.contains(id)))
            };
            let schools = record.schools.iter();
            let meant = schools.filter(|(id, known)| {
                school.is_none_or(|school| school == **id)
                    && level.is_none_or(|level| level == known.level)
                    && in_zone(id)
            });
            meant.map(|(id, _)| *id).collect()
        });
        Some(found.unwrap_or_default())
    }

    /// An area in words.
    pub(crate) fn area(&self, code: &str) -> String {
        let Some(area) = Area::from_code(code) else {
            return code.to_owned();
        };
        let known = self
            .districts
            .with(&self.district, |record| record.area_label(&area).to_owned());
        known.unwrap_or_else(|| code.to_owned())
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
