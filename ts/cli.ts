#!/usr/bin/env node
/** The command `tcp-sniffer`. To tell its version nothing else is loaded. */

import { VERSION } from './version';

const argv = process.argv.slice(2);
if (argv.length === 1 && ['--version', '-V'].includes(argv[0] ?? '')) {
  console.log(VERSION);
} else {
  const { runCommand } = require('./command') as typeof import('./command');
  runCommand(argv);
}
