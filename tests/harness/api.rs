//! Speaking to the API as a person, in few words.

use std::net::SocketAddr;

use contracts::action::Action;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// A person at the API.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: String,
    token: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// The headers by lower-case name.
    pub headers: std::collections::BTreeMap<String, String>,
}

impl Reply {
    /// The short name of a problem.
    pub fn problem(&self) -> &str {
        self.body["type"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("/problems/")
    }

    /// The first field that a problem names.
    pub fn field(&self) -> &str {
        self.body["fields"][0]["field"].as_str().unwrap_or_default()
    }

    /// The version in it.
    pub fn version(&self) -> u64 {
        self.body["version"]
            .as_u64()
            .unwrap_or_else(|| panic!("no version in {self:?}"))
    }
}

impl Api {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        Self {
            client: Client::new(),
            base: format!("http://{address}"),
            token: token.to_owned(),
        }
    }

    /// A request, to which a test adds what it likes.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("the gateway answers");
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let bytes = response.bytes().await.expect("a body");
        Reply {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            headers,
        }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// Reads what is at least as new as a version.
    pub async fn get_at(&self, path: &str, at_least: u64) -> Reply {
        self.send(self.request(Method::GET, path).header("Loopline-At-Least", at_least))
            .await
    }

    /// Writes.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Writes, where nothing has changed since a version.
    pub async fn post_if(&self, path: &str, body: &Value, version: u64) -> Reply {
        let request = self
            .request(Method::POST, path)
            .header("If-Match", format!("\"{version}\""));
        self.send(request.json(body)).await
    }

    /// Files a tension in an area; the loop's id.
    pub async fn files(&self, area: &str) -> String {
        let reply = self.post("/api/v1/tensions", &tension(area)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.body["id"].as_str().expect("an id").to_owned()
    }

    /// Does something to a loop; it must go well.
    pub async fn does(&self, id: &str, action: &str, body: Value) -> u64 {
        let reply = self.tries(id, action, body).await;
        assert_eq!(reply.status, 200, "{action}: {reply:?}");
        reply.version()
    }

    /// Does something to a loop, whatever comes of it.
    pub async fn tries(&self, id: &str, action: &str, body: Value) -> Reply {
        assert!(
            action == "decide" || Action::from_slug(action).is_some(),
            "{action} is no action"
        );
        self.post(&format!("/api/v1/loops/{id}/{action}"), &body).await
    }

    /// A loop as this person sees it, at least as new as a version.
    pub async fn sees(&self, id: &str, at_least: u64) -> Value {
        let reply = self.get_at(&format!("/api/v1/loops/{id}"), at_least).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    /// The kinds of everything that happened to a loop as this person sees it.
    pub async fn history(&self, id: &str, at_least: u64) -> Vec<String> {
        let reply = self
            .get_at(&format!("/api/v1/loops/{id}/timeline?limit=200"), at_least)
            .await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let items = reply.body["items"].as_array().expect("items");
        items
            .iter()
            .map(|entry| entry["type"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

/// A tension that says the least it must.
pub fn tension(area: &str) -> Value {
    json!({
        "title": "Seat time counts hours, not learning",
        "trying": "Let students move on when they have mastered a unit.",
        "barrier": "The rule counts hours in the room.",
        "kind": "policy",
        "area": area,
    })
}
