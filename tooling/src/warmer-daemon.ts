import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { workspaceRoot } from './workspace.ts';

export interface DaemonLine {
  readonly type: string;
  readonly [fact: string]: unknown;
}

export interface RunningDaemon extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>;
  /** Everything it logged so far. */
  readonly lines: readonly DaemonLine[];
  /** Resolves with the first line, of those to come, that `isWanted`. */
  next(isWanted: (line: DaemonLine) => boolean): Promise<DaemonLine>;
}

const SOURCE = join(workspaceRoot, 'apps/warmerd/src/main.ts');

/** Starts `shale-warmerd` with a config file: its source, or the bundle that users install. */
export async function startWarmerDaemon(config: string, main: string = SOURCE): Promise<RunningDaemon> {
  const flags = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning', '--max-semi-space-size=1'];
  const child = spawn(process.execPath, [...flags, main, '--config', config], { stdio: ['ignore', 'inherit', 'pipe'] });
  const ended = once(child, 'exit');
  const lines: DaemonLine[] = [];
  const waiting = new Set<(line: DaemonLine) => void>();
  createInterface(child.stderr).on('line', (text) => {
    const line: DaemonLine = text.startsWith('{') ? JSON.parse(text) : { type: 'text', text };
    lines.push(line);
    for (const look of waiting) look(line);
  });
  const next = async (isWanted: (line: DaemonLine) => boolean): Promise<DaemonLine> => {
    const { promise, resolve } = Promise.withResolvers<DaemonLine>();
    const look = (line: DaemonLine) => isWanted(line) && resolve(line);
    waiting.add(look);
    const failed = ended.then(() => Promise.reject(new Error(`The daemon ended: ${JSON.stringify(lines.at(-1))}`)));
    return Promise.race([promise, failed]).finally(() => waiting.delete(look));
  };
  const { port } = await next(({ type }) => type === 'listening');
  return {
    url: `http://127.0.0.1:${port}`,
    process: child,
    ended,
    lines,
    next,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
