//! A client that costs little: one connection, one request at a time.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

impl Connection {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, address })
    }

    fn request(&self, method: Method, path: &str, token: &str) -> hyper::http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string());
        if token.is_empty() {
            request
        } else {
            request.header("authorization", format!("Bearer {token}"))
        }
    }

    async fn whole(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(u16, Bytes)> {
        self.sender.ready().await?;
        let answer = tokio::time::timeout(ANSWER_MAX, self.sender.send_request(request)).await??;
        let status = answer.status().as_u16();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// Reads.
    pub(super) async fn get(&mut self, token: &str, path: &str) -> anyhow::Result<(u16, Bytes)> {
        let request = self.request(Method::GET, path, token).body(Full::default())?;
        self.whole(request).await
    }

    /// Asks for something to be done; anything but success is an error.
    pub(super) async fn post(&mut self, token: &str, path: &str, key: &str, body: String) -> anyhow::Result<Bytes> {
        let request = self
            .request(Method::POST, path, token)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Full::from(body))?;
        let (status, answer) = self.whole(request).await?;
        anyhow::ensure!(
            (200..300).contains(&status),
            "{path} was answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        Ok(answer)
    }

    /// Reads a page within a session.
    pub(super) async fn page(&mut self, session: &str, path: &str) -> anyhow::Result<(u16, Bytes)> {
        let request = self
            .request(Method::GET, path, "")
            .header("cookie", session)
            .body(Full::default())?;
        self.whole(request).await
    }

    /// Signs a person of a demonstration in; the session's cookie.
    pub(super) async fn sign_in(&mut self, person: &str) -> anyhow::Result<String> {
        let request = self
            .request(Method::POST, "/sign-in", "")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", "loopline_door=measured")
            .body(Full::from(format!("door=measured&next=&person={person}")))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let cookies: Vec<String> = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next().map(ToOwned::to_owned))
            .collect();
        answer.into_body().collect().await?;
        let session = cookies.into_iter().find(|cookie| cookie.contains("session="));
        session.context("signing in gave no session")
    }

    /// Listens to a stream of events.
    pub(super) async fn listen(mut self, token: &str, path: &str) -> anyhow::Result<Response<hyper::body::Incoming>> {
        let request = self
            .request(Method::GET, path, token)
            .header("accept", "text/event-stream")
            .body(Full::default())?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        anyhow::ensure!(answer.status() == 200, "listening was answered {}", answer.status());
        // The connection lives as long as its sender.
        tokio::spawn(async move {
            let _sender = self.sender;
            std::future::pending::<()>().await;
        });
        Ok(answer)
    }
}

/// Reads once, over a connection of its own.
pub(super) async fn get(address: SocketAddr, token: &str, path: &str) -> anyhow::Result<(u16, Bytes)> {
    Connection::open(address)
        .await
        .context("failed to connect")?
        .get(token, path)
        .await
}
