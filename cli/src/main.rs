//! The `kepi` command.

// Before what uses its macro.
#[macro_use]
mod output;

mod args;
mod changed;
mod commands;
mod exit;
mod files;
mod findings;
mod git;
mod inputs;
mod interrupt;
mod memory;
mod pause;
mod profiled;
mod progress;
mod project;
mod range;
mod scaffold;
mod session;
mod table;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    exit::on_panic();
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    interrupt::listen();
    pause::at("start");
    commands::run(&args).into()
}
