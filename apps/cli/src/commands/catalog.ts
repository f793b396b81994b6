import { buildCommand } from './build-command.ts';
import { cacheCommand } from './cache/cache-command.ts';
import { checkCommand } from './check-command.ts';
import type { CommandSpec } from '../spec/command-spec.ts';
import { completionCommand } from './completion-command.ts';
import { explainCommand } from './explain-command.ts';
import { imagesCommand } from './images-command.ts';
import { probeCommand } from './probe-command.ts';
import { pushCommand } from './push-command.ts';
import { versionCommand } from './version-command.ts';
import { warmCommand } from './warm-command.ts';

/** Every command, in the order of `--help`. What they do is loaded when they run. */
export const commandCatalog: readonly CommandSpec[] = [
  buildCommand,
  probeCommand,
  checkCommand,
  explainCommand,
  cacheCommand,
  imagesCommand,
  pushCommand,
  warmCommand,
  completionCommand,
  versionCommand,
];
