// The proxy of a pod, with what Istio's control plane would tell it, as far as the path of the bytes depends on it. In ambient it
// stands for ztunnel, which looks into no HTTP.
import { join } from 'node:path';

const INBOUND_PORT = 15_006;
const OUTBOUND_PORT = 15_001;
/** HBONE: CONNECT over HTTP/2 over mutual TLS. */
const TUNNEL_PORT = 15_008;
/** The source of what the proxy hands to its own application. */
const PASSTHROUGH = '127.0.0.6';
/** Of what a proxy sends that Istio's rules are to leave alone, where they do not know it by its user. */
const MARK = 1337;

const type = (name) => `type.googleapis.com/envoy.${name}`;
const at = (address, port_value) => ({ socket_address: { address, port_value } });
/**
 * The names in TLS (ALPN) of what Istio's proxies speak inside. Those of its own are offered, for the receiver to know a proxy by, and never
 * taken: Envoy would read HTTP/1 under a name that it does not know.
 */
const OFFERED = { h1: ['istio-http/1.1', 'istio', 'http/1.1'], h2: ['istio-h2', 'istio', 'h2'] };
const TAKEN = ['istio-peer-exchange', 'h2', 'http/1.1'];

const toOriginal = (name, fields = {}) => ({
  name,
  type: 'ORIGINAL_DST',
  lb_policy: 'CLUSTER_PROVIDED',
  connect_timeout: '5s',
  ...fields,
});
const toOne = (name, address, port, fields) => ({
  name,
  type: 'STATIC',
  connect_timeout: '5s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: at(address, port) } }] }],
  },
  ...fields,
});

const filter = (name, kind, fields = {}) => ({
  name: `envoy.filters.${name}`,
  typed_config: { '@type': type(kind), ...fields },
});
const LISTENER = 'extensions.filters.listener';
const originalDst = filter('listener.original_dst', `${LISTENER}.original_dst.v3.OriginalDst`);
const tlsInspector = filter('listener.tls_inspector', `${LISTENER}.tls_inspector.v3.TlsInspector`);
const httpInspector = filter('listener.http_inspector', `${LISTENER}.http_inspector.v3.HttpInspector`);

/** The proxy's own requests then come from the client's address. */
const originalSrc = filter('listener.original_src', `${LISTENER}.original_src.v3.OriginalSrc`, { mark: MARK });

const tcpProxy = (cluster, fields = {}) =>
  filter('network.tcp_proxy', 'extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    stat_prefix: cluster,
    cluster,
    ...fields,
  });

const router = filter('http.router', 'extensions.filters.http.router.v3.Router');

function http(cluster, fields, { match = { prefix: '/' }, routed = {}, before = [] } = {}) {
  const route = { match, route: { cluster, timeout: '0s', ...routed } };
  const MANAGER = 'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  return filter('network.http_connection_manager', MANAGER, {
    stat_prefix: cluster,
    codec_type: 'AUTO',
    server_name: 'istio-envoy',
    use_remote_address: false,
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    http_filters: [...before, router],
    ...fields,
  });
}

/** The protocol that a proxy speaks to those that it connects to: `h1` or `h2`. */
const speaking = (version) => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
      explicit_http_config: version === 'h2' ? { http2_protocol_options: {} } : { http_protocol_options: {} },
    },
  },
});

function mutualTls(kind, { folder, name }, alpn_protocols, fields) {
  const file = (ending) => ({ filename: join(folder, ending) });
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': type(`extensions.transport_sockets.tls.v3.${kind}TlsContext`),
      ...fields,
      common_tls_context: {
        alpn_protocols,
        tls_certificates: [{ certificate_chain: file(`${name}.crt`), private_key: file(`${name}.key`) }],
        validation_context: { trusted_ca: file('ca.crt') },
        // Its traffic can be read afterwards, and so the sniffer's word on it be checked.
        key_log: { path: join(folder, `${name}.keys`) },
      },
    },
  };
}

/** Of a port of the application two chains: mutual TLS, and plain text for clients without the mesh (PERMISSIVE). */
function inbound({ port, toApp }, pod, isTransparent) {
  const cluster = `inbound|${port}||`;
  const filters = [
    http(cluster, {
      forward_client_cert_details: 'APPEND_FORWARD',
      set_current_client_cert_details: { subject: true, uri: true },
    }),
  ];
  return {
    chains: [
      {
        filter_chain_match: { destination_port: port, transport_protocol: 'tls' },
        transport_socket: mutualTls('Downstream', pod, TAKEN, { require_client_certificate: true }),
        filters,
      },
      { filter_chain_match: { destination_port: port, transport_protocol: 'raw_buffer' }, filters },
    ],
    cluster: toOriginal(cluster, {
      ...(!isTransparent && { upstream_bind_config: { source_address: { address: PASSTHROUGH, port_value: 0 } } }),
      ...speaking(toApp),
    }),
  };
}

