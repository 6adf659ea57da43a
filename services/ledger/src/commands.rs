//! What people do with the record: they keep a checkpoint outside, read its entries, or have it written out.

use contracts::Claims;
use contracts::claims::Authority;
use contracts::commands::{CommandMessage, Done, KeepCheckpoint, read_body};
use contracts::events::RecordEvent;
use contracts::events::record::{CheckpointKept, RecordExported, RecordRead};
use contracts::problem::Problem;
use contracts::vocabulary::WordsDeed;
use decider::Desk;
use messaging::Incoming;

use crate::queries::{away, no_ledger, not_for_you};
use crate::{Exported, Ledger, custody, store, words};

/// Carries a person's command out.
pub(crate) async fn handle(ledger: &Ledger, desk: &Desk, incoming: &Incoming) -> Result<Done, Problem> {
    match (incoming.verb.as_str(), WordsDeed::of_verb(&incoming.verb)) {
        ("keep-checkpoint", _) => keep(ledger, &incoming.read()?).await,
        (_, Some(deed)) => words::handle(desk, deed, &incoming.read()?).await,
        (verb, None) => custody::handle(desk, verb, &incoming.read()?).await,
    }
}

/// Somebody says that they keep a checkpoint outside: the record says so from then on.
async fn keep(ledger: &Ledger, message: &CommandMessage) -> Result<Done, Problem> {
    let body: KeepCheckpoint = read_body(message.body.get())?;
    let Authority::Person(viewer) = &message.authority else {
        return Err(not_for_you());
    };
    if !viewer.looks_after_the_record() || viewer.district != message.district {
        return Err(not_for_you());
    }
    let district = message.district.as_str();
    let book = store::book(&ledger.db, district)
        .await
        .map_err(away)?
        .ok_or_else(no_ledger)?;
    let signed = book.signed_at(body.size).await.map_err(away)?.ok_or_else(no_ledger)?;
    let root = signed.note.lines().nth(2).unwrap_or_default().to_owned();
    let event = RecordEvent::from(CheckpointKept { size: body.size, root });
    let (person, size) = (viewer.person.to_string(), body.size.to_string());
    ledger
        .note(
            &message.district,
            message.authority.clone(),
            &["kept", &person, &size],
            &event,
        )
        .await
}

/// Before somebody gets entries, the record says so: once a day and person.
pub(crate) async fn read(ledger: &Ledger, viewer: &Claims, first: u64) -> Result<(), Problem> {
    let (day, person) = (ledger.clock.now().date_naive().to_string(), viewer.person.to_string());
    let event = RecordEvent::from(RecordRead { first });
    // That somebody looked is written down also where all that they may do is to look.
    let authority = Authority::Person(Claims {
        token: None,
        ..viewer.clone()
    });
    ledger
        .note(&viewer.district, authority, &["read", &person, &day], &event)
        .await?;
    Ok(())
}

/// Whoever runs the system has written a record out.
pub(crate) async fn exported(ledger: &Ledger, exported: &Exported) -> Result<Done, Problem> {
    ledger.note_exported(exported).await
}

impl Ledger {
    /// Writes down that a record was written out.
    pub async fn note_exported(&self, exported: &Exported) -> Result<Done, Problem> {
        let event = RecordEvent::from(RecordExported {
            entries: exported.entries,
            root: exported.root.clone(),
        });
        let at = self.clock.now().to_rfc3339();
        self.note_itself(&exported.district, &["exported", &exported.root, &at], &event)
            .await
    }
}
