import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const BAD = 'FROM busybox AS Base\nWORKDIR app\nENV A=$PTAH\nRUN echo ran > /log\nCMD sh\n';
const FINDINGS = [
  ['StageNameCasing', "Stage name 'Base' should be lowercase", 1],
  ['WorkdirRelativePath', 'Relative workdir "app" can have unexpected results if the base image changes', 2],
  ['UndefinedVar', "Usage of undefined variable '$PTAH' (did you mean $PATH?)", 3],
  ['JSONArgsRecommended', 'JSON arguments recommended for CMD to prevent unintended behavior related to OS signals', 5],
] as const;
const SUMMARY = FINDINGS.map(([rule, message, line]) => ` - ${rule}: ${message} (line ${line})\n`).join('');

describe('build checks', () => {
  it('are told at the end of a build, run or cached, in every view', async () => {
    const context = await bench.writeContext({ Dockerfile: BAD });
    for (const view of ['plain', 'tty']) {
      const { status, output } = await bench.build({ context, flags: ['--progress', view] });
      const shown = output.replaceAll(/\u001b\[[^a-zA-Z]*[a-zA-Z]|\r/g, '');
      expect(status, output).toBe(0);
      expect(shown).toContain(` 4 warnings found (use --check to expand):\n${SUMMARY}`);
      expect(shown.indexOf(SUMMARY)).toBeGreaterThan(shown.indexOf('Built in'));
    }
    const { output, ran } = await bench.requireBuild({ context });
    const events = output.split('\n').filter((line) => line.includes('"lint.finding"'));
    expect(events.map((line) => JSON.parse(line) as unknown)).toMatchObject(
      FINDINGS.map(([rule, message, line]) => ({ rule, message, place: { file: expect.any(String), line } })),
    );
    expect(ran).toEqual([]);
  });

  it('are told where the build fails, too', async () => {
    const context = await bench.writeContext({ Dockerfile: 'FROM busybox AS Base\nRUN false\n' });
    const { output } = await bench.build({ context, flags: ['--progress', 'plain'] });
    expect(output).toContain(' 1 warning found (use --check to expand):\n - StageNameCasing: ');
  });

  it('end a build before its first step where the file says so, and name no image', async () => {
    const context = await bench.writeContext({ Dockerfile: `# check=error=true\n${BAD}` });
    const failed = await bench.build({ context, flags: ['--tag', 'never', '--no-cache'] });
    expect(failed.status).toBe(1);
    expect(failed.output).toContain(
      'lint violation found for rules: StageNameCasing, WorkdirRelativePath, UndefinedVar, JSONArgsRecommended',
    );
    expect(failed.steps).toEqual([]);
    const cached = await bench.build({ context, flags: ['--tag', 'never'] });
    expect(cached.status).toBe(1);
    expect(cached.output).not.toContain('export.finished');
  });

  it('know the base image that the build found', async () => {
    const context = await bench.writeContext({
      Dockerfile: `FROM --platform=linux/s390x busybox\nCOPY a /\n`,
      a: '',
    });
    const { output } = await bench.build({ context });
    expect(output).toMatch(/InvalidBaseImagePlatform/);
  });

  it("know the base image's variables and triggers", async () => {
    const base = await bench.writeContext({
      Dockerfile: 'FROM busybox\nENV FROM_BASE=1\nONBUILD WORKDIR relative\n',
    });
    await bench.requireBuild({ context: base, flags: ['--tag', 'with-facts'] });
    const context = await bench.writeContext({ Dockerfile: 'FROM with-facts\nENV A=$FROM_BASE B=$ELSEWHERE\n' });
    const { output } = await bench.requireBuild({ context });
    const found = output
      .split('\n')
      .flatMap((line) => /"rule":"(\w+)".*"message":"(.*?)","place"/.exec(line)?.slice(1, 3) ?? []);
    expect(found).toEqual([
      'WorkdirRelativePath',
      'Relative workdir \\"relative\\" can have unexpected results if the base image changes',
      'UndefinedVar',
      "Usage of undefined variable '$ELSEWHERE'",
    ]);
  });
});
