//! The register's endpoints for commands: decode, look up, check who asks, seal, and carry out.

mod grant;
mod office;
mod people;
mod written;

use ::domain::directory::DistrictRecord;
use ::domain::{Flexibility, FlexibilityRecord};
use chrono::{DateTime, NaiveDate, Utc};
use contracts::Claims;
use contracts::claims::Authority;
use contracts::commands::{CommandMessage, Done, ScopeAsked, read_body};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::Scope;
use contracts::ids::{DepartmentId, FlexibilityId};
use contracts::problem::Problem;
use contracts::register_action::{REGISTER_AUTHORITY, RegisterAction, RegisterScope};
use contracts::subjects::Subject;
use contracts::vocabulary::{Role, ScopeLevel};
use decider::{Decide, Desk, History, Target, execute};
use messaging::Incoming;

use crate::domain::{Refusal, Revoke};

pub use office::{Evident, handle_office};
pub(crate) use office::{in_office, may as may_office};
pub use people::handle_person;

/// Carries out one command of a policy.
pub async fn handle_policy(desk: &Desk, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    match incoming.verb.as_str() {
        "grant" => grant::grant(desk, &message, &read_body(message.body.get())?).await,
        "replace" => {
            let command = Revoke {
                why: None,
                replaced: true,
            };
            let mut opened = open(desk, &message, FlexibilityId(message.thing)).await?;
            if opened.history.state().record().is_none() {
                return Err(Problem::not_found("flexibility"));
            }
            carry_out(desk, &message, &mut opened, None, &command).await
        }
        "adopt" => written::adopt(desk, &message, &read_body(message.body.get())?).await,
        "clarify" => written::clarify(desk, &message, &read_body(message.body.get())?).await,
        "granted-by-state" => written::granted_by_state(desk, &message, &read_body(message.body.get())?).await,
        _ => Err(Problem::not_found("such command")),
    }
}

/// A part of the register as it was read for a command.
struct Opened {
    subject: Subject,
    history: History<Flexibility>,
}

/// The district as it is known now, and its day.
struct Known {
    record: DistrictRecord,
    today: NaiveDate,
}

impl Known {
    /// The first day of what is for these schools: today, or the day on which their zone begins.
    fn first_day(&self, scope: &Scope) -> NaiveDate {
        match scope {
            Scope::Zone { zone } => self
                .record
                .zones
                .get(zone)
                .map_or(self.today, |zone| zone.starts.max(self.today)),
            Scope::Schools { .. } | Scope::District => self.today,
        }
    }
}

fn known(desk: &Desk, message: &CommandMessage) -> Known {
    let now = desk.clock.now();
    desk.districts
        .with(&message.district, |record| Known {
            record: record.clone(),
            today: record.calendar().date(now),
        })
        .unwrap_or_else(|| Known {
            record: DistrictRecord::default(),
            today: now.date_naive(),
        })
}

async fn open(desk: &Desk, message: &CommandMessage, id: FlexibilityId) -> Result<Opened, Problem> {
    let subject = Subject::of_flexibility(&message.district, id);
    let history = History::<Flexibility>::read::<()>(&*desk.log, &subject)
        .await
        .map_err(|failure| failure.problem(|()| Problem::not_found("flexibility")))?;
    Ok(Opened { subject, history })
}

/// Who may do it, checked against the state that is decided on.
struct Guarded<'a, C> {
    message: &'a CommandMessage,
    action: Option<RegisterAction>,
    known: &'a DistrictRecord,
    command: &'a C,
}

enum NotDone {
    NotThere,
    NotPermitted(RegisterAction),
    Refused(Refusal),
}

