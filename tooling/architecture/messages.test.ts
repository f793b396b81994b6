import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { workspaceRoot } from '../src/workspace.ts';
import { isTest, sourceFiles, stripComments } from './imports.ts';

/** Flags of Dockerfile instructions, which messages about a Dockerfile may name. */
const DOCKERFILE_FLAGS: ReadonlySet<string> = new Set(
  'from chown chmod link parents exclude checksum keep-git-dir unpack mount network security platform interval timeout start-period start-interval retries'.split(
    ' ',
  ),
);

const ERROR = /\bthrow\b[^;]*;|\bnew \w*Error\([^;]*;/g;
const HINT = /\b\w*hint\w*\b\s*[:=][^;]*?(?:;|,\n|\}\))/gi;
const FLAG = /--([a-z][a-z-]*)/g;

/** The command line of envbuilder. */
const OWN_FLAGS = 'packages/workspace/src/options/';

const sources = sourceFiles(workspaceRoot, 'packages')
  .filter((file) => !isTest(file) && !file.startsWith(OWN_FLAGS))
  .map((file) => [file, stripComments(readFileSync(join(workspaceRoot, file), 'utf8'))] as const);

/** Places that name a flag: `file:line names --flag`. */
function flagsIn(part: RegExp, isForbidden: (flag: string) => boolean): readonly string[] {
  return sources.flatMap(([file, text]) =>
    [...text.matchAll(part)].flatMap((match) =>
      [...match[0].matchAll(FLAG)]
        .filter(([, flag = '']) => isForbidden(flag))
        .map(([flag]) => `${file}:${text.slice(0, match.index).split('\n').length} names ${flag}`),
    ),
  );
}

it('hints of libraries name no flag: each app adds its own remedies by code', () => {
  expect(flagsIn(HINT, () => true)).toEqual([]);
});

it('errors of libraries name no flag but those of Dockerfile instructions', () => {
  expect([...new Set(flagsIn(ERROR, (flag) => !DOCKERFILE_FLAGS.has(flag)))]).toEqual([]);
});

it('a hint is found that has the form of an option or a variable', () => {
  expect(["hint: 'Use --x.',\n", 'const HINT =\n  "Use --x.";'].map((text) => text.match(HINT)?.length)).toEqual([
    1, 1,
  ]);
});
