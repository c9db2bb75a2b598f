#!/bin/sh
# The network that blocks of documents run in: `unshare --net stage.sh FOLDER`. eth0 is 10.0.0.5, as in a pod; its peer, 10.0.0.9,
# lies in a namespace of its own, from where a client keeps asking. Ends when stdin does.
set -eu
here=$(dirname "$0")
ip link set lo up
ip link add eth0 type veth peer name peer0
unshare --net sleep infinity &
far=$!
node=
client=
trap 'kill $far $node $client 2>/dev/null' EXIT INT TERM
# The move fails while the sleep is still in this namespace: as long as peer0 stays here.
until ip link set peer0 netns "$far" 2>/dev/null && ! ip link show peer0 >/dev/null 2>&1; do sleep 0.05; done
ip addr add 10.0.0.5/24 dev eth0
ip link set eth0 up
nsenter --net="/proc/$far/ns/net" sh -c 'ip addr add 10.0.0.9/24 dev peer0 && ip link set peer0 up'
node "$here/stage-server.mjs" "$1" &
node=$!
nsenter --net="/proc/$far/ns/net" node "$here/stage-client.mjs" &
client=$!
cat >/dev/null