impl<C> Decide<Flexibility> for Guarded<'_, C>
where
    C: Decide<Flexibility, Event = FlexibilityEvent, Rejection = Refusal>,
{
    type Event = FlexibilityEvent;
    type Rejection = NotDone;

    fn permits(&self, state: &Flexibility) -> Result<(), NotDone> {
        let (Authority::Person(viewer), Some(action)) = (&self.message.authority, self.action) else {
            return Ok(());
        };
        if viewer.district != self.message.district {
            return Err(NotDone::NotThere);
        }
        let Some(record) = state.record() else {
            return if action == RegisterAction::WriteDown {
                Ok(())
            } else {
                Err(NotDone::NotThere)
            };
        };
        if !record.is_seen_by(viewer, &self.message.district, self.known) {
            return Err(NotDone::NotThere);
        }
        if may(viewer, action, record.department) {
            Ok(())
        } else {
            Err(NotDone::NotPermitted(action))
        }
    }

    fn decide(&self, state: &Flexibility, now: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, NotDone> {
        self.command.decide(state, now).map_err(NotDone::Refused)
    }
}

/// Whether a person may do something to a part of the register that a department answers for.
pub(crate) fn may(viewer: &Claims, action: RegisterAction, department: DepartmentId) -> bool {
    REGISTER_AUTHORITY
        .iter()
        .filter(|(listed, role, _)| *listed == action && viewer.has(*role))
        .any(|(_, role, scope)| match scope {
            RegisterScope::District => true,
            RegisterScope::OwnSchool => !viewer.schools.is_empty(),
            RegisterScope::OwnDepartment => match role {
                Role::DepartmentLead => viewer.leads.contains(&department),
                Role::DepartmentStaff
                | Role::Reporter
                | Role::Contact
                | Role::Leader
                | Role::Auditor
                | Role::Administrator => viewer.departments.contains(&department),
            },
        })
}

/// The actions that a person may take on a part of the register, as far as its standing leaves them open.
pub(crate) fn offers(
    viewer: &Claims,
    record: &FlexibilityRecord,
    known: &DistrictRecord,
    today: NaiveDate,
) -> Vec<RegisterAction> {
    use contracts::vocabulary::{Says, Standing};
    let allowed = record.says != Says::NonNegotiable;
    let in_force = record.standing == Standing::InForce;
    RegisterAction::ALL
        .iter()
        .copied()
        .filter(|action| may(viewer, *action, record.department))
        .filter(|action| match action {
            RegisterAction::WriteDown => false,
            RegisterAction::Widen => {
                allowed && in_force && !record.is_open_pilot() && record.scope.level() != ScopeLevel::District
            }
            RegisterAction::ChangeConditions => allowed && in_force,
            RegisterAction::PublishRationale | RegisterAction::ShowTo => true,
            RegisterAction::Renew => {
                record.ends_on.is_some() && record.standing != Standing::Revoked && !record.is_open_pilot()
            }
            RegisterAction::Revoke => record.standing != Standing::Revoked,
            RegisterAction::Claim => {
                allowed
                    && in_force
                    && viewer.schools.iter().any(|school| {
                        record.first_day_for(*school, known).is_some_and(|from| from <= today)
                            && !record.users.contains_key(school)
                    })
            }
            RegisterAction::AnswerPilot => record.is_open_pilot(),
        })
        .collect()
}

async fn carry_out<C>(
    desk: &Desk,
    message: &CommandMessage,
    opened: &mut Opened,
    action: Option<RegisterAction>,
    command: &C,
) -> Result<Done, Problem>
where
    C: Decide<Flexibility, Event = FlexibilityEvent, Rejection = Refusal> + Sync,
{
    let known = known(desk, message);
    let target = Target {
        log: &*desk.log,
        subject: opened.subject.clone(),
        now: desk.clock.now(),
    };
    let guarded = Guarded {
        message,
        action,
        known: &known.record,
        command,
    };
    let done = execute(&target, &mut opened.history, message, &guarded).await;
    done.map_err(|failure| {
        failure.problem(|not| match not {
            NotDone::NotThere => Problem::not_found("flexibility"),
            NotDone::NotPermitted(action) => not_permitted(action),
            NotDone::Refused(refusal) => refusal.problem(),
        })
    })
}

fn not_permitted(action: RegisterAction) -> Problem {
    let roles: std::collections::BTreeSet<&str> = REGISTER_AUTHORITY
        .iter()
        .filter(|(listed, _, _)| *listed == action)
        .map(|(_, role, _)| role.label())
        .collect();
    let roles: Vec<&str> = roles.into_iter().collect();
    Problem::forbidden(format!(
        "{} is for those who answer for it: {}; ask one of them, or the central-office contact",
        action.slug(),
        roles.join(", ").to_lowercase()
    ))
}

/// For whom, looked up in the district: ids or names, whatever the case.
fn scope(asked: &ScopeAsked, district: &DistrictRecord) -> Result<Scope, Problem> {
    match asked.level {
        ScopeLevel::District => Ok(Scope::District),
        ScopeLevel::Zone => {
            let named = asked
                .zone
                .as_ref()
                .ok_or_else(|| Problem::invalid_field("scope.zone", "say which zone"))?;
            let zone = district
                .zone_named(named.as_str())
                .ok_or_else(|| Problem::invalid_field("scope.zone", "is not a zone of this district"))?;
            Ok(Scope::Zone { zone })
        }
        ScopeLevel::Schools => {
            let mut schools = std::collections::BTreeSet::new();
            for named in &asked.schools {
                let school = district.school_named(named.as_str()).ok_or_else(|| {
                    Problem::invalid_field("scope.schools", "names what is not a school of this district")
                })?;
                schools.insert(school);
            }
            if schools.is_empty() {
                return Err(Problem::invalid_field("scope.schools", "say which schools"));
            }
            Ok(Scope::Schools { schools })
        }
    }
}
