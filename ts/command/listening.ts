/**
 * Which ports programs listen on, in the network namespace of this process. In: the kernel's tables (proc(5), `/proc/net/tcp`), which all may
 * read. Out: ports, and the programs as far as their files may be seen. To know where HTTP passes would take a capture of all ports.
 */

import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Open files of other processes that are looked at: some 50 ms of the event loop. */
const MAX_FILES = 10_000;

/** Of a table of sockets: some 28 000. Those that are listened on stand first; of more connections than these it is not said that they are used. */
const MAX_TABLE_BYTES = 4 * 1024 * 1024;

/** The state of a socket, as the tables have it; all others are those of connections. */
const LISTEN = '0A';
/** The columns of the tables. */
const [ADDRESS, STATE, INODE] = [1, 3, 9];
/** 127.0.0.0/8, also as IPv6 has it, and ::1: words of four bytes, each in the order of a little-endian processor. */
const LOOPBACK = /^(?:0{16}FFFF0000)?[\dA-F]{6}7F$|^0{24}01000000$/;

export interface Listener {
  port: number;
  /** Only this machine itself reaches it. */
  isLoopback: boolean;
  /** It has connections, or had some in the last minute. */
  isUsed: boolean;
  /** The name of its process. */
  program?: string;
}

/** Those that are used first; those of this process are left out. Never throws. */
export function listenersHere(proc = '/proc', self = String(process.pid)): Listener[] {
  const found = new Map<number, Listener>();
  const ports = new Map<string, number>();
  const sockets = [...socketsIn(proc, 'tcp'), ...socketsIn(proc, 'tcp6')];
  const used = new Set(sockets.flatMap(({ port, listens }) => (listens ? [] : port)));
  for (const { port, inode, isLoopback } of sockets.filter(({ listens }) => listens)) {
    const known = found.get(port);
    found.set(port, { port, isLoopback: isLoopback && known?.isLoopback !== false, isUsed: used.has(port) });
    ports.set(inode, port);
  }
  for (const { inode, process } of socketsOf(proc, self, ports)) {
    const listener = found.get(ports.get(inode) as number);
    if (process === self && listener !== undefined) found.delete(listener.port);
    else if (listener !== undefined) listener.program ??= nameOf(proc, process);
  }
  return [...found.values()].sort((a, b) => Number(b.isUsed) - Number(a.isUsed) || a.port - b.port);
}

interface Socket {
  port: number;
  inode: string;
  isLoopback: boolean;
  listens: boolean;
}

function socketsIn(proc: string, table: string): Socket[] {
  return beginningOf(join(proc, 'self', 'net', table))
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .map((columns) => {
      const [address = '', port = ''] = (columns[ADDRESS] ?? '').split(':');
      return {
        port: Number.parseInt(port, 16),
        inode: columns[INODE] ?? '',
        isLoopback: LOOPBACK.test(address),
        listens: columns[STATE] === LISTEN,
      };
    })
    .filter(({ port }) => port > 0);
}

/** Those that are wanted; first those of `self`. */
function* socketsOf(
  proc: string,
  self: string,
  wanted: ReadonlyMap<string, number>,
): Generator<{ inode: string; process: string }> {
  let files = 0;
  const others = namesIn(proc).filter((name) => /^\d+$/.test(name) && name !== self);
  for (const process of [self, ...others]) {
    for (const file of namesIn(join(proc, process, 'fd'))) {
      if (++files > MAX_FILES) return;
      const [, inode] = /^socket:\[(\d+)\]$/.exec(targetOf(join(proc, process, 'fd', file))) ?? [];
      if (inode !== undefined && wanted.has(inode)) yield { inode, process };
    }
  }
}

function nameOf(proc: string, process: string): string {
  return textOf(join(proc, process, 'comm')).trim();
}

/** As much of a table as is read. The kernel hands it out in pieces. */
function beginningOf(path: string): string {
  return orNothing(() => {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(MAX_TABLE_BYTES);
      let length = 0;
      for (let count = 1; count > 0; length += count)
        count = readSync(file, bytes, length, bytes.length - length, null);
      return bytes.toString('latin1', 0, length);
    } finally {
      closeSync(file);
    }
  }, '');
}

/** Processes end, and those of other users are not shown. */
function orNothing<Value>(read: () => Value, nothing: Value): Value {
  try {
    return read();
  } catch {
    return nothing;
  }
}

const textOf = (path: string): string => orNothing(() => readFileSync(path, 'utf8'), '');
const namesIn = (path: string): string[] => orNothing(() => readdirSync(path), []);
const targetOf = (path: string): string => orNothing(() => readlinkSync(path), '');
