import { join } from 'node:path';
import { type CommandOptions, type CommandResult, requireCommand, runCommand } from './command.ts';
import { workspaceRoot } from './workspace.ts';

/** The launcher that runs the CLI from source. */
export const shaleProgram: string = join(workspaceRoot, 'shale');

/** Runs `shale ARGS` as a user would. */
export function runShale(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runCommand([shaleProgram, ...args], options);
}

/** The same, and it must succeed. The result's `stderr` holds the plain progress. */
export async function requireShale(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const result = await runShale(args, options);
  if (result.status !== 0)
    throw new Error(`shale ${args.join(' ')} ended with ${result.status}:\n${result.stderr}${result.stdout}`);
  return result;
}

const app = join(workspaceRoot, 'apps/cli');

/** The command line of the bundle that users install. `buildBundle` makes the bundle. */
export const bundledShale: readonly string[] = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(app, 'dist/shale.cjs'),
];

export async function buildBundle(): Promise<void> {
  await requireCommand(['pnpm', 'run', '--silent', 'build'], { cwd: app });
}
