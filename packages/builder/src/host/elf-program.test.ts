import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPlatform } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { ELF_TARGETS, type ElfTarget, elfProgram } from './elf-program.ts';

it("elfProgram() makes a program that this machine's kernel runs to its end", async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'program');
  writeFileSync(path, elfProgram(ELF_TARGETS[hostPlatform().architecture] as ElfTarget), { mode: 0o700 });
  expect(spawnSync(path).status).toBe(0);
});
