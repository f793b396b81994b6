import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import vm from 'node:vm';

/**
 * Runs the official CLI again and again in one process, which saves the start of a process each time. Each line of
 * standard input is a call, each line of standard output its answer.
 */
export interface OfficialCall {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface OfficialAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const require = createRequire(import.meta.url);
const file = join(
  dirname(require.resolve('@devcontainers/cli/package.json')),
  'dist',
  'spec-node',
  'devContainersSpecCLI.js',
);
const program = new vm.Script(
  `(function (exports, require, module, __filename, __dirname, process, console) {${readFileSync(file, 'utf8')}\n})`,
  { filename: file },
).runInThisContext() as (...globals: readonly unknown[]) => void;

function call({ args, env }: OfficialCall): Promise<OfficialAnswer> {
  return new Promise((resolve) => {
    const [stdout, stderr]: [string[], string[]] = [[], []];
    const stream = (chunks: string[]) => ({
      isTTY: false,
      write(chunk: string, done?: () => void) {
        chunks.push(chunk);
        done?.();
      },
    });
    const own = Object.create(process, {
      argv: { value: [process.execPath, file, ...args] },
      env: { value: env },
      stdout: { value: stream(stdout) },
      stderr: { value: stream(stderr) },
      exit: {
        value: (status = 0) => {
          resolve({ status, stdout: stdout.join(''), stderr: stderr.join('') });
          throw new Error('the program has ended'); // what follows the call must not run
        },
      },
    }) as NodeJS.Process;
    const print =
      (chunks: string[]) =>
      (...values: readonly unknown[]) => {
        chunks.push(`${values.map((value) => (value instanceof Error ? value.stack : String(value))).join(' ')}\n`);
      };
    const ownConsole = { ...console, log: print(stdout), error: print(stderr) };
    const module = { exports: {} };
    program(module.exports, require, module, file, dirname(file), own, ownConsole);
  });
}

process.on('unhandledRejection', () => undefined);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await call(JSON.parse(line) as OfficialCall))}\n`);
}
