//! Messages between services: typed request and reply, endpoints under a bound, policies behind durable consumers,
//! and a place for what cannot be handled.

pub mod bus;
pub mod dead;
pub mod policy;
pub mod serve;

pub use bus::{Bus, BusOptions};
pub use policy::{Policy, PolicyCommand, run_policy};
pub use serve::{Endpoint, Incoming, serve};
