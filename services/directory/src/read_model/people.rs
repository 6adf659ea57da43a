//! Events to rows.

use std::sync::OnceLock;

use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::events::directory::{Grant, KnownAs};
use contracts::events::{DirectoryEvent, RecordEvent};
use contracts::ids::PersonId;
use contracts::sealed::Sealed;
use contracts::subjects::{Subject, Thing, notice};
use contracts::vocabulary::{DisabledBecause, KeepsWords};
use messaging::Bus;
use projection::{ApplyError, ReadModel};
use sealing::{ERASED, Keyring, SealingError};
use sql::{Db, Tx, on_tx};

use crate::accounts::Accounts;
use uuid::Uuid;

/// The read model.
#[derive(Debug)]
pub struct People {
    keyring: Keyring,
    bus: OnceLock<Bus>,
    accounts: OnceLock<Accounts>,
}

/// One event, read, with the words of it opened.
#[derive(Debug)]
pub struct Opened {
    sequence: u64,
    subject: Subject,
    // None where the name and title of a person were erased.
    event: Option<DirectoryEvent>,
    // Where it is about who a person is.
    words: Option<Words>,
}

/// Who a person is, in plain words.
#[derive(Debug)]
struct Words {
    name: String,
    title: Option<String>,
    known_as: KnownAs,
}

impl People {
    /// A read model that opens names with these keys.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            bus: OnceLock::new(),
            accounts: OnceLock::new(),
        }
    }

    /// Forgets there what somebody signed in with, once their name is erased.
    pub(crate) fn forget_in(&self, accounts: Accounts) {
        let _ = self.accounts.set(accounts);
    }

    /// Tells over this connection when the directory has changed.
    pub(crate) fn tell_over(&self, bus: Bus) {
        let _ = self.bus.set(bus);
    }

    /// The person whose name was erased, where an event of the record says that one was.
    fn erased(&self, recorded: &Recorded) -> Result<Option<Subject>, ApplyError> {
        let event = RecordEvent::read(&recorded.envelope).map_err(|source| ApplyError::Unreadable {
            sequence: recorded.sequence,
            source,
        })?;
        let RecordEvent::WordsErased(erased) = event else {
            return Ok(None);
        };
        self.keyring.forget(erased.texts.iter().map(|text| text.key));
        let is_person = erased.of.of == KeepsWords::Person;
        Ok(is_person.then(|| Subject::new(&recorded.subject.district, Thing::Person, erased.of.id)))
    }

    async fn words(&self, sealed: &Sealed) -> Result<String, ApplyError> {
        match self.keyring.open(sealed).await {
            Ok(words) => Ok(words),
            Err(SealingError::Erased(_) | SealingError::NotOpened(_)) => Ok(ERASED.to_owned()),
            Err(error @ SealingError::Unavailable(_)) => Err(ApplyError::Away(error.to_string())),
        }
    }
}

/// Where a role holds, as one text: a school's or department's id, or nothing for the district.
pub(super) fn place(grant: &Grant) -> String {
    match (grant.school, grant.department) {
        (Some(school), _) => school.to_string(),
        (None, Some(department)) => department.to_string(),
        (None, None) => String::new(),
    }
}

/// Said by the roster.
pub(super) const ROSTER: &str = "roster";
/// Said by the district itself.
pub(super) const DISTRICT: &str = "district";

/// A list as one text.
fn list(items: &[String]) -> String {
    serde_json::to_string(items).unwrap_or_default()
}

async fn grant_to(tx: &mut Tx, id: Uuid, district: &str, grant: &Grant, origin: &str) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(
            "INSERT INTO role_grant (person, district, role, place, origin) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
        .bind(id).bind(district).bind(grant.role.code()).bind(place(grant)).bind(origin)
        .execute(&mut **conn).await.map(|_| ()))
}

#[async_trait]
impl ReadModel for People {
    type Prepared = Vec<Opened>;

