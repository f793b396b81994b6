import { buildCommand } from './build-command.ts';
import type { CommandSpec } from './command.ts';
import { completionCommand } from './completion-command.ts';
import { versionCommand } from './version-command.ts';

/** Every command, in the order of `--help`. What they do is loaded when they run. */
export const commandCatalog: readonly CommandSpec[] = [buildCommand, completionCommand, versionCommand];
