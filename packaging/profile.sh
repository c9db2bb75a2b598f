#!/bin/sh
# Writes which code ordinary traffic runs, and how often. With -Cprofile-use the compiler puts that code together
# (https://doc.rust-lang.org/rustc/profile-guided-optimization.html).
#   packaging/profile.sh READ TRAFFIC OUT
# READ: the program of packaging/profile, built with -Cprofile-generate; TRAFFIC: that of examples/traffic.rs.
set -eu
cd "$(dirname "$0")/.."
read=$1
traffic=$2
out=$3

libraries=$(rustc --print target-libdir)
profdata=$libraries/../bin/llvm-profdata
[ -x "$profdata" ] || rustup component add llvm-tools >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
MAX_CONNECTIONS=10000
# Of values that are redacted, in every second run.
NAMES=authorization,cookie,password,token,secret,access_token,name
export LLVM_PROFILE_FILE="$work/%m.profraw"

read_file() {
  "$read" "$1" 8080,80 "$MAX_CONNECTIONS" "$work/keys" ${2:+"$2"} >"$work/lines" 2>&1
}
while read -r kind exchanges; do
  : >"$work/keys"
  "$traffic" "$kind" "$exchanges" "$work/keys" >"$work/traffic.pcap"
  read_file "$work/traffic.pcap"
  read_file "$work/traffic.pcap" "$NAMES"
done <<'KINDS'
small-gets 20000
small-http2 20000
connections 5000
large-text 400
large-text-mtu 400
large-json 50
large-binary 50
small-tls 10000
large-tls 50
KINDS
# Traffic that is rarer: code that never runs is made small and not fast.
for round in 1 2 3 4 5 6 7 8 9 10; do
  names=$NAMES
  [ $((round % 2)) -eq 0 ] || names=
  for file in fixtures/*.pcap*; do read_file "$file" "$names"; done
done
rm -f "$out"
"$profdata" merge -o "$out" "$work"/*.profraw
