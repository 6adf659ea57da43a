//! Messages between services: typed request and reply, endpoints under a bound, policies behind durable consumers,
//! and a place for what cannot be handled.

pub mod at_home;
pub mod bus;
pub mod dead;
pub mod lanes;
pub mod policy;
pub mod serve;

pub use at_home::Own;
pub use bus::{Bus, BusOptions, Carrier, People};
pub use policy::{Outcome, Policy, PolicyCommand, react, run_policies};
pub use serve::{Endpoint, Incoming, serve};
