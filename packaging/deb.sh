#!/bin/sh
# Builds a package for Debian and its descendants: the static program, so one package is for all
# their releases, with manual pages, completions, units, example configuration and documents.
set -eu
cd "$(dirname "$0")/.."
. packaging/release_flags.sh

need cargo-deb 'cargo install --locked cargo-deb'
packaging/static.sh

# Made by the program itself; Cargo.toml says where each goes.
target=$(uname -m)-unknown-linux-musl
built=$target_directory/$target/release
made=$built/package
rm -rf "$made"
mkdir -p "$made"
"$built/octopus-recon" man --out "$made/man"
"$built/octopus-recon" completions bash > "$made/octopus-recon"
"$built/octopus-recon" completions zsh > "$made/_octopus-recon"
"$built/octopus-recon" completions fish > "$made/octopus-recon.fish"
# For lintian: one program for all releases, and the reason why no library of the system is used.
echo 'octopus-recon: statically-linked-binary [usr/bin/octopus-recon]' > "$made/overrides"

cargo deb --no-build --locked --target "$target" --output "$target_directory/packages/" "$@"
