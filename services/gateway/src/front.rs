//! Between HTTP and the services: who the visitor is, commands with their keys, questions that reflect what the
//! visitor has done and seen.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use contracts::Action;
use contracts::claims::{Authority, Claims};
use contracts::commands::door::{
    ActFor, EndSession, LinkMade, MakeLink, NewSession, OfferedProvider, OfficeMessage, OwnAccess, WhichSession, Whom,
};
use contracts::commands::roster::RosterMessage;
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::Actor;
use contracts::ids::{CommandId, District, LoopId, PersonId};
use contracts::problem::Problem;
use contracts::queries::{Answered, AsOf, Ask, DemoPerson, DistrictView, LoopQuery, LoopView};
use contracts::subjects;
use messaging::{Bus, People};
use runtime::Clock;
use runtime::ids::hex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// How often it is looked at whether a promise is granted, after a confirmation.
const GRANTED_LOOKS_MAX: u32 = 25;
/// How long between two such looks.
const GRANTED_LOOK: Duration = Duration::from_millis(40);
/// How long claims are taken for fresh without asking the directory again.
const CLAIMS_FRESH: Duration = Duration::from_secs(5);
/// The longest that a refusal waits for the names of those who were faster.
const NAMED_WITHIN: Duration = Duration::from_millis(500);
/// Of what others did meanwhile, so many are named.
const NAMED_MAX: usize = 50;
/// How long somebody waits at the door while a provider of accounts is asked.
const PATIENCE: Duration = Duration::from_secs(15);
/// Visitors whose view of their district is remembered.
const DISTRICTS_MAX: usize = 300;
/// Visitors remembered, by the digest of their secret.
const REMEMBERED_MAX: usize = 50_000;

/// What every handler has at hand.
#[derive(Debug, Clone)]
pub struct Front {
    /// Requests to the services.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    claims: HashMap<String, (Instant, Claims)>,
    districts: HashMap<String, (Instant, Arc<DistrictView>)>,
    seen: HashMap<String, u64>,
    order: VecDeque<String>,
}

/// A person at the door, known by the secret of a session or token.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who they are.
    pub claims: Claims,
    /// The digest of their secret: what they did and saw is remembered under it.
    pub memory_key: String,
    /// What forms of this session carry against forgery.
    pub csrf: String,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// The loop.
    pub id: LoopId,
    /// Its version now.
    pub version: u64,
    /// Whether it had been done before.
    pub repeated: bool,
}

/// The digest under which a secret is known: the secret itself is never stored.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// The id of a command: from district, person and key, so that retries agree and nobody can collide with another's.
/// Where the key is a version-7 UUID its time is kept, so that ids stay in the order of time.
pub fn command_id(claims: &Claims, key: &str) -> CommandId {
    let digest = Sha256::new()
        .chain_update(claims.district.as_str())
        .chain_update([0])
        .chain_update(claims.person.0.as_bytes())
        .chain_update([0])
        .chain_update(key)
        .finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    match Uuid::parse_str(key).ok().filter(|key| key.get_version_num() == 7) {
        Some(timed) => {
            bytes[..6].copy_from_slice(&timed.as_bytes()[..6]);
            let random = &bytes[6..];
            let mut rest = [0_u8; 10];
            rest.copy_from_slice(random);
            let millis = timed.as_bytes()[..6]
                .iter()
                .fold(0_u64, |millis, byte| (millis << 8) | u64::from(*byte));
            CommandId(Builder::from_unix_timestamp_millis(millis, &rest).into_uuid())
        }
        None => CommandId(Builder::from_custom_bytes(bytes).into_uuid()),
    }
}

