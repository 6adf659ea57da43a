//! loopline-gateway
