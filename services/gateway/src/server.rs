//! The HTTP server: routes, headers, health.

use std::net::SocketAddr;

use axum::extract::Extension;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use messaging::Bus;
use metrics_exporter_prometheus::PrometheusHandle;
use runtime::health::State as PartState;
use runtime::{Clock, Health, Lifecycle};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::front::Front;
use crate::live::Live;
use crate::{api, pages};

/// How the gateway is reached.
#[derive(Debug)]
pub struct Options {
    /// Where it listens.
    pub listener: TcpListener,
    /// The address people use, where another server stands before this one; `https` makes cookies Secure.
    pub public_url: Option<String>,
    /// What renders metrics, where this process collects them.
    pub metrics: Option<PrometheusHandle>,
}

/// Serves pages and the API until the process ends; the address it listens on.
pub async fn run(
    bus: Bus,
    clock: Clock,
    options: Options,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<SocketAddr> {
    let front = Front::new(bus.clone(), clock);
    let live = Live::default();
    live.listen(&bus, front.clone(), lifecycle).await?;
    let address = options.listener.local_addr()?;
    let secure = options
        .public_url
        .as_deref()
        .is_some_and(|url| url.starts_with("https://"));
    let app = app(front, live, health.clone(), bus, options.metrics, secure);
    let stopping = lifecycle.clone();
    let serving = lifecycle.clone();
    lifecycle.spawn_to_its_end(async move {
        let server = axum::serve(options.listener, app).with_graceful_shutdown(async move { stopping.stopping().await });
        // Streams of events never end by themselves: they are cut a moment after the end began.
        tokio::select! {
            served = server => if let Err(error) = served {
                tracing::error!(%error, "the HTTP server has ended");
            },
            () = async { serving.stopping().await; runtime::clock::pause(std::time::Duration::from_secs(2)).await } => {}
        }
    });
    Ok(address)
}

fn app(front: Front, live: Live, health: Health, bus: Bus, metrics: Option<PrometheusHandle>, secure: bool) -> Router {
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let csp = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
               form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";
    let mut app = Router::new()
        .merge(api::router())
        .merge(pages::router())
        .with_state(front)
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .fallback(nowhere)
        .layer(Extension(live))
        .layer(Extension(health))
        .layer(Extension(bus))
        .layer(Extension(Metrics(metrics)))
        .layer(Extension(pages::Secure(secure)))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(
            CompressionLayer::new()
                .compress_when(SizeAbove::new(1024).and(NotForContentType::const_new("text/event-stream"))),
        )
        .layer(fixed(header::CONTENT_SECURITY_POLICY, csp))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .layer(fixed(header::CACHE_CONTROL, "no-store"));
    if secure {
        app = app.layer(fixed(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    app
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let what = panic.downcast_ref::<&str>().map_or("a panic", |text| *text);
    tracing::error!(what, "a request met a defect");
    let problem =
        contracts::Problem::unavailable("this request met a defect of ours, which is noted; nothing was lost");
    api::Answer::<()>::Err(problem.into()).into_response()
}

/// An address that leads nowhere: a page for browsers, a problem for programs.
async fn nowhere(headers: HeaderMap) -> Response {
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wants_page {
        return pages::not_found().into_response();
    }
    api::Answer::<()>::Err(contracts::Problem::not_found("address").into()).into_response()
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(Extension(health): Extension<Health>, Extension(bus): Extension<Bus>) -> Response {
    let parts: std::collections::BTreeMap<String, String> = health
        .parts()
        .into_iter()
        .map(|(part, state)| {
            let words = match state {
                PartState::Ready => "ready".to_owned(),
                PartState::Starting(what) => format!("starting: {what}"),
                PartState::Stopped(why) => format!("stopped: {why}"),
            };
            (part, words)
        })
        .collect();
    let ready = health.is_ready() && bus.is_connected();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(serde_json::json!({"ready": ready, "broker": bus.is_connected(), "parts": parts})),
    )
        .into_response()
}

#[derive(Clone)]
struct Metrics(Option<PrometheusHandle>);

async fn render_metrics(Extension(Metrics(handle)): Extension<Metrics>) -> Response {
    match handle {
        Some(handle) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
