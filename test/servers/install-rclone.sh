#!/bin/bash
# Builds rclone's S3 server over a local folder, once per pinned version, into the user's cache folder: of its backends only what
# that needs, which takes a fraction of a whole build. Debian's rclone is older, and has no such server.
set -euo pipefail

version=$(cat "$(dirname "${BASH_SOURCE[0]}")/rclone-version")
folder=${XDG_CACHE_HOME:-$HOME/.cache}/s3-cors-proxy/rclone/$version
if [ -x "$folder/rclone" ]; then
  echo "$folder/rclone is there"
  exit 0
fi
command -v go >/dev/null || { echo "rclone is built with Go 1.25 or later, and there is no go in PATH" >&2; exit 1; }

mkdir -p "$folder"
building=$(mktemp -d "$folder/building.XXXXXX")
trap 'rm -rf "$building"' EXIT
cd "$building"
cat >main.go <<'GO'
package main

import (
	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/serve"
	_ "github.com/rclone/rclone/cmd/serve/s3"
)

func main() { cmd.Main() }
GO
echo "building github.com/rclone/rclone@$version, some minutes"
go mod init rclone-serve-s3
go get "github.com/rclone/rclone@$version" 2>&1 | tail -n 1
CGO_ENABLED=0 go build -trimpath -o rclone .
mv rclone "$folder/rclone"
echo "$folder/rclone is built"
