import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireCommand } from '../src/command.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
let agent: ChildProcess;
let socket: string;
let fingerprint: string;
beforeAll(async () => {
  bench = await openWorkbench();
  socket = join(bench.scratch, 'agent.sock');
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  while (!existsSync(socket)) await delay(20);
  const key = join(bench.scratch, 'key');
  await requireCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await requireCommand(['ssh-add', '-q', key], { env: { SSH_AUTH_SOCK: socket } });
  [, fingerprint = ''] = (await requireCommand(['ssh-keygen', '-lf', `${key}.pub`])).split(' ');
});
afterAll(async () => {
  agent.kill();
  await once(agent, 'close');
  await bench[Symbol.asyncDispose]();
});

/** A context whose `root` has ssh-add and its libraries. */
async function contextWithClient(dockerfile: string): Promise<string> {
  const context = await bench.writeContext({ Dockerfile: dockerfile });
  const linked = await requireCommand(['ldd', '/usr/bin/ssh-add']);
  for (const path of ['/usr/bin/ssh-add', ...(linked.match(/\/\S+/g) ?? [])]) {
    const copy = join(context, 'root', path);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(realpathSync(path), copy);
  }
  return context;
}

describe('RUN --mount=type=ssh', () => {
  it.each(['namespaces+overlay', 'chroot+copy'])(
    'lets a step use the agent, with id, target, owner and mode, and leaves nothing, by %s',
    async (isolation) => {
      const context = await contextWithClient(`FROM busybox
COPY root/ /
RUN --mount=type=ssh ssh-add -l > /default && echo $SSH_AUTH_SOCK >> /default && stat -c '%F %u:%g %a' $SSH_AUTH_SOCK >> /default
RUN --mount=type=ssh,id=mine,target=/tmp/deep/agent,uid=1000,gid=50,mode=0660,required ssh-add -l > /named && stat -c '%u:%g %a' /tmp/deep/agent >> /named
RUN mkdir -m 777 /open
USER alice
RUN --mount=type=ssh,uid=1000 ssh-add -l > /open/alice
USER root
RUN --mount=type=ssh --mount=type=ssh,id=mine ls /run/buildkit > /two
RUN --mount=type=ssh,id=nobody echo "<$SSH_AUTH_SOCK>" > /none
RUN ls -d /run/buildkit /tmp/deep > /left 2>/dev/null || true
`);
      const out = join(bench.scratch, isolation);
      const flags = [
        '--no-cache',
        '--isolation',
        isolation,
        '--ssh',
        `default=${socket}`,
        '--ssh',
        `mine=${socket}`,
        '--output',
        out,
      ];
      await bench.requireBuild({ context, flags });
      const read = (name: string) => readFileSync(join(out, name), 'utf8');
      expect(read('default')).toContain(fingerprint);
      expect(read('default')).toContain('\n/run/buildkit/ssh_agent.0\nsocket 0:0 600\n');
      expect(read('named')).toContain(fingerprint);
      expect(read('named')).toContain('\n1000:50 660\n');
      expect(read('open/alice')).toContain(fingerprint);
      expect(read('two')).toBe('ssh_agent.0\nssh_agent.1\n');
      expect(read('none')).toBe('<>\n');
      expect(read('left')).toBe('');
    },
  );

  it('is an error where it is required and not given', async () => {
    const context = await bench.writeContext({ Dockerfile: 'FROM busybox\nRUN --mount=type=ssh,required true\n' });
    const { status, output } = await bench.build({ context });
    expect(status).toBe(1);
    expect(output).toContain('unset ssh forward key default');
  });
});
