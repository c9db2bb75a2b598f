/**
 * Where blocks of documents run: a scratch folder as a user has it who has installed the package, in a network of its own
 * (stage.sh), so that ports and interfaces are those that the text names.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from './blocks.js';
import { furnishProps, PROPS } from './props.js';

/** The request that a sniffer that has shown something gets before its Ctrl-C; without output, since it may be there for a POST. */
const SHOWN_MS = 1_000;
const SILENT_MS = 10_000;
/** Then whatever it is hangs. */
const PATIENCE_MS = 90_000;

export interface BlockRun {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Something came out of it: text, a file, a POST. */
  effect: boolean;
}

export class Stage {
  /** Empty until it is open. */
  folder = '';
  #network: ChildProcess | undefined;
  #enter: string[] = [];

  async open(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-docs-'));
    furnish(this.folder);
    furnishProps(this.folder);
    cpSync(join(ROOT, 'fixtures', 'shop.pcap'), join(this.folder, 'capture.pcap'));
    const namespaces = spawnSync('unshare', ['--net', 'true']).status === 0 ? ['--net'] : ['--net', '--user', '-r'];
    const network = spawn('unshare', [...namespaces, join(__dirname, 'stage.sh'), this.folder], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#network = network;
    let complaints = '';
    network.stderr.setEncoding('utf8').on('data', (text) => {
      complaints += text;
    });
    const ended = once(network, 'exit').then(() => Promise.reject(new Error(`no network to run in: ${complaints}`)));
    await Promise.race([once(network.stdout, 'data'), ended]);
    ended.catch(() => {});
    const user = namespaces.length > 1 ? ['--user', '--preserve-credentials'] : [];
    this.#enter = ['nsenter', '--target', String(network.pid), '--net', ...user];
  }

  async close(): Promise<void> {
    const network = this.#network;
    if (network !== undefined && network.exitCode === null) {
      const gone = once(network, 'exit');
      network.stdin?.end();
      await gone;
    }
    if (this.folder !== '') rmSync(this.folder, { recursive: true });
  }

  /** The lines as a script of a careful shell. */
  shell(text: string, env: NodeJS.ProcessEnv = {}): Promise<BlockRun> {
    return this.#run(['bash', '-euo', 'pipefail', '-c', text], { env, endless: false });
  }

  /** A program, as a module of its own file in the scratch folder. */
  script(name: string, text: string): Promise<BlockRun> {
    writeFileSync(join(this.folder, name), text);
    return this.#run([process.execPath, name], { env: {}, endless: true });
  }

  /** `endless`: what runs may itself be what needs a Ctrl-C. */
  async #run(command: string[], { env, endless }: { env: NodeJS.ProcessEnv; endless: boolean }): Promise<BlockRun> {
    rmSync(join(this.folder, 'pids'), { force: true });
    const before = this.#traces();
    const [file = '', ...args] = [...this.#enter, ...command];
    const path = [join(this.folder, 'node_modules', '.bin'), join(this.folder, PROPS), process.env.PATH].join(':');
    const child = spawn(file, args, {
      cwd: this.folder,
      env: { ...process.env, NO_UPDATE_NOTIFIER: '1', PATH: path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output.stderr += text;
    });
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const over = { yes: false };
    void closed.then(() => {
      over.yes = true;
    });
    const shown = (): number => output.stdout.length + this.#posts();
    await this.#interruptWhenItHasRun(child, endless ? child.pid : undefined, shown, over);
    const [code, signal] = await closed;
    return { code, signal, ...output, effect: output.stdout !== '' || this.#traces() !== before };
  }

  /** As a user does who has seen enough. A command that reads a savefile, and most programs, end by themselves. */
  async #interruptWhenItHasRun(
    child: ChildProcess,
    endless: number | undefined,
    shown: () => number,
    over: { yes: boolean },
  ): Promise<void> {
    const begun = Date.now();
    let sniffer: number | undefined;
    let since = { at: begun, shown: 0 };
    let shownAt: number | undefined;
    let interrupted = false;
    while (!over.yes) {
      await sleep(50);
      const now = Date.now();
      const latest = this.#liveSniffer();
      if (latest !== sniffer) {
        sniffer = latest;
        since = { at: now, shown: shown() };
        shownAt = undefined;
        interrupted = false;
      }
      if (sniffer !== undefined && shown() > since.shown) shownAt ??= now;
      if (!interrupted && (now - (shownAt ?? now) > SHOWN_MS || now - since.at > SILENT_MS)) {
        interrupted = true;
        interrupt(sniffer ?? endless);
      }
      if (now - begun > PATIENCE_MS) child.kill('SIGKILL');
    }
  }

  /** The command that was started last, where it captures live. */
  #liveSniffer(): number | undefined {
    const list = join(this.folder, 'pids');
    if (!existsSync(list)) return undefined;
    const last = readFileSync(list, 'utf8').trim().split('\n').at(-1) ?? '';
    const ends = / (--read|-r|--help|--version|interfaces)\b/.test(last);
    return ends || last === '' ? undefined : Number.parseInt(last, 10);
  }

  /** The things that a block leaves behind: files, and POSTs at the collector. */
  #traces(): string {
    return [...readdirSync(this.folder).sort(), this.#posts()].join();
  }

  #posts(): number {
    const count = join(this.folder, 'posts');
    return existsSync(count) ? Number(readFileSync(count, 'utf8')) : 0;
  }
}

/** As a folder is in which the package was installed: node_modules with this build, and with what examples use. */
export function furnish(folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  for (const name of ['express', '@types', 'undici-types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  symlinkSync(ROOT, join(modules, 'tcp-sniffer'));
  // The command leaves word of itself, so that it can be sent a Ctrl-C.
  const command = join(modules, '.bin', 'tcp-sniffer');
  writeFileSync(
    command,
    `#!/bin/sh\necho "$$ $*" >> "${folder}/pids"\nexec "${process.execPath}" "${join(ROOT, 'dist/cli.js')}" "$@"\n`,
  );
  chmodSync(command, 0o755);
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
}

function interrupt(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGINT');
  } catch {
    // It has ended by itself.
  }
}
