#!/usr/bin/env bash
# Builds the image for tests on a machine that reaches no registry of images: from Debian by debootstrap, with this
# machine's own Node and Rust in place of the official images. Root. The stand-ins stay in the local storage.
#   docker/test-image.sh [TAG] [--refresh]     --refresh makes the stand-ins anew
#   docker/test-image.sh --run COMMAND...      runs it where docker/build.sh builds from the stand-ins
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")"
# A configuration of the machine's own wins.
[ -f /etc/containers/containers.conf ] || export CONTAINERS_CONF=${CONTAINERS_CONF:-$PWD/containers.conf}
PREFIX=localhost/tcp-sniffer-base
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
SECURITY=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

say() { printf 'test-image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
[ "$(id -u)" -eq 0 ] || die 'debootstrap and buildah need root here'
for tool in debootstrap buildah node npm rustc; do
  command -v "$tool" >/dev/null || die "$tool is missing"
done

refresh=
if [ "${1:-}" = --run ]; then
  command=("${@:2}")
else
  command=("$PWD/build.sh" "${1:-localhost/tcp-sniffer:test}")
  refresh=${2:-}
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The toolchain is too big to be copied: the build mounts it at its own place, so the image only has to know that.
toolchain=$(rustc --print sysroot)

debian() {
  debootstrap --variant=minbase --include=ca-certificates bookworm "$work/rootfs" "$MIRROR" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; die 'debootstrap failed'; }
  printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s bookworm-security main\n' \
    "$MIRROR" "$MIRROR" "$SECURITY" >"$work/rootfs/etc/apt/sources.list"
  rm -rf "$work/rootfs"/var/cache/apt/archives/*.deb "$work/rootfs"/var/lib/apt/lists/*
  printf 'FROM scratch\nCOPY . /\nCMD ["/bin/bash"]\n' >"$work/debian"
  buildah bud --quiet -t "$PREFIX:debian" -f "$work/debian" "$work/rootfs" >&2
  rm -rf "$work/rootfs"
}

# As in the official image: node in /usr/local/bin, npm beside it.
node_image() {
  mkdir -p "$work/node/usr/local/bin" "$work/node/usr/local/lib/node_modules"
  cp "$(node -p process.execPath)" "$work/node/usr/local/bin/node"
  cp -r "$(npm root -g)/npm" "$work/node/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/node/usr/local/bin/npm"
  printf 'FROM %s:debian\nRUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libstdc++6 && rm -rf /var/lib/apt/lists/*\nCOPY . /\n' \
    "$PREFIX" >"$work/node.file"
  buildah bud --quiet --network host -t "$PREFIX:node" -f "$work/node.file" "$work/node" >&2
}

rust_image() {
  printf 'FROM %s:debian\nRUN apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev make && rm -rf /var/lib/apt/lists/*\nENV PATH=%s/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' \
    "$PREFIX" "$toolchain" >"$work/rust.file"
  buildah bud --quiet --network host -t "$PREFIX:rust" -f "$work/rust.file" "$work" >&2
}

for image in debian node rust; do
  [ "$refresh" = --refresh ] || ! buildah inspect --type image "$PREFIX:$image" >/dev/null 2>&1 || continue
  say "making $PREFIX:$image"
  case $image in debian) debian ;; node) node_image ;; rust) rust_image ;; esac
done

# The builder's configuration mounts the toolchain; it does so already where this runs within itself.
conf=${CONTAINERS_CONF:-/etc/containers/containers.conf}
if ! grep -q '^volumes' "$conf"; then
  sed "/^\[containers\]/a volumes = [\"$toolchain:$toolchain:ro\"]" "$conf" >"$work/containers.conf"
  grep -q '^volumes' "$work/containers.conf" || die "$conf has no section [containers]"
  export CONTAINERS_CONF=$work/containers.conf
fi
export NODE_IMAGE=$PREFIX:node RUST_IMAGE=$PREFIX:rust RUNTIME_IMAGE=$PREFIX:debian
# A machine whose downloads go through a CA of its own has it in here; elsewhere this changes nothing.
: "${CA_FILE=/etc/ssl/certs/ca-certificates.crt}"
[ -f "$CA_FILE" ] || CA_FILE=
export CA_FILE

cd "$caller"
"${command[@]}"
