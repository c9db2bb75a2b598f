/** The parser of options. It is bundled with the command (`scripts/bundle.mjs`): to find and load a package takes longer than to run it. */

export { Command, CommanderError, Help, Option } from 'commander';
