#!/usr/bin/env bash
# Fuzzes each target for so many seconds, from the committed seeds: fuzz/run.sh SECONDS [TARGET...]
# Needs a nightly toolchain; cargo-fuzz comes by itself. The findings lie in fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET...]}
shift
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(decode http http2 content engine savefile hpack grpc streams tls)

rustup run nightly rustc --version
fuzz=$(node scripts/tools.mjs cargo-fuzz)
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
for target in "${targets[@]}"; do
  mkdir -p "$corpus/$target"
  # New inputs of the fuzzer go to the first folder, the seeds stay as they are.
  rustup run nightly "$fuzz" fuzz run "$target" "$corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=2048 -print_final_stats=1 2>&1 | tail -n 12
done
echo "no crash in $seconds s each: ${targets[*]}"
