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
maintainer=$(sed -n 's/^maintainer = "\(.*\)"$/\1/p' Cargo.toml)
cat > "$made/changelog.Debian" <<END
octopus-recon ($version-1) unstable; urgency=medium

  * What has changed: CHANGELOG.md beside this file.

 -- $maintainer  $(date --utc --date="@$SOURCE_DATE_EPOCH" '+%a, %d %b %Y %T +0000')
END
gzip -9 --no-name "$made"/man/*.1 "$made/changelog.Debian"

cargo deb --no-build --locked --target "$target" --output "$target_directory/packages/" "$@"
