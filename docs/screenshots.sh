#!/usr/bin/env bash
# Makes the pictures of docs/report.md again, from a fresh demo. Needs chromium for the page, and
# soffice and pdftoppm for the workbook; what is not installed is skipped.
#
#   docs/screenshots.sh [PROGRAM]     PROGRAM: the built octopus-recon; without it, cargo runs it
set -euo pipefail
cd "$(dirname "$0")/.."
images=$PWD/docs/images
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$images"

if [ $# -eq 0 ]; then
  cargo build --release --locked
fi
program=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/octopus-recon}")
# The page names the ledger files as the demo was told: below the directory it runs in.
(cd "$scratch" && "$program" --quiet demo > summary.txt)
reports=$scratch/octopus-recon-demo/reports

has() { command -v "$1" > /dev/null || { echo "$1 is not installed: skipped" >&2; false; }; }

if has chromium; then
  shot() { # FILE WIDTH,HEIGHT ADDRESS
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$scratch/browser" \
      --window-size="$2" --screenshot="$images/$1" "$3" 2> /dev/null
  }
  shot page-desktop.png 1200,2300 "file://$reports/latest.html"
  # Chromium's window is at least 500 pixels wide: a frame makes a phone of it.
  printf '<body style="margin:0"><iframe src="file://%s/latest.html#start" width="390" height="1300" style="border:0"></iframe>' \
    "$reports" > "$scratch/phone.html"
  shot page-phone.png 500,1300 "file://$scratch/phone.html"
fi
if has soffice && has pdftoppm; then
  soffice --headless "-env:UserInstallation=file://$scratch/office" --convert-to pdf \
    --outdir "$scratch" "$reports/latest.xlsx" > /dev/null
  # Each page has its sheet's name at the top: the first one of Work.
  last=$(pdfinfo "$scratch/latest.pdf" | sed -n 's/^Pages: *//p')
  page=2
  for candidate in $(seq 1 "$last"); do
    name=$(pdftotext -f "$candidate" -l "$candidate" "$scratch/latest.pdf" - | sed -n 1p)
    if [ "$name" = Work ]; then
      page=$candidate
      break
    fi
  done
  pdftoppm -png -r 260 -x 60 -y 80 -W 2920 -H 620 -singlefile -f "$page" "$scratch/latest.pdf" \
    "$images/workbook"
fi
ls -l "$images"
