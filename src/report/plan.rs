//! Which questions a report asks of the engine: everything it needs, in one question.

use jiff::Timestamp;

/// What a report is wanted for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `--as-of`; wins over the manifest's.
    pub as_of: Option<Timestamp>,
    /// A report of `reports:`; `None`: the only one there is, else everything.
    pub report: Option<String>,
    /// With `--stamp`: the commit of the definitions and the time of the run.
    pub commit: Option<String>,
    pub run_at: Option<String>,
}
