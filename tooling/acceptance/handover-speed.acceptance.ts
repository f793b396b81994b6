import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, closeSync, readdirSync, readSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGitServer } from '@shale/testing';
import { startBaseRegistry } from '../base-images/base-registry.ts';
import { buildOwnImage } from '../image/build-image.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import { openPodman } from '../src/container-engine.ts';

const IMAGE = 'localhost/shale:acceptance';
const LAYERS = 4;
/** 250 MB a layer: large files, and thousands of small ones. */
const FILL = `i=0; while [ $i -lt 100 ]; do i=$((i+1)); mkdir -p /data/LAYER/$i
  head -c 1500000 /dev/urandom > /data/LAYER/$i/random; yes "$i of LAYER" | head -c 900000 > /data/LAYER/$i/text
  j=0; while [ $j -lt 25 ]; do j=$((j+1)); head -c 4000 /data/LAYER/$i/random > /data/LAYER/$i/small-$j; done; done`;

let scratch: string;
const resources = new AsyncDisposableStack();

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-speed-'));
});
afterAll(async () => {
  await resources.disposeAsync();
  await runCommand(['rm', '-rf', '--one-file-system', scratch]);
});

it('a cached image of 1 GB is unpacked and handed over in the time of tar and a fifth', async () => {
  const image = await buildOwnImage();
  const base = resources.use(await startBaseRegistry(['busybox']));
  const git = resources.use(await startGitServer({ root: scratch }));
  const engine = resources.use(await openPodman());
  await engine.load(image.archive, IMAGE);
  const steps = Array.from(
    { length: LAYERS },
    (_, layer) => `RUN ${FILL.replaceAll('\n', ';').replaceAll('LAYER', String(layer))}`,
  );
  makeRepository(join(scratch, 'large.git'), `FROM busybox\n${steps.join('\n')}\n`);
  const cache = join(scratch, 'cache');
  mkdirSync(cache);
  const start = async () => {
    const env = {
      KANIKO_REGISTRY_MIRROR: base.url,
      ENVBUILDER_GIT_URL: `${git.url}/large.git`,
      ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile',
      ENVBUILDER_LAYER_CACHE_DIR: '/cache',
      ENVBUILDER_INIT_SCRIPT: 'du -sm /data; ls /data',
    };
    const { status, stdout, stderr } = await engine.run({ image: IMAGE, env, volumes: [`${cache}:/cache`] });
    expect(status, stderr).toBe(0);
    return stdout + stderr;
  };
  await start();
  const rounds: { ours: number; tar: number }[] = [];
  for (let round = 0; round < 3; round += 1) {
    const output = await start();
    const [, amount = '', unit] = /Replaced the root file system! \[([\d.]+)(m?s)\]/.exec(output) ?? [];
    rounds.push({ ours: Number(amount) / (unit === 'ms' ? 1000 : 1), tar: await timeOfTar(layersIn(cache)) });
  }
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[1] as number;
  const [ours, tar] = [median(rounds.map((round) => round.ours)), median(rounds.map((round) => round.tar))];
  console.log(`1 GB handed over in ${ours.toFixed(1)} s, tar -x ${tar.toFixed(1)} s: ${JSON.stringify(rounds)}`);
  expect(ours / tar).toBeLessThan(1.2);
});

function makeRepository(path: string, dockerfile: string): void {
  const work = `${path}.work`;
  mkdirSync(work);
  writeFileSync(join(work, 'Dockerfile'), dockerfile);
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main'];
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
    ['commit', '-qm', 'one'],
    ['clone', '-q', '--bare', work, path],
  ])
    execFileSync('git', [...identity, ...args], { cwd: work });
}

function layersIn(cache: string): readonly string[] {
  const blobs = join(cache, 'blobs/sha256');
  return readdirSync(blobs)
    .map((name) => join(blobs, name))
    .filter((path) => statSync(path).size > 1e6 && isGzip(path));
}

function isGzip(path: string): boolean {
  const fd = openSync(path, 'r');
  const magic = Buffer.alloc(2);
  readSync(fd, magic, 0, 2, 0);
  closeSync(fd);
  return magic.readUInt16BE() === 0x1f8b;
}

async function timeOfTar(layers: readonly string[]): Promise<number> {
  expect(layers).toHaveLength(LAYERS);
  const target = mkdtempSync(join(scratch, 'tar-'));
  const started = performance.now();
  for (const layer of layers) await requireCommand(['tar', '-xzpf', layer, '-C', target]);
  const seconds = (performance.now() - started) / 1000;
  await requireCommand(['rm', '-rf', target]);
  return seconds;
}
