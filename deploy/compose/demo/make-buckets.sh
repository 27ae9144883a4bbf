#!/bin/sh
# Three buckets that everyone may read, with a page and two pictures.
set -eu
mc alias set here http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null
for bucket in demo pictures private-pictures; do
  mc mb --ignore-existing "here/$bucket"
  mc anonymous set download "here/$bucket"
done
mc cp --attr 'Content-Type=text/html; charset=utf-8' /demo/index.html here/demo/index.html
for bucket in pictures private-pictures; do
  mc cp --attr Content-Type=image/svg+xml /demo/picture.svg "here/$bucket/picture.svg"
done
