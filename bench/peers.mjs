// The programs that tcp-sniffer is compared with: where each comes from, how it is called, how its messages are counted.
import { createReadStream, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORT } from './captures.mjs';
import { output } from './processes.mjs';

const FILTER = `tcp port ${PORT}`;
const TSHARK_FIELDS = ['frame.time_epoch', 'ip.src', 'tcp.srcport', 'ip.dst', 'tcp.dstport', 'http.host'].concat([
  'http.request.method',
  'http.request.uri',
  'http.response.code',
  'http.user_agent',
]);
/** One event an exchange, with all headers as ours. */
const suricataConfig = (eve) => `%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filename: ${eve}
      types:
        - http: { extended: yes, dump-all-headers: both }
app-layer:
  protocols:
    http: { enabled: yes }
`;

/** `command(file, out, work)`: reads the savefile and writes to `out`, with `work` for what it has to leave somewhere. */
export const PEERS = [
  {
    name: 'tshark',
    package: 'tshark',
    version: () => /\d+\.\d+\.\d+/.exec(output('tshark', ['--version']))?.[0],
    does: 'ten fields of each head',
    command: (file) => ({
      command: ['tshark', '-n', '-r', file, '-Y', 'http', '-T', 'fields', ...TSHARK_FIELDS.flatMap((f) => ['-e', f])],
      toStdout: true,
    }),
    count: (out) => countLines(out),
  },
  {
    name: 'Suricata',
    package: 'suricata',
    version: () => /version (\S+)/.exec(output('suricata', ['-V']))?.[1],
    does: 'heads as eve JSON, a line for each exchange, no bodies',
    command(file, out, work) {
      writeFileSync(join(work, 'suricata.yaml'), suricataConfig(out));
      return {
        command: [
          'suricata',
          '-c',
          join(work, 'suricata.yaml'),
          '-S',
          '/dev/null',
          '-k',
          'none',
          '-r',
          file,
          '-l',
          work,
        ],
      };
    },
    count: async (out) => 2 * (await countLines(out)),
  },
  {
    name: 'httpry',
    package: 'httpry',
    version: () => /version (\S+)/.exec(output('sh', ['-c', 'httpry -h 2>&1 || true']))?.[1],
    does: 'the start line and the host of messages that begin a packet; no reassembly, no bodies',
    command: (file, out) => ({ command: ['httpry', '-q', '-r', file, '-o', out, FILTER] }),
    count: (out) => countLines(out, '#'),
    live: (device) => ['httpry', '-i', device, '-o', '/dev/null', FILTER],
  },
  {
    name: 'tcpflow',
    package: 'tcpflow',
    version: () => output('sh', ['-c', 'tcpflow -V 2>&1 || true']).trim().split('\n')[0],
    does: 'a file for each flow and each response body (two messages are counted for each file of a body)',
    command(file, _out, work) {
      return { command: ['tcpflow', '-q', '-e', 'http', '-r', file, '-o', join(work, 'flows'), FILTER] };
    },
    /** It has no file for a request. */
    count: (_out, work) => 2 * readdirSync(join(work, 'flows')).filter((name) => name.includes('HTTPBODY')).length,
  },
];

/** Tools that are no peers: what captures, and what loads servers. */
export const TOOLS = [
  { name: 'tcpdump', package: 'tcpdump', version: () => output('sh', ['-c', 'tcpdump --version 2>&1']).split('\n')[0] },
  {
    name: 'h2load',
    package: 'nghttp2-client',
    version: () => /nghttp2\/\S+/.exec(output('h2load', ['--version']))?.[0],
  },
  { name: 'wrk', package: 'wrk', version: () => /wrk \S+/.exec(output('sh', ['-c', 'wrk -v 2>&1 || true']))?.[0] },
];

/** Installs what is missing where that needs no question; {versions, absent: name to the reason}. */
export function provide(tools, tell) {
  const versions = {};
  const absent = {};
  for (const { name, package: debian, version } of tools) {
    const attempt = () => {
      output('sh', ['-c', `command -v ${name.toLowerCase()}`]);
      versions[name] = version();
    };
    try {
      attempt();
    } catch {
      try {
        tell(`installing ${debian}`);
        install(debian);
        attempt();
      } catch (error) {
        absent[name] = reason(error, debian);
        tell(`without ${name}: ${absent[name]}`);
      }
    }
  }
  return { versions, absent };
}

let listsAreFresh = false;

function install(debian) {
  const sudo = process.getuid() === 0 ? [] : ['sudo', '-n'];
  const run = (...args) => output('env', [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]);
  if (!listsAreFresh) run('update', '-qq');
  listsAreFresh = true;
  run('install', '-y', '-qq', '--no-install-recommends', debian);
}

function reason(error, debian) {
  const words = String(error.stderr ?? error.message)
    .trim()
    .split('\n')
    .at(-1);
  return `apt-get install ${debian}: ${words.slice(0, 200)}`;
}

/** An empty folder. */
export function freshFolder(path) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

/** Lines of a file, without those that begin with `comment`. */
export async function countLines(path, comment) {
  let lines = 0;
  let atStart = true;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    for (let at = 0; at < chunk.length; ) {
      if (atStart && comment !== undefined && chunk[at] === comment.charCodeAt(0)) lines--;
      const newline = chunk.indexOf(0x0a, at);
      atStart = newline !== -1;
      if (!atStart) break;
      lines++;
      at = newline + 1;
      atStart = true;
    }
  }
  return lines;
}
