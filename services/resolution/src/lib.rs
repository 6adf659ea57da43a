//! loopline-resolution