    fn name(&self) -> &'static str {
        "directory"
    }

    fn wants(&self, subject: &str) -> bool {
        let thing = subject.split('.').nth(2).unwrap_or_default();
        // What is none of our things is set aside where all things are looked at.
        [Thing::Person, Thing::Team, Thing::Record]
            .iter()
            .any(|wanted| wanted.token() == thing)
    }

    async fn prepare(&self, _db: &Db, batch: &[Recorded]) -> Result<Vec<Opened>, ApplyError> {
        let mut all = Vec::with_capacity(batch.len());
        for recorded in batch {
            if recorded.subject.thing == Thing::Record {
                let erased = self.erased(recorded)?;
                if let (Some(subject), Some(accounts)) = (&erased, self.accounts.get()) {
                    // Before it is noted that this was taken in, so that it is done again where it was not.
                    let forgotten = accounts
                        .forget(PersonId(subject.id), &subject.district, recorded.envelope.id)
                        .await;
                    forgotten.map_err(|error| ApplyError::Away(error.to_string()))?;
                }
                all.extend(erased.map(|subject| Opened {
                    sequence: recorded.sequence,
                    subject,
                    event: None,
                    words: None,
                }));
                continue;
            }
            let event = DirectoryEvent::read(&recorded.envelope).map_err(|source| ApplyError::Unreadable {
                sequence: recorded.sequence,
                source,
            })?;
            let words = match &event {
                DirectoryEvent::PersonRostered(rostered) => {
                    let title = match &rostered.title {
                        Some(title) => Some(self.words(title).await?),
                        None => None,
                    };
                    let known_as = match &rostered.known_as {
                        // What was erased is known no more.
                        Some(known_as) => serde_json::from_str(&self.words(known_as).await?).unwrap_or_default(),
                        None => KnownAs::default(),
                    };
                    Some(Words {
                        name: self.words(&rostered.name).await?,
                        title,
                        known_as,
                    })
                }
                DirectoryEvent::PersonDisabled(_)
                | DirectoryEvent::PersonEnabled(_)
                | DirectoryEvent::SignInLinkMade(_)
                | DirectoryEvent::PasswordChosen(_)
                | DirectoryEvent::SecondStepSet(_)
                | DirectoryEvent::SecondStepRemoved(_)
                | DirectoryEvent::TokenMade(_)
                | DirectoryEvent::TokenEnded(_)
                | DirectoryEvent::StandInNamed(_)
                | DirectoryEvent::StandInEnded(_)
                | DirectoryEvent::SignOnSet(_)
                | DirectoryEvent::SignOnRemoved(_)
                | DirectoryEvent::AreasSet(_)
                | DirectoryEvent::AnswerKept(_)
                | DirectoryEvent::AnswerDropped(_)
                | DirectoryEvent::SchoolRetired(_)
                | DirectoryEvent::DepartmentRetired(_)
                | DirectoryEvent::RosterImportBegun(_)
                | DirectoryEvent::RosterImportEnded(_)
                | DirectoryEvent::RoleGranted(_)
                | DirectoryEvent::RoleRevoked(_)
                | DirectoryEvent::TeamFormed(_)
                | DirectoryEvent::DistrictRegistered(_)
                | DirectoryEvent::SchoolAdded(_)
                | DirectoryEvent::DepartmentAdded(_)
                | DirectoryEvent::ZoneDefined(_)
                | DirectoryEvent::CalendarSet(_)
                | DirectoryEvent::ServiceLevelSet(_)
                | DirectoryEvent::PatternThresholdsSet(_)
                | DirectoryEvent::RoutingRulesPublished(_)
                | DirectoryEvent::ContactDesignated(_) => None,
            };
            all.push(Opened {
                sequence: recorded.sequence,
                subject: recorded.subject.clone(),
                event: Some(event),
                words,
            });
        }
        Ok(all)
    }

    async fn write(&self, tx: &mut Tx, prepared: &Vec<Opened>) -> Result<(), ApplyError> {
        for opened in prepared {
            let (id, district) = (opened.subject.id, opened.subject.district.to_string());
            let Some(event) = &opened.event else {
                on_tx!(tx, conn => sqlx::query(
                        "UPDATE person SET name = $2, title = NULL, sourced_id = NULL, email = NULL, username = NULL, \
                            user_ids = $3, held = $3 WHERE id = $1")
                    .bind(id).bind(ERASED).bind(list(&[])).execute(&mut **conn).await.map(|_| ()))?;
                continue;
            };
            match event {
                DirectoryEvent::PersonRostered(rostered) => {
                    let Some(words) = &opened.words else { continue };
                    let known_as = &words.known_as;
                    on_tx!(tx, conn => sqlx::query(
                            "INSERT INTO person (id, district, name, title, sequence, sourced_id, email, username, user_ids, held, roster_disabled) \
                             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                             ON CONFLICT (id) DO UPDATE SET name = excluded.name, title = excluded.title, sequence = excluded.sequence, \
                                sourced_id = excluded.sourced_id, email = excluded.email, username = excluded.username, \
                                user_ids = excluded.user_ids, held = excluded.held, roster_disabled = excluded.roster_disabled")
                        .bind(id).bind(&district).bind(&words.name).bind(&words.title).bind(opened.sequence as i64)
                        .bind(&known_as.sourced_id).bind(&known_as.email).bind(&known_as.username)
                        .bind(list(&known_as.user_ids)).bind(list(&known_as.held)).bind(rostered.disabled)
                        .execute(&mut **conn).await.map(|_| ()))?;
                    if let Some(roles) = &rostered.roles {
                        on_tx!(tx, conn => sqlx::query("DELETE FROM role_grant WHERE person = $1 AND origin = $2")
                            .bind(id).bind(ROSTER).execute(&mut **conn).await.map(|_| ()))?;
                        for grant in roles {
                            grant_to(tx, id, &district, grant, ROSTER).await?;
                        }
                    }
                }
                DirectoryEvent::PersonDisabled(disabled) => match disabled.because {
                    DisabledBecause::LeftRoster => {
                        on_tx!(tx, conn => sqlx::query("UPDATE person SET roster_disabled = TRUE WHERE id = $1")
                            .bind(id).execute(&mut **conn).await.map(|_| ()))?;
                    }
                    DisabledBecause::ByHand => {
                        on_tx!(tx, conn => sqlx::query("UPDATE person SET hand_disabled = TRUE WHERE id = $1")
                            .bind(id).execute(&mut **conn).await.map(|_| ()))?;
                    }
                },
                DirectoryEvent::PersonEnabled(_) => {
                    on_tx!(tx, conn => sqlx::query("UPDATE person SET hand_disabled = FALSE WHERE id = $1")
                        .bind(id).execute(&mut **conn).await.map(|_| ()))?;
                }
                DirectoryEvent::RoleGranted(granted) => {
                    grant_to(tx, id, &district, &granted.grant, DISTRICT).await?;
                }
                // What the roster says, the roster takes away.
                DirectoryEvent::RoleRevoked(revoked) => {
                    on_tx!(tx, conn => sqlx::query("DELETE FROM role_grant WHERE person = $1 AND role = $2 AND place = $3 AND origin = $4")
                        .bind(id).bind(revoked.grant.role.code()).bind(place(&revoked.grant)).bind(DISTRICT)
                        .execute(&mut **conn).await.map(|_| ()))?;
                }
                DirectoryEvent::StandInNamed(named) => {
                    on_tx!(tx, conn => sqlx::query(
                            "INSERT INTO stand_in (person, district, absent, first_day, last_day) VALUES ($1, $2, $3, $4, $5) \
                             ON CONFLICT (person, absent) DO UPDATE SET first_day = excluded.first_day, last_day = excluded.last_day")
                        .bind(id).bind(&district).bind(named.absent.0).bind(named.from).bind(named.until)
                        .execute(&mut **conn).await.map(|_| ()))?;
                }
                DirectoryEvent::StandInEnded(ended) => {
                    on_tx!(tx, conn => sqlx::query("DELETE FROM stand_in WHERE person = $1 AND absent = $2")
                        .bind(id).bind(ended.absent.0).execute(&mut **conn).await.map(|_| ()))?;
                }
                DirectoryEvent::TeamFormed(formed) => {
                    on_tx!(tx, conn => sqlx::query("DELETE FROM membership WHERE team = $1")
                        .bind(id).execute(&mut **conn).await.map(|_| ()))?;
                    for member in &formed.members {
                        on_tx!(tx, conn => sqlx::query(
                                "INSERT INTO membership (team, district, person) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                            .bind(id).bind(&district).bind(member.0)
                            .execute(&mut **conn).await.map(|_| ()))?;
                    }
                }
                DirectoryEvent::DistrictRegistered(_)
                | DirectoryEvent::SchoolAdded(_)
                | DirectoryEvent::DepartmentAdded(_)
                | DirectoryEvent::ZoneDefined(_)
                | DirectoryEvent::CalendarSet(_)
                | DirectoryEvent::ServiceLevelSet(_)
                | DirectoryEvent::PatternThresholdsSet(_)
                | DirectoryEvent::RoutingRulesPublished(_)
                | DirectoryEvent::ContactDesignated(_)
                | DirectoryEvent::SignInLinkMade(_)
                | DirectoryEvent::PasswordChosen(_)
                | DirectoryEvent::SecondStepSet(_)
                | DirectoryEvent::SecondStepRemoved(_)
                | DirectoryEvent::TokenMade(_)
                | DirectoryEvent::TokenEnded(_)
                | DirectoryEvent::SignOnSet(_)
                | DirectoryEvent::SignOnRemoved(_)
                | DirectoryEvent::AreasSet(_)
                | DirectoryEvent::AnswerKept(_)
                | DirectoryEvent::AnswerDropped(_)
                | DirectoryEvent::SchoolRetired(_)
                | DirectoryEvent::DepartmentRetired(_)
                | DirectoryEvent::RosterImportBegun(_)
                | DirectoryEvent::RosterImportEnded(_) => {}
            }
        }
        Ok(())
    }

    fn erases(&self, prepared: &Vec<Opened>) -> bool {
        prepared.iter().any(|opened| opened.event.is_none())
    }

    async fn committed(&self, _position: u64, prepared: Vec<Opened>) {
        // Those who hold claims ask again.
        if !prepared.is_empty()
            && let Some(bus) = self.bus.get()
        {
            bus.tell(notice("directory"), &serde_json::json!({})).await;
        }
    }

    async fn taken_back(&self) {}
}
