import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerfileError, instructionFlags, parseMount } from '@shale/dockerfile-parser';
import { lintRules } from '@shale/dockerfile-parser/lint';
import { expect, it } from 'vitest';
import { casesDirectory } from '../conformance/case.ts';
import { workspaceRoot } from '../src/workspace.ts';
import { supportPage } from './support-page.ts';
import { supportTable } from './support-table.ts';

const rows = supportTable.flatMap((section) => section.rows);
const features = new Set(rows.map(({ feature }) => feature));

it('docs/dockerfile-support.md is what `pnpm support` writes', () => {
  expect(readFileSync(join(workspaceRoot, 'docs/dockerfile-support.md'), 'utf8')).toBe(supportPage(supportTable));
});

it.each(rows.filter(({ done }) => done))('$feature is proven by what exists', ({ proof }) => {
  expect(proof.length).toBeGreaterThan(0);
  const missing = proof.filter((name) => {
    return !existsSync(name.includes('/') ? join(workspaceRoot, name) : join(casesDirectory, name, 'Dockerfile'));
  });
  expect(missing).toEqual([]);
});

it('every feature has one row, and every cell is one line', () => {
  const names = supportTable.flatMap(({ title, rows: own }) => own.map(({ feature }) => `${title}: ${feature}`));
  expect(names).toEqual([...new Set(names)]);
  expect(rows.filter(({ feature, note }) => /\n/.test(feature + note))).toEqual([]);
});

it('the table has every instruction and flag that the parser reads', () => {
  const known = Object.entries(instructionFlags).flatMap(([keyword, flags]) => [
    keyword,
    ...flags.map((flag) => `${keyword} --${flag}`),
  ]);
  expect(known.filter((feature) => !features.has(feature))).toEqual([]);
});

it('the table has every option of every mount', () => {
  const values = { from: 'a', source: '/a', target: '/b', id: 'c', sharing: 'locked', mode: '1', uid: '1', gid: '1' };
  const options = { ...values, env: 'E', size: '1', required: 'true', readonly: 'true', readwrite: 'true' };
  const switches = new Set(['required', 'readonly', 'readwrite']);
  /** Keys that are accepted and have no effect, as in BuildKit. */
  const idle: Readonly<Record<string, readonly string[]>> = {
    bind: ['id'],
    tmpfs: ['from', 'source', 'id', 'readonly', 'readwrite'],
    secret: ['readonly', 'readwrite'],
    ssh: ['from', 'readonly', 'readwrite'],
  };
  const known = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'].flatMap((type) =>
    Object.entries(options)
      .filter(([key, value]) => isTaken(type, key, value) && idle[type]?.includes(key) !== true)
      .map(([key]) => `type=${type},${key}${switches.has(key) ? '' : '='}`),
  );
  expect(known.filter((feature) => !features.has(feature))).toEqual([]);
});

function isTaken(type: string, key: string, value: string): boolean {
  const others = key === 'target' || (type === 'secret' && key === 'source') ? '' : ',target=/t';
  try {
    parseMount(`type=${type},${key}=${value}${others}`);
    return true;
  } catch (error) {
    if (error instanceof DockerfileError) return false;
    throw error;
  }
}

it('the table has every build check, and each has a page', () => {
  for (const { name, url } of lintRules) {
    const page = `packages/dockerfile-parser/src/lint/docs/${url.split('/').at(-2)}.md`;
    expect(features).toContain(`[${name}](../${page})`);
    expect(existsSync(join(workspaceRoot, page))).toBe(true);
  }
});
