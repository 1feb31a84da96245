//! `completions` and `man`, made from the command line itself.

use super::output::print;
use crate::cli::{self, Cli, Completions};
use crate::failure::{Failure, code};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::fs;
use std::path::Path;

pub(super) fn completions(arguments: &Completions) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "octopus-recon", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if arguments.shell == Shell::Bash {
        // The script spells the program's hyphen in two ways, and would complete no option of a
        // command: https://github.com/clap-rs/clap/issues/6421
        script = script.replace("octopus__subcmd__recon", "octopus__recon");
    }
    print(script.trim_end())?;
    Ok(0)
}

pub(super) fn man(arguments: &cli::Man) -> Result<u8, Failure> {
    match &arguments.out {
        Some(directory) => pages(directory)?,
        None => print(String::from_utf8_lossy(&one_page()?).trim_end())?,
    }
    Ok(0)
}

/// All commands on one page.
fn one_page() -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let command = Cli::command();
    let man = Man::new(command.clone());
    let rendered = man.render(&mut page).and_then(|()| {
        // The subcommands' options, on the same page.
        sections(&command, "octopus-recon", &mut page)
    });
    rendered.map_err(|error| cannot_be_made(&error))?;
    Ok(page)
}

/// A section for each command below this one.
fn sections(above: &Command, path: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    for command in above.get_subcommands().filter(|one| one.get_name() != "help") {
        let name = format!("{path} {}", command.get_name());
        let section = Man::new(command.clone().display_name(name.clone()));
        page.extend_from_slice(format!(".SH {}\n", name.to_uppercase()).as_bytes());
        section.render_synopsis_section(page)?;
        section.render_description_section(page)?;
        section.render_options_section(page)?;
        sections(command, &name, page)?;
    }
    Ok(())
}

/// Writes a page for each command, at any depth, such as `octopus-recon-order-get.1`.
fn pages(directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory).map_err(|error| cannot_be_written(directory, &error))?;
    // Without the subcommand `help`: `--help` says the same.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    page_and_those_below(&command, directory)
}

fn page_and_those_below(command: &Command, directory: &Path) -> Result<(), Failure> {
    let source = format!("octopus-recon {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source);
    let path = directory.join(man.get_filename());
    let mut page = Vec::new();
    man.render(&mut page).map_err(|error| cannot_be_made(&error))?;
    if command.get_name() != "octopus-recon" {
        page.extend_from_slice(SEE_ALSO);
    }
    fs::write(&path, page).map_err(|error| cannot_be_written(&path, &error))?;
    command.get_subcommands().try_for_each(|below| page_and_those_below(below, directory))
}

const SEE_ALSO: &[u8] = b".SH \"SEE ALSO\"\n\
    \\fBoctopus\\-recon\\fR(1), which also lists the exit codes\n";

fn cannot_be_made(error: &std::io::Error) -> Failure {
    Failure::bug(format!("the manual page cannot be made: {error}"))
}

fn cannot_be_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        code::STORAGE,
        format!("{}: the manual page cannot be written: {error}", path.display()),
        "check the path, its permissions and the free space, or choose another directory",
    )
}
