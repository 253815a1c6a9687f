//! `kepi schema`: JSON Schema for editors.

use kepi_lang::schema;
use serde_json::Value;

use crate::args::{SchemaArgs, SchemaOf};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::output;

const MANIFEST: &str = "kepi.schema.json";
const DEFINITIONS: &str = "definitions.schema.json";

pub fn run(args: &SchemaArgs) -> Result<Exit, Stop> {
    let text = |schema: Value| format!("{schema:#}\n");
    let Some(folder) = &args.out else {
        output::print(&text(match args.of {
            None | Some(SchemaOf::Definitions) => schema::definitions(),
            Some(SchemaOf::Manifest) => schema::manifest(),
        }));
        return Ok(Exit::Fine);
    };
    let mut files = Vec::new();
    if args.of != Some(SchemaOf::Manifest) {
        files.push((DEFINITIONS.to_owned(), text(schema::definitions())));
    }
    if args.of != Some(SchemaOf::Definitions) {
        files.push((MANIFEST.to_owned(), text(schema::manifest())));
    }
    output::write_all(folder, &files)
        .map_err(|e| Stop::Data(format!("the schema cannot be written to {}: {e}", folder.display())))?;
    Ok(Exit::Fine)
}
