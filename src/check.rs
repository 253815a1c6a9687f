//! Stage: check.
