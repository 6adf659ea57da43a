//! The pages people see: drawn here from what the services answer, usable on a phone and without JavaScript.
//!
//! Every page asks first, draws then, and decides nothing. A form becomes one command with its own idempotency key;
//! when that is refused, the same page is shown again with what was typed and what is wrong with it.

mod account;
mod allowed;
mod assets;
mod beside;
mod chart;
mod contact;
mod custody;
pub(crate) mod days;
mod department;
#[cfg(debug_assertions)]
mod design;
mod file;
mod forms;
#[cfg(any(test, debug_assertions))]
mod gallery;
mod home;
mod join;
mod leader;
mod loop_page;
mod loops;
mod office;
mod people;
mod record;
mod ring;
mod roles;
mod roster;
mod rows;
#[cfg(any(test, debug_assertions))]
mod samples;
mod school;
mod search;
mod second_step;
pub mod session;
mod settings;
mod shell;
mod sign_in;
mod sign_on;
#[cfg(test)]
mod tests;
mod viewer;
mod views;
mod words;
mod zones;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};
use contracts::problem::Problem;

use crate::front::Front;

pub use session::visitor_from_cookies;

/// Whether the request came over HTTPS, as the server knows from how it was started: put into each request as an
/// extension. Without it, plain HTTP is taken for granted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Secure(pub bool);

/// Every page, and what pages load.
pub fn router() -> Router<Front> {
    let router = Router::new()
        .route("/", get(home::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-in/second-step", get(second_step::show).post(second_step::take))
        .route("/sign-on/{district}/{provider}", get(sign_on::begin))
        .route("/sign-on/{district}/{provider}/back", get(sign_on::back))
        .route("/join/{secret}", get(join::show).post(join::choose))
        .route("/account", get(account::show))
        .route("/account/{action}", get(account::back).post(account::act))
        .route("/people", get(people::show))
        .route("/people/{id}", get(people::one))
        .route("/people/{id}/{action}", get(people::back).post(people::act))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/file", get(file::show).post(file::send))
        .route("/file/who", post(file::who))
        .route("/file/similar", post(file::similar))
        .route("/school", get(school::show))
        .route("/department", get(department::show))
        .route(
            "/department/several/{action}",
            get(department::back).post(department::act),
        )
        .route("/department/answers", get(department::answers))
        .route(
            "/department/answers/{action}",
            get(department::back_to_answers).post(department::act_on_answer),
        )
        .route("/words/{of}/{id}", get(beside::show))
        .route("/words/{of}/{id}/{deed}", get(beside::back).post(beside::act))
        .route("/views", get(views::back).post(views::act))
        .route("/contact", get(contact::show))
        .route("/contact/agenda", get(contact::agenda))
        .route("/leader", get(leader::show))
        .route("/leader/brief", get(leader::brief))
        .route("/leader/{file}", get(leader::file))
        .route("/allowed", get(allowed::show))
        .route("/allowed/new", get(allowed::ask).post(allowed::write))
        .route("/allowed/{id}", get(allowed::one))
        .route("/allowed/{id}/{action}", get(allowed::back).post(allowed::act))
        .route("/d/{district}/allowed", get(allowed::anybody))
        .route("/patterns", get(office::patterns))
        .route(
            "/patterns/thresholds",
            get(office::patterns).post(office::set_thresholds),
        )
        .route("/patterns/{id}", get(office::one::<office::PatternPage>))
        .route(
            "/patterns/{id}/{action}",
            get(office::back).post(office::act::<office::PatternPage>),
        )
        .route("/settings", get(settings::front))
        .route("/settings/{section}", get(settings::show))
        .route("/settings/rules/try/{rule}", post(settings::try_out))
        .route("/settings/rules/publish", post(settings::publish))
        .route(
            "/settings/{section}/{action}/{thing}",
            get(settings::back).post(settings::act),
        )
        .route("/roles", get(roles::show))
        .route("/zones", get(zones::zones).post(zones::begin))
        .route("/zones/{id}", get(zones::zone).post(zones::change))
        .route("/waivers", get(office::waivers).post(office::draft))
        .route("/waivers/{id}", get(office::one::<office::WaiverPage>))
        .route(
            "/waivers/{id}/{action}",
            get(office::back).post(office::act::<office::WaiverPage>),
        )
        .route("/reviews", get(office::reviews).post(office::begin_review))
        .route("/reviews/new", get(office::open_review))
        .route("/reviews/{id}", get(office::one::<office::ReviewPage>))
        .route(
            "/reviews/{id}/{action}",
            get(office::back).post(office::act::<office::ReviewPage>),
        )
        .route("/record", get(record::show).post(record::again))
        .route("/record/keep", post(record::keep))
        .route("/record/give", post(record::give))
        .route(
            "/roster",
            get(roster::show)
                .post(roster::send)
                .layer(DefaultBodyLimit::max(roster::UPLOAD_MAX)),
        )
        .route("/roster/{import}", get(roster::one).post(roster::act))
        .route("/receipt", get(record::ask).post(record::check))
        .route("/search", get(search::show))
        .route("/loops", get(loops::show))
        .route("/loops/{id}", get(loop_page::show))
        .route("/loops/{id}/receipt", get(loop_page::receipt))
        .route("/loops/{id}/record", get(custody::show))
        .route("/loops/{id}/record/{action}", post(custody::act))
        .route("/loops/{id}/disclosed/{event}", get(custody::file))
        .route("/loops/{id}/{action}", get(loop_page::back).post(loop_page::act))
        .route("/favicon.ico", get(assets::icon))
        .route("/assets/uswds/{*path}", get(assets::vendored))
        .route("/assets/{version}/{name}", get(assets::ours));
    #[cfg(debug_assertions)]
    let router = router
        .route("/design", get(design::show))
        .route("/design/{page}", get(design::page));
    router
}

/// The page for an address that leads nowhere: the server's fallback.
pub fn not_found() -> Response {
    shell::trouble(&Problem::not_found("page"), None)
}

/// The page for any problem, for a server that has one before a page could be reached.
pub fn trouble(problem: &Problem) -> Response {
    shell::trouble(problem, None)
}
