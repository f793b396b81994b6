import { describe, expect, it } from 'vitest';
import { containerCommand } from './container-command.ts';
import { isPhaseDue } from './lifecycle-marker.ts';
import { type LifecyclePlanOptions, lifecyclePlan } from './lifecycle-plan.ts';

const entries = [
  { id: 'feature', postCreateCommand: ['make', 'it'], postStartCommand: 'start feature' },
  {
    onCreateCommand: '',
    postCreateCommand: { one: 'echo 1', none: [], two: ['echo', '2'] },
    postStartCommand: 'start',
  },
];
const plan = (options?: LifecyclePlanOptions, more: (typeof entries)[number] | object = {}) =>
  lifecyclePlan({ initializeCommand: 'prepare' }, [...entries, more], options);
const hooks = (...args: Parameters<typeof plan>) => plan(...args).phases.map(({ hook }) => hook);

describe('lifecyclePlan()', () => {
  it('runs commands of features before those of the configuration, and leaves out empty ones', () => {
    const { initialize, phases } = plan();
    expect(initialize).toEqual([{ argv: ['/bin/sh', '-c', 'prepare'] }]);
    expect(phases.map(({ hook, once, steps }) => [hook, once, steps.length])).toEqual([
      ['onCreateCommand', 'creation', 0],
      ['updateContentCommand', 'creation', 0],
      ['postCreateCommand', 'creation', 2],
      ['postStartCommand', 'start', 2],
      ['postAttachCommand', 'attach', 0],
    ]);
    expect(phases[2]?.steps).toEqual([
      { origin: 'feature', processes: [{ argv: ['make', 'it'] }] },
      {
        origin: 'devcontainer.json',
        processes: [
          { name: 'one', argv: ['/bin/sh', '-c', 'echo 1'] },
          { name: 'two', argv: ['echo', '2'] },
        ],
      },
    ]);
  });

  it.each([
    [undefined, 2],
    ['initializeCommand', 0],
    ['onCreateCommand', 1],
    ['postAttachCommand', 5],
  ])('lets tools wait for %s', (waitFor, blocking) => {
    const { phases } = plan({}, waitFor === undefined ? {} : { waitFor });
    expect(phases.filter((phase) => phase.blocking)).toHaveLength(blocking);
    expect(hooks({ skipNonBlocking: true }, waitFor === undefined ? {} : { waitFor })).toHaveLength(blocking);
  });

  it('ends a prebuild with the content brought up to date', () => {
    expect(plan({ prebuild: true }).phases.map(({ hook, again }) => [hook, again])).toEqual([
      ['onCreateCommand', false],
      ['updateContentCommand', true],
    ]);
    expect(hooks({ skipPostAttach: true })).not.toContain('postAttachCommand');
  });
});

describe('isPhaseDue()', () => {
  const first = { createdAt: '1', startedAt: '1' };
  const restarted = { createdAt: '1', startedAt: '2' };
  const due = (times: typeof first, recorded: string | undefined, options?: LifecyclePlanOptions) =>
    plan(options)
      .phases.filter((phase) => isPhaseDue(phase, times, recorded))
      .map(({ hook }) => hook);

  it('runs each phase as often as it should', () => {
    expect(due(first, undefined)).toHaveLength(5);
    expect(due(first, '1\n')).toEqual(['postAttachCommand']);
    expect(due(restarted, '1')).toEqual(['postStartCommand', 'postAttachCommand']);
  });

  it('brings the content of a prebuild up to date each time', () => {
    expect(due(first, '1', { prebuild: true })).toEqual(['updateContentCommand']);
  });
});

describe('containerCommand()', () => {
  it('runs entrypoints of features, then waits', () => {
    expect(containerCommand({ entrypoints: ['/a', '/b'], overrideCommand: undefined }, { cmd: ['x'] })).toEqual([
      '/bin/sh',
      '-c',
      'echo Container started\ntrap "exit 0" 15\n/a\n/b\nexec "$@"\nwhile sleep 1 & wait $!; do :; done',
      '-',
    ]);
  });

  it('runs the command of the image where it is asked to', () => {
    const command = containerCommand(
      { entrypoints: undefined, overrideCommand: false },
      { entrypoint: ['/e'], cmd: ['c'] },
    );
    expect(command.slice(3)).toEqual(['-', '/e', 'c']);
  });
});
