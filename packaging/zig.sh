#!/bin/sh
# Python for cargo-zigbuild, which calls zig by it. Programs that count what they run are linked with `-u SYMBOL`, and zig knows only
# `-Wl,-u,SYMBOL`. ZIG_PYTHON: the Python itself, which has the package ziglang.
last=
for word do
  shift
  if [ "$word" = -u ]; then
    last=-u
    continue
  fi
  [ "$last" != -u ] || word="-Wl,-u,$word"
  last=
  set -- "$@" "$word"
done
exec "$ZIG_PYTHON" "$@"