impl Front {
    /// A front over a connection.
    pub fn new(bus: Bus, clock: Clock) -> Self {
        Self {
            bus,
            clock,
            memory: Arc::new(Mutex::new(Memory::default())),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Who holds this secret; nobody where it is unknown or ended. Fails closed where the directory is away.
    pub async fn visitor(&self, secret: &str) -> Result<Option<Visitor>, Problem> {
        let key = digest(secret);
        let known = self.memory().claims.get(&key).cloned();
        let claims = match known {
            Some((at, claims)) if at.elapsed() < CLAIMS_FRESH => claims,
            Some(_) | None => {
                let asked = serde_json::json!({"secret_digest": key});
                let answer: Option<Claims> = self.bus.ask(subjects::query("directory", "claims"), &asked).await?;
                let Some(claims) = answer else {
                    self.memory().claims.remove(&key);
                    return Ok(None);
                };
                self.remember(&key, claims.clone());
                claims
            }
        };
        let csrf = hex(&Sha256::digest(format!("loopline/csrf/v1\0{secret}"))[..16]);
        Ok(Some(Visitor {
            claims,
            memory_key: key,
            csrf,
        }))
    }

    fn remember(&self, key: &str, claims: Claims) {
        let mut memory = self.memory();
        if memory.claims.insert(key.to_owned(), (Instant::now(), claims)).is_none() {
            memory.order.push_back(key.to_owned());
            while memory.order.len() > REMEMBERED_MAX {
                if let Some(oldest) = memory.order.pop_front() {
                    memory.claims.remove(&oldest);
                    memory.seen.remove(&oldest);
                }
            }
        }
    }

    /// The directory has changed: all claims are asked for again.
    pub fn forget_claims(&self) {
        let mut memory = self.memory();
        memory.claims.clear();
        memory.districts.clear();
        memory.order = memory.seen.keys().cloned().collect();
    }

    /// The district as a visitor sees it: as fresh as claims, and never from before what they changed of it.
    pub async fn district(&self, visitor: &Visitor) -> Result<Arc<DistrictView>, Problem> {
        let known = self.memory().districts.get(&visitor.memory_key).cloned();
        if let Some((at, view)) = known
            && at.elapsed() < CLAIMS_FRESH
        {
            return Ok(view);
        }
        let asked = self
            .ask::<_, DistrictView>(visitor, "directory", "overview", serde_json::json!({}), 0)
            .await?;
        let view = Arc::new(asked.answer);
        let mut memory = self.memory();
        if memory.districts.len() >= DISTRICTS_MAX {
            memory.districts.clear();
        }
        memory
            .districts
            .insert(visitor.memory_key.clone(), (Instant::now(), view.clone()));
        Ok(view)
    }

    /// The stream sequence that what this visitor reads must at least reflect.
    pub fn seen(&self, visitor: &Visitor) -> u64 {
        self.memory().seen.get(&visitor.memory_key).copied().unwrap_or(0)
    }

    fn saw(&self, visitor: &Visitor, sequence: u64) {
        let mut memory = self.memory();
        let seen = memory.seen.entry(visitor.memory_key.clone()).or_insert(0);
        *seen = (*seen).max(sequence);
    }

    /// Carries a person's command out. `thing` is none for filing: the loop's id is the command's. `key` is the
    /// `Idempotency-Key` or the form's; without one, a retry is a new command.
    pub async fn act(
        &self,
        visitor: &Visitor,
        action: Action,
        thing: Option<LoopId>,
        body: &str,
        key: Option<&str>,
        based_on: Option<u64>,
    ) -> Result<Acted, Problem> {
        let (acted, _) = self
            .command(
                visitor,
                action.service(),
                action.slug(),
                thing.map(|id| id.0),
                body,
                key,
                based_on,
            )
            .await?;
        if let (Action::Confirm, Some(id)) = (action, thing) {
            self.granted(visitor, id, acted.version).await;
        }
        Ok(acted)
    }

    /// Waits, bounded, until what a confirmed answer promises is granted or turns out not to be, so that whoever
    /// confirmed it sees what became of it at once.
    async fn granted(&self, visitor: &Visitor, id: LoopId, version: u64) {
        for _ in 0..GRANTED_LOOKS_MAX {
            let seen: Result<Answered<LoopView>, Problem> =
                self.ask(visitor, "timeline", "loop", LoopQuery { id }, version).await;
            match seen {
                Ok(seen)
                    if seen
                        .answer
                        .resolution
                        .as_ref()
                        .is_some_and(|answer| answer.being_granted) =>
                {
                    runtime::clock::pause(GRANTED_LOOK).await;
                }
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// The same problem, with the names of those who were faster. Where nobody can be asked, it says less.
    async fn with_names(&self, district: &District, mut problem: Problem) -> Problem {
        let mut names: BTreeMap<PersonId, Option<String>> = BTreeMap::new();
        for since in problem.since.iter_mut().take(NAMED_MAX) {
            since.by = match Actor::read(&since.actor) {
                Some(Actor::Person(person)) => {
                    if let Entry::Vacant(unasked) = names.entry(person) {
                        let found = self.bus.person(district, person).await;
                        unasked.insert(found.ok().flatten().map(|claims| claims.name));
                    }
                    names.get(&person).cloned().flatten()
                }
                Some(Actor::Policy(_)) => Some("Loopline".to_owned()),
                None => None,
            };
        }
        problem
    }

    /// Carries any service's command out, by verb.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of one command, and callers name all of them"
    )]
    pub async fn command(
        &self,
        visitor: &Visitor,
        service: &str,
        verb: &str,
        thing: Option<Uuid>,
        body: &str,
        key: Option<&str>,
        based_on: Option<u64>,
    ) -> Result<(Acted, Done), Problem> {
        let body: Box<RawValue> = serde_json::from_str(body).map_err(|error| {
            Problem::new(
                "not-json",
                400,
                "This is not JSON",
                format!("the body is not JSON: {error}"),
            )
        })?;
        let id = match key {
            Some(key) => command_id(&visitor.claims, key),
            None => runtime::ids::new_command(self.clock.now()),
        };
        let thing = thing.unwrap_or(id.0);
        let request_hash = hex(&Sha256::new()
            // The two kinds of decision are one request: which it is follows from what is open.
            .chain_update(if matches!(verb, "decide-team" | "decide-escalation") {
                "decide"
            } else {
                verb
            })
            .chain_update([0])
            .chain_update(thing.as_bytes())
            .chain_update(canonical(&body))
            .finalize()[..16]);
        let message = CommandMessage {
            id,
            district: visitor.claims.district.clone(),
            thing,
            authority: Authority::Person(visitor.claims.clone()),
            request_hash,
            based_on,
            caused_by: None,
            traceparent: None,
            body,
        };
        let done = match self.bus.command(subjects::user_command(service, verb), &message).await {
            Ok(done) => done,
            Err(problem) => {
                // What was known of the district may be why it was refused.
                self.memory().districts.remove(&visitor.memory_key);
                let nameless = problem.clone();
                let named = self.with_names(&message.district, problem);
                // A refusal is ready: it waits a moment for names and no longer.
                return Err(tokio::time::timeout(NAMED_WITHIN, named).await.unwrap_or(nameless));
            }
        };
        self.saw(visitor, done.version);
        if service == "directory" {
            self.memory().districts.remove(&visitor.memory_key);
        }
        Ok((
            Acted {
                id: LoopId(thing),
                version: done.version,
                repeated: done.repeated,
            },
            done,
        ))
    }

    /// Asks a question. The answer reflects at least what this visitor did and saw, and `at_least`.
    pub async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        service: &str,
        name: &str,
        query: Q,
        at_least: u64,
    ) -> Result<Answered<A>, Problem> {
        let ask = Ask {
            viewer: visitor.claims.clone(),
            at_least: at_least.max(self.seen(visitor)),
            as_of: None,
            query,
        };
        self.asked(visitor, service, name, &ask).await
    }

    /// The same as it was known at a moment of the past; of timeline.
    pub async fn ask_as_of<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        name: &str,
        query: Q,
        as_of: Option<AsOf>,
        at_least: u64,
    ) -> Result<Answered<A>, Problem> {
        let ask = Ask {
            viewer: visitor.claims.clone(),
            at_least: at_least.max(self.seen(visitor)),
            as_of,
            query,
        };
        self.asked(visitor, "timeline", name, &ask).await
    }

    async fn asked<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        service: &str,
        name: &str,
        ask: &Ask<Q>,
    ) -> Result<Answered<A>, Problem> {
        let answered: Answered<A> = self.bus.ask(subjects::query(service, name), ask).await?;
        self.saw(visitor, answered.position);
        Ok(answered)
    }

