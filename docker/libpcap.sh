#!/bin/sh
# The static libpcap that goes into the addon, so that the image needs no further library: Debian's own brings D-Bus and
# more with it. libpcap.sh FOLDER: libpcap.a and its licence into FOLDER. Debian, as root, in the build only.
set -eu
# Which release, and how it is built: the same as in the platform packages.
. "$(dirname "$0")/libpcap.env"

out=$1
mkdir -p "$out"
# The mirror that this image already uses; both formats of apt's lists.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' | head -n 1)
echo "deb-src ${mirror:-http://deb.debian.org/debian} $SUITE main" >/etc/apt/sources.list.d/libpcap.list
apt-get update -qq
apt-get install -y -qq --no-install-recommends bison flex make xz-utils >/dev/null
cd "$(mktemp -d)"
apt-get -qq --download-only source "libpcap=$DEBIAN_VERSION"
rm /etc/apt/sources.list.d/libpcap.list
echo "$SHA256  libpcap_$VERSION.orig.tar.xz" | sha256sum --check --quiet
tar -xJf "libpcap_$VERSION.orig.tar.xz" --strip-components=1
# shellcheck disable=SC2086
CFLAGS=$CFLAGS ./configure --quiet $CONFIGURE
make --silent "-j$(nproc)" libpcap.a
cp libpcap.a LICENSE "$out"
echo "$VERSION" >"$out/version"
