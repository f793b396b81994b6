import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BaseImageName, type BaseRegistry, startBaseRegistry } from '../base-images/base-registry.ts';
import { type CommandOptions, runCommand } from '../src/command.ts';
import { shaleProgram } from '../src/shale.ts';

/** A step as a build reported it. */
export interface BuiltStep {
  /** The instruction as written. */
  readonly name: string;
  readonly stage: string;
  readonly outcome: 'cached' | 'ran' | 'failed';
}

/** One run of `shale build`. */
export interface BuildRun {
  readonly status: number;
  readonly steps: readonly BuiltStep[];
  /** The instructions that ran. */
  readonly ran: readonly string[];
  /** Of the manifest; `undefined` when the build failed. */
  readonly digest: string | undefined;
  /** The codes of warnings, and `cache.degraded` for each cache that was skipped. */
  readonly warnings: readonly string[];
  /** Everything that was printed. */
  readonly output: string;
  readonly durationMs: number;
}

export interface WorkbenchBuild extends CommandOptions {
  /** The context directory. */
  readonly context: string;
  readonly flags?: readonly string[] | undefined;
  /** @default `<scratch>/state` */
  readonly state?: string | undefined;
  /** Where images of docker.io come from. @default the base registry */
  readonly mirror?: string | undefined;
  /** The beginning of the command line, as in `["setpriv", ...]`. */
  readonly wrapper?: readonly string[] | undefined;
  /** @default the launcher at the repository's root */
  readonly program?: string | undefined;
}

/** A scratch directory beside a registry that serves the base images. */
export interface Workbench extends AsyncDisposable {
  readonly scratch: string;
  readonly base: BaseRegistry;
  /** Runs `shale build`, whatever its exit code. */
  build(options: WorkbenchBuild): Promise<BuildRun>;
  /** The same, and it must succeed. */
  requireBuild(options: WorkbenchBuild): Promise<BuildRun & { readonly digest: string }>;
  /** Writes files below a fresh directory and returns its path. A name that ends in `.sh` becomes executable. */
  writeContext(files: Readonly<Record<string, string>>): Promise<string>;
}

export async function openWorkbench(images: readonly BaseImageName[] = ['busybox']): Promise<Workbench> {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-e2e-'));
  await chmod(scratch, 0o755);
  const base = await startBaseRegistry(images);
  let contexts = 0;
  const build = async (options: WorkbenchBuild) => {
    const { context, flags = [], state = join(scratch, 'state'), mirror = base.url } = options;
    const { wrapper = [], program = shaleProgram } = options;
    const places = ['--state-dir', state, '--registry-mirror', mirror];
    const command = [...wrapper, program, 'build', ...places, '--progress', 'json', ...flags, context];
    const { status, stdout, stderr, durationMs } = await runCommand(command, options);
    return describeRun({ status, output: stdout + stderr, durationMs });
  };
  return {
    scratch,
    base,
    build,
    async requireBuild(options) {
      const run = await build(options);
      if (run.status !== 0 || run.digest === undefined)
        throw new Error(`The build ended with ${run.status}:\n${run.output}`);
      return { ...run, digest: run.digest };
    },
    async writeContext(files) {
      const context = join(scratch, `context-${++contexts}`);
      await mkdir(context);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(context, name)), { recursive: true });
        await writeFile(join(context, name), text, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
      }
      return context;
    },
    async [Symbol.asyncDispose]() {
      await base[Symbol.asyncDispose]();
      await runCommand(['rm', '-rf', '--one-file-system', scratch]);
    },
  };
}

interface ReportedEvent {
  readonly type: string;
  readonly step?: { readonly name: string; readonly stage: string };
  readonly outcome?: BuiltStep['outcome'];
  readonly digest?: string;
  readonly code?: string;
  readonly backend?: string;
}

function describeRun(run: Pick<BuildRun, 'status' | 'output' | 'durationMs'>): BuildRun {
  const events = run.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ReportedEvent);
  const steps = events.flatMap(({ type, step, outcome }) =>
    type === 'step.finished' && step && outcome ? [{ name: step.name, stage: step.stage, outcome }] : [],
  );
  const degraded = events
    .filter(({ type }) => type === 'cache.degraded')
    .map(({ backend }) => `cache.degraded ${backend}`);
  const warned = events.filter(({ type }) => type === 'warning').map(({ code }) => code ?? 'warning');
  return {
    ...run,
    steps,
    ran: steps.filter(({ outcome }) => outcome === 'ran').map(({ name }) => name),
    digest: events.find(({ type }) => type === 'build.finished')?.digest,
    warnings: [...degraded, ...warned],
  };
}