    /// One step of taking a roster in, on the visitor's behalf.
    pub async fn roster<T: Serialize + Sync, A: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        verb: &str,
        import: Uuid,
        step: T,
    ) -> Result<A, Problem> {
        let message = RosterMessage {
            district: visitor.claims.district.clone(),
            import,
            by: Some(visitor.claims.clone()),
            step,
        };
        self.bus
            .ask(format!("svc.directory.office.roster-{verb}"), &message)
            .await
    }

    /// Says something at the door, where nobody is signed in yet.
    pub async fn at_the_door<T: Serialize + Sync, A: DeserializeOwned>(
        &self,
        verb: &str,
        step: &T,
    ) -> Result<A, Problem> {
        self.bus.ask(format!("svc.directory.door.{verb}"), step).await
    }

    /// The same where somebody else is asked behind the door, who may take a while.
    pub async fn at_the_door_patiently<T: Serialize + Sync, A: DeserializeOwned>(
        &self,
        verb: &str,
        step: &T,
    ) -> Result<A, Problem> {
        self.bus
            .ask_within(format!("svc.directory.door.{verb}"), step, PATIENCE)
            .await
    }

    /// Makes a link with which somebody chooses a password: its secret, and whose it is.
    pub async fn make_link(
        &self,
        visitor: &Visitor,
        person: contracts::PersonId,
    ) -> Result<(String, LinkMade), Problem> {
        let secret = runtime::ids::secret_hex(32);
        let asked = OfficeMessage {
            district: visitor.claims.district.clone(),
            by: Some(visitor.claims.clone()),
            step: MakeLink {
                whom: Whom::Person(person),
                link: digest(&secret),
                without_second_step: false,
            },
        };
        let made = self
            .bus
            .ask("svc.directory.office.make-link".to_owned(), &asked)
            .await?;
        Ok((secret, made))
    }

    /// The people a demo district offers on its sign-in page; none anywhere else.
    pub async fn demo_people(&self) -> Result<Vec<DemoPerson>, Problem> {
        self.bus
            .ask(subjects::query("directory", "demo-people"), &serde_json::json!({}))
            .await
    }

    /// Where people can sign on with an account that they have elsewhere.
    pub async fn providers(&self) -> Result<Vec<OfferedProvider>, Problem> {
        self.bus
            .ask(subjects::query("directory", "providers"), &serde_json::json!({}))
            .await
    }

    /// Signs a demo person in.
    pub async fn sign_in_demo(&self, person: contracts::PersonId, session: &NewSession) -> Result<(), Problem> {
        let asked = serde_json::json!({"person": person, "session": session});
        let _: bool = self.at_the_door("sign-in-demo", &asked).await?;
        Ok(())
    }

    /// Ends the session with this digest, or others of whoever has it.
    pub async fn end_session(&self, secret_digest: String, which: WhichSession) -> Result<(), Problem> {
        let asked = EndSession {
            secret_digest: secret_digest.clone(),
            which,
        };
        let _: bool = self.at_the_door("end-session", &asked).await?;
        match which {
            WhichSession::This => {
                self.memory().claims.remove(&secret_digest);
            }
            WhichSession::One(_) | WhichSession::Others => self.forget_claims(),
        }
        Ok(())
    }

    /// From now on, or no longer, a session acts for somebody who is away.
    pub async fn act_for(&self, visitor: &Visitor, absent: Option<contracts::PersonId>) -> Result<(), Problem> {
        let secret_digest = visitor.memory_key.clone();
        let asked = ActFor { secret_digest, absent };
        let _: bool = self.at_the_door("act-for", &asked).await?;
        self.forget_claims();
        Ok(())
    }

    /// What of somebody's lets somebody in.
    pub async fn access(&self, visitor: &Visitor) -> Result<contracts::commands::door::AccessView, Problem> {
        let own = OwnAccess {
            secret_digest: visitor.memory_key.clone(),
        };
        Ok(self.ask(visitor, "directory", "access", own, 0).await?.answer)
    }
}

