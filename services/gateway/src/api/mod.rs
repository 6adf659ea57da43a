//! The JSON API: `/api/v1`. Problems are `application/problem+json`.

mod answer;
mod caller;
mod directory;
mod events;
mod ledger;
mod loops;
mod metrics;
mod office;
mod register;
mod tensions;

use axum::Router;
use axum::routing::{get, post};
use contracts::problem::Problem;

pub use answer::Answer;
pub use caller::{Caller, bearer};
pub(crate) use ledger::receipt_file;

/// The answers that the OpenAPI document describes.
pub mod documented {
    pub use super::loops::Versioned;
    pub use super::metrics::{Figures, Stages};
    pub use super::office::Begun;
    pub use super::register::WrittenDown;
    pub use super::tensions::Filed;
    pub use crate::disclosed::Several;
}

use crate::front::Front;

/// All addresses of the API.
pub fn router() -> Router<Front> {
    directory::setting(Router::new())
        .route("/api/v1/tensions", post(tensions::file))
        .route("/api/v1/loops", get(loops::list))
        .route("/api/v1/loops/{id}", get(loops::one))
        .route("/api/v1/loops/{id}/timeline", get(loops::timeline))
        .route("/api/v1/loops/{id}/receipt", get(ledger::receipt))
        .route("/api/v1/loops/{id}/disclosed/{event}", get(ledger::disclosed))
        .route("/api/v1/disclosures", post(ledger::disclose))
        .route("/api/v1/words/{of}/{id}", get(ledger::words))
        .route("/api/v1/words/{of}/{id}/{deed}", post(ledger::act_on_words))
        .route("/api/v1/ledger", get(ledger::view))
        .route("/api/v1/ledger/keep-checkpoint", post(ledger::keep))
        .route("/ledger/{district}/checkpoint", get(ledger::checkpoint))
        .route("/ledger/{district}/keys", get(ledger::keys))
        .route("/ledger/{district}/tile/{*path}", get(ledger::tile))
        .route("/api/v1/loops/{id}/{action}", post(loops::act))
        .route("/api/v1/flexibilities", get(register::list).post(register::write_down))
        .route("/api/v1/flexibilities/{id}", get(register::one))
        .route("/api/v1/flexibilities/{id}/{action}", post(register::act))
        .route("/api/v1/similar", get(register::similar))
        .route("/api/v1/patterns", get(office::patterns))
        .route("/api/v1/patterns/clauses", get(office::clauses))
        .route("/api/v1/patterns/{id}", get(office::pattern))
        .route("/api/v1/patterns/{id}/{action}", post(office::act_on_pattern))
        .route("/api/v1/regimes", get(office::regimes))
        .route("/api/v1/waivers", get(office::waivers).post(office::draft_waiver))
        .route("/api/v1/waivers/{id}", get(office::waiver))
        .route("/api/v1/waivers/{id}/{action}", post(office::act_on_waiver))
        .route("/api/v1/reviews", get(office::reviews).post(office::open_review))
        .route("/api/v1/reviews/{id}", get(office::review))
        .route("/api/v1/reviews/{id}/{action}", post(office::act_on_review))
        .route("/api/v1/events", get(events::stream))
        .route("/api/v1/me", get(directory::me))
        .route("/api/v1/directory", get(directory::overview))
        .route("/api/v1/directory/routing-rules/dry-run", post(directory::dry_run))
        .route("/api/v1/directory/people", get(directory::people))
        .route("/api/v1/directory/changes", get(directory::changes))
        .route("/api/v1/metrics/summary", get(metrics::summary))
        .route("/api/v1/metrics/stages", get(metrics::stages))
        .route("/api/v1/metrics/trend", get(metrics::trend))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api", get(nowhere).post(nowhere))
        .route("/api/", get(nowhere).post(nowhere))
        .route("/api/{*rest}", get(nowhere).post(nowhere))
        .method_not_allowed_fallback(wrong_method)
}

async fn openapi() -> axum::Json<serde_json::Value> {
    axum::Json(crate::openapi::document())
}

async fn nowhere() -> Answer<()> {
    Err(Problem::not_found("address").into())
}

async fn wrong_method() -> Answer<()> {
    Err(Problem::new(
        "wrong-method",
        405,
        "Not with this method",
        "see /api/v1/openapi.json for what this address takes",
    )
    .into())
}
