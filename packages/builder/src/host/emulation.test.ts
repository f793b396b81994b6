import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPlatform } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { emulationOf } from './emulation.ts';

/** The magic that qemu-user-static registers for s390x, and its mask. */
const MAGIC = '7f454c4602020100000000000000000000020016';
const MASK = 'ffffffffffffff00fffffffffffffffffffeffff';
const S390X = { os: 'linux', architecture: 's390x' };
const MIPS = { os: 'linux', architecture: 'mips64le' };

async function withEntry(entry: string, platform = S390X) {
  await using scratch = await openScratchDirectory();
  writeFileSync(join(scratch.path, 'status'), 'enabled\n');
  writeFileSync(join(scratch.path, 'qemu'), entry);
  return emulationOf(platform, { binfmtDirectory: scratch.path });
}

const entry = ({ state = 'enabled', flags = 'OCF' }) =>
  `${state}\ninterpreter /usr/bin/qemu-s390x-static\nflags: ${flags}\noffset 0\nmagic ${MAGIC}\nmask ${MASK}\n`;

it('emulationOf() runs what the machine runs, whatever binfmt says', async () => {
  expect(await withEntry(entry({}), hostPlatform())).toEqual({ runs: true });
});

it('emulationOf() finds an emulator by the header that it takes, when the kernel holds it open', async () => {
  expect(await withEntry(entry({}))).toEqual({ runs: true });
  expect(await withEntry(entry({ flags: 'OC' }))).toEqual({
    runs: false,
    reason: 'the emulator /usr/bin/qemu-s390x-static is registered without the flag F, and a stage does not see it',
  });
});

it('emulationOf() passes over entries that are disabled, by extension, or for other programs', async () => {
  const none = { runs: false, reason: 'the kernel knows no emulator for it' };
  expect(await withEntry(entry({}), MIPS)).toEqual(none);
  expect(await withEntry(entry({ state: 'disabled' }), MIPS)).toEqual(none);
  expect(await withEntry('enabled\ninterpreter /bin/x\nflags: F\nextension .x\n', MIPS)).toEqual(none);
});

it('emulationOf() says what it cannot know', async () => {
  expect(await withEntry('', { os: 'windows', architecture: 'amd64' })).toEqual({
    runs: false,
    reason: 'it is for windows',
  });
  expect(await withEntry('', { os: 'linux', architecture: 'vax' })).toEqual({
    runs: false,
    reason: 'no emulator for vax is known',
  });
});
