#!/usr/bin/env bash
# Builds the image with buildah, podman or docker, whichever is there first.
#   docker/build.sh [TAG] [WORD...]     e.g. docker/build.sh registry.example/tcp-sniffer:0.1.0 --platform linux/arm64
# Further words go to the builder. CA_FILE=FILE: a private CA that the downloads of npm and cargo need. NODE_IMAGE, RUST_IMAGE,
# RUNTIME_IMAGE: other base images.
set -euo pipefail
cd "$(dirname "$0")/.."

tag=${1:-tcp-sniffer:$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)}
shift $(($# > 0))
# An argument without a value is the variable of that name, if it is set.
words=(--file docker/Dockerfile --tag "$tag" --build-arg NODE_IMAGE --build-arg RUST_IMAGE --build-arg RUNTIME_IMAGE)
[ -z "${CA_FILE:-}" ] || words+=(--secret "id=ca,src=$CA_FILE")

if command -v buildah >/dev/null; then
  buildah build --layers "${words[@]}" "$@" .
elif command -v podman >/dev/null; then
  podman build --layers "${words[@]}" "$@" .
elif command -v docker >/dev/null; then
  DOCKER_BUILDKIT=1 docker build "${words[@]}" "$@" .
else
  echo 'build.sh: none of buildah, podman and docker is there' >&2
  exit 1
fi
