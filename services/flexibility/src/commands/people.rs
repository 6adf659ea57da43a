//! What people ask of the register.

use contracts::Claims;
use contracts::claims::Authority;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::events::flexibility::{NonNegotiableDeclared, Readers, Scope, Terms};
use contracts::ids::{DepartmentId, FlexibilityId, SchoolId};
use contracts::problem::Problem;
use contracts::register_action::RegisterAction;
use contracts::sealed::Sealed;
use contracts::subjects::Subject;
use contracts::vocabulary::{ResolutionKind, Role, Says, ScopeLevel};
use decider::{Decide, Desk, as_before};
use domain::Flexibility;
use messaging::Incoming;

use super::{Known, Opened, carry_out, known, may, open, scope};
use crate::domain::{
    AnswerPilot, ChangeConditions, Claim, PublishRationale, Refusal, Renew, Revoke, ShowTo, Widen, WriteDown,
};

/// Carries out one command of a person.
pub async fn handle_person(desk: &Desk, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    let action = RegisterAction::from_slug(&incoming.verb).ok_or_else(|| Problem::not_found("such command"))?;
    let answer = carry_out_one(desk, action, &message).await;
    // What is written down stands under the id that follows from the command.
    let id = if action == RegisterAction::WriteDown {
        message.id.0
    } else {
        message.thing
    };
    let subject = Subject::of_flexibility(&message.district, FlexibilityId(id));
    as_before(&*desk.log, &subject, &message, answer).await
}

async fn carry_out_one(desk: &Desk, action: RegisterAction, message: &CommandMessage) -> Result<Done, Problem> {
    let body = message.body.get();
    let asked = Asked {
        desk,
        message,
        known: known(desk, message),
        action,
    };
    match action {
        RegisterAction::WriteDown => asked.write_down(&read_body(body)?).await,
        RegisterAction::Widen => asked.widen(&read_body(body)?).await,
        RegisterAction::ChangeConditions => asked.change_conditions(&read_body(body)?).await,
        RegisterAction::PublishRationale => asked.publish_rationale(&read_body(body)?).await,
        RegisterAction::ShowTo => {
            let body: wire::ShowTo = read_body(body)?;
            let opened = asked.open().await?;
            asked.act(opened, &ShowTo { readers: body.readers }).await
        }
        RegisterAction::Renew => asked.renew(&read_body(body)?).await,
        RegisterAction::Revoke => asked.revoke(&read_body(body)?).await,
        RegisterAction::Claim => asked.claim(&read_body(body)?).await,
        RegisterAction::AnswerPilot => asked.answer_pilot(&read_body(body)?).await,
    }
}

struct Asked<'a> {
    desk: &'a Desk,
    message: &'a CommandMessage,
    known: Known,
    action: RegisterAction,
}

