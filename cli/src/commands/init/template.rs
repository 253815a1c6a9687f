//! Projects that ship with kepi: definitions as files, data out of the generator.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use kepi_engine::generate::{self, App, Customer, GenerateError, Purchase, Size, World, app, shop};
use kepi_lang::syntax::print;

use crate::args::{InitArgs, Template};
use crate::commands::Stop;
use crate::commands::init::{cannot, made};
use crate::interrupt;
use crate::scaffold::Scaffold;

/// The generated data begin here and cover so many days, to the end of August.
const START: Date = date(2026, 1, 1);
const DAYS: u32 = 243;

/// Writes a project; returns the paths of its files.
pub fn write(root: &Path, template: Template, args: &InitArgs, name: &str) -> Result<Vec<String>, Stop> {
    let sized = args.actors.is_some() || args.days.is_some() || args.seed.is_some();
    let world = world_of(template);
    if world.is_none() && sized {
        let names = World::ALL.map(World::name).join(", ");
        return Err(Stop::Usage(format!("`--actors`, `--days` and `--seed` are for the templates {names}")));
    }
    let mut scaffold = Scaffold::new(root, manifest(template, name));
    for (path, text) in definitions(template) {
        scaffold.text(path, *text);
    }
    match world {
        Some(world) => world.files().iter().for_each(|file| scaffold.other(&format!("data/{file}"))),
        None if template == Template::App => scaffold.other("data/events.parquet"),
        None => {
            let (orders, customers) = shop(START, DAYS, 30, 1);
            scaffold.text("data/orders.csv", orders_csv(&orders));
            scaffold.text("data/customers.csv", customers_csv(&customers));
        }
    }
    if let Some(line) = scaffold.in_the_way().filter(|_| !args.force) {
        return Err(Stop::Usage(line));
    }
    made(root)?;
    let data = root.join("data");
    if let Some(world) = world {
        let usual = world.usual();
        let size = Size {
            actors: args.actors.unwrap_or(usual.actors),
            days: args.days.unwrap_or(usual.days),
            seed: args.seed.unwrap_or(usual.seed),
            ..usual
        };
        interrupt::hold().unfinished(&data);
        generate::world(&data, world, &size).map_err(stop)?;
    } else if template == Template::App {
        let spec = App { events: 40_000, actors: 900, days: DAYS, start: START, ..App::default() };
        interrupt::hold().unfinished(&data);
        app(&data, &spec).map_err(stop)?;
    }
    scaffold.write().map_err(|(path, error)| cannot(&path, &error))
}

fn stop(error: GenerateError) -> Stop {
    match error {
        GenerateError::Parameters(_) => Stop::Usage(error.to_string()),
        GenerateError::Io(..) => Stop::Data(error.to_string()),
    }
}

fn world_of(template: Template) -> Option<World> {
    match template {
        Template::App | Template::Shop => None,
        Template::Streaming => Some(World::Streaming),
        Template::Music => Some(World::Music),
        Template::Marketplace => Some(World::Marketplace),
        Template::Saas => Some(World::Saas),
    }
}

/// With the project's name in place of the example's.
fn manifest(template: Template, name: &str) -> String {
    let text = match template {
        Template::App => include_str!("../../../templates/app/kepi.yaml"),
        Template::Shop => include_str!("../../../templates/shop/kepi.yaml"),
        Template::Streaming => include_str!("../../../../examples/streaming/kepi.yaml"),
        Template::Music => include_str!("../../../../examples/music/kepi.yaml"),
        Template::Marketplace => include_str!("../../../../examples/marketplace/kepi.yaml"),
        Template::Saas => include_str!("../../../../examples/saas/kepi.yaml"),
    };
    let line = |line: &str| {
        if line.starts_with("name: ") { format!("name: {}\n", print::yaml(name)) } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
}

macro_rules! definitions {
    ($folder:literal: $($file:literal),+) => {
        &[$((concat!("metrics/", $file), include_str!(concat!("../../../../", $folder, "/metrics/", $file)))),+]
    };
}

fn definitions(template: Template) -> &'static [(&'static str, &'static str)] {
    match template {
        Template::App => definitions!("cli/templates/app": "sources.yaml", "product.yaml", "aims.yaml"),
        Template::Shop => definitions!("cli/templates/shop": "sources.yaml", "shop.yaml", "aims.yaml"),
        Template::Streaming => definitions!("examples/streaming": "sources.yaml", "video.yaml", "aims.yaml"),
        Template::Music => definitions!("examples/music": "sources.yaml", "music.yaml", "aims.yaml"),
        Template::Marketplace => definitions!("examples/marketplace": "sources.yaml", "stays.yaml", "aims.yaml"),
        Template::Saas => definitions!("examples/saas": "sources.yaml", "accounts.yaml", "aims.yaml"),
    }
}

fn orders_csv(orders: &[Purchase]) -> String {
    let mut out = String::from("at,event,order_id,customer_id,country,channel,category,items,amount\n");
    for o in orders {
        let at =
            Timestamp::from_second(o.at).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default();
        let customer = o.customer.map_or_else(String::new, |id| id.to_string());
        out += &format!(
            "{at},{},{},{customer},{},{},{},{},{}.{:02}\n",
            o.event,
            o.order,
            o.country,
            o.channel,
            o.category,
            o.items,
            o.cents / 100,
            o.cents % 100
        );
    }
    out
}

fn customers_csv(customers: &[Customer]) -> String {
    let lines = customers.iter().map(|c| format!("{},{},{}\n", c.id, c.kind, c.country));
    std::iter::once("customer_id,kind,home\n".to_owned()).chain(lines).collect()
}
