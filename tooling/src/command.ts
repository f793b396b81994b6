import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';

export interface CommandOptions {
  readonly cwd?: string | undefined;
  /** Added to this process's own environment; `undefined` removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Standard input. @default nothing */
  readonly input?: string | Uint8Array | undefined;
  /** Show the output as it comes, besides collecting it. @default false */
  readonly echo?: boolean | undefined;
  /** SIGKILL after this long, in milliseconds. @default 600_000 */
  readonly timeoutMs?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandResult {
  /** The exit code, 128 + n when signal n ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

const SIGKILL_STATUS = 137;

/** Runs a program to its end, whatever its exit code. */
export async function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const started = performance.now();
  const child = spawnCommand(command, options);
  const stdout = collect(child.stdout, options.echo === true ? process.stdout : undefined);
  const stderr = collect(child.stderr, options.echo === true ? process.stderr : undefined);
  child.stdin?.on('error', () => undefined); // the program may end before it has read everything
  child.stdin?.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return {
    status: code ?? SIGKILL_STATUS,
    stdout: stdout(),
    stderr: stderr(),
    durationMs: performance.now() - started,
  };
}

/**
 * Runs a program that must succeed.
 *
 * @returns Its standard output.
 * @throws {Error} with the command, its exit code and the end of its output.
 */
export async function requireCommand(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await runCommand(command, options);
  if (status !== 0) {
    throw new Error(`\`${command.join(' ')}\` ended with ${status}:\n${(stderr || stdout).slice(-4000).trim()}`);
  }
  return stdout;
}

function spawnCommand([program = '', ...args]: readonly string[], options: CommandOptions): ChildProcess {
  return spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    uid: options.uid,
    gid: options.gid,
    signal: options.signal,
    timeout: options.timeoutMs ?? 600_000,
    killSignal: 'SIGKILL',
  });
}

function collect(source: NodeJS.ReadableStream | null, echo: NodeJS.WritableStream | undefined): () => string {
  const chunks: Buffer[] = [];
  source?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    echo?.write(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
