// Proxies: the configuration of each, without what the machine has of its own.

/** `how` says how the server is talked to, `front` more about the port. */
const nginx = (how, front = '') => ({
  program: 'nginx',
  command: (file, folder) => ['nginx', '-e', 'stderr', '-p', folder, '-c', file],
  text: (port, back, folder) => `
daemon off; pid ${folder}/nginx.pid; error_log stderr error; worker_processes 2;
events { worker_connections 512; }
http {
  access_log off; client_max_body_size 32m; keepalive_timeout 30s;
  client_body_temp_path ${folder}/1; proxy_temp_path ${folder}/2; fastcgi_temp_path ${folder}/3;
  uwsgi_temp_path ${folder}/4; scgi_temp_path ${folder}/5;
  upstream origin { server 127.0.0.1:${back}; keepalive 8; }
  server {
    listen 127.0.0.1:${port} ${front};
    location / { ${how} }
  }
}
`,
});

const PROXIED = 'proxy_pass http://origin;';
const STREAMED =
  "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_request_buffering off; proxy_buffering off;";

/** `toServer` are further words on the server's line, `toClient` on the port's. */
const haproxy = (toServer, toClient = '') => ({
  program: 'haproxy',
  command: (file) => ['haproxy', '-q', '-db', '-f', file],
  text: (front, back) => `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${front} ${toClient}
  default_backend origin
backend origin
  server origin 127.0.0.1:${back} ${toServer}
`,
});

const lighttpd = {
  program: 'lighttpd',
  command: (file) => ['lighttpd', '-D', '-f', file],
  text: (front, back, folder) => `
server.modules = ("mod_proxy")
server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${front}
server.errorlog = "/dev/null"
server.upload-dirs = ("${folder}")
server.max-keep-alive-requests = 1000
proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${back})))
`,
};

const apache = {
  program: 'apache2',
  command: (file) => ['apache2', '-X', '-f', file],
  text: (front, back, folder) => `
ServerRoot /usr/lib/apache2
ServerName localhost
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
Mutex file:${folder}
ErrorLog /dev/null
Listen 127.0.0.1:${front}
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
User nobody
Group nogroup
KeepAliveTimeout 30
ProxyPass / http://127.0.0.1:${back}/
`,
};

const caddy = {
  program: 'caddy',
  command: (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
  text: (front, back) => `
{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://127.0.0.1:${front} {
  reverse_proxy 127.0.0.1:${back}
}
`,
};

const varnish = {
  program: 'varnishd',
  command: (file, folder, front) => [
    'varnishd',
    '-F',
    '-n',
    `${folder}/varnish`,
    '-a',
    `127.0.0.1:${front}`,
    '-f',
    file,
    '-s',
    'malloc,64m',
  ],
  text: (_, back) => `
vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "${back}"; }
sub vcl_recv { return (pass); }
`,
};

const squid = {
  program: 'squid',
  command: (file) => ['squid', '-N', '-f', file],
  text: (front, back, folder) => `
http_port 127.0.0.1:${front} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent ${back} 0 no-query no-digest originserver
http_access allow all
cache deny all
pid_filename ${folder}/squid.pid
access_log none
cache_log /dev/null
cache_store_log none
coredump_dir ${folder}
visible_hostname localhost
request_body_max_size 0
pinger_enable off
shutdown_lifetime 0 seconds
`,
};

export const PROXIES = {
  nginx: nginx(`${PROXIED} ${STREAMED}`),
  'nginx as it comes': nginx(PROXIED),
  'nginx h2c': nginx(`${PROXIED} ${STREAMED}`, 'http2'),
  'nginx h2c, grpc_pass': { ...nginx('grpc_pass grpc://origin;', 'http2'), originOver: 'h2c' },
  HAProxy: haproxy(''),
  'HAProxy h2c': haproxy('', 'proto h2'),
  'HAProxy, PROXY v1': { ...haproxy('send-proxy'), origin: 'node-behind-proxy.mjs', proxied: true },
  'HAProxy, PROXY v2': { ...haproxy('send-proxy-v2'), origin: 'node-behind-proxy.mjs', proxied: true },
  lighttpd,
  Apache: apache,
  Caddy: caddy,
  Varnish: varnish,
  Squid: squid,
};
