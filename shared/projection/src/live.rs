//! What districts have decided about themselves, kept in memory by every service that needs it to decide.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use contracts::events::DirectoryEvent;
use contracts::ids::{DepartmentId, District, TeamId};
use contracts::subjects::{Thing, every};
use contracts::versions::Unreadable;
use domain::directory::{DistrictRecord, Districts};
use domain::rejection::Names;
use eventlog::Log;
use runtime::health::State;
use runtime::{Health, Lifecycle};
use tracing::{error, warn};

/// A view of all districts that follows the log. People are not in it.
#[derive(Debug, Clone, Default)]
pub struct LiveDistricts {
    districts: Arc<RwLock<Districts>>,
}

impl LiveDistricts {
    /// Begins to follow the log; `health` says when it has caught up.
    ///
    /// There is a reader for each kind of thing: nothing of one kind depends on its order among the others.
    pub fn follow(log: &Log, lifecycle: &Lifecycle, health: &Health) -> Self {
        let live = Self::default();
        health.set(PART, State::Starting("reading the directory".to_owned()));
        let behind = Arc::new(AtomicUsize::new(KINDS.len()));
        for kind in KINDS {
            let reader = Reader {
                view: live.clone(),
                health: health.clone(),
                behind: behind.clone(),
            };
            lifecycle.spawn(reader.follow(log.clone(), kind));
        }
        live
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Districts> {
        self.districts
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Looks at one district; nothing where it is unknown.
    pub fn with<R>(&self, district: &District, look: impl FnOnce(&DistrictRecord) -> R) -> Option<R> {
        self.districts
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(district)
            .map(look)
    }

    /// The slugs of all districts.
    pub fn slugs(&self) -> Vec<District> {
        self.districts
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .by_slug
            .keys()
            .cloned()
            .collect()
    }

    /// Takes one event in directly, as a read model's transaction does that holds its own view.
    pub fn evolve(&self, subject: &contracts::subjects::Subject, sequence: u64, event: &DirectoryEvent) {
        self.write().evolve(subject, sequence, event);
    }

    /// Names of a district's things, for refusals.
    pub fn names(&self, district: &District) -> DistrictNames {
        DistrictNames {
            live: self.clone(),
            district: district.clone(),
        }
    }
}

/// A district as the log has it now, read anew; nothing where it is not there, or does not come within `at_most`.
pub async fn read_district(log: &Log, district: &District, at_most: Duration) -> Option<DistrictRecord> {
    let subjects = KINDS.map(|kind| format!("loop.{district}.{}.*", kind.token()));
    let mut tail = log.read(subjects.into(), 0).await.ok()?;
    let mut districts = Districts::default();
    let reading = async {
        let (mut batch, mut at) = (Vec::new(), 0);
        while tail.caught_up_at().is_none_or(|until| at < until) {
            batch.clear();
            // Nothing may be there at all: look again whether that is so.
            let taken = tokio::time::timeout(Duration::from_millis(20), tail.next(&mut batch, 1024)).await;
            for raw in &batch {
                at = raw.sequence;
                if let Ok(recorded) = raw.parse()
                    && let Ok(event) = DirectoryEvent::read(&recorded.envelope)
                {
                    districts.evolve(&recorded.subject, at, &event);
                }
            }
            if taken == Ok(0) {
                return;
            }
        }
    };
    tokio::time::timeout(at_most, reading).await.ok()?;
    districts.by_slug.remove(district)
}

/// What health calls it.
const PART: &str = "districts";
/// What districts are made of, as those know who decide.
const KINDS: [Thing; 5] = [
    Thing::District,
    Thing::School,
    Thing::Department,
    Thing::Zone,
    Thing::Team,
];

/// Brings one kind of thing into the view.
struct Reader {
    view: LiveDistricts,
    health: Health,
    /// How many have not caught up yet.
    behind: Arc<AtomicUsize>,
}

impl Reader {
    async fn follow(self, log: Log, kind: Thing) {
        let mut tail = loop {
            match log.read(vec![every(kind)], 0).await {
                Ok(tail) => break tail,
                Err(_) => runtime::clock::pause(Duration::from_millis(200)).await,
            }
        };
        let mut batch = Vec::new();
        let mut at = 0;
        let mut ready = false;
        loop {
            if !ready && tail.caught_up_at().is_some_and(|until| at >= until) {
                ready = true;
                if self.behind.fetch_sub(1, Ordering::SeqCst) == 1 {
                    self.health.set(PART, State::Ready);
                }
            }
            batch.clear();
            let taken = if ready {
                tail.next(&mut batch, 1024).await
            } else {
                // Nothing may be there at all: look again whether that is so.
                match tokio::time::timeout(Duration::from_millis(20), tail.next(&mut batch, 1024)).await {
                    Ok(taken) => taken,
                    Err(_) => continue,
                }
            };
            if taken == 0 {
                return;
            }
            for raw in &batch {
                at = raw.sequence;
                let unread = |reason: &str| error!(sequence = at, reason, "an event of the directory cannot be read");
                let recorded = match raw.parse() {
                    Ok(recorded) => recorded,
                    Err(garbled) => {
                        unread(&garbled.to_string());
                        continue;
                    }
                };
                match DirectoryEvent::read(&recorded.envelope) {
                    Ok(event) => self.view.write().evolve(&recorded.subject, at, &event),
                    Err(newer @ Unreadable::Newer { .. }) => {
                        unread(&newer.to_string());
                        warn!("the view of districts has stopped");
                        self.health.set(PART, State::Stopped(newer.to_string()));
                        return;
                    }
                    Err(other) => unread(&other.to_string()),
                }
            }
        }
    }
}

/// Names of one district's things.
#[derive(Debug, Clone)]
pub struct DistrictNames {
    live: LiveDistricts,
    district: District,
}

impl Names for DistrictNames {
    fn department(&self, id: DepartmentId) -> String {
        self.live
            .with(&self.district, |record| {
                record.departments.get(&id).map(|department| department.name.clone())
            })
            .flatten()
            .unwrap_or_else(|| "another department".to_owned())
    }

    fn team(&self, id: TeamId) -> String {
        self.live
            .with(&self.district, |record| {
                record.teams.get(&id).map(|team| team.name.clone())
            })
            .flatten()
            .unwrap_or_else(|| "a team".to_owned())
    }

    fn moment(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        let zone = self
            .live
            .with(&self.district, |record| record.calendar().time_zone)
            .unwrap_or(chrono_tz::UTC);
        at.with_timezone(&zone).format("%A %-d %B, %-I:%M %p").to_string()
    }
}
