#!/usr/bin/env node
/** The command `tcp-sniffer`. */

import { runCommand } from './command';

runCommand(process.argv.slice(2));
