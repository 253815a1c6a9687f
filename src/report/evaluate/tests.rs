//! Small programs and small data, with results worked out by hand.

mod baselines;
mod figures;
mod forecasts;
mod house;
mod letters;
mod paces;
mod shown;
mod statuses;
mod targets;
