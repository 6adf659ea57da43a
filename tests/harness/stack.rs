//! The whole system in one process over a broker of its own, as `up` puts it together but for the broker's identities.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::commands::door::NewSession;
use decider::Desk;
use eventlog::Log;
use eventlog::jetstream::JetStreamLog;
use ledger::{Ledger, Signer};
use messaging::Bus;
use projection::LiveDistricts;
use runtime::{Clock, Health, Lifecycle};
use sealing::{JetStreamKeys, Keyring, MasterKey};
use sql::Location;

use crate::api::Api;
use crate::broker::TestBroker;
use crate::district::{self, People};

/// A system of one's own.
#[derive(Debug)]
pub struct Stack {
    /// The broker.
    pub broker: TestBroker,
    /// The time: it stands still until it is moved.
    pub clock: Clock,
    /// The people's tokens.
    pub people: People,
    /// Where tables are.
    pub location: Location,
    /// The log.
    pub log: Log,
    /// The ledger, for reading and exporting.
    pub record: Ledger,
    /// The directory.
    pub directory: Arc<directory::Directory>,
    /// Sealing keys.
    pub keyring: Keyring,
    address: SocketAddr,
    operator: Bus,
    lifecycle: Lifecycle,
    health: Health,
}

/// The Monday morning on which every test begins: 2 November 2026, nine in New York.
pub fn monday() -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_628_000, 0).expect("a moment")
}

/// The secret that checkpoints are signed with.
const SECRET: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

impl Stack {
    /// Starts a system and sets its two districts up.
    pub async fn start(location: Location) -> Self {
        runtime::telemetry::start_logging(runtime::telemetry::LogFormat::Text);
        let broker = TestBroker::start().await;
        let clock = Clock::by_hand(monday());
        let (lifecycle, health) = (Lifecycle::default(), Health::default());
        let keyring = |bus: &Bus| Keyring::new(Arc::new(JetStreamKeys::new(bus.client())), MasterKey::new([7; 32]));
        let log = |bus: &Bus| -> Log { Arc::new(JetStreamLog::new(bus.client())) };

        let bus = broker.connect("directory").await;
        let districts = LiveDistricts::follow(&log(&bus), &lifecycle, &health);
        let desk = |bus: &Bus| Desk {
            log: log(bus),
            keyring: keyring(bus),
            clock: clock.clone(),
            recent: decider::Recent::default(),
            districts: districts.clone(),
        };
        let directory = directory::run(bus.clone(), desk(&bus), &location, true, &lifecycle, &health)
            .await
            .expect("the directory");
        let directory = Arc::new(directory);
        let people = district::set_up(&directory).await;

        let bus = broker.connect("intake").await;
        intake::run(bus.clone(), desk(&bus), &lifecycle, &health)
            .await
            .expect("intake");
        let bus = broker.connect("resolution").await;
        resolution::run(bus.clone(), desk(&bus), &lifecycle, &health)
            .await
            .expect("resolution");
        let bus = broker.connect("routing").await;
        routing::run(bus.clone(), desk(&bus), &location, &lifecycle, &health)
            .await
            .expect("routing");
        let bus = broker.connect("flexibility").await;
        flexibility::run(
            bus.clone(),
            desk(&bus),
            &location,
            flexibility::regimes::Regimes::load(None).expect("how states are asked"),
            &lifecycle,
            &health,
        )
        .await
        .expect("the register");
        let bus = broker.connect("ledger").await;
        let signer = Signer::from_text(SECRET).expect("a key");
        ledger::run(bus.clone(), desk(&bus), signer.clone(), &location, &lifecycle, &health)
            .await
            .expect("the ledger");
        let record = Ledger::connect(&location, log(&bus), signer, clock.clone())
            .await
            .expect("the record");
        let bus = broker.connect("timeline").await;
        timeline::run(bus.clone(), desk(&bus), &location, &lifecycle, &health)
            .await
            .expect("the timeline");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let options = gateway::Options {
            listener,
            public_url: None,
            metrics: None,
        };
        let bus = broker.connect("gateway").await;
        let address = gateway::run(bus.clone(), clock.clone(), options, &lifecycle, &health)
            .await
            .expect("the gateway");
        let operator = broker.connect("operator").await;
        let stack = Self {
            broker,
            clock,
            people,
            location,
            log: log(&bus),
            record,
            directory,
            keyring: keyring(&bus),
            address,
            operator,
            lifecycle,
            health,
        };
        stack.is_ready().await;
        stack
    }

