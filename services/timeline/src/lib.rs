//! loopline-timeline
