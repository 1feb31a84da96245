# Read by the scripts beside it: what makes a release the same on every machine that builds it with
# the same compiler. No path of the machine and no time of the build is in it.

target_directory=$(cargo metadata --no-deps --format-version 1 |
  sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

RUSTFLAGS="--remap-path-prefix=$target_directory=/target
--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/octopus-recon"
RUSTFLAGS=$(echo $RUSTFLAGS)
CFLAGS="-ffile-prefix-map=$target_directory=/target -ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=/cargo"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export RUSTFLAGS CFLAGS SOURCE_DATE_EPOCH

# Ends the script if a tool is not installed. $1: the command; $2: how to install it.
need() {
  command -v "$1" >/dev/null || {
    echo "$0: $1 is not installed: $2" >&2
    exit 1
  }
}
