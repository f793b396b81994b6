import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runShale, shaleProgram } from '../src/shale.ts';
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
  const verified = await runShale(['cache', 'verify', '--layer-cache-dir', layers, '--state-dir', state]);
  expect(`${verified.status} ${verified.stdout}${verified.stderr}`).toMatch(/^0 /);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  expect(mounts.filter((line) => line.includes(bench.scratch))).toEqual([]);
  expect(processesUnder(bench.scratch)).toEqual([]);
});

/** Command lines of processes that still work below a directory, as `/proc` tells them. */
function processesUnder(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLineOf(pid))
    .filter((line) => line.includes(directory) && /main\.ts build /.test(line));
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it has ended meanwhile
  }
}
