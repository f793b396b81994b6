#!/bin/sh
# Puts every text of the first directory into an HTML page of the second.
set -eu
mkdir -p "$2"
for text in "$1"/*.txt; do
  page=$(basename "$text" .txt).html
  {
    printf '<!doctype html>\n<meta charset="utf-8">\n<title>%s</title>\n' "$TITLE"
    sed -e 's/^# \(.*\)/<h1>\1<\/h1>/' -e '/^[^<]/s/.*/<p>&<\/p>/' "$text"
  } > "$2/$page"
  echo "rendered $page"
done
