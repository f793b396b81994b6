import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openScratchDirectory } from '@shale/core/files';
import { exitCodeOf } from '../errors/exit-code.ts';
import { runProgram } from '../program.ts';
import { formatError } from '../errors/report-error.ts';
import { paletteOf } from '../terminal/palette.ts';

interface ProgramRun {
  readonly stdout: string;
  /** As the user reads it; empty when there is none. */
  readonly error: string;
  readonly status: number;
}

/** What the directory has that a command line runs in. */
interface ProgramInput {
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs command lines in this process, each in a fresh directory, over one state folder. */
export interface ProgramFixture extends AsyncDisposable {
  readonly scratch: string;
  run(argv: readonly string[], input?: ProgramInput): Promise<ProgramRun>;
}

export async function openProgram(): Promise<ProgramFixture> {
  const scratch = await openScratchDirectory();
  let directories = 0;
  return {
    scratch: scratch.path,
    async run(argv, { files = {}, stdin = '' } = {}) {
      const cwd = join(scratch.path, `run-${++directories}`);
      mkdirSync(cwd);
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(cwd, name)), { recursive: true });
        writeFileSync(join(cwd, name), content);
      }
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const session = {
        version: '1.2.3',
        env: { SHALE_STATE_DIR: join(scratch.path, 'state') },
        cwd,
        stdin: () => Readable.from([Buffer.from(stdin)]),
        stdout,
        stderr,
        signal: new AbortController().signal,
      };
      const failure: unknown = await runProgram(argv, session).catch((error: unknown) => error);
      stdout.end();
      const plain = { verbose: false, stacks: false, palette: paletteOf(false) };
      return {
        stdout: await text(stdout),
        error: failure === undefined ? '' : formatError(failure, plain),
        status: failure === undefined ? 0 : exitCodeOf(failure),
      };
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}
