# shellcheck shell=bash
# For tests that run containers here as root, where nothing may be configured yet: runc, no systemd, modest limits.
# Sourced. An own configuration of the machine's, /etc/containers/containers.conf, is left to win.
if [ ! -f "${CONTAINERS_CONF:-/etc/containers/containers.conf}" ]; then
  CONTAINERS_CONF=${TMPDIR:-/tmp}/tcp-sniffer-containers.conf
  export CONTAINERS_CONF
  cat >"$CONTAINERS_CONF" <<'TOML'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman"]
TOML
fi
