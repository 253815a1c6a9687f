//! `kepi completions`.

use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs};
use crate::exit::Exit;
use crate::output;

pub fn run(args: &CompletionsArgs) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "kepi", &mut text);
    output::print(&String::from_utf8_lossy(&text));
    Exit::Fine
}