impl Asked<'_> {
    fn viewer(&self) -> Result<&Claims, Problem> {
        match &self.message.authority {
            Authority::Person(viewer) => Ok(viewer),
            Authority::Policy { .. } => Err(Problem::forbidden("this is for people to ask")),
        }
    }

    /// Reads what a command is about. Where the person may not know of it, it is not there.
    async fn open(&self) -> Result<Opened, Problem> {
        let opened = open(self.desk, self.message, FlexibilityId(self.message.thing)).await?;
        let viewer = self.viewer()?;
        let seen = opened
            .history
            .state()
            .record()
            .is_some_and(|record| record.is_seen_by(viewer, &self.message.district, &self.known.record));
        if seen {
            Ok(opened)
        } else {
            Err(Problem::not_found("flexibility"))
        }
    }

    async fn act<C>(&self, mut opened: Opened, command: &C) -> Result<Done, Problem>
    where
        C: Decide<Flexibility, Event = contracts::events::FlexibilityEvent, Rejection = Refusal> + Sync,
    {
        carry_out(self.desk, self.message, &mut opened, Some(self.action), command).await
    }

    async fn widen(&self, body: &wire::Widen) -> Result<Done, Problem> {
        let opened = self.open().await?;
        let command = Widen {
            scope: scope(&body.scope, &self.known.record)?,
            why: self.desk.seal_some(body.why.as_ref()).await?,
            district: self.known.record.clone(),
        };
        self.act(opened, &command).await
    }

    async fn change_conditions(&self, body: &wire::ChangeConditions) -> Result<Done, Problem> {
        let opened = self.open().await?;
        let command = ChangeConditions {
            conditions: self.desk.seal_some(body.conditions.as_ref()).await?,
            stays_required: self.desk.seal_some(body.stays_required.as_ref()).await?,
            why: self.desk.seal(&body.why).await?,
        };
        self.act(opened, &command).await
    }

    async fn publish_rationale(&self, body: &wire::PublishRationale) -> Result<Done, Problem> {
        let opened = self.open().await?;
        let command = PublishRationale {
            readership: body.readership,
            text: self.desk.seal(&body.text).await?,
        };
        self.act(opened, &command).await
    }

    async fn renew(&self, body: &wire::Renew) -> Result<Done, Problem> {
        let opened = self.open().await?;
        let command = Renew {
            ends_on: body.ends_on,
            why: self.desk.seal_some(body.why.as_ref()).await?,
            today: self.known.today,
        };
        self.act(opened, &command).await
    }

    async fn revoke(&self, body: &wire::Revoke) -> Result<Done, Problem> {
        let opened = self.open().await?;
        let command = Revoke {
            why: Some(self.desk.seal(&body.why).await?),
            replaced: false,
        };
        self.act(opened, &command).await
    }

    async fn claim(&self, body: &wire::Claim) -> Result<Done, Problem> {
        let opened = self.open().await?;
        let school = speaking_for(self.viewer()?, body.school)?;
        let command = Claim {
            school,
            how: self.desk.seal_some(body.how.as_ref()).await?,
            today: self.known.today,
            district: self.known.record.clone(),
        };
        self.act(opened, &command).await
    }

    async fn answer_pilot(&self, body: &wire::AnswerPilot) -> Result<Done, Problem> {
        let opened = self.open().await?;
        let command = AnswerPilot {
            answer: self.desk.seal(&body.answer).await?,
            choice: body.choice,
            ends_on: body.ends_on,
            scope: body
                .scope
                .as_ref()
                .map(|asked| scope(asked, &self.known.record))
                .transpose()?,
            today: self.known.today,
            district: self.known.record.clone(),
        };
        self.act(opened, &command).await
    }

    async fn write_down(&self, body: &wire::WriteDown) -> Result<Done, Problem> {
        let department = self.department(body.department.as_ref())?;
        self.known
            .record
            .to_file_under(&body.area)
            .map_err(|why| Problem::invalid_field("area", why))?;
        if body.says == Says::NonNegotiable {
            only_says_what_stays(body)?;
        }
        // A repeated command finds what it wrote under the id that follows from it.
        let mut opened = open(self.desk, self.message, FlexibilityId(self.message.id.0)).await?;
        let title = self.desk.seal(&body.title).await?;
        let command = match body.says {
            Says::NonNegotiable => WriteDown::NonNegotiable(NonNegotiableDeclared {
                key: title.key,
                title,
                text: self.desk.seal(&body.text).await?,
                rule: body.rule.clone(),
                area: body.area.clone(),
                department,
                readers: body.readers.unwrap_or(Readers::District),
            }),
            Says::Clarification => WriteDown::Clarification(self.terms(body, title, department).await?),
            Says::Flexibility => WriteDown::Flexibility(self.terms(body, title, department).await?),
        };
        carry_out(self.desk, self.message, &mut opened, Some(self.action), &command).await
    }

    async fn terms(&self, body: &wire::WriteDown, title: Sealed, department: DepartmentId) -> Result<Terms, Problem> {
        let scope = match &body.scope {
            Some(asked) => scope(asked, &self.known.record)?,
            None => Scope::District,
        };
        let pilot = body.pilot_question.is_some();
        let starts_on = body.starts_on.unwrap_or(self.known.today);
        let first_day = starts_on.max(self.known.first_day(&scope));
        if pilot && body.ends_on.is_none() {
            return Err(Problem::invalid_field(
                "ends_on",
                "a pilot has a last day, on which its question is answered",
            ));
        }
        if body.ends_on.is_some_and(|ends_on| ends_on < first_day) {
            return Err(Problem::invalid_field("ends_on", "is before it begins, or past"));
        }
        Ok(Terms {
            key: title.key,
            title,
            allows: self.desk.seal(&body.text).await?,
            rationale: self.desk.seal_some(body.rationale.as_ref()).await?,
            rule: body.rule.clone(),
            area: body.area.clone(),
            conditions: self.desk.seal_some(body.conditions.as_ref()).await?,
            stays_required: self.desk.seal_some(body.stays_required.as_ref()).await?,
            starts_on,
            ends_on: body.ends_on,
            review_on: body.review_on,
            department,
            kind: match (pilot, body.says, &scope) {
                (true, _, _) => ResolutionKind::Pilot,
                (false, Says::Clarification, _) => ResolutionKind::AlreadyAllowed,
                (false, _, Scope::Schools { .. }) => ResolutionKind::SchoolException,
                (false, _, Scope::Zone { .. }) => ResolutionKind::ZoneFlexibility,
                (false, _, Scope::District) => ResolutionKind::DistrictChange,
            },
            scope,
            pilot_question: self.desk.seal_some(body.pilot_question.as_ref()).await?,
            origin: None,
            pattern: None,
            corrects: None,
            readers: body.readers.unwrap_or(Readers::District),
        })
    }

    /// The department that answers for what somebody writes down: the one named, or the only one they work in.
    fn department(&self, named: Option<&wire::Named>) -> Result<DepartmentId, Problem> {
        let viewer = self.viewer()?;
        let department = if let Some(named) = named {
            self.known
                .record
                .department_named(named.as_str())
                .ok_or_else(|| Problem::invalid_field("department", "is not a department of this district"))?
        } else {
            let mut own = viewer.departments.iter().copied();
            match (own.next(), own.next()) {
                (Some(one), None) => one,
                _ => {
                    return Err(Problem::invalid_field(
                        "department",
                        "say which department answers for it",
                    ));
                }
            }
        };
        if may(viewer, RegisterAction::WriteDown, department) {
            return Ok(department);
        }
        Err(Problem::forbidden(
            "writing into the register is for the department that answers for it, and for the central-office contact",
        ))
    }
}

