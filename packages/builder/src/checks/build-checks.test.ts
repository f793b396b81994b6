import type { ProgressEvent } from '@shale/core';
import { describe, expect, it } from 'vitest';
import type { BuildOptions } from '../build/build-options.ts';
import { openDirectoryContext } from '../context/directory-context.ts';
import { startBuildChecks } from './build-checks.ts';

function start(text: string, buildArgs: BuildOptions['buildArgs'] = {}) {
  const events: ProgressEvent[] = [];
  const build = {
    dockerfile: { name: 'app.Dockerfile', text },
    buildArgs,
    images: [],
    context: openDirectoryContext(import.meta.dirname),
  };
  const { options, report } = startBuildChecks(build, {
    platforms: [],
    isShown: true,
    onProgress: (event) => events.push(event),
  });
  return { beforeSteps: async () => options.beforeSteps?.(), report, events };
}

describe('startBuildChecks()', () => {
  it('reports the findings once, with their place', async () => {
    const { beforeSteps, report, events } = start('FROM scratch AS Base\n');
    await beforeSteps();
    expect(events).toEqual([]);
    await report();
    await report();
    expect(events).toMatchObject([
      {
        type: 'lint.finding',
        rule: 'StageNameCasing',
        message: "Stage name 'Base' should be lowercase",
        place: { file: 'app.Dockerfile', line: 1, endLine: 1 },
      },
    ]);
  });

  it('reports nothing of a build that did not get to its steps', async () => {
    const { report, events } = start('FROM scratch AS Base\n');
    await report();
    expect(events).toEqual([]);
  });

  it.each([
    ['# check=error=true\nFROM scratch AS Base\n', {}],
    ['FROM scratch AS Base\n', { BUILDKIT_DOCKERFILE_CHECK: 'error=true' }],
  ])('ends the build of %j with %j', async (text, buildArgs) => {
    const { beforeSteps, report, events } = start(text, buildArgs);
    await expect(beforeSteps()).rejects.toMatchObject({ code: 'LINT_VIOLATION' });
    await report();
    expect(events).toHaveLength(1);
  });

  it('ends a build whose directives cannot be read before its steps, above an instruction, too', async () => {
    for (const text of ['# check=x\nFROM scratch\n', 'FROM scratch\n# check=x\nUSER a\n']) {
      const { beforeSteps, report, events } = start(text);
      await expect(beforeSteps()).rejects.toThrow(/invalid check option "x"/);
      await report();
      expect(events).toEqual([]);
    }
  });

  it('never fails a build that is done', async () => {
    const { beforeSteps, report, events } = start('FROM');
    await beforeSteps();
    await report();
    expect(events).toMatchObject([{ type: 'warning', code: 'checks-not-run' }]);
  });
});
