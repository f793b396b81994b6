import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openScratchDirectory } from '@shale/core/files';
import type { OfficialAnswer } from './official-cli-worker.ts';

/** The official dev container CLI, kept off the network and away from any engine. */
export interface OfficialCli extends AsyncDisposable {
  /** One call at a time. `args` as in `features resolve-dependencies --workspace-folder DIR`. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<OfficialAnswer>;
}

/** Finds no container and no image, so that the CLI asks the registry for images. Keeps the Dockerfile of a build. */
const ENGINE = `#!/bin/sh
case "$1 $2" in
  ps*) ;;
  version*) echo 28.0.0 ;;
  'buildx version') echo 'github.com/docker/buildx v0.20.0 0' ;;
  'buildx build')
    while test $# -gt 0; do
      test "$1" = -f && cp "$2" "$SHALE_CAPTURE"
      shift
    done ;;
  *) exit 1 ;;
esac
`;
/** Seconds; the CLI fetches this document again when it is older than five minutes. */
const FAR_FUTURE = 4_000_000_000;

export interface OpenOfficialCliOptions {
  /** PEM file of a certificate to trust. */
  readonly certificate?: string | undefined;
}

export async function openOfficialCli({ certificate }: OpenOfficialCliOptions = {}): Promise<OfficialCli> {
  const scratch = await openScratchDirectory();
  const engine = join(scratch.path, 'docker');
  await writeFile(engine, ENGINE);
  await chmod(engine, 0o755);
  const cache = join(scratch.path, `devcontainercli-${userInfo().username}`);
  await mkdir(cache);
  await writeFile(join(cache, 'control-manifest.json'), '{ "disallowedFeatures": [], "featureAdvisories": [] }');
  await utimes(join(cache, 'control-manifest.json'), FAR_FUTURE, FAR_FUTURE);
  const environment = {
    PATH: `${scratch.path}:${process.env['PATH']}`,
    HOME: scratch.path,
    TMPDIR: scratch.path,
    LANG: 'en_US.UTF-8',
  };
  const worker = spawn(process.execPath, [join(import.meta.dirname, 'official-cli-worker.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...environment,
      NODE_NO_WARNINGS: '1',
      ...(certificate !== undefined && { NODE_EXTRA_CA_CERTS: certificate }),
    },
    cwd: scratch.path,
  });
  const answers = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  return {
    async run(args, env = {}) {
      worker.stdin.write(`${JSON.stringify({ args, env: { ...environment, ...env } })}\n`);
      const { value } = await answers.next();
      if (value === undefined) throw new Error('The official CLI ended');
      return JSON.parse(value) as OfficialAnswer;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(worker, 'exit');
      worker.stdin.end();
      await ended;
      await scratch[Symbol.asyncDispose]();
    },
  };
}