    /// Another gateway of the same system, for people who come to it by this address.
    pub async fn door_at(&self, public_url: &str) -> SocketAddr {
        let options = gateway::Options {
            listener: tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port"),
            public_url: Some(public_url.to_owned()),
            metrics: None,
        };
        let bus = self.broker.connect("gateway").await;
        gateway::run(bus, self.clock.clone(), options, &self.lifecycle, &self.health)
            .await
            .expect("the gateway")
    }

    /// Waits until every part has caught up.
    pub async fn is_ready(&self) {
        let head = self.log.head().await.expect("the log");
        crate::until("every part is ready", async || {
            self.health.is_ready() && self.directory.people.position.get() >= head
        })
        .await;
    }

    /// Speaks as a person.
    pub fn api(&self, person: &str) -> Api {
        Api::new(self.address, self.people.token(person))
    }

    /// Speaks with any token.
    pub fn api_with(&self, token: &str) -> Api {
        Api::new(self.address, token)
    }

    /// Speaks as a person who signed in, in a session of this secret, which is begun here: some things are done so and
    /// never with a token.
    pub async fn signed_in(&self, person: &str, secret: &str) -> Api {
        let session = NewSession {
            digest: gateway::front::digest(secret),
            on: "Firefox on Linux".to_owned(),
        };
        let district = "north".parse().expect("a slug");
        self.directory
            .credentials
            .begin_session(&session, &district, People::person(person), self.clock.now())
            .await
            .expect("a session");
        self.api_with(secret)
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Time passes, in days, and the clocks are looked at until nothing more follows.
    pub async fn days_pass(&self, days: i64) {
        self.clock.set(self.clock.now() + chrono::Duration::days(days));
        self.tick().await;
    }

    /// The clocks are looked at until nothing more follows.
    pub async fn tick(&self) {
        for _ in 0..50 {
            let ticked: routing::Ticked = self
                .operator
                .ask("svc.routing.clock.tick".to_owned(), &serde_json::json!({}))
                .await
                .expect("a tick");
            let register: flexibility::Ticked = self
                .operator
                .ask("svc.flexibility.clock.tick".to_owned(), &serde_json::json!({}))
                .await
                .expect("a tick of the register");
            if ticked.events + register.events == 0 {
                return;
            }
        }
        panic!("time never comes to rest");
    }

    /// Waits until the policies have reacted to all there is.
    pub async fn comes_to_rest(&self) {
        crate::until("the policies are done", async || {
            // What one reacts to may be what another did a moment ago: nothing is left only if nothing is left twice.
            for service in [
                "intake",
                "routing",
                "flexibility",
                "resolution",
                "intake",
                "routing",
                "flexibility",
                "resolution",
            ] {
                let consumer = messaging::policy::consumer(service);
                if self.log.outstanding(&consumer).await.unwrap_or(1) > 0 {
                    return false;
                }
            }
            true
        })
        .await;
    }

    /// What the directory knows of a person.
    pub async fn directory_claims(
        &self,
        district: &contracts::District,
        person: contracts::PersonId,
    ) -> contracts::Claims {
        let known = directory::read_model::claims(&self.directory.people.db, district, person, 0).await;
        known.expect("the directory's tables").expect("somebody known")
    }

    /// The connection of whoever runs the system.
    pub fn operator(&self) -> &Bus {
        &self.operator
    }

    /// Waits until the ledger has signed everything that the log holds by now.
    pub async fn signs(&self) {
        let head = self.log.head().await.expect("the log");
        crate::until("the ledger has taken everything in", async || {
            self.record.reached().await.is_ok_and(|reached| reached >= head)
        })
        .await;
        let _: usize = self
            .operator
            .ask("svc.ledger.clock.tick".to_owned(), &serde_json::json!({}))
            .await
            .expect("checkpoints");
    }

    /// The patterns that the contact is shown, once there is one.
    pub async fn patterns(&self) -> Vec<serde_json::Value> {
        let carol = self.api("carol");
        let seen = async || {
            carol.get("/api/v1/patterns").await.body["items"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        };
        crate::until("a pattern is seen", async || {
            self.tick().await;
            !seen().await.is_empty()
        })
        .await;
        seen().await
    }

    /// Writes a district's record into a folder.
    pub async fn exports(&self, district: &str, folder: &std::path::Path) {
        self.signs().await;
        let district = district.parse().expect("a district");
        self.record
            .export(&district, folder, |_, _| {})
            .await
            .expect("exported");
    }

    /// Ends the system in good order.
    pub async fn stop(self) {
        self.lifecycle.stop();
        let _ = tokio::time::timeout(Duration::from_secs(10), self.lifecycle.drained()).await;
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}
