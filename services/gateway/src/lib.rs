//! The gateway: the one door for people and programs. It says who somebody is, passes on what they ask for, and shows
//! the answer as pages or JSON. It decides nothing and stores nothing: the services that own things authorise every
//! command and cut every answer to what the person may see.

pub mod api;
mod as_of;
mod csv;
mod disclosed;
pub mod front;
pub mod live;
pub mod openapi;
pub mod pages;
mod server;

pub use front::{Front, Visitor};
pub use server::{Options, run};
