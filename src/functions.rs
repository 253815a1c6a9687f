//! Stage: functions.
