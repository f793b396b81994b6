import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { startGitServer, startRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { baseImageLayout } from '../base-images/base-registry.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import { shaleProgram } from '../src/shale.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

/** The test searches for each one afterwards, plain and in base64. */
const secrets = {
  file: secretValue(),
  environment: secretValue(),
  registryPassword: secretValue(),
  gitToken: secretValue(),
  proxyPassword: secretValue(),
  agentPath: secretValue(),
};

function secretValue(): string {
  return `s${randomBytes(12).toString('hex')}`;
}

let bench: Workbench;
const resources = new AsyncDisposableStack();
beforeAll(async () => {
  bench = resources.use(await openWorkbench());
});
afterAll(() => resources.disposeAsync());

it('leaves no secret in layers, configs, history, cache, state and logs, in any progress mode', async () => {
  const registry = await openRegistry();
  const repository = await openRepository();
  const run = await openBuild(registry, repository);

  const outputs: string[] = [];
  for (const mode of ['plain', 'json']) outputs.push(await run(mode, ['--no-cache']));
  for (const mode of ['plain', 'tty', 'quiet']) outputs.push(await run(mode, []));
  outputs.push(await run('plain', ['--target', 'broken'], 1));
  for (const output of outputs) expect(leaksIn(Buffer.from(output))).toEqual([]);
  expect(outputs[0]).toContain('ADD http://127.0.0.1');

  const places = [bench.scratch, registry.storage];
  const leaks = places.flatMap((place) => leaksBelow(place, [repository.inputs]));
  expect(leaks).toEqual([]);
});

it('finds what it looks for', () => {
  const packed = Buffer.concat([Buffer.from('x'), Buffer.from(`user:${secrets.file}`)]);
  expect(leaksIn(packed)).toEqual(['file']);
  expect(leaksIn(Buffer.from(Buffer.from(`me:${secrets.registryPassword}`).toString('base64')))).toEqual([
    'registryPassword',
  ]);
});

async function openRegistry() {
  const storage = join(bench.scratch, 'registry');
  const auth = { user: 'me', password: secrets.registryPassword };
  const registry = resources.use(await startRegistry({ auth, storage }));
  const credentials = ['--dest-creds', `me:${secrets.registryPassword}`, '--dest-tls-verify=false'];
  const base = `${await baseImageLayout('busybox')}:latest`;
  await requireCommand([
    'skopeo',
    '--insecure-policy',
    'copy',
    '--quiet',
    ...credentials,
    `oci:${base}`,
    `docker://${registry.host}/base:v1`,
  ]);
  return { host: registry.host, storage };
}

async function openRepository() {
  const inputs = join(bench.scratch, 'inputs');
  const root = join(inputs, 'git');
  const work = join(inputs, 'work');
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'file'), 'from git\n');
  const git = (...args: string[]) => requireCommand(['git', '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);
  await git('init', '--quiet', work);
  await git('-C', work, 'add', '.');
  await git('-C', work, 'commit', '--quiet', '-m', 'first');
  await git('clone', '--quiet', '--bare', work, join(root, 'app.git'));
  const server = resources.use(await startGitServer({ root, auth: { user: 'x', password: secrets.gitToken } }));
  const url = new URL(`${server.url}/app.git`);
  url.username = 'x';
  url.password = secrets.gitToken;
  return { url: url.href, inputs };
}

/** The files with the secrets are in `inputs`, which the search skips. */
async function openBuild({ host }: { host: string }, { url, inputs }: { url: string; inputs: string }) {
  const context = join(inputs, 'context');
  await mkdir(join(inputs, 'docker'), { recursive: true });
  await mkdir(context);
  const auth = Buffer.from(`me:${secrets.registryPassword}`).toString('base64');
  await writeFile(join(inputs, 'docker/config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  await writeFile(join(inputs, 'secret'), secrets.file);
  const agent = join(inputs, `${secrets.agentPath}.sock`);
  const server = createServer().listen(agent);
  await once(server, 'listening');
  resources.defer(() => void server.close());
  await writeFile(join(context, 'Dockerfile'), dockerfile(host, url));
  let count = 0;
  return async (mode: string, flags: readonly string[], status = 0): Promise<string> => {
    count += 1;
    const words = (text: string) => text.split(' ');
    const command = [
      shaleProgram,
      ...words(
        `build --verbose --push --insecure --progress ${mode} --tag ${host}/app:v${count} --cache-repo ${host}/cache`,
      ),
      ...words(`--state-dir ${bench.scratch}/state --layer-cache-dir ${bench.scratch}/layers`),
      ...words(`--secret id=f,src=${inputs}/secret --secret id=e,env=SECRET_VALUE --ssh default=${agent}`),
      ...words(`--build-arg HTTP_PROXY=http://me:${secrets.proxyPassword}@127.0.0.1:9 --build-arg GIT=${url}`),
      ...words(`--build-context other=${url} --metadata-file ${bench.scratch}/metadata-${count}.json`),
      ...flags,
      context,
    ];
    const scratch = join(bench.scratch, 'tmp');
    await mkdir(scratch, { recursive: true });
    const env = {
      DOCKER_CONFIG: join(inputs, 'docker'),
      SECRET_VALUE: secrets.environment,
      TMPDIR: scratch,
    };
    const result = await runCommand(command, { env });
    expect(result.status, result.stderr).toBe(status);
    return result.stdout + result.stderr;
  };
}

function dockerfile(host: string, url: string): string {
  const mounts = [
    '--mount=type=secret,id=f',
    '--mount=type=secret,id=f,target=/etc/token,mode=0444',
    '--mount=type=secret,id=e,env=TOKEN',
    '--mount=type=ssh',
  ].join(' ');
  return `FROM ${host}/base:v1 AS git
ARG GIT
ADD $GIT /expanded
ADD ${url} /literal
COPY --from=other file /other

FROM ${host}/base:v1 AS broken
ADD ${url}#no-such-branch /x

FROM ${host}/base:v1
RUN ${mounts} \\
  test -s /run/secrets/f && test -s /etc/token && test -n "$TOKEN" && test -S "$SSH_AUTH_SOCK" && \\
  test -n "$HTTP_PROXY" && cp /etc/token /tmp/t && wc -c < /tmp/t > /size && rm /tmp/t
RUN test ! -e /run/secrets/f && test ! -s /etc/token && test -z "$TOKEN" && test -z "$SSH_AUTH_SOCK"
COPY --from=git /expanded /literal /other /from-git/
`;
}

function leaksIn(content: Buffer): string[] {
  const text = content.toString('latin1');
  return Object.entries(secrets).flatMap(([name, value]) => {
    const forms = [
      value,
      ...['', 'x:', 'me:'].map((user) =>
        Buffer.from(user + value)
          .toString('base64')
          .slice(4, -4),
      ),
    ];
    return forms.some((form) => text.includes(form)) ? [name] : [];
  });
}

/** Returns `path: name of the secret` for each file that holds one. Gzip files are decompressed. */
function leaksBelow(directory: string, passOver: readonly string[]): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (passOver.some((place) => path.startsWith(place))) return [];
    const inName = leaksIn(Buffer.from(path));
    const content = entry.isFile() ? readFileSync(path) : Buffer.alloc(0);
    const inContent = [...leaksIn(content), ...(isGzip(content) ? leaksIn(gunzipSync(content)) : [])];
    return [...inName, ...inContent].map((name) => `${path}: ${name}`);
  });
}

const isGzip = (content: Buffer) => content[0] === 0x1f && content[1] === 0x8b;