/// The school that somebody speaks for: the one named, or the only one.
fn speaking_for(viewer: &Claims, named: Option<SchoolId>) -> Result<SchoolId, Problem> {
    let school = if let Some(named) = named {
        named
    } else {
        let mut own = viewer.schools.iter().copied();
        match (own.next(), own.next()) {
            (Some(one), None) => one,
            (Some(_), Some(_)) => return Err(Problem::invalid_field("school", "say which: you speak for several")),
            (None, _) => return Err(Problem::forbidden("this is for a school to say; you speak for none")),
        }
    };
    if viewer.has(Role::Reporter) && viewer.schools.contains(&school) {
        Ok(school)
    } else {
        Err(Problem::forbidden(
            "this is for that school to say; you do not speak for it",
        ))
    }
}

/// What must stay has one text, and holds for everybody without an end: whatever else was written is not lost unsaid.
fn only_says_what_stays(body: &wire::WriteDown) -> Result<(), Problem> {
    const IN_TEXT: &str = "has no place of its own here: what must stay says why in its text; move it there";
    const FOR_ALL: &str = "is left out for what must stay: it holds for every school, until it is taken back";
    let given = [
        ("rationale", body.rationale.is_some(), IN_TEXT),
        ("conditions", body.conditions.is_some(), IN_TEXT),
        ("stays_required", body.stays_required.is_some(), IN_TEXT),
        ("pilot_question", body.pilot_question.is_some(), IN_TEXT),
        (
            "scope",
            body.scope
                .as_ref()
                .is_some_and(|asked| asked.level != ScopeLevel::District),
            FOR_ALL,
        ),
        ("starts_on", body.starts_on.is_some(), FOR_ALL),
        ("ends_on", body.ends_on.is_some(), FOR_ALL),
        ("review_on", body.review_on.is_some(), FOR_ALL),
    ];
    match given.into_iter().find(|(_, given, _)| *given) {
        Some((field, _, why)) => Err(Problem::invalid_field(field, why)),
        None => Ok(()),
    }
}
