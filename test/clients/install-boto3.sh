#!/bin/bash
# A current boto3 beside Debian's, in the user's cache folder, once per pinned version: since 1.36 it sends checksums with
# everything, over TLS as trailers. boto3-version names it; its C runtime is there for CRC64NVME.
set -euo pipefail

version=$(cat "$(dirname "${BASH_SOURCE[0]}")/boto3-version")
folder=${XDG_CACHE_HOME:-$HOME/.cache}/s3-cors-proxy/boto3/$version
if [ -x "$folder/bin/python3" ]; then
  echo "$folder is there"
  exit 0
fi
python=$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)
building=$folder.building.$$
trap 'rm -rf "$building"' EXIT
mkdir -p "$(dirname "$folder")"
"$python" -m venv "$building"
"$building/bin/python3" -m pip install --quiet --disable-pip-version-check "boto3[crt]==$version"
mv "$building" "$folder"
echo "$folder is made"
