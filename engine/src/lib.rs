//! Runs programs over event files with DataFusion.

use datafusion as _;
