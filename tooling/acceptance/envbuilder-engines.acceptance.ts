import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type CertificateFiles,
  makeCertificate,
  startGitServer,
  startRegistry,
  startSshServer,
  type TestGitServer,
  type TestSshServer,
} from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BaseRegistry, startBaseRegistry } from '../base-images/base-registry.ts';
import { buildOwnImage, type OwnImage } from '../image/build-image.ts';
import { runCommand } from '../src/command.ts';
import { type ContainerEngine, openDocker, openPodman } from '../src/container-engine.ts';

const IMAGE = 'localhost/shale:acceptance';
const PASSWORD = 's3cret-word';
const DOCKERFILE = `FROM debian AS tools
SHELL ["/bin/bash", "-c"]
RUN cat <(echo from a substitution) > /tools
FROM debian
SHELL ["/bin/bash", "-c"]
RUN groupadd -g 2000 extra && useradd -m -u 1500 -s /bin/bash -G audio,extra dev && ls -l /proc/self/exe
COPY --from=tools /tools /tools
COPY --chown=dev:dev file /home/dev/file
ENV GREETING=hello
USER dev
WORKDIR /home/dev
RUN id > who; sleep 1000 & (sleep 2000 &)
`;
/** What only init of a debian image can print, as the first process. */
const REPORT =
  'echo "I am $$: $(id)"; pwd; env; cat /tools /home/dev/file /home/dev/who; echo left: $(grep -l sleep /proc/[0-9]*/stat 2>/dev/null)';
const IDENTITY = 'uid=1500(dev) gid=1500(dev) groups=1500(dev),29(audio),2000(extra)';

let scratch: string;
let image: OwnImage;
let base: BaseRegistry;
let server: TestGitServer;
let tls: CertificateFiles;
let ssh: TestSshServer;

/** `NAME.git` below the served directory. */
function serve(name: string, files: Readonly<Record<string, string>>): void {
  const work = join(scratch, 'work', name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main', ...args],
      { cwd: work },
    );
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('clone', '-q', '--bare', work, join(scratch, 'git', `${name}.git`));
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'shale-engines-'));
  mkdirSync(join(scratch, 'git'));
  serve('app', { Dockerfile: DOCKERFILE, file: 'content\n' });
  serve('busybox', {
    Dockerfile: 'FROM debian AS build\nRUN echo made > /made\nFROM busybox\nCOPY --from=build /made /made\n',
  });
  serve('scratch', {
    Dockerfile: 'FROM busybox AS build\nRUN cp /bin/busybox /sh\nFROM scratch\nCOPY --from=build /sh /sh\n',
  });
  tls = makeCertificate({ directory: scratch, name: 'git', alternativeNames: 'IP:127.0.0.1' });
  [image, base, server, ssh] = await Promise.all([
    buildOwnImage(),
    startBaseRegistry(['busybox', 'debian']),
    startGitServer({ root: join(scratch, 'git'), auth: { user: 'me', password: PASSWORD }, tls }),
    startSshServer(),
  ]);
}, 1_200_000);

afterAll(async () => {
  await Promise.all([base, server, ssh].map((each) => each?.[Symbol.asyncDispose]()));
  await runCommand(['rm', '-rf', '--one-file-system', scratch]);
});

const variables = (repository: string, more: Readonly<Record<string, string>> = {}) => ({
  KANIKO_REGISTRY_MIRROR: base.url,
  ENVBUILDER_SSL_CERT_BASE64: readFileSync(tls.cert).toString('base64'),
  ENVBUILDER_GIT_URL: `${server.url}/${repository}.git`,
  ENVBUILDER_GIT_USERNAME: 'me',
  ENVBUILDER_GIT_PASSWORD: PASSWORD,
  ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile',
  ENVBUILDER_INIT_SCRIPT: REPORT,
  ...more,
});

const linesWith = (text: string, word: string) => text.split('\n').filter((line) => line.includes(word));

it('the image is small, and the same when it is built again', async () => {
  expect(image.sizeBytes).toBeLessThan(120e6);
  expect((await buildOwnImage(join(scratch, 'again'))).digest).toBe(image.digest);
});

