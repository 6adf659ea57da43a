//! loopline-directory
