//! `kepi init`.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::date;
use kepi_engine::generate::{App, Customer, Purchase, app, shop};
use kepi_lang::syntax::print;

use crate::args::{Common, InitArgs, Template};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::scaffold::Scaffold;
use crate::{interrupt, output};

/// The generated data begin here and cover so many days, to the end of August.
const START: jiff::civil::Date = date(2026, 1, 1);
const DAYS: u32 = 243;

pub fn run(common: &Common, args: &InitArgs) -> Result<Exit, Stop> {
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal() && !common.quiet;
    let template = match args.template {
        Some(template) => template,
        None if asks => ask_template()?,
        None => Template::App,
    };
    let root = args.dir.as_path();
    fs::create_dir_all(root).map_err(|e| cannot(root, &e))?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None if asks => ask("What is it called", &folder_name(root))?,
        None => folder_name(root),
    };
    let mut scaffold = Scaffold::new(root, manifest(template, &name));
    for (path, text) in definitions(template) {
        scaffold.text(path, *text);
    }
    match template {
        Template::App => scaffold.other("data/events.parquet"),
        Template::Shop => {
            let (orders, customers) = shop(START, DAYS, 30, 1);
            scaffold.text("data/orders.csv", orders_csv(&orders));
            scaffold.text("data/customers.csv", customers_csv(&customers));
        }
    }
    if let Some(line) = scaffold.in_the_way().filter(|_| !args.force) {
        return Err(Stop::Usage(line));
    }
    if template == Template::App {
        let data = root.join("data");
        let spec = App { events: 40_000, actors: 900, days: DAYS, start: START, ..App::default() };
        interrupt::hold().unfinished(&data);
        app(&data, &spec).map_err(|e| Stop::Data(e.to_string()))?;
    }
    let paths = scaffold.write().map_err(|(path, error)| cannot(&path, &error))?;
    output::print(&written(common, root, &paths));
    Ok(Exit::Fine)
}

fn cannot(path: &Path, error: &io::Error) -> Stop {
    Stop::Data(format!("{} cannot be written: {error}", path.display()))
}

fn manifest(template: Template, name: &str) -> String {
    let text = match template {
        Template::App => include_str!("../../templates/app/kepi.yaml"),
        Template::Shop => include_str!("../../templates/shop/kepi.yaml"),
    };
    text.replace("{{name}}", &print::yaml(name))
}

fn definitions(template: Template) -> &'static [(&'static str, &'static str)] {
    match template {
        Template::App => &[
            ("metrics/sources.yaml", include_str!("../../templates/app/metrics/sources.yaml")),
            ("metrics/product.yaml", include_str!("../../templates/app/metrics/product.yaml")),
            ("metrics/aims.yaml", include_str!("../../templates/app/metrics/aims.yaml")),
        ],
        Template::Shop => &[
            ("metrics/sources.yaml", include_str!("../../templates/shop/metrics/sources.yaml")),
            ("metrics/shop.yaml", include_str!("../../templates/shop/metrics/shop.yaml")),
            ("metrics/aims.yaml", include_str!("../../templates/shop/metrics/aims.yaml")),
        ],
    }
}

/// The name of a folder, whatever way it is written.
fn folder_name(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    real.file_name().map_or_else(|| "metrics".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn written(common: &Common, root: &Path, paths: &[String]) -> String {
    if common.quiet {
        return String::new();
    }
    let files: String = paths.iter().map(|path| format!("  {path}\n")).collect();
    let project = match root.to_string_lossy() {
        here if here == "." => String::new(),
        other => format!(" --project {other}"),
    };
    format!("written to {}:\n{files}\nnext:\n  kepi check{project}\n  kepi report{project}\n", root.display())
}

fn ask_template() -> Result<Template, Stop> {
    loop {
        let answer = ask("Which template: app or shop", "app")?;
        match answer.as_str() {
            "app" => return Ok(Template::App),
            "shop" => return Ok(Template::Shop),
            _ => eprintln!("`{answer}` is none of the two"),
        }
    }
}

/// One line from the terminal; nothing, or its end, is the default.
fn ask(question: &str, default: &str) -> Result<String, Stop> {
    let mut line = String::new();
    eprint!("{question} [{default}]: ");
    io::stderr()
        .flush()
        .and_then(|()| io::stdin().lock().read_line(&mut line))
        .map_err(|e| Stop::Data(e.to_string()))?;
    let answer = line.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
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
