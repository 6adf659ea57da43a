//! The fault suite: the product as real processes under load, one fault after another, and a verdict on what was said,
//! recorded and shown.
//!
//! A run makes a data folder with the demonstration, starts the broker and every service as a process of its own, each
//! behind a proxy of its own, lets seeded clients act over HTTP, injects faults in a seeded order, waits until all is at
//! rest, and judges. One seed makes the order of faults, what clients do, and the proxies' moods; what processes make of
//! it in time is theirs, so that a replay is the same story and not the same microsecond.
//!
//! - [`system`]: processes that are kept running, and their end whatever happens to the run;
//! - [`proxy`]: the way to the broker;
//! - [`driver`]: careful clients, who write the [`history`];
//! - [`faults`]: what goes wrong;
//! - [`observe`]: the log with its words opened, and every row of every read model;
//! - [`checker`]: pure, and itself tested by spoiling good evidence;
//! - [`run`]: all of it together.
//!
//! # Which fault is where
//!
//! | fault | where | what must hold |
//! |---|---|---|
//! | any service killed, at any time | `kill-service`, `kill-all` | everything |
//! | a crash at a point of the code | `crash-append.*`, `crash-policy.ack.*`, `crash-projection.commit.*`, `crash-keys.put.*` | once in the log, one answer, models follow |
//! | the broker killed | `kill-broker`, `up-broker-killed` | everything; callers hear 503 |
//! | the all-in-one killed | `up-killed` | everything |
//! | late, cut, half-open | `delay`, `cut`, `half-open` | one answer |
//! | a lost acknowledgement | `lose-ack` | one event |
//! | delivered again | `replay`, `withhold-settles` | once in the log, models follow |
//! | what nobody can read | `poison` | set aside and shown; other loops go on |
//! | a worker that slept | `pause-worker` | it does no harm |
//! | many on one loop | `crowd` | one wins a version, the others are told |
//! | a read model made again under load | `rebuild` | models follow, reads go forward |
//! | two districts | in every run: clients try each other's loops | districts apart |
//! | a message of a newer release | not here: among the integration tests of read models | |
//! | the broker's or the database's machine loses power | waits for a file system that forgets what was not synced; a variant of `system` that starts the broker over it | |
//! | a cluster of three, one or two killed | waits for a cluster: several brokers in `system` in place of one | |
//! | a partition | waits for network namespaces around the same cluster | |
//! | a full disk | waits for a small mounted file system under the data folder | |
//! | bits flipped or files cut while stopped, the ledger tampered with | waits for the ledger; between two starts of `system` | |
//! | a clock a day off | waits for a clock that a process can be given | |
//! | upgrade under load | waits for a second release: another binary in `system` | |
//! | backup and restore | waits for the commands that do it | |
//! | the sign-on provider down | waits for signing on | |
//!
//! A new fault is a variant of [`faults::Fault`] with its stage and a function that returns when it is over. The
//! driver and the checker do not know which faults there are.

pub mod checker;
pub mod driver;
pub mod faults;
pub mod history;
pub mod observe;
pub mod proxy;
pub mod report;
mod rest;
pub mod run;
pub mod system;
