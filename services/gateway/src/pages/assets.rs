//! What pages load: styles, the one script, fonts and icons, all compiled into the program.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// An address under `/assets/` never shows anything else: those of ours change with their contents, and fonts and
/// icons come with a version of the design system.
const FOREVER: &str = "public, max-age=31536000, immutable";

const USWDS: &[u8] = include_bytes!("../../assets/uswds/uswds.min.css");
const CSS: &[u8] = include_bytes!("../../assets/app.css");
const JS: &[u8] = include_bytes!("../../assets/app.js");

macro_rules! vendored {
    ($($path:literal),* $(,)?) => {
        /// Path under `/assets/uswds/` and contents.
        const VENDORED: &[(&str, &[u8])] = &[$(($path, include_bytes!(concat!("../../assets/uswds/", $path)))),*];
    };
}

vendored! {
    "fonts/Latin-Merriweather-Bold.woff2",
    "fonts/Latin-Merriweather-Regular.woff2",
    "fonts/PublicSans-Bold.woff2",
    "fonts/PublicSans-Italic.woff2",
    "fonts/PublicSans-Regular.woff2",
    "img/checkbox-indeterminate-alt.svg",
    "img/checkbox-indeterminate.svg",
    "img/correct8-alt.svg",
    "img/correct8.svg",
    "img/file-excel.svg",
    "img/file-pdf.svg",
    "img/file-video.svg",
    "img/file-word.svg",
    "img/file.svg",
    "img/loader.svg",
    "img/usa-icons-bg/check--blue-60v.svg",
    "img/usa-icons-bg/error--white.svg",
    "img/usa-icons-bg/launch--white.svg",
    "img/usa-icons/add.svg",
    "img/usa-icons/arrow_back.svg",
    "img/usa-icons/calendar_today.svg",
    "img/usa-icons/check_circle.svg",
    "img/usa-icons/close.svg",
    "img/usa-icons/error.svg",
    "img/usa-icons/expand_less.svg",
    "img/usa-icons/expand_more.svg",
    "img/usa-icons/info.svg",
    "img/usa-icons/launch.svg",
    "img/usa-icons/navigate_before.svg",
    "img/usa-icons/navigate_far_before.svg",
    "img/usa-icons/navigate_far_next.svg",
    "img/usa-icons/navigate_next.svg",
    "img/usa-icons/remove.svg",
    "img/usa-icons/search.svg",
    "img/usa-icons/unfold_more.svg",
    "img/usa-icons/warning.svg",
}

/// The first characters of the digest of everything that changes with us.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let digest = Sha256::new()
            .chain_update(USWDS)
            .chain_update(CSS)
            .chain_update(JS)
            .finalize();
        runtime::ids::hex(&digest[..6])
    })
}

/// The address of one of our own files.
pub(super) fn href(name: &str) -> String {
    format!("/assets/{}/{name}", version())
}

/// `GET /assets/{version}/{name}`. An older version's address gives what there is now, for the short time that an
/// old page may still be open, and is not kept.
pub(super) async fn ours(Path((asked, name)): Path<(String, String)>) -> Response {
    let found = match name.as_str() {
        "uswds.css" => Some(("text/css; charset=utf-8", USWDS)),
        "app.css" => Some(("text/css; charset=utf-8", CSS)),
        "app.js" => Some(("text/javascript; charset=utf-8", JS)),
        _ => None,
    };
    let caching = if asked == version() { FOREVER } else { "no-cache" };
    answer(found, caching)
}

/// `GET /assets/uswds/{*path}`.
pub(super) async fn vendored(Path(path): Path<String>) -> Response {
    let found = VENDORED
        .iter()
        .find(|(known, _)| *known == path)
        .map(|(known, bytes)| (kind_of(known), *bytes));
    answer(found, FOREVER)
}

/// `GET /favicon.ico`: the mark.
pub(super) async fn icon() -> Response {
    let icon = include_bytes!("../../assets/mark.svg").as_slice();
    answer(Some(("image/svg+xml", icon)), "public, max-age=86400")
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    }
}

fn answer(found: Option<(&'static str, &'static [u8])>, caching: &'static str) -> Response {
    match found {
        Some((kind, bytes)) => ([(CONTENT_TYPE, kind), (CACHE_CONTROL, caching)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_in_the_vendored_styles_is_served() {
        let css = String::from_utf8_lossy(USWDS);
        for part in css.split("url(").skip(1) {
            let address = part.split(')').next().unwrap_or_default().trim_matches('"');
            if let Some(path) = address.strip_prefix("/assets/uswds/") {
                assert!(VENDORED.iter().any(|(known, _)| *known == path), "{path}");
            }
        }
    }
}
