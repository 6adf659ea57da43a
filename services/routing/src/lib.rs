//! loopline-routing
