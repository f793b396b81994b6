import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type TestGitServer } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BaseRegistry, startBaseRegistry } from '../base-images/base-registry.ts';
import { buildOwnImage } from '../image/build-image.ts';
import { runCommand } from '../src/command.ts';
import { type ContainerEngine, openPodman } from '../src/container-engine.ts';

const IMAGE = 'localhost/shale:namespaces';
const PASSWORD = 's3cret-word';
/** The pattern does not match itself. */
const DOCKERFILE = `FROM debian
SHELL ["/bin/bash", "-c"]
RUN useradd -m -u 1500 dev && chown dev /srv && cat <(echo substituted) > /made
RUN ls -d /.envbuilder && echo FOUND the builder; grep -qas '[s]3cret-word' /proc/*/environ /proc/*/cmdline && echo FOUND the password; echo searched
USER dev
`;

let scratch: string;
let base: BaseRegistry;
let server: TestGitServer;
let engine: ContainerEngine;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'shale-namespaces-'));
  const work = join(scratch, 'git/work');
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'Dockerfile'), DOCKERFILE);
  writeFileSync(join(work, 'Dockerfile.broken'), 'FROM debian\nRUN echo going wrong; exit 7\n');
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
    [...identity, 'commit', '-qm', 'x'],
    ['clone', '-q', '--bare', '.', '../app.git'],
  ])
    execFileSync('git', args, { cwd: work });
  base = await startBaseRegistry(['debian']);
  server = await startGitServer({ root: join(scratch, 'git'), auth: { user: 'me', password: PASSWORD } });
  engine = await openPodman();
  await engine.load((await buildOwnImage()).archive, IMAGE);
}, 1_200_000);

afterAll(async () => {
  for (const each of [engine, server, base]) await each?.[Symbol.asyncDispose]();
  await runCommand(['rm', '-rf', '--one-file-system', scratch]);
});

const start = async (flags: readonly string[], more: Readonly<Record<string, string>> = {}) => {
  const env = {
    KANIKO_REGISTRY_MIRROR: base.url,
    ENVBUILDER_INSECURE: 'true',
    ENVBUILDER_VERBOSE: 'true',
    ENVBUILDER_GIT_URL: `${server.url}/app.git`,
    ENVBUILDER_GIT_USERNAME: 'me',
    ENVBUILDER_GIT_PASSWORD: PASSWORD,
    ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile',
    ENVBUILDER_INIT_SCRIPT: 'echo "I am $$: $(id)"; cat /made; stat -c %U:%a /srv /dev/null; ulimit -Sn',
    ...more,
  };
  const { status, stdout, stderr } = await engine.run({ image: IMAGE, env, flags });
  return { status, output: `${stdout}\n${stderr}` };
};

const USER_NAMESPACE = ['--security-opt', 'seccomp=unconfined'];

describe('where more than the default is allowed', () => {
  it.each([
    ['user namespaces, as in Kubernetes', USER_NAMESPACE, 'Steps run by namespaces on copy: root in a user namespace'],
    ['mounts', ['--cap-add', 'SYS_ADMIN'], 'Steps run by namespaces on'],
    [
      'mounts, and a volume for overlay',
      ['--cap-add', 'SYS_ADMIN', '--tmpfs', '/.envbuilder/state:exec'],
      'Steps run by namespaces on overlay',
    ],
  ])('%s: steps see nothing of the builder', async (_, flags, isolation) => {
    const { status, output } = await start(flags);
    expect(status, output).toBe(0);
    expect(output).toContain(isolation);
    expect(output).toMatch(/^searched$/m);
    expect(output).not.toMatch(/^FOUND/m);
    expect(output).toContain(
      'I am 1: uid=1500(dev) gid=1500(dev) groups=1500(dev)\nsubstituted\ndev:755\nroot:666\n1024\n',
    );
  });

  it('a step that fails in a user namespace is told, and the fallback image is started', async () => {
    const broken = { ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile.broken' };
    const failed = await start(USER_NAMESPACE, broken);
    expect(failed.status).toBe(1);
    expect(failed.output).toMatch(/^going wrong$/m);
    expect(failed.output).toMatch(
      /^error: error building stage: .*exit code: 7: no fallback image has been specified$/m,
    );
    const fallen = await start(USER_NAMESPACE, {
      ...broken,
      ENVBUILDER_FALLBACK_IMAGE: 'debian',
      ENVBUILDER_INIT_SCRIPT: 'env',
    });
    expect(fallen.status, fallen.output).toBe(0);
    expect(fallen.output).toContain('Falling back to the default image...');
    expect(fallen.output).toMatch(/^SHALE_FALLBACK_REASON=error building stage: .*exit code: 7$/m);
  });
});
