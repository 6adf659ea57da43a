//! A school confirmed an answer: work out what it promised, and grant it.

use ::domain::{Flexibility, LoopRecord};
use contracts::commands::{CommandMessage, Done};
use contracts::events::flexibility::{Origin, Readers, Rule, Scope, Terms};
use contracts::events::resolution::Promise;
use contracts::ids::{FlexibilityId, LoopId, SchoolId};
use contracts::problem::Problem;
use contracts::sealed::{KeyId, Sealed};
use contracts::subjects::Subject;
use contracts::vocabulary::{ResolutionKind, Visibility};
use decider::{Desk, History};
use sealing::{ERASED, SealingError};
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
        Some(promised.terms(desk, record, origin, &known).await?)
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
                LoopEvent::Resolution(_) | LoopEvent::Intake(_) | LoopEvent::Routing(_) => return None,
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

    async fn terms(&self, desk: &Desk, record: &LoopRecord, origin: Origin, known: &Known) -> Result<Terms, Problem> {
        let away = |_| Problem::unavailable("texts cannot be sealed for a moment; nothing was lost");
        let key = desk.keyring.lease().await.map_err(away)?;
        let again = Again { desk, key };
        let promise = &self.promise;
        let joinable = record.tension.visibility == Visibility::Joinable;
        // A loop that others may not see lends the register no words of its school.
        let title = match (&promise.title, joinable) {
            (Some(title), _) => title,
            (None, true) => &record.tension.title,
            (None, false) => &self.summary,
        };
        Ok(Terms {
            key,
            title: again.sealed(title).await?,
            allows: again.sealed(&self.summary).await?,
            rationale: again.sealed_some(self.rationale.as_ref()).await?,
            rule: promise.rule.clone().unwrap_or(Rule {
                source: record.tension.rule_source,
                citation: None,
                clause: None,
            }),
            area: record.tension.area.clone(),
            scope: self.scope(record, origin),
            conditions: again.sealed_some(promise.conditions.as_ref()).await?,
            stays_required: again.sealed_some(promise.stays_required.as_ref()).await?,
            starts_on: known.today,
            ends_on: promise.ends_on,
            review_on: promise.review_on,
            department: record
                .with()
                .map(|with| with.department)
                .or_else(|| record.had_by.iter().next().copied())
                .ok_or_else(|| Problem::conflict("nothing-promised", "no department ever had this loop"))?,
            kind: self.kind,
            pilot_question: again.sealed_some(promise.pilot_question.as_ref()).await?,
            origin: Some(origin),
            readers: if joinable {
                Readers::District
            } else {
                Readers::Concerned
            },
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

/// Words of a loop, sealed again under a key of the register: each is erased by itself.
struct Again<'a> {
    desk: &'a Desk,
    key: KeyId,
}

impl Again<'_> {
    async fn sealed(&self, sealed: &Sealed) -> Result<Sealed, Problem> {
        let away = || Problem::unavailable("texts cannot be sealed for a moment; nothing was lost");
        let words = match self.desk.keyring.open(sealed).await {
            Ok(words) => words,
            Err(SealingError::Erased(_)) => ERASED.to_owned(),
            Err(SealingError::Unavailable(_) | SealingError::NotOpened(_)) => return Err(away()),
        };
        self.desk.keyring.seal(self.key, &words).await.map_err(|_| away())
    }

    async fn sealed_some(&self, sealed: Option<&Sealed>) -> Result<Option<Sealed>, Problem> {
        match sealed {
            Some(sealed) => self.sealed(sealed).await.map(Some),
            None => Ok(None),
        }
    }
}
