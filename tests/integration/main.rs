//! Everything together: one test binary, each test with a broker, tables and a system of its own.

mod access;
mod accounts;
mod bad_input;
mod broker_away;
mod clocks;
mod closing_a_loop;
mod custody;
mod figures;
mod headers;
mod likeness;
mod live;
mod log_story;
mod matrix;
mod office;
mod past;
mod properties;
mod races;
mod read_models;
mod record;
mod register;
mod roster;
mod second_lock;
mod sight;
mod sign_on;
mod simulation;
mod walls;
