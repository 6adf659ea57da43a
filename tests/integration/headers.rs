//! What every answer says to a browser, and what a browser is given to keep.

use loopline_tests::{Stack, location};
use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Client, redirect};

fn browser() -> Client {
    Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .expect("a client")
}

fn said<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_keeps_others_out_of_the_page_and_the_page_out_of_caches() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    stack.signed_in("rosa", "hers").await;
    let plain = format!("http://{}", stack.address());
    let secure = format!("http://{}", stack.door_at("https://loopline.example").await);
    for (door, cookie) in [
        (&plain, "loopline_session=hers"),
        (&secure, "__Host-loopline_session=hers"),
    ] {
        for (path, status) in [
            ("/sign-in", 200),
            ("/school", 200),
            ("/loops/nothing", 404),
            ("/nowhere", 404),
            ("/api/v1/loops", 200),
            ("/api/v1/nowhere", 404),
        ] {
            let mut request = browser().get(format!("{door}{path}"));
            if path != "/sign-in" {
                request = request.header("cookie", cookie);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{door}{path}");
            let headers = answer.headers().clone();
            let policy = said(&headers, "content-security-policy");
            assert!(
                policy.contains("frame-ancestors 'none'")
                    && policy.contains("script-src 'self';")
                    && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(said(&headers, name), value, "{path} {name}");
            }
            let hsts = said(&headers, "strict-transport-security");
            assert_eq!(hsts.starts_with("max-age="), door == &secure, "{door}{path}: {hsts:?}");
            let text = answer.text().await.expect("a text");
            for inline in ["<script>", "<style", " style=", " onclick=", "javascript:"] {
                assert!(!text.contains(inline), "{path} has {inline}");
            }
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_a_session_is_a_cookie_that_nobody_else_can_set_and_looking_ends_nothing() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    stack.signed_in("rosa", "hers").await;
    let secure = format!("http://{}", stack.door_at("https://loopline.example").await);
    let page = browser()
        .get(format!("{secure}/sign-in"))
        .send()
        .await
        .expect("an answer");
    let set: Vec<&str> = page
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    assert!(!set.is_empty());
    for cookie in set {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for part in ["; Secure", "; HttpOnly", "; SameSite=", "; Path=/;"] {
            assert!(cookie.contains(part), "{cookie} without {part}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let status = async |path: &str, cookie: &str| {
        let request = browser().get(format!("{secure}{path}")).header("cookie", cookie);
        request.send().await.expect("an answer").status().as_u16()
    };
    // The name that any neighbour under the same host could set is none here.
    assert_eq!(status("/school", "loopline_session=hers").await, 303);
    assert_eq!(status("/school", "__Host-loopline_session=hers").await, 200);
    // Whoever follows a link changes nothing.
    for path in ["/sign-out", "/account/end-session", "/department/several/acknowledge"] {
        assert_ne!(status(path, "__Host-loopline_session=hers").await, 200, "{path}");
    }
    assert_eq!(
        status("/school", "__Host-loopline_session=hers").await,
        200,
        "the session has not ended"
    );
    stack.stop().await;
}
