//! What was given out of a loop: each entry with its proof, each text with what shows that it was written.

use std::collections::{BTreeSet, HashMap};

use ::domain::district_loop::Custody;
use ::domain::{Fold, Loop};
use contracts::Claims;
use contracts::envelope::{Actor, Recorded};
use contracts::events::custody::{RecordDisclosed, TextPlace};
use contracts::events::{CustodyEvent, LoopEvent};
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::queries::{Slice, SliceEntry, SliceIs, SliceQuery, SliceText};
use contracts::sealed::{KeyId, texts_in};
use contracts::subjects::Subject;
use contracts::vocabulary::{Role, WithheldGround};
use decider::{Desk, History};
use messaging::People;
use sealing::SealingError;

use crate::queries::{CATCH_UP, away};
use crate::store::{self, Book, Signed};
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
    let signed = signed_over(ledger, &viewer.district, disclosed.up_to).await?;
    let erased = erased_of(ledger, &history).await?;
    let mut names = HashMap::new();
    let mut entries: Vec<SliceEntry> = Vec::new();
    let (mut weight, mut next) = (0, None);
    let given = history
        .recorded()
        .iter()
        .filter(|event| event.sequence > query.after && event.sequence <= disclosed.up_to);
    for event in given {
        let actor = name(people, &viewer, &event.envelope.actor, &mut names).await;
        let proof = proven(ledger, &viewer.district, event.sequence, &signed).await?;
        let entry = entry(desk, event, actor, proof, &disclosed, &erased).await?;
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
    desk: &Desk,
    event: &Recorded,
    actor: String,
    proof: String,
    disclosed: &RecordDisclosed,
    erased: &BTreeSet<KeyId>,
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
        let is = match ground {
            _ if erased.contains(&sealed.key) => SliceIs::Erased,
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
        proof,
        texts,
    })
}

/// The keys of a loop's texts that were erased, through this loop or another.
async fn erased_of(ledger: &Ledger, history: &History<Loop>) -> Result<BTreeSet<KeyId>, Problem> {
    let mut keys = BTreeSet::new();
    for event in history.recorded() {
        let data = serde_json::from_str(event.envelope.data.get()).unwrap_or_default();
        keys.extend(texts_in(&data).into_iter().map(|(_, sealed)| sealed.key));
    }
    let mut erased = store::erased_among(&ledger.db, &keys).await.map_err(away)?;
    let here = history.state().record().map(|record| &record.custody);
    erased.extend(here.into_iter().flat_map(Custody::erased_keys));
    Ok(erased)
}

/// A checkpoint that covers a message.
async fn signed_over(ledger: &Ledger, district: &District, sequence: u64) -> Result<Signed, Problem> {
    let (book, index, _) = placed(ledger, district, sequence).await?;
    let covers = |signed: &Signed| signed.size.unsigned_abs() > index;
    let signed = book.latest().await.map_err(away)?;
    if let Some(signed) = signed.filter(covers) {
        return Ok(signed);
    }
    // Whoever asks right after something happened need not wait for the next round.
    if let Err(trouble) = checkpoint::sign_all(ledger).await {
        tracing::debug!(error = %trouble, "a checkpoint was put off");
    }
    let signed = book.latest().await.map_err(away)?;
    signed
        .filter(covers)
        .ok_or_else(|| Problem::unavailable("this is not signed yet; try again in a moment"))
}

async fn placed(ledger: &Ledger, district: &District, sequence: u64) -> Result<(Book, u64, Vec<u8>), Problem> {
    let nowhere = || Problem::unavailable("the ledger does not hold this loop; tell the administrator");
    let book = store::book(&ledger.db, district.as_str()).await.map_err(away)?;
    let book = book.ok_or_else(nowhere)?;
    let (index, entry) = book.place(sequence).await.map_err(away)?.ok_or_else(nowhere)?;
    Ok((book, index, entry))
}

/// The receipt of a message under a checkpoint that covers it.
async fn proven(ledger: &Ledger, district: &District, sequence: u64, signed: &Signed) -> Result<String, Problem> {
    let (book, index, entry) = placed(ledger, district, sequence).await?;
    let proof = book
        .proof(index, signed.size.unsigned_abs())
        .await
        .map_err(away)?
        .ok_or_else(|| Problem::unavailable("this cannot be proven; tell the administrator"))?;
    Ok(note::receipt(&entry, index, &proof, &signed.note))
}

/// That a message is in the record: its receipt, and the checkpoint that this leads to.
pub(crate) async fn proof(ledger: &Ledger, district: &District, sequence: u64) -> Result<(String, Signed), Problem> {
    let signed = signed_over(ledger, district, sequence).await?;
    Ok((proven(ledger, district, sequence, &signed).await?, signed))
}
