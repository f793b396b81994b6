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

/** What users install: the built bundle, made anew, as the start of a command line. */
export async function bundledShale(): Promise<readonly string[]> {
  const app = join(workspaceRoot, 'apps/cli');
  await requireCommand(['pnpm', 'run', '--silent', 'build'], { cwd: app });
  return [process.execPath, '--disable-warning=ExperimentalWarning', join(app, 'dist/shale.cjs')];
}
