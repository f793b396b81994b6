import type { CommandSpec } from './command.ts';
import { versionCommand } from './version-command.ts';

/** Every command, in the order of `--help`. What they do is loaded when they run. */
export const commandCatalog: readonly CommandSpec[] = [versionCommand];
