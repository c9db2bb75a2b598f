// Rules that lead packets elsewhere, as their authors write them; texts for iptables-restore.

/** The numbers of `ip rule` and `ip route` tables and marks are Istio's too. */
const WILDCARD = ['local', '0.0.0.0/0', 'dev', 'lo', 'table'];

/** Leads the requests of the pod's application to the proxy, which is user or group 1337. */
const NAT_OUTPUT = `-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -o lo -s 127.0.0.6/32 -j RETURN
-A ISTIO_OUTPUT -o lo ! -d 127.0.0.1/32 -p tcp ! --dport 15008 -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -o lo ! -d 127.0.0.1/32 -p tcp ! --dport 15008 -m owner --gid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT`;
const NAT_CHAINS = `-N ISTIO_INBOUND
-N ISTIO_REDIRECT
-N ISTIO_IN_REDIRECT
-N ISTIO_OUTPUT
-A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006`;

const leftOut = (...excluded) =>
  [15_090, 15_021, 15_020, ...excluded].map((port) => `-A ISTIO_INBOUND -p tcp --dport ${port} -j RETURN`).join('\n');

/**
 * istio-init's with its defaults, `istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i '*' -b '*' -d 15090,15021,15020`: what
 * Istio expects of it in tools/istio-iptables/pkg/capture/testdata. `excluded` are ports of the pod's annotation
 * `traffic.sidecar.istio.io/excludeInboundPorts`.
 */
const redirect = (...excluded) => `*nat
${NAT_CHAINS}
-A PREROUTING -p tcp -j ISTIO_INBOUND
${leftOut(...excluded)}
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
${NAT_OUTPUT}
COMMIT
`;

/** The same with `-m TPROXY`, the pod's annotation `sidecar.istio.io/interceptionMode`. */
const tproxy = () => `*mangle
-N ISTIO_DIVERT
-N ISTIO_TPROXY
-N ISTIO_INBOUND
-A ISTIO_DIVERT -j MARK --set-mark 1337
-A ISTIO_DIVERT -j ACCEPT
-A ISTIO_TPROXY ! -d 127.0.0.1/32 -p tcp -j TPROXY --tproxy-mark 1337/0xffffffff --on-port 15006
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A ISTIO_INBOUND -p tcp -m mark --mark 1337 -j RETURN
-A ISTIO_INBOUND -p tcp -s 127.0.0.6/32 -i lo -j RETURN
-A ISTIO_INBOUND -p tcp -i lo -m mark ! --mark 1338 -j RETURN
${leftOut()}
-A ISTIO_INBOUND -p tcp -m conntrack --ctstate RELATED,ESTABLISHED -j ISTIO_DIVERT
-A ISTIO_INBOUND -p tcp -j ISTIO_TPROXY
-A PREROUTING -p tcp -m mark --mark 1337 -j CONNMARK --save-mark
-A OUTPUT -p tcp -o lo -m mark --mark 1337 -j RETURN
-A OUTPUT ! -d 127.0.0.1/32 -p tcp -o lo -m owner --uid-owner 1337 -j MARK --set-mark 1338
-A OUTPUT ! -d 127.0.0.1/32 -p tcp -o lo -m owner --gid-owner 1337 -j MARK --set-mark 1338
-A OUTPUT -p tcp -m connmark --mark 1337 -j CONNMARK --restore-mark
COMMIT
*nat
${NAT_CHAINS}
${NAT_OUTPUT}
COMMIT
`;

/** Those of Istio's ambient in a pod, where ztunnel is known by the mark of its packets (istio.io, "Ztunnel traffic redirection"). */
const ambient = () => `*mangle
-N ISTIO_PRERT
-N ISTIO_OUTPUT
-A PREROUTING -j ISTIO_PRERT
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_PRERT -m mark --mark 0x539/0xfff -j CONNMARK --set-xmark 0x111/0xfff
-A ISTIO_OUTPUT -m connmark --mark 0x111/0xfff -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
*nat
-N ISTIO_PRERT
-N ISTIO_OUTPUT
-A PREROUTING -j ISTIO_PRERT
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_PRERT -s 169.254.7.127/32 -p tcp -m tcp -j ACCEPT
-A ISTIO_PRERT ! -d 127.0.0.1/32 -p tcp -m tcp ! --dport 15008 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15006
-A ISTIO_OUTPUT -d 169.254.7.127/32 -p tcp -m tcp -j ACCEPT
-A ISTIO_OUTPUT -p tcp -m mark --mark 0x111/0xfff -j ACCEPT
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -j ACCEPT
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -p tcp -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15001
COMMIT
`;

/** By how packets come to the proxy: the rules of a pod, and the words of `ip` that its marks need. */
export const MODES = {
  REDIRECT: { rules: redirect, routes: [] },
  TPROXY: {
    rules: tproxy,
    routes: [
      ['rule', 'add', 'fwmark', '1337', 'lookup', '133'],
      ['route', 'add', ...WILDCARD, '133'],
    ],
  },
  ambient: {
    rules: ambient,
    routes: [
      ['rule', 'add', 'fwmark', '0x111/0xfff', 'pref', '32764', 'lookup', '100'],
      ['route', 'add', ...WILDCARD, '100'],
    ],
  },
};

/** Docker's for a bridge: published ports, as `[of the host, address, of the container]`; and a cluster IP as kube-proxy has it. */
export const dockerHost = ({ bridge, subnet, published, clusterIp: [service, endpoint] }) => `*nat
-N DOCKER
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL ! -d 127.0.0.0/8 -j DOCKER
-A OUTPUT -d ${service.ip}/32 -p tcp --dport ${service.port} -j DNAT --to-destination ${endpoint.ip}:${endpoint.port}
-A POSTROUTING -s ${subnet} ! -o ${bridge} -j MASQUERADE
${published
  .map(
    ([port, { ip, port: inside }]) => `-A POSTROUTING -s ${ip}/32 -d ${ip}/32 -p tcp --dport ${inside} -j MASQUERADE
-A DOCKER -p tcp --dport ${port} -j DNAT --to-destination ${ip}:${inside}`,
  )
  .join('\n')}
COMMIT
`;
