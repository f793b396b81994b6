import { describe, expect, it } from 'vitest';
import type { BuildSource } from '../source/build-source.ts';
import { dockerfileSource } from '../source/dockerfile-source.ts';

import { DOCKERFILE, openPlace } from './place-fixture.ts';

describe('runWorkspace() and init', () => {
  it('takes command, script and arguments', async () => {
    await using place = await openPlace();
    const script = await place.run({ ...DOCKERFILE, ENVBUILDER_INIT_SCRIPT: 'echo hi' });
    expect(script).toMatchObject({ args: ['-c', 'echo hi'] });
    const args = { ENVBUILDER_INIT_COMMAND: '/usr/bin/env', ENVBUILDER_INIT_ARGS: `A=1 "b c"` };
    expect(await place.run({ ...DOCKERFILE, ...args })).toMatchObject({
      command: '/usr/bin/env',
      args: ['A=1', 'b c'],
    });
    await expect(place.run({ ...DOCKERFILE, ENVBUILDER_INIT_COMMAND: '/no/such' })).rejects.toThrow(
      '/no/such cannot be run',
    );
  });

  it('runs the setup script as root, which may change what init is', async () => {
    await using place = await openPlace();
    place.start.config = { user: 'app', env: [] };
    const script = [
      'echo "I am $(id -un) in $PWD for $TARGET_USER with $HOME"; echo oops >&2',
      'echo "ENVBUILDER_INIT_COMMAND=/usr/bin/env" >> $ENVBUILDER_ENV',
      `echo "INIT_ARGS='x y' z" >> $ENVBUILDER_ENV`,
      'echo TARGET_USER=root >> "$ENVBUILDER_ENV"; echo no equals sign >> "$ENVBUILDER_ENV"',
    ].join('\n');
    const handover = await place.run({ ...DOCKERFILE, ENVBUILDER_SETUP_SCRIPT: script });
    expect(handover).toMatchObject({
      command: '/usr/bin/env',
      args: ['x y', 'z'],
      user: { uid: 0 },
      env: { HOME: '/root' },
    });
    expect(handover).not.toMatchObject({ env: { ENVBUILDER_ENV: expect.anything() } });
    expect(place.lines).toContain(`info: I am root in ${place.at('root/ws')} for app with /root`);
    expect(place.lines).toContain('error: oops');
  });

  it('empties the arguments when the setup script sets the command alone', async () => {
    await using place = await openPlace();
    const script = 'echo INIT_COMMAND=/usr/bin/env >> $ENVBUILDER_ENV';
    expect(await place.run({ ...DOCKERFILE, ENVBUILDER_SETUP_SCRIPT: script })).toMatchObject({ args: [] });
  });

  it.each([
    ['echo NONSENSE=1 >> $ENVBUILDER_ENV', 'unknown environ key "NONSENSE"'],
    ['exit 3', 'run setup script: it ended with 3'],
  ])('fails for the setup script %j', async (script, message) => {
    await using place = await openPlace();
    await expect(place.run({ ...DOCKERFILE, ENVBUILDER_SETUP_SCRIPT: script })).rejects.toThrow(message);
  });

  it('runs what a source wants to be run, and goes on when that fails', async () => {
    await using place = await openPlace();
    const seen: unknown[] = [];
    const source: BuildSource = {
      name: 'test',
      async find({ options, repository }) {
        const found = await dockerfileSource.find({ options, repository });
        if (found === undefined) return undefined;
        const run = async ({ isFirstStart, env }: { isFirstStart: boolean; env: Readonly<Record<string, string>> }) => {
          seen.push([isFirstStart, env['FROM_SOURCE'], env['HOME']]);
          throw new Error('hook broke');
        };
        return { ...found, user: 'root', environment: { FROM_SOURCE: '1' }, lifecycle: { run } };
      },
    };
    const handover = await place.run(DOCKERFILE, { sources: [source] });
    await place.run({ ...DOCKERFILE, ENVBUILDER_SKIP_REBUILD: '1' }, { sources: [source] });
    expect(seen).toEqual([
      [true, '1', '/root'],
      [false, '1', '/root'],
    ]);
    expect(handover).toMatchObject({ user: { uid: 0 }, env: { FROM_SOURCE: '1' } });
    expect(place.text()).toContain('Lifecycle commands: hook broke');
  });
});
