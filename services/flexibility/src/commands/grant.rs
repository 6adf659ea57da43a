//! A school confirmed an answer: work out what it promised, and grant it.

use ::domain::{Flexibility, LoopRecord};
use contracts::commands::{CommandMessage, Done};
use contracts::events::flexibility::{Origin, Readers, Scope, Terms};
use contracts::events::resolution::Promise;
use contracts::ids::{FlexibilityId, LoopId, SchoolId};
use contracts::problem::Problem;
use contracts::sealed::Sealed;
use contracts::subjects::Subject;
use contracts::vocabulary::{ResolutionKind, Visibility};
use decider::{Desk, History};
use serde::Deserialize;

use super::{Known, Opened, carry_out, known, open};
use crate::domain::Grant;

/// What the policy says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    school: SchoolId,
    revision: u32,
}

/// Grants what a revision of a loop's answer promised to a school that confirmed it.
pub(super) async fn grant(desk: &Desk, message: &CommandMessage, body: &Body) -> Result<Done, Problem> {
    let id = LoopId(message.thing);
    let subject = Subject::of_loop(&message.district, id);
    let history = History::<::domain::Loop>::read::<()>(&*desk.log, &subject)
        .await
        .map_err(|failure| failure.problem(|()| Problem::not_found("loop")))?;
    let nothing = || Problem::conflict("nothing-promised", "this revision of the answer promises nothing");
    let promised = Promised::find(&history, body.revision).ok_or_else(nothing)?;
    let record = history.state().record().ok_or_else(nothing)?;
    let origin = Origin {
        id,
        revision: body.revision,
        school: body.school,
    };
    let known = known(desk, message);
    let target = promised
        .flexibility
        .unwrap_or_else(|| FlexibilityId::promised(&message.district, id, body.revision));
    let mut opened: Opened = open(desk, message, target).await?;
    // What a cited flexibility says is not for this answer to write.
    let there = opened.history.state() != &Flexibility::Absent;
    let terms = if there || promised.flexibility.is_some() {
        None
    } else {
        Some(promised.terms(record, origin, &known)?)
    };
    let command = Grant {
        origin,
        terms,
        kind: promised.kind,
        today: known.today,
        district: known.record,
    };
    carry_out(desk, message, &mut opened, None, &command).await
}

/// What one revision of an answer said.
struct Promised {
    kind: ResolutionKind,
    summary: Sealed,
    rationale: Option<Sealed>,
    flexibility: Option<FlexibilityId>,
    promise: Promise,
}

impl Promised {
    /// As the record has it, also where a later revision stands by now.
    fn find(history: &History<::domain::Loop>, revision: u32) -> Option<Self> {
        use contracts::events::{LoopEvent, ResolutionEvent};
        history.recorded().iter().find_map(|recorded| {
            let (at, kind, summary, rationale, flexibility, promise) = match LoopEvent::read(&recorded.envelope).ok()? {
                LoopEvent::Resolution(ResolutionEvent::ResolutionProposed(said)) => (
                    said.revision,
                    said.kind,
                    said.summary,
                    said.rationale,
                    said.flexibility,
                    said.promise,
                ),
                LoopEvent::Resolution(ResolutionEvent::ResolutionRevised(said)) => (
                    said.revision,
                    said.kind,
                    said.summary,
                    said.rationale,
                    said.flexibility,
                    said.promise,
                ),
                LoopEvent::Resolution(_) | LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Custody(_) => {
                    return None;
                }
            };
            let promise = promise.filter(|_| at == revision)?;
            Some(Self {
                kind,
                summary,
                rationale,
                flexibility,
                promise,
            })
        })
    }

    fn terms(&self, record: &LoopRecord, origin: Origin, known: &Known) -> Result<Terms, Problem> {
        let promise = &self.promise;
        let title = lent_title(promise.title.as_ref(), record, &self.summary);
        let scope = self.scope(record, origin);
        Ok(Terms {
            key: title.key,
            title: title.clone(),
            allows: self.summary.clone(),
            rationale: self.rationale.clone(),
            rule: promise.rule.clone().unwrap_or_else(|| record.rule()),
            area: record.tension.area.clone(),
            scope,
            conditions: promise.conditions.clone(),
            stays_required: promise.stays_required.clone(),
            starts_on: known.today,
            ends_on: promise.ends_on,
            review_on: promise.review_on,
            department: record
                .with()
                .map(|with| with.department)
                .or_else(|| record.had_by.iter().next().copied())
                .ok_or_else(|| Problem::conflict("nothing-promised", "no department ever had this loop"))?,
            kind: self.kind,
            pilot_question: promise.pilot_question.clone(),
            origin: Some(origin),
            pattern: None,
            corrects: None,
            readers: first_readers(record),
        })
    }

    fn scope(&self, record: &LoopRecord, origin: Origin) -> Scope {
        let schools = || {
            let mut schools: std::collections::BTreeSet<SchoolId> = record.schools_in_it().collect();
            schools.insert(origin.school);
            Scope::Schools { schools }
        };
        match (self.kind, self.promise.zone) {
            (ResolutionKind::ZoneFlexibility | ResolutionKind::Pilot, Some(zone)) => Scope::Zone { zone },
            (ResolutionKind::AlreadyAllowed | ResolutionKind::DistrictChange, _) => Scope::District,
            (
                ResolutionKind::SchoolException
                | ResolutionKind::ZoneFlexibility
                | ResolutionKind::Pilot
                | ResolutionKind::StateWaiver
                | ResolutionKind::Support,
                _,
            ) => schools(),
        }
    }
}

/// One line for the register: a loop that others may not see lends it no words of its school.
pub(super) fn lent_title<'a>(promised: Option<&'a Sealed>, record: &'a LoopRecord, summary: &'a Sealed) -> &'a Sealed {
    match (promised, record.tension.visibility) {
        (Some(title), _) => title,
        (None, Visibility::Joinable) => &record.tension.title,
        (None, Visibility::SchoolOnly | Visibility::Confidential) => summary,
    }
}

/// Who may read at first of what comes of a loop.
pub(super) fn first_readers(record: &LoopRecord) -> Readers {
    match record.tension.visibility {
        Visibility::Joinable => Readers::District,
        Visibility::SchoolOnly | Visibility::Confidential => Readers::Concerned,
    }
}
