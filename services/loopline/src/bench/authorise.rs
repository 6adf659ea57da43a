//! What it costs to judge whether somebody may: the same questions that every command on a loop is asked, on a loop that
//! was made in the same run.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use contracts::ids::{District, PersonId};
use contracts::vocabulary::Role;
use contracts::{Action, Claims};
use domain::LoopRecord;
use domain::authority::{may, sight};

/// How long it is asked.
const ASKED_FOR: Duration = Duration::from_millis(200);

/// The processor's time that judging one command takes, in microseconds: who hears of the loop, how much this person sees
/// of it, and whether the table lets them.
pub(super) fn micros(record: &LoopRecord, district: &District) -> f64 {
    let department = record.with().map(|with| with.department);
    let claims = Claims {
        district: district.clone(),
        person: PersonId::derived(&["bench"]),
        name: "bench".to_owned(),
        roles: BTreeSet::from([Role::DepartmentLead, Role::DepartmentStaff]),
        schools: BTreeSet::new(),
        departments: department.into_iter().collect(),
        leads: department.into_iter().collect(),
        teams: BTreeSet::new(),
        as_of: 1,
        token: None,
        acting_for: None,
    };
    let (began, mut asked) = (Instant::now(), 0_u32);
    while began.elapsed() < ASKED_FOR {
        for action in Action::ALL {
            let seen = sight(&claims, &record.audience(district));
            black_box((seen, may(black_box(&claims), *action, black_box(record), None)));
            asked += 1;
        }
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(asked)
}
