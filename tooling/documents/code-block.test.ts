import { expect, it } from 'vitest';
import { blocksOf, outputPattern } from './code-block.ts';

it('blocksOf() finds blocks, their marks and what they print', () => {
  const text =
    'Text\n```ts\na();\n```\n\n```sh\nls\n```\n\n```ts run\nb();\n```\n\n```text output\nfound sha256:…\n```\n';
  expect(blocksOf('README.md', text)).toEqual([
    { place: 'README.md:2', code: 'a();\n', runs: false, output: undefined },
    { place: 'README.md:10', code: 'b();\n', runs: true, output: 'found sha256:…\n' },
  ]);
});

it('outputPattern() takes any text for an ellipsis, within its line', () => {
  const pattern = outputPattern('[…] (ok)\n');
  expect('[1 s] (ok)\n').toMatch(pattern);
  expect('[1\n] (ok)\n').not.toMatch(pattern);
});
