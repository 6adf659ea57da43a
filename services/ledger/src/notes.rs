//! What the ledger itself has to say becomes an event in the log, and so an entry.

use chrono::{DateTime, Datelike, Utc};
use contracts::claims::Authority;
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::{Envelope, Meta};
use contracts::events::RecordEvent;
use contracts::events::record::{DamageFound, SigningKeyChanged};
use contracts::ids::{CommandId, District};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing};
use contracts::versions::Unreadable;
use contracts::vocabulary::Damaged;
use decider::{Decide, History, Target, execute};
use domain::Fold;
use serde_json::value::RawValue;
use tracing::debug;

use crate::store::Book;
use crate::{Ledger, store};

/// Who writes when nobody of the district did.
const POLICY: &str = "ledger";

/// A year of a district's record: nothing in it decides anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Year;

impl Fold for Year {
    type Event = RecordEvent;

    fn read(envelope: &Envelope) -> Result<RecordEvent, Unreadable> {
        RecordEvent::read(envelope)
    }

    fn evolve(&mut self, _: &Meta, _: &RecordEvent) {}
}

/// Says one thing, once.
struct Say<'a>(&'a RecordEvent);

impl Decide<Year> for Say<'_> {
    type Event = RecordEvent;
    type Rejection = ();

    fn decide(&self, _: &Year, _: DateTime<Utc>) -> Result<Option<RecordEvent>, ()> {
        Ok(Some(self.0.clone()))
    }
}

/// Where a district's record is spoken of in a year.
pub(crate) fn subject(district: &District, year: i32) -> Subject {
    let id = CommandId::derived(&["record", district.as_str(), &year.to_string()]);
    Subject::new(district, Thing::Record, id.0)
}

impl Ledger {
    /// Writes down that something happened to a district's record. The same words for the same occasion are written once:
    /// `occasion` says which it is.
    pub(crate) async fn note(
        &self,
        district: &District,
        authority: Authority,
        occasion: &[&str],
        event: &RecordEvent,
    ) -> Result<Done, Problem> {
        let now = self.clock.now();
        let subject = subject(district, now.year());
        let id = CommandId::derived(&[&["record", district.as_str()], occasion].concat());
        let message = CommandMessage {
            id,
            district: district.clone(),
            thing: subject.id,
            authority,
            request_hash: occasion.join(" "),
            based_on: None,
            caused_by: None,
            traceparent: None,
            body: RawValue::NULL.to_owned(),
        };
        let explain = |()| Problem::unavailable("this could not be written down");
        let mut history: History<Year> = History::read(&*self.log, &subject)
            .await
            .map_err(|failure| failure.problem(explain))?;
        let target = Target {
            log: &*self.log,
            subject,
            now,
        };
        execute(&target, &mut history, &message, &Say(event))
            .await
            .map_err(|failure| failure.problem(explain))
    }

    /// The same on nobody's behalf.
    pub(crate) async fn note_itself(
        &self,
        district: &District,
        occasion: &[&str],
        event: &RecordEvent,
    ) -> Result<Done, Problem> {
        let authority = Authority::Policy {
            name: POLICY.to_owned(),
        };
        self.note(district, authority, occasion, event).await
    }

    /// Says in every district's record what was found wrong and by which key it is signed now, where it does not say so
    /// yet. Only over a log that is what it was.
    pub(crate) async fn catch_up_notes(&self) -> anyhow::Result<()> {
        let districts: Vec<(i64, District)> = {
            let edges = self.edges.lock().await;
            let named = edges
                .iter()
                .filter_map(|(name, open)| Some((open.id, name.parse().ok()?)));
            named.collect()
        };
        for alarm in store::untold(&self.db).await? {
            let event = RecordEvent::from(DamageFound {
                damage: Damaged::from_code(&alarm.kind).unwrap_or(Damaged::Altered),
                from: alarm.from_seq.unsigned_abs(),
                to: alarm.to_seq.unsigned_abs(),
                found_at: alarm.at,
            });
            let (from, to) = (alarm.from_seq.to_string(), alarm.to_seq.to_string());
            for (_, district) in &districts {
                self.note_itself(district, &["damage", &alarm.kind, &from, &to], &event)
                    .await
                    .map_err(|problem| anyhow::anyhow!("{problem}"))?;
            }
            store::told(&self.db, alarm.id).await?;
        }
        for (id, district) in districts {
            let now = self
                .signer
                .verifier_keys(district.as_str())
                .into_iter()
                .next()
                .unwrap_or_default();
            let book = Book::known(&self.db, Some(district.clone()), id);
            let known = book.signing_keys().await?;
            if known.iter().any(|(key, _)| *key == now) {
                continue;
            }
            if let Some((before, _)) = known.last() {
                let event = RecordEvent::from(SigningKeyChanged {
                    from: before.clone(),
                    to: now.clone(),
                });
                self.note_itself(&district, &["key", &now], &event)
                    .await
                    .map_err(|problem| anyhow::anyhow!("{problem}"))?;
                debug!(%district, "checkpoints are signed by another key");
            }
            book.keep_signing_key(&now, known.len() as i64).await?;
        }
        Ok(())
    }
}
