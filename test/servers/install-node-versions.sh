#!/bin/bash
# Installs the other versions of Node that the suite's socket part runs on, npm package `node`, into the user's cache folder,
# once per pinned version. With versions as arguments, only those.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/s3-cors-proxy/node
building=
trap '[ -z "$building" ] || rm -rf "$building"' EXIT
while read -r version; do
  [ $# = 0 ] || [[ " $* " == *" $version "* ]] || continue
  folder=$cache/$version
  if [ -x "$folder/node" ]; then
    echo "$folder/node is there"
    continue
  fi
  mkdir -p "$folder"
  building=$(mktemp -d "$folder/building.XXXXXX")
  echo "installing node@$version"
  # The package fetches the binary for this platform when it is installed, which npm has to be allowed.
  echo '{ "private": true, "allowScripts": { "node": true } }' >"$building/package.json"
  timeout --kill-after=30 600 npm install --prefix "$building" --no-save --no-audit --no-fund "node@$version" </dev/null
  installed=$("$building/node_modules/node/bin/node" --version)
  [ "$installed" = "v$version" ] || { echo "node@$version brought $installed" >&2; exit 1; }
  mv "$building/node_modules/node/bin/node" "$folder/node"
  rm -rf "$building"
  building=
  echo "$folder/node is installed"
done <"$(dirname "${BASH_SOURCE[0]}")/node-versions"
