import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shaleProgram } from '../src/shale.ts';
import { findCorruptBlobs } from './verify-blobs.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

const KILLS = 20;
const DOCKERFILE = `FROM busybox AS one
RUN dd if=/dev/urandom of=/random bs=1M count=8 && mkdir /d && for i in $(seq 300); do echo $i > /d/$i; done
RUN rm -r /d && sleep 0.2
FROM busybox
COPY . /context/
RUN for i in $(seq 200); do ln -s $i /context/link-$i; done
COPY --from=one /random /random
RUN sha256sum /random > /sum
`;

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

it(`after kill -9 at ${KILLS} random moments a build succeeds, the cache verifies and no mount is left`, {
  timeout: 600_000,
}, async () => {
  const files = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`files/${index}.txt`, `file ${index}\n`]),
  );
  const context = await bench.writeContext({ Dockerfile: DOCKERFILE, ...files });
  const state = join(bench.scratch, 'state');
  const layers = join(bench.scratch, 'layers');
  const flags = ['--layer-cache-dir', layers, '--output', `type=oci,dest=${bench.scratch}/image.tar`];
  const trial = await bench.requireBuild({ context, flags: [...flags, '--no-cache'], state: `${state}-trial` });
  const command = ['build', '--state-dir', state, '--registry-mirror', bench.base.url, ...flags, '--no-cache', context];

  for (let count = 0; count < KILLS; count++) {
    const child = spawn(shaleProgram, command, { stdio: 'ignore', detached: true });
    const exited = once(child, 'exit');
    await delay(Math.random() * trial.durationMs);
    if (child.exitCode === null) child.kill('SIGKILL');
    await exited;
  }

  const final = await bench.requireBuild({ context, flags, state });
  expect(final.digest).toMatch(/^sha256:/);
  expect(await findCorruptBlobs(bench.scratch)).toEqual([]);
  const again = await bench.requireBuild({ context, flags, state: `${state}-fresh` });
  expect([again.ran, again.digest]).toEqual([[], final.digest]);
  expect(processesUnder(bench.scratch)).toEqual([]);
});

/** Processes of a build, and processes that still have a mount below a directory. */
function processesUnder(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      command: readProcess(pid, 'cmdline').replaceAll('\0', ' '),
      mounts: readProcess(pid, 'mountinfo'),
    }))
    .filter(
      ({ command, mounts }) =>
        mounts.includes(directory) || (command.includes(directory) && command.includes('main.ts build')),
    )
    .map(({ command }) => command);
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // the process has ended
  }
}
