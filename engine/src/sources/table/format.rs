//! Which format files have, by their names.

use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::Format;

use crate::sources::files::Found;
use crate::sources::finding::Owner;
use crate::sources::text::without_packing;

const ENDINGS: [(&str, Format); 10] = [
    (".parquet", Format::Parquet),
    (".pq", Format::Parquet),
    (".csv", Format::Csv),
    (".tsv", Format::Csv),
    (".ndjson", Format::Ndjson),
    (".jsonl", Format::Ndjson),
    (".json", Format::Ndjson),
    (".arrow", Format::Arrow),
    (".feather", Format::Arrow),
    (".ipc", Format::Arrow),
];

fn of(name: &str) -> Option<Format> {
    let name = name.to_ascii_lowercase();
    let plain = without_packing(&name);
    let format = ENDINGS.iter().find(|(ending, _)| plain.ends_with(ending)).map(|(_, format)| *format)?;
    // Formats of bytes are packed inside.
    (format.is_text() || plain == name).then_some(format)
}

/// The one format of all files.
pub(super) fn of_all(owner: &Owner, files: &[Found], declared: Option<Format>) -> Result<Format, Vec<Diagnostic>> {
    if let Some(format) = declared {
        return Ok(format);
    }
    let mut known: Option<(Format, &Found)> = None;
    for file in files {
        let Some(format) = of(&file.relative) else {
            let message = format!("`{}` is in a format that is not in this version", file.relative);
            let help = "files are `.parquet`, `.arrow`, `.feather`, `.csv`, `.tsv`, `.ndjson`, `.jsonl` or `.json`, the texts also with `.gz` or `.zst` behind it; for files that are named otherwise write `format:`";
            return Err(vec![owner.stopped(Code::UnsupportedFormat, file.span, message).help(help)]);
        };
        match known {
            Some((first, other)) if first != format => {
                let message = format!("`{}` and `{}` are files of two formats", other.relative, file.relative);
                let help = "a source has files of one format; make two sources of them";
                return Err(vec![owner.stopped(Code::UnsupportedFormat, file.span, message).help(help)]);
            }
            _ => known = Some((format, file)),
        }
    }
    known.map(|(format, _)| format).ok_or_else(Vec::new)
}
