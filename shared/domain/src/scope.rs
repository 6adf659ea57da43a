//! For whom something in the register is: which schools it holds, and when one scope is wider than another.

use std::collections::BTreeSet;

use contracts::events::flexibility::Scope;
use contracts::ids::SchoolId;

use crate::directory::DistrictRecord;

/// Whether a scope holds a school.
pub fn covers(scope: &Scope, school: SchoolId, district: &DistrictRecord) -> bool {
    match scope {
        Scope::Schools { schools } => schools.contains(&school),
        Scope::Zone { zone } => district
            .zones
            .get(zone)
            .is_some_and(|known| known.schools.contains(&school)),
        Scope::District => true,
    }
}

/// Whether one scope holds every school of another, and more.
pub fn is_wider(wide: &Scope, narrow: &Scope, district: &DistrictRecord) -> bool {
    let schools = |scope: &Scope| -> BTreeSet<SchoolId> {
        match scope {
            Scope::Schools { schools } => schools.clone(),
            Scope::Zone { zone } => district
                .zones
                .get(zone)
                .map(|known| known.schools.clone())
                .unwrap_or_default(),
            Scope::District => district.schools.keys().copied().collect(),
        }
    };
    match (wide, narrow) {
        (_, Scope::District) => false,
        (Scope::District, Scope::Schools { .. } | Scope::Zone { .. }) => true,
        (Scope::Schools { .. } | Scope::Zone { .. }, Scope::Schools { .. } | Scope::Zone { .. }) => {
            let (wide, narrow) = (schools(wide), schools(narrow));
            wide.len() > narrow.len() && narrow.is_subset(&wide)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Zone;
    use crate::samples::school;

    #[test]
    fn wider_means_every_school_of_before_and_more() {
        let mut district = DistrictRecord::default();
        let schools = |names: &[&str]| Scope::Schools {
            schools: names.iter().map(|name| school(name)).collect(),
        };
        let zone = contracts::ids::ZoneId::derived(&["z"]);
        district.zones.insert(
            zone,
            Zone {
                version: 1,
                name: "z".to_owned(),
                purpose: "z".to_owned(),
                schools: [school("alder"), school("birch")].into(),
                starts: chrono::NaiveDate::MIN,
                plan: None,
                look_on: None,
            },
        );
        let in_zone = Scope::Zone { zone };
        assert!(is_wider(&schools(&["alder", "birch"]), &schools(&["alder"]), &district));
        assert!(is_wider(&in_zone, &schools(&["alder"]), &district));
        assert!(
            !is_wider(&in_zone, &schools(&["cedar"]), &district),
            "cedar would lose it"
        );
        assert!(!is_wider(&schools(&["alder"]), &schools(&["alder"]), &district));
        assert!(is_wider(&Scope::District, &in_zone, &district));
        assert!(!is_wider(&Scope::District, &Scope::District, &district));
    }
}
