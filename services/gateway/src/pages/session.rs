//! Who is at the door: the session's cookie, and the token that sign-in carries before there is a session.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use contracts::problem::Problem;

use crate::front::{Front, Visitor};

/// Seconds a session's cookie is kept: twelve hours.
const SESSION_SECONDS: u32 = 12 * 60 * 60;
/// Seconds a device is known.
const DEVICE_SECONDS: u32 = 365 * 24 * 60 * 60;
/// Seconds that somebody may be on the way to being signed in: ten minutes.
const WAY_SECONDS: u32 = 10 * 60;
/// Seconds the sign-in page's own token is kept.
const DOOR_SECONDS: u32 = 60 * 60;

/// The name of the session's cookie. `__Host-` needs `Secure`, which plain HTTP on one's own machine cannot have.
pub fn cookie(secure: bool) -> &'static str {
    if secure {
        "__Host-loopline_session"
    } else {
        "loopline_session"
    }
}

/// The name of the cookie by which a device is known that somebody signed in from.
pub(super) fn device_cookie(secure: bool) -> &'static str {
    if secure {
        "__Host-loopline_device"
    } else {
        "loopline_device"
    }
}

/// Sets what a device keeps, for a year.
pub(super) fn keep_device(secret: &str, secure: bool) -> Option<HeaderValue> {
    set(device_cookie(secure), secret, DEVICE_SECONDS, secure)
}

/// The name of the cookie of somebody who took the first of two steps.
pub(super) fn half_cookie(secure: bool) -> &'static str {
    if secure {
        "__Host-loopline_half"
    } else {
        "loopline_half"
    }
}

/// Sets it.
pub(super) fn keep_half(secret: &str, secure: bool) -> Option<HeaderValue> {
    set(half_cookie(secure), secret, WAY_SECONDS, secure)
}

/// Takes it away.
pub(super) fn drop_half(secure: bool) -> Option<HeaderValue> {
    set(half_cookie(secure), "", 0, secure)
}

/// The name of the cookie of somebody who is on the way to a provider and back.
pub(super) fn way_cookie(secure: bool) -> &'static str {
    if secure { "__Host-loopline_way" } else { "loopline_way" }
}

/// Sets it.
pub(super) fn keep_way(secret: &str, secure: bool) -> Option<HeaderValue> {
    set(way_cookie(secure), secret, WAY_SECONDS, secure)
}

/// Takes it away.
pub(super) fn drop_way(secure: bool) -> Option<HeaderValue> {
    set(way_cookie(secure), "", 0, secure)
}

/// The name of the cookie that says up to where somebody has looked.
pub(super) fn looked_cookie(secure: bool) -> &'static str {
    if secure {
        "__Host-loopline_looked"
    } else {
        "loopline_looked"
    }
}

/// Sets it, for a year.
pub(super) fn keep_looked(looked: &str, secure: bool) -> Option<HeaderValue> {
    set(looked_cookie(secure), looked, DEVICE_SECONDS, secure)
}

/// The name of the cookie that the sign-in form's token is compared with.
pub(super) fn door_cookie(secure: bool) -> &'static str {
    if secure {
        "__Host-loopline_door"
    } else {
        "loopline_door"
    }
}

/// Who sent these headers and the secret they did it with; nobody where there is no session or it has ended.
/// For callers that do not know how the request came: the name that only HTTPS can set comes first.
pub async fn visitor_from_cookies(front: &Front, headers: &HeaderMap) -> Result<Option<(Visitor, String)>, Problem> {
    let secret = secret_in(headers, true).or_else(|| secret_in(headers, false));
    visitor_with(front, secret).await
}

/// The same where it is known how the request came: only the one name counts.
pub(super) async fn visitor_over(
    front: &Front,
    headers: &HeaderMap,
    secure: bool,
) -> Result<Option<(Visitor, String)>, Problem> {
    visitor_with(front, secret_in(headers, secure)).await
}

async fn visitor_with(front: &Front, secret: Option<String>) -> Result<Option<(Visitor, String)>, Problem> {
    let Some(secret) = secret else { return Ok(None) };
    Ok(front.visitor(&secret).await?.map(|visitor| (visitor, secret)))
}

/// The secret of the session, as the browser sent it.
pub(super) fn secret_in(headers: &HeaderMap, secure: bool) -> Option<String> {
    cookie_in(headers, cookie(secure))
}

/// The value of a cookie; one that is empty counts as none.
pub(super) fn cookie_in(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, value)| *known == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

/// Sets the session's cookie.
pub(super) fn keep(secret: &str, secure: bool) -> Option<HeaderValue> {
    set(cookie(secure), secret, SESSION_SECONDS, secure)
}

/// Takes the session's cookie away.
pub(super) fn drop_session(secure: bool) -> Option<HeaderValue> {
    set(cookie(secure), "", 0, secure)
}

/// Sets the sign-in page's token.
pub(super) fn keep_door(token: &str, secure: bool) -> Option<HeaderValue> {
    set(door_cookie(secure), token, DOOR_SECONDS, secure)
}

fn set(name: &str, value: &str, seconds: u32, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}"
    ))
    .ok()
}

/// Whether two tokens are the same, in a time that does not tell where they differ.
pub(super) fn same(left: &str, right: &str) -> bool {
    let differences = left
        .bytes()
        .zip(right.bytes())
        .fold(0_u8, |found, (a, b)| found | (a ^ b));
    !left.is_empty() && left.len() == right.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(
            COOKIE,
            HeaderValue::from_static("a=1; not_loopline_session=x; loopline_session=s3cret"),
        );
        assert_eq!(secret_in(&headers, false), Some("s3cret".to_owned()));
        assert_eq!(
            secret_in(&headers, true),
            None,
            "a plain cookie is no session over https"
        );
    }

    #[test]
    fn a_cookie_over_https_cannot_be_set_by_another_host() {
        let header = keep("s", true).expect("a header");
        let header = header.to_str().expect("text");
        assert!(header.starts_with("__Host-") && header.ends_with("; Secure") && header.contains("; Path=/;"));
    }

    #[test]
    fn nothing_is_not_the_same_as_nothing() {
        assert!(!same("", ""));
        assert!(!same("a", "ab"));
        assert!(!same("ab", "ac"));
        assert!(same("ab", "ab"));
    }
}
