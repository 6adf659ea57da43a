//! Events to rows.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::events::DirectoryEvent;
use contracts::events::directory::Grant;
use contracts::sealed::Sealed;
use contracts::subjects::{Thing, notice};
use messaging::Bus;
use projection::{ApplyError, ReadModel};
use sealing::{ERASED, Keyring, SealingError};
use sql::{Tx, on_tx};

/// The read model.
#[derive(Debug)]
pub struct People {
    keyring: Keyring,
    bus: OnceLock<Bus>,
    // Whether the batch under way changes people.
    changed: AtomicBool,
}

impl People {
    /// A read model that opens names with these keys.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            bus: OnceLock::new(),
            changed: AtomicBool::new(false),
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
    fn name(&self) -> &'static str {
        "directory"
    }

    async fn apply(&self, tx: &mut Tx, batch: &[Recorded]) -> Result<(), ApplyError> {
        for recorded in batch
            .iter()
            .filter(|recorded| matches!(recorded.subject.thing, Thing::Person | Thing::Team))
        {
            let event = DirectoryEvent::read(&recorded.envelope).map_err(|source| ApplyError::Unreadable {
                sequence: recorded.sequence,
                source,
            })?;
            let (id, district) = (recorded.subject.id, recorded.subject.district.to_string());
            match &event {
                DirectoryEvent::PersonRostered(rostered) => {
                    let name = self.words(&rostered.name).await?;
                    let title = match &rostered.title {
                        Some(title) => Some(self.words(title).await?),
                        None => None,
                    };
                    on_tx!(tx, conn => sqlx::query(
                            "INSERT INTO person (id, district, name, title, sequence) VALUES ($1, $2, $3, $4, $5) \
                             ON CONFLICT (id) DO UPDATE SET name = excluded.name, title = excluded.title, sequence = excluded.sequence")
                        .bind(id).bind(&district).bind(&name).bind(&title).bind(recorded.sequence as i64)
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
                | DirectoryEvent::RoutingRulesPublished(_)
                | DirectoryEvent::ContactDesignated(_) => {}
            }
        }
        let people_changed = batch
            .iter()
            .any(|recorded| matches!(recorded.subject.thing, Thing::Person | Thing::Team));
        self.changed.fetch_or(people_changed, Ordering::SeqCst);
        Ok(())
    }

    async fn committed(&self, _position: u64) {
        // Those who hold claims ask again.
        if self.changed.swap(false, Ordering::SeqCst)
            && let Some(bus) = self.bus.get()
        {
            bus.tell(notice("directory"), &serde_json::json!({})).await;
        }
    }

    async fn rolled_back(&self) {}
}
