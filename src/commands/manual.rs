//! `completions` and `man`, made from the command line itself.

use super::output::print;
use crate::cli::{Cli, Completions};
use crate::failure::Failure;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

pub(super) fn completions(arguments: &Completions) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "octopus-recon", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(0)
}

pub(super) fn page() -> Result<u8, Failure> {
    let mut page = Vec::new();
    let command = Cli::command();
    let man = Man::new(command.clone());
    let rendered = man.render(&mut page).and_then(|()| {
        // The subcommands' options, on the same page.
        sections(&command, "octopus-recon", &mut page)
    });
    rendered.map_err(|error| Failure::bug(format!("the manual page cannot be made: {error}")))?;
    print(String::from_utf8_lossy(&page).trim_end())?;
    Ok(0)
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
