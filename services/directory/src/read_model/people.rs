//! Events to rows.

use std::sync::OnceLock;

use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::events::DirectoryEvent;
use contracts::events::directory::Grant;
use contracts::sealed::Sealed;
use contracts::subjects::{Subject, Thing, notice};
use messaging::Bus;
use projection::{ApplyError, ReadModel};
use sealing::{ERASED, Keyring, SealingError};
use sql::{Db, Tx, on_tx};

/// The read model.
#[derive(Debug)]
pub struct People {
    keyring: Keyring,
    bus: OnceLock<Bus>,
}

/// One event, read, with the words of it opened.
#[derive(Debug)]
pub struct Opened {
    sequence: u64,
    subject: Subject,
    event: DirectoryEvent,
    // The name and the title, where it is a person's.
    words: Option<(String, Option<String>)>,
}

impl People {
    /// A read model that opens names with these keys.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            bus: OnceLock::new(),
        }
    }

    /// Tells over this connection when the directory has changed.
    pub(crate) fn tell_over(&self, bus: Bus) {
        let _ = self.bus.set(bus);
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

#[async_trait]
impl ReadModel for People {
    type Prepared = Vec<Opened>;

    fn name(&self) -> &'static str {
        "directory"
    }

    fn wants(&self, subject: &str) -> bool {
        let thing = subject.split('.').nth(2).unwrap_or_default();
        // What is none of our things is set aside where all things are looked at.
        [Thing::Person, Thing::Team]
            .iter()
            .any(|wanted| wanted.token() == thing)
    }

    async fn prepare(&self, _db: &Db, batch: &[Recorded]) -> Result<Vec<Opened>, ApplyError> {
        let mut all = Vec::with_capacity(batch.len());
        for recorded in batch {
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
                    Some((self.words(&rostered.name).await?, title))
                }
                DirectoryEvent::RoleGranted(_)
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
                event,
                words,
            });
        }
        Ok(all)
    }

    async fn write(&self, tx: &mut Tx, prepared: &Vec<Opened>) -> Result<(), ApplyError> {
        for opened in prepared {
            let (id, district) = (opened.subject.id, opened.subject.district.to_string());
            match &opened.event {
                DirectoryEvent::PersonRostered(_) => {
                    let Some((name, title)) = &opened.words else { continue };
                    on_tx!(tx, conn => sqlx::query(
                            "INSERT INTO person (id, district, name, title, sequence) VALUES ($1, $2, $3, $4, $5) \
                             ON CONFLICT (id) DO UPDATE SET name = excluded.name, title = excluded.title, sequence = excluded.sequence")
                        .bind(id).bind(&district).bind(name).bind(title).bind(opened.sequence as i64)
                        .execute(&mut **conn).await.map(|_| ()))?;
                }
                DirectoryEvent::RoleGranted(granted) => {
                    on_tx!(tx, conn => sqlx::query(
                            "INSERT INTO role_grant (person, district, role, place) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
                        .bind(id).bind(&district).bind(granted.grant.role.code()).bind(place(&granted.grant))
                        .execute(&mut **conn).await.map(|_| ()))?;
                }
                DirectoryEvent::RoleRevoked(revoked) => {
                    on_tx!(tx, conn => sqlx::query("DELETE FROM role_grant WHERE person = $1 AND role = $2 AND place = $3")
                        .bind(id).bind(revoked.grant.role.code()).bind(place(&revoked.grant))
                        .execute(&mut **conn).await.map(|_| ()))?;
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
                | DirectoryEvent::ContactDesignated(_) => {}
            }
        }
        Ok(())
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
