/** Rows of the table of options: what is captured, or read. */

import { checkPath, checkPorts, name } from '../checks';
import type { Option } from '../option';
import { ports, text } from '../texts';

export const CAPTURE = {
  /** Server ports, 1–65535, at least one. The capture filter is built from them. */
  ports: {
    check: checkPorts,
    required: true,
    parse: ports,
    argument: 'list',
    topic: 'reading',
    help: 'server ports, e.g. 8080,8443 or 8000-8100; auto: the ports of a savefile that have HTTP',
    repeatable: ',',
    engine: true,
    annotation:
      'server ports, `8080,8443` or `8000-8100`; else the ports of the injector; else the TCP ports that the containers and native sidecars (init containers with `restartPolicy: Always`) declare',
  },
  /** Name of the interface; `''` is the first interface that is up and not a loopback. Default `''`. */
  interface: {
    check: name('the name of an interface'),
    default: '',
    parse: text,
    short: '-i',
    argument: 'name',
    topic: 'reading',
    help: 'interface; default: the first that is up and not a loopback',
    engine: true,
    acts: 'on an interface',
    annotation:
      'name of an interface, at most 15 characters; empty is the first interface that is up and not a loopback',
  },
  /** A savefile (pcap, pcapng; gzip, zstd) to read in place of an interface; `-` is stdin. */
  pcapFile: {
    check: checkPath,
    parse: text,
    flag: '--read',
    short: '-r',
    variable: false,
    argument: 'file',
    topic: 'reading',
    help: "read this in place of an interface: a savefile, JSON lines, a folder, '*.pcap'; '-' is stdin; repeatable",
    emptyMeans: '',
    engine: true,
  },
} as const satisfies Record<string, Option>;
