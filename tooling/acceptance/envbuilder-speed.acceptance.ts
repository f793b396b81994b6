import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { buildOwnImage } from '../image/build-image.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import { openPodman } from '../src/container-engine.ts';
import { requireShale } from '../src/shale.ts';

const IMAGE = 'localhost/shale:speed';
/** Programs and documents of this machine: some 1.2 GB in tens of thousands of files. */
const FOLDERS = ['usr/bin', 'usr/share'];

/** From a line like `#2: 🏗️ Built image! [1.2s]`, in seconds. */
function secondsOf(output: string, text: string): number {
  const [, number = 'nothing', unit] = new RegExp(`${text}.*\\[([\\d.]+)(ms|s)\\]`).exec(output) ?? [];
  return Number(number) / (unit === 'ms' ? 1000 : 1);
}

it('a gigabyte that is cached in full is handed over in at most 1.2 times what tar needs to unpack it', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-speed-'));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => void (await runCommand(['rm', '-rf', '--one-file-system', scratch])));
  const registry = cleanup.use(await startRegistry());
  const name = `${registry.host}/big:1`;
  writeFileSync(
    join(scratch, 'Dockerfile'),
    `FROM scratch\n${FOLDERS.map((path) => `COPY ${path} /${path}\n`).join('')}`,
  );
  const state = ['--state-dir', join(scratch, 'state')];
  await requireShale(['build', '-f', join(scratch, 'Dockerfile'), ...state, '--tag', name, '--push', '/']);
  await requireShale(['warm', '--cache-dir', join(scratch, 'warm'), '--image', name]);
  await requireCommand([
    'skopeo',
    'copy',
    '--quiet',
    '--src-tls-verify=false',
    `docker://${name}`,
    `dir:${join(scratch, 'dir')}`,
  ]);

  mkdirSync(join(scratch, 'git/work'), { recursive: true });
  writeFileSync(join(scratch, 'git/work/Dockerfile'), `FROM ${name}\nENV A=b\n`);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: join(scratch, 'git/work'),
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'x');
  git('clone', '-q', '--bare', '.', '../app.git');
  const server = cleanup.use(await startGitServer({ root: join(scratch, 'git') }));
  const engine = cleanup.use(await openPodman());
  await engine.load((await buildOwnImage()).archive, IMAGE);

  const manifest = JSON.parse(readFileSync(join(scratch, 'dir/manifest.json'), 'utf8')) as {
    layers: { digest: string }[];
  };
  mkdirSync(join(scratch, 'tar'));
  await requireCommand(['sync']);
  const started = performance.now();
  for (const { digest } of manifest.layers)
    await requireCommand([
      'tar',
      '-xpf',
      join(scratch, 'dir', digest.slice('sha256:'.length)),
      '-C',
      join(scratch, 'tar'),
    ]);
  const tarSeconds = (performance.now() - started) / 1000;
  await requireCommand(['sync']);

  const { status, stdout, stderr } = await engine.run({
    image: IMAGE,
    volumes: [`${join(scratch, 'warm')}:/base:ro`],
    env: {
      ENVBUILDER_GIT_URL: `${server.url}/app.git`,
      ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile',
      ENVBUILDER_BASE_IMAGE_CACHE_DIR: '/base',
      ENVBUILDER_INIT_COMMAND: '/usr/bin/no-such-program',
    },
  });
  const output = stdout + stderr;
  expect(output, `status ${status}`).toContain('📂 Replaced the root file system!');
  const seconds = secondsOf(output, 'Built image!') + secondsOf(output, 'Replaced the root');
  console.log(
    `handed over in ${seconds.toFixed(1)} s, tar ${tarSeconds.toFixed(1)} s: ${(seconds / tarSeconds).toFixed(2)} times`,
  );
  expect(seconds / tarSeconds).toBeLessThan(1.2);
});
