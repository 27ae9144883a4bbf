#!/bin/bash
# Builds kustomize, Helm, Compose, Prometheus 3, VictoriaMetrics and h2spec into the user's cache folder, once per pinned version: what the
# tests of deploy/ use. With names as arguments, only those. A line of tool-versions is a name, a version, a Go module, a package
# of it, and build tags: without the ways to find targets in clouds, Prometheus is built in a third of the time.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/s3-cors-proxy
building=
trap '[ -z "$building" ] || rm -rf "$building"' EXIT
while read -r name version module package tags; do
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  folder=$cache/$name/$version
  if [ -x "$folder/$name" ]; then
    echo "$folder/$name is there"
    continue
  fi
  command -v go >/dev/null || { echo "$name is built with Go 1.26 or later, and there is no go in PATH" >&2; exit 1; }
  mkdir -p "$folder"
  building=$(mktemp -d "$folder/building.XXXXXX")
  echo "building $package@$version"
  (
    cd "$building"
    # As a dependency of a module of its own: `go install` refuses modules that exclude versions, as Compose does.
    printf 'module build\n\ngo 1.24\n\nrequire %s %s\n' "$module" "$version" >go.mod
    CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags='-s -w' -tags="$tags" -o "$name" "$package" </dev/null
  )
  mv "$building/$name" "$folder/$name"
  rm -rf "$building"
  building=
  echo "$folder/$name is built"
done <"$(dirname "${BASH_SOURCE[0]}")/tool-versions"
