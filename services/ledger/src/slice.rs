//! What was given out of a loop: each entry with its proof, each text with what shows that it was written.

use std::collections::HashMap;

use ::domain::{Fold, Loop};
use contracts::Claims;
use contracts::envelope::{Actor, Recorded};
use contracts::events::custody::{RecordDisclosed, TextPlace};
use contracts::events::{CustodyEvent, LoopEvent};
use contracts::ids::PersonId;
use contracts::problem::Problem;
use contracts::queries::{Slice, SliceEntry, SliceIs, SliceQuery, SliceText};
use contracts::sealed::{Sealed, texts_in};
use contracts::subjects::Subject;
use contracts::vocabulary::{Role, WithheldGround};
use decider::{Desk, History};
use messaging::People;
use sealing::SealingError;

use crate::queries::{CATCH_UP, away};
use crate::store::{self, Signed};
use crate::{Ledger, checkpoint, note};

/// What the entries of one answer may weigh: a message holds a megabyte.
const WEIGHT_MAX: usize = 500_000;

/// Entries of what was given out, by the event that says so.
pub(crate) async fn slice(
    ledger: &Ledger,
    desk: &Desk,
    people: &dyn People,
    viewer: Claims,
    query: SliceQuery,
) -> Result<Slice, Problem> {
    if !viewer.has(Role::Auditor) {
        return Err(Problem::forbidden("what was given out is for auditors"));
    }
    let subject = Subject::of_loop(&viewer.district, query.id);
    let history: History<Loop> = History::read(&*ledger.log, &subject)
        .await
        .map_err(|failure| failure.problem(|()| Problem::not_found("loop")))?;
    let (said, disclosed) = history
        .recorded()
        .iter()
        .find(|event| event.sequence == query.disclosed)
        .and_then(|event| match Loop::read(&event.envelope) {
            Ok(LoopEvent::Custody(CustodyEvent::RecordDisclosed(disclosed))) => Some((event, disclosed)),
            Ok(_) | Err(_) => None,
        })
        .ok_or_else(|| Problem::not_found("file"))?;
    if !ledger.position.wait_for(said.sequence, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the ledger has not come to this loop yet; try again in a moment",
        ));
    }
    let custody = history.state().record().map(|record| &record.custody);
    let erased = |sealed: &Sealed| custody.is_some_and(|custody| custody.erasure(sealed.key).is_some());
    let mut names = HashMap::new();
    let mut entries: Vec<SliceEntry> = Vec::new();
    let (mut weight, mut next) = (0, None);
    let given = history
        .recorded()
        .iter()
        .filter(|event| event.sequence > query.after && event.sequence <= disclosed.up_to);
    for event in given {
        let actor = name(people, &viewer, &event.envelope.actor, &mut names).await;
        let entry = entry(ledger, desk, event, actor, &disclosed, &erased).await?;
        weight += entry.proof.len() + entry.texts.iter().map(weight_of).sum::<usize>();
        if weight > WEIGHT_MAX && !entries.is_empty() {
            next = entries.last().map(|entry| entry.sequence);
            break;
        }
        entries.push(entry);
    }
    Ok(Slice {
        disclosure: disclosed.disclosure,
        form: disclosed.form,
        to: desk
            .keyring
            .open(&disclosed.to)
            .await
            .map_err(|_| Problem::unavailable("the words cannot be opened for a moment"))?,
        by: name(people, &viewer, &said.envelope.actor, &mut names).await,
        at: said.envelope.time,
        keys: ledger.signer.verifier_keys(viewer.district.as_str()),
        entries,
        next,
    })
}

fn weight_of(text: &SliceText) -> usize {
    match &text.is {
        SliceIs::Given { words, salt } => words.len() + salt.len(),
        SliceIs::Withheld { .. } | SliceIs::Erased => 100,
    }
}

async fn name(people: &dyn People, viewer: &Claims, actor: &Actor, known: &mut HashMap<PersonId, String>) -> String {
    let Some(person) = actor.person() else {
        return "Loopline".to_owned();
    };
    if let Some(name) = known.get(&person) {
        return name.clone();
    }
    let found = people.person(&viewer.district, person).await.ok().flatten();
    let name = found.map_or_else(|| "Somebody".to_owned(), |claims| claims.name);
    known.insert(person, name.clone());
    name
}

async fn entry(
    ledger: &Ledger,
    desk: &Desk,
    event: &Recorded,
    actor: String,
    disclosed: &RecordDisclosed,
    erased: &(dyn Fn(&Sealed) -> bool + Sync),
) -> Result<SliceEntry, Problem> {
    let data = serde_json::from_str(event.envelope.data.get()).unwrap_or_default();
    let mut texts = Vec::new();
    for (field, sealed) in texts_in(&data) {
        let place = TextPlace {
            event: event.sequence,
            field: field.clone(),
        };
        let ground: Option<WithheldGround> = disclosed
            .withheld
            .iter()
            .find(|withheld| withheld.place == place)
            .map(|withheld| withheld.ground);
        let gone = erased(&sealed) || store::is_erased(&ledger.db, sealed.key).await.map_err(away)?;
        let is = match ground {
            _ if gone => SliceIs::Erased,
            Some(ground) => SliceIs::Withheld { ground },
            None => match desk.keyring.disclose(&sealed).await {
                Ok((words, salt)) => SliceIs::Given { words, salt },
                Err(SealingError::Erased(_)) => SliceIs::Erased,
                Err(SealingError::Unavailable(_) | SealingError::NotOpened(_)) => {
                    return Err(Problem::unavailable("the words cannot be opened for a moment"));
                }
            },
        };
        texts.push(SliceText { field, is });
    }
    let kind = event.envelope.event_type.rsplit('.').nth(1).unwrap_or_default();
    Ok(SliceEntry {
        sequence: event.sequence,
        kind: kind.to_owned(),
        time: event.envelope.time,
        actor,
        proof: proof(ledger, event.sequence).await?.0,
        texts,
    })
}

/// That a message is in the record: its receipt, and the checkpoint that this leads to.
pub(crate) async fn proof(ledger: &Ledger, sequence: u64) -> Result<(String, Signed), Problem> {
    let (id, index, entry) = store::place(&ledger.db, sequence)
        .await
        .map_err(away)?
        .ok_or_else(|| Problem::unavailable("the ledger does not hold this loop; tell the administrator"))?;
    let mut signed = store::latest(&ledger.db, id).await.map_err(away)?;
    if signed.as_ref().is_none_or(|signed| signed.size.unsigned_abs() <= index) {
        // Whoever asks right after something happened need not wait for the next round.
        if let Err(trouble) = checkpoint::sign_all(ledger).await {
            tracing::debug!(error = %trouble, "a checkpoint was put off");
        }
        signed = store::latest(&ledger.db, id).await.map_err(away)?;
    }
    let signed = signed
        .filter(|signed| signed.size.unsigned_abs() > index)
        .ok_or_else(|| Problem::unavailable("this is not signed yet; try again in a moment"))?;
    let proof = store::proof(&ledger.db, id, index, signed.size.unsigned_abs())
        .await
        .map_err(away)?
        .ok_or_else(|| Problem::unavailable("this cannot be proven; tell the administrator"))?;
    Ok((note::receipt(&entry, index, &proof, &signed.note), signed))
}
