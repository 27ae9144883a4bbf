#!/bin/bash
# Builds MinIO's community edition, which comes as source only, into the user's cache folder, once per pinned version.
# Its release tags are no Go versions; minio-version names the last commit of its archived repository.
set -euo pipefail

version=$(cat "$(dirname "${BASH_SOURCE[0]}")/minio-version")
folder=${XDG_CACHE_HOME:-$HOME/.cache}/s3-cors-proxy/minio/$version
if [ -x "$folder/minio" ]; then
  echo "$folder/minio is there"
  exit 0
fi
command -v go >/dev/null || { echo "MinIO is built with Go 1.24 or later, and there is no go in PATH" >&2; exit 1; }

mkdir -p "$folder"
building=$(mktemp -d "$folder/building.XXXXXX")
trap 'rm -rf "$building"' EXIT
echo "building github.com/minio/minio@$version, some minutes"
GOBIN=$building CGO_ENABLED=0 go install -trimpath "github.com/minio/minio@$version"
mv "$building/minio" "$folder/minio"
echo "$folder/minio is built"
