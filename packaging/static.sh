#!/bin/sh
# Builds a program that needs no library and runs on every Linux of this processor. It contains the
# list of the libraries that it was built from: `cargo audit bin FILE` reads it.
set -eu
cd "$(dirname "$0")/.."
. packaging/release_flags.sh

target=$(uname -m)-unknown-linux-musl
need musl-gcc 'apt-get install musl-tools'
need cargo-auditable 'cargo install --locked cargo-auditable'
rustup target add "$target"

cargo auditable build --release --locked --target "$target"

built=$target_directory/$target/release/octopus-recon
packages=$target_directory/packages
named=$packages/octopus-recon-$version-$(uname -m)-linux
if readelf --program-headers "$built" | grep -q INTERP; then
  echo "$0: $built needs a dynamic linker" >&2
  exit 1
fi
mkdir -p "$packages"
install -m 0755 "$built" "$named"
(cd "$packages" && sha256sum "$(basename "$named")")
echo "$named"