/// JSON with its keys in order and its blanks gone, so that the same content has the same digest.
fn canonical(body: &RawValue) -> String {
    serde_json::from_str::<serde_json::Value>(body.get())
        .and_then(|value| serde_json::to_string(&value))
        .unwrap_or_else(|_| body.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::ids::PersonId;

    fn claims(person: &str) -> Claims {
        Claims {
            district: "cedar-valley".parse().expect("a district"),
            person: PersonId::derived(&[person]),
            name: person.to_owned(),
            roles: std::collections::BTreeSet::new(),
            schools: std::collections::BTreeSet::new(),
            departments: std::collections::BTreeSet::new(),
            leads: std::collections::BTreeSet::new(),
            teams: std::collections::BTreeSet::new(),
            as_of: 0,
            token: None,
            acting_for: None,
        }
    }

    #[test]
    fn a_key_makes_the_same_command_for_one_person_and_another_for_anybody_else() {
        assert_eq!(command_id(&claims("rosa"), "k"), command_id(&claims("rosa"), "k"));
        assert_ne!(command_id(&claims("rosa"), "k"), command_id(&claims("ann"), "k"));
    }

    #[test]
    fn a_version_7_key_keeps_its_time() {
        let key = "0192e4a0-1234-7abc-8def-0123456789ab";
        let id = command_id(&claims("rosa"), key).0;
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(
            &id.as_bytes()[..6],
            &Uuid::parse_str(key).expect("a uuid").as_bytes()[..6]
        );
        assert_ne!(id, Uuid::parse_str(key).expect("a uuid"), "nobody chooses a loop's id");
    }
}
