import { type CommandResult, runCommand } from '../src/command.ts';

/** Runs a TypeScript program against the sources. `folder` is its working directory, its home and its TMPDIR. */
export function runProgram(path: string, args: readonly string[], folder: string): Promise<CommandResult> {
  const flags = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];
  return runCommand([process.execPath, ...flags, path, ...args], {
    cwd: folder,
    env: { TMPDIR: folder, HOME: folder },
    timeoutMs: 60_000,
  });
}
