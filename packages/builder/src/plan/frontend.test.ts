import type { ProgressEvent } from '@shale/core';
import { expect, it } from 'vitest';
import { type FrontendOptions, warnOfFrontend } from './frontend.ts';

function warnings(text: string, buildArgs: FrontendOptions['buildArgs'] = {}): ProgressEvent[] {
  const events: ProgressEvent[] = [];
  warnOfFrontend({
    dockerfile: { name: 'f', text },
    buildArgs,
    onProgress: (event: ProgressEvent) => events.push(event),
  });
  return events;
}

it('warnOfFrontend() is silent about the frontend whose language this is', () => {
  for (const name of ['docker/dockerfile', 'docker/dockerfile:1.7-labs', 'docker.io/docker/dockerfile:1@sha256:00'])
    expect(warnings(`# syntax=${name}\nFROM x\n`)).toEqual([]);
  expect(warnings('FROM x\n')).toEqual([]);
});

it('warnOfFrontend() warns of any other, with its line', () => {
  expect(warnings('# escape=`\n# syntax=example/buildpack:1\nFROM x\n')).toMatchObject([
    { type: 'warning', code: 'frontend-not-run', place: { file: 'f', line: 2 } },
  ]);
});

it('warnOfFrontend() heeds the build argument in its place', () => {
  const text = '# syntax=example/buildpack:1\nFROM x\n';
  expect(warnings(text, { BUILDKIT_SYNTAX: 'docker/dockerfile:1' })).toEqual([]);
  const [warning] = warnings('FROM x\n', { BUILDKIT_SYNTAX: 'example/other' });
  expect(warning).toMatchObject({ message: expect.stringContaining('example/other') });
  expect(warning).not.toHaveProperty('place');
});
