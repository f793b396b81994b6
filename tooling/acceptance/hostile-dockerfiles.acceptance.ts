import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../src/command.ts';
import { bundledShale } from '../src/shale.ts';

const LIMIT_MS = 2000;
/** A busy machine may be slow; a slow program is slow every time. */
const TRIES = 3;
const MIB = 2 ** 20;
const STAGES = 10_000;

const stages = (text: (index: number) => string) => Array.from({ length: STAGES }, (_, index) => text(index)).join('');

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'shale-acceptance-'));
  await writeFile(join(scratch, 'a'), 'a');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe.each(['build', 'check'])('shale %s', (command) => {
  it.each([
    ['a line of 1 MiB', `FROM scratch\nRUN ${'x'.repeat(MIB)}\n`, 2],
    ['a value of 1 MiB', `FROM scratch\nENV a=${'x'.repeat(MIB)}\n`, 2],
    ['a here-document of 1 MiB that never ends', `FROM scratch\nCOPY <<E /\n${'x\n'.repeat(MIB / 2)}`, 2],
    ['16,000 here-documents that never end', `FROM scratch\nRUN ${'<<E '.repeat(16_000)}\n`, 2],
    ['a quote that never ends', `FROM scratch\nENV a="${'x '.repeat(30_000)}\n`, 2],
    ['30,000 quotes that never end', `FROM scratch\nRUN --mount=${`"'`.repeat(15_000)}\n`, 2],
    ['9,000 braces that never end', `FROM scratch\nENV a=${'${x:-'.repeat(9000)}\n`, 2],
    ['JSON in JSON', `FROM scratch\nRUN ${'['.repeat(30_000)}${']'.repeat(30_000)}\n`, 2],
    ['an error after 10,000 stages', `${stages((index) => `FROM scratch AS s${index}\n`)}NOPE\n`, STAGES + 1],
  ])('says within 2 s where %s is', async (_name, text, line) => {
    const { status, stdout, stderr } = await fastest(command, text);
    expect(status).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain(`Dockerfile:${line}`);
    expect(`${stdout}${stderr}`.length).toBeLessThan(4096);
  });

  it.each([
    ['10,000 stages', stages((index) => `FROM scratch AS s${index}\nCOPY a /\n`)],
    [
      '10,000 stages, each from the one before',
      stages((index) => `FROM ${index === 0 ? 'scratch' : `s${index - 1}`} AS s${index}\n`),
    ],
    ['a value of 60 KiB in 1,000 lines', `FROM scratch\nENV a=${`${'x'.repeat(60)}\\\n`.repeat(1000)}\n`],
  ])('takes %s within 2 s', async (_name, text) => {
    const { status, stderr } = await fastest(command, text);
    expect(stderr).not.toContain('fault in shale');
    expect(command === 'check' ? 0 : status).toBe(0);
  });
});

async function fastest(command: string, text: string): Promise<CommandResult> {
  await writeFile(join(scratch, 'Dockerfile'), text);
  const state = ['--state-dir', join(scratch, 'state'), '--progress', 'plain'];
  const line = [...bundledShale, command, ...(command === 'build' ? state : []), '.'];
  let best = await runCommand(line, { cwd: scratch });
  for (let tries = 1; tries < TRIES && best.durationMs > LIMIT_MS; tries += 1) {
    const next = await runCommand(line, { cwd: scratch });
    if (next.durationMs < best.durationMs) best = next;
  }
  expect(best.durationMs).toBeLessThan(LIMIT_MS);
  return best;
}
