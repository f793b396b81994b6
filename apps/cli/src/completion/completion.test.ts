import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { commandCatalog } from '../commands/catalog.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const TRY = `
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shale; echo "\${COMPREPLY[*]}"; }
try shale bui
try shale build --cache-r
try shale build --progress ''
try shale build --progress = pl
try shale completion ''
`;

describe('bashCompletion()', () => {
  it('offers commands, flags and values', () => {
    const answers = execFileSync('bash', ['-u'], { input: bashCompletion(commandCatalog) + TRY, encoding: 'utf8' });
    expect(answers.split('\n')).toEqual([
      'build',
      '--cache-repo --cache-readonly --cache-required',
      'auto tty plain json quiet',
      'plain',
      'bash zsh fish',
      '',
    ]);
  });
});

/** These shells are not needed to work on shale; where they are installed, they read their script. */
describe.each([
  ['zshCompletion()', '/usr/bin/zsh', zshCompletion],
  ['fishCompletion()', '/usr/bin/fish', fishCompletion],
] as const)('%s', (_name, shell, completion) => {
  it.skipIf(!existsSync(shell))('is a script that its shell accepts', async () => {
    await using scratch = await openScratchDirectory();
    const script = join(scratch.path, 'completion');
    writeFileSync(script, completion(commandCatalog));
    execFileSync(shell, ['-n', script]);
  });

  it('names every command and flag', () => {
    const script = completion(commandCatalog);
    for (const { name, options } of commandCatalog) {
      expect(script).toContain(name);
      for (const { flag } of Object.values(options)) expect(script).toContain(flag);
    }
  });
});
