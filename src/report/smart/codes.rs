//! The codes of the checks that are made with the definitions.

use crate::diag::Code;

pub(super) const S1: Code = Code::Internal;
pub(super) const S2: Code = Code::Internal;
pub(super) const R1: Code = Code::Internal;
pub(super) const R2: Code = Code::Internal;
pub(super) const T1: Code = Code::Internal;
pub(super) const T2: Code = Code::Internal;
pub(super) const T3: Code = Code::Internal;
