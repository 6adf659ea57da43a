//! What every process needs: a clock that can be given, ids, telemetry, health, and an orderly end.

pub mod clock;
pub mod crash;
pub mod health;
pub mod ids;
pub mod lifecycle;
pub mod telemetry;

pub use clock::Clock;
pub use health::Health;
pub use lifecycle::Lifecycle;