/** A port of the services in the mesh; all of it goes to the one endpoint that there is. */
function outbound({ port, between, endpoint, isPlain }, pod) {
  const cluster = `outbound|${port}||`;
  return {
    listener: {
      name: `0.0.0.0_${port}`,
      address: at('0.0.0.0', port),
      bind_to_port: false,
      traffic_direction: 'OUTBOUND',
      listener_filters: [httpInspector],
      filter_chains: [{ filters: [http(cluster, {})] }],
    },
    cluster: toOne(cluster, endpoint, port, {
      ...(!isPlain && {
        transport_socket: mutualTls('Upstream', pod, OFFERED[between], { sni: `outbound_.${port}_._.server` }),
      }),
      ...speaking(between),
    }),
  };
}

/** In a pod with a proxy of its own. */
function sidecar(pod, { mode, served, asked }) {
  const isTransparent = mode === 'TPROXY';
  const inside = served.map((one) => inbound(one, pod, isTransparent));
  const outside = asked.map((one) => outbound(one, pod));
  const passthrough = 'PassthroughCluster';
  const virtualOutbound = {
    name: 'virtualOutbound',
    address: at('0.0.0.0', OUTBOUND_PORT),
    use_original_dst: true,
    traffic_direction: 'OUTBOUND',
    filter_chains: [{ filters: [tcpProxy(passthrough)] }],
  };
  const virtualInbound = {
    name: 'virtualInbound',
    address: at('0.0.0.0', INBOUND_PORT),
    traffic_direction: 'INBOUND',
    transparent: isTransparent,
    listener_filters: [originalDst, ...(isTransparent ? [originalSrc] : []), tlsInspector, httpInspector],
    filter_chains: inside.flatMap(({ chains }) => chains),
  };
  return {
    listeners: [
      virtualOutbound,
      ...(served.length > 0 ? [virtualInbound] : []),
      ...outside.map(({ listener }) => listener),
    ],
    clusters: [toOriginal(passthrough), ...[...inside, ...outside].map(({ cluster }) => cluster)],
  };
}

/** The work of ztunnel in a pod: connections to ports of the mesh go through tunnels, others as they are. */
function tunnel(pod, { asked }) {
  /** SO_MARK of SOL_SOCKET (socket(7)) */
  const marked = { socket_options: [{ level: 1, name: 36, int_value: MARK, state: 'STATE_PREBIND' }] };
  const hostname = '%DOWNSTREAM_LOCAL_ADDRESS%';
  const clusterOf = ({ endpoint }) => `tunnel|${endpoint}`;
  const toMesh = asked.map((one) => ({
    filter_chain_match: { destination_port: one.port },
    filters: [tcpProxy(clusterOf(one), { tunneling_config: { hostname } })],
  }));
  const connect = {
    match: { connect_matcher: {} },
    routed: { upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] },
  };
  const fromClient = filter('http.original_src', 'extensions.filters.http.original_src.v3.OriginalSrc', { mark: MARK });
  const tunnelled = http(
    'tunnelled',
    { http2_protocol_options: { allow_connect: true } },
    { ...connect, before: [fromClient] },
  );
  return {
    listeners: [
      {
        name: 'outbound',
        address: at('0.0.0.0', OUTBOUND_PORT),
        listener_filters: [originalDst],
        filter_chains: [...toMesh, { filters: [tcpProxy('out', {})] }],
      },
      {
        name: 'inbound',
        address: at('0.0.0.0', INBOUND_PORT),
        listener_filters: [originalDst, originalSrc],
        filter_chains: [{ filters: [tcpProxy('in')] }],
      },
      {
        name: 'tunnels',
        address: at('0.0.0.0', TUNNEL_PORT),
        filter_chains: [
          {
            transport_socket: mutualTls('Downstream', pod, ['h2'], { require_client_certificate: true }),
            filters: [tunnelled],
          },
        ],
      },
    ],
    clusters: [
      toOriginal('out', { upstream_bind_config: marked }),
      toOriginal('in'),
      toOriginal('tunnelled', { original_dst_lb_config: { use_http_header: true, http_header_name: ':authority' } }),
      ...asked.map((one) =>
        toOne(clusterOf(one), one.endpoint, TUNNEL_PORT, {
          upstream_bind_config: marked,
          transport_socket: mutualTls('Upstream', pod, ['h2']),
          ...speaking('h2'),
        }),
      ),
    ],
  };
}

/** Where a proxy of this mode listens. */
export const portsOf = ({ mode, served }) => [
  OUTBOUND_PORT,
  ...(mode === 'ambient' ? [INBOUND_PORT, TUNNEL_PORT] : served.length > 0 ? [INBOUND_PORT] : []),
];

/**
 * The bootstrap of a pod's proxy. `pod` is `{ name, folder }`, where its certificates are. `mode` is one of rules.mjs. `served` are
 * ports of its own application, as `{ port, toApp }`: what is spoken to the application. `asked` are those of the mesh, as
 * `{ port, between, endpoint, isPlain }`: what is spoken between proxies, and where mutual TLS is off.
 */
export const bootstrap = (pod, proxy) => ({
  static_resources: (proxy.mode === 'ambient' ? tunnel : sidecar)(pod, proxy),
});