describe.each([
  ['podman', openPodman],
  ['dockerd', openDocker],
] as const)('under %s with default confinement', (_, open) => {
  let engine: ContainerEngine;

  beforeAll(async () => {
    engine = await open();
    await engine.load(image.archive, IMAGE);
  }, 600_000);
  afterAll(() => engine?.[Symbol.asyncDispose]());

  async function start(
    env: Readonly<Record<string, string>>,
    volumes: readonly string[] = [],
    flags: readonly string[] = [],
  ) {
    const { status, stdout, stderr } = await engine.run({ image: IMAGE, env, volumes, flags });
    return { status, output: `${stdout}\n${stderr}` };
  }

  it('clones by https with a password, builds, becomes the image, and runs init as its user; then runs no step again', async () => {
    const volumes = [`${join(scratch, `cache-${engine.name}`)}:/cache`];
    mkdirSync(join(scratch, `cache-${engine.name}`));
    const env = variables('app', { ENVBUILDER_LAYER_CACHE_DIR: '/cache' });
    const first = await start(env, volumes);
    expect(first.status, first.output).toBe(0);
    for (const text of [
      `I am 1: ${IDENTITY}`,
      '/workspaces/app',
      'GREETING=hello',
      'HOME=/home/dev',
      'from a substitution',
      'content',
    ])
      expect(first.output).toContain(text);
    const report = first.output.slice(first.output.indexOf('I am 1'));
    expect(linesWith(report, IDENTITY)).toHaveLength(2);
    expect(report).toMatch(/^left:$/m); // neither processes of steps nor what is left of dead ones
    expect(report).not.toMatch(/^(?:ENVBUILDER_|GIT_|KANIKO_DIR|NODE_|TMPDIR)|s3cret-word/m);
    const second = await start(env, volumes);
    expect(second.status, second.output).toBe(0);
    expect(second.output).toContain(`I am 1: ${IDENTITY}`);
    expect(linesWith(second.output, 'RUN').filter((line) => line.includes('DONE'))).toEqual([]);
    expect(linesWith(second.output, 'RUN').filter((line) => line.includes('CACHED'))).toHaveLength(3);
  });

  it('clones by ssh, and shares layers in a registry', async () => {
    await using registry = await startRegistry();
    const env = variables('app', {
      ENVBUILDER_GIT_USERNAME: 'root',
      ENVBUILDER_GIT_URL: `ssh://root@127.0.0.1:${ssh.port}${join(scratch, 'git/app.git')}`,
      ENVBUILDER_GIT_SSH_PRIVATE_KEY_BASE64: readFileSync(ssh.clientKey).toString('base64'),
      ENVBUILDER_CACHE_REPO: `${registry.host}/cache`,
    });
    const first = await start(env);
    expect(first.status, first.output).toBe(0);
    expect(first.output).toContain(`I am 1: ${IDENTITY}`);
    const second = await start(env);
    expect(second.status, second.output).toBe(0);
    expect(linesWith(second.output, 'RUN').filter((line) => line.includes('DONE'))).toEqual([]);
  });

  it('becomes a busybox, and an image of one file', async () => {
    const busybox = await start(
      variables('busybox', { ENVBUILDER_INIT_SCRIPT: 'echo "I am $$"; cat /made; ls /usr /lib' }),
    );
    expect(busybox.status, busybox.output).toBe(1); // no /lib
    expect(busybox.output).toContain('I am 1\nmade\n');
    const scratchImage = await start(
      variables('scratch', { ENVBUILDER_INIT_COMMAND: '/sh', ENVBUILDER_INIT_SCRIPT: 'echo "I am $$: $(echo /*)"' }),
    );
    expect(scratchImage.status, scratchImage.output).toBe(0);
    expect(scratchImage.output).toMatch(/^I am 1: .*\/sh/m);
    expect(scratchImage.output).not.toMatch(/^I am 1: .*\/(?:usr|bin|lib)/m);
  });

  it('starts again, with and without SKIP_REBUILD', async () => {
    for (const skip of ['true', 'false']) {
      const name = `again-${skip}`;
      const env = variables('app', { ENVBUILDER_SKIP_REBUILD: skip });
      const first = await start(env, [], ['--name', name]);
      expect(first.status, first.output).toBe(0);
      const { status, stdout, stderr } = await engine.command(['start', '--attach', name]);
      expect(status, stderr).toBe(0);
      const output = stdout + stderr;
      expect(output).toContain(`I am 1: ${IDENTITY}`);
      expect(output).toContain('GREETING=hello');
      if (skip === 'true') expect(output).toContain('Skipping build because of cache');
      expect(linesWith(output, 'RUN').filter((line) => line.includes('DONE'))).toEqual([]);
    }
  });

  it('starts from a pushed image in less than three seconds', async () => {
    await using registry = await startRegistry();
    const cache = { ENVBUILDER_CACHE_REPO: `${registry.host}/cache` };
    const pushed = await start(variables('app', { ...cache, ENVBUILDER_PUSH_IMAGE: 'true' }));
    expect(pushed.status, pushed.output).toBe(0);
    const probed = await start(variables('app', { ...cache, ENVBUILDER_GET_CACHED_IMAGE: 'true' }));
    const [, name = ''] = /^ENVBUILDER_CACHED_IMAGE=(\S+)$/m.exec(probed.output) ?? [];
    expect(name, probed.output).toContain(`${registry.host}/cache@sha256:`);
    const pull = engine.name === 'podman' ? ['pull', '--tls-verify=false', name] : ['pull', name];
    const pulled = await engine.command(pull);
    expect(pulled.status, pulled.stderr).toBe(0);
    const env = variables('app', { ENVBUILDER_INIT_SCRIPT: `date +%s.%N; ${REPORT}` });
    const started = Date.now() / 1000;
    const { status, stdout, stderr } = await engine.run({ image: name, env });
    expect(status, stderr).toBe(0);
    expect(stdout).toContain(`I am 1: ${IDENTITY}`);
    expect(stdout).toContain('GREETING=hello');
    const seconds = Number(/^\d+\.\d+$/m.exec(stdout)?.[0]) - started;
    console.log(`${engine.name}: init of a pushed image after ${seconds.toFixed(2)} s`);
    expect(seconds).toBeLessThan(3);
  });

  it('lets a RUN find no credential and no secret, and keeps nothing that it writes to /.envbuilder', async () => {
    const words = [PASSWORD, 'registry-word', 'other-secret-word', 'control-word'];
    // the words are put together in the step, so that a search does not find itself
    const search = `#!/bin/bash
for word in ${words.map((word) => `${word.slice(0, 4)}''${word.slice(4)}`).join(' ')}; do
  pattern="[\${word:0:1}]\${word:1}"
  grep -rlIs --exclude-dir=sys --exclude-dir=proc --devices=skip -- "$pattern" / | sed "s/^/FOUND in a file: /"
  for process in /proc/[0-9]*; do
    grep -qs -- "$pattern" $process/environ $process/cmdline && echo "FOUND in $process"
    for file in $process/fd/*; do [ -f "$file" ] && grep -qs -- "$pattern" "$file" && echo "FOUND in $file"; done
    head -c 1 $process/mem > /dev/null 2>&1 && [ $process != /proc/$$ ] && echo "READABLE $process/mem"
  done
done
find / -name config.json -path '*docker*' -not -path '/proc/*' | sed "s/^/FOUND a docker config: /"
echo searched`;
    serve(`hostile-${engine.name}`, {
      'search.sh': search,
      Dockerfile: `FROM debian
RUN --mount=type=secret,id=OTHER,target=/run/other [ -s /run/other ]
COPY search.sh /search.sh
RUN echo control''-word > /control
RUN bash /search.sh; mkdir -p /.envbuilder/bin /.envbuilder/state && echo evil > /.envbuilder/evil && echo evil > /.envbuilder/bin/evil && echo evil > /.envbuilder/state/evil
RUN find /.envbuilder -name evil | sed "s/^/STILL THERE: /"; grep -rlIs '^[e]vil$' /.envbuilder | sed "s/^/STILL THERE: /"; rm /search.sh
`,
    });
    const auth = { auths: { 'registry.example': { auth: Buffer.from('me:registry-word').toString('base64') } } };
    const env = variables(`hostile-${engine.name}`, {
      ENVBUILDER_DOCKER_CONFIG_BASE64: Buffer.from(JSON.stringify({ ...auth, plain: 'registry-word' })).toString(
        'base64',
      ),
      ENVBUILDER_BUILD_SECRETS: 'OTHER=other-secret-word',
      ENVBUILDER_INIT_SCRIPT: 'find / -name evil -not -path "/proc/*"; echo "I am $$"',
    });
    const { status, output } = await start(env);
    expect(status, output).toBe(0);
    expect(linesWith(output, 'searched').length).toBeGreaterThan(0);
    const found = output.split('\n').filter((line) => /^(?:FOUND|READABLE|STILL|\/.*\/evil)/.test(line));
    expect(found).toEqual(['FOUND in a file: /control']); // the search works, and finds nothing else
    expect(output).toContain('I am 1');
  });
});
