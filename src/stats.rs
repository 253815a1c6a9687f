//! Stage: stats.
