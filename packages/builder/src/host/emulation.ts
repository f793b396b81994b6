import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPlatform, type Platform, platformMatches } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { ELF_TARGETS, elfProgram } from './elf-program.ts';

/** Whether programs of a platform run here. */
export type Emulation =
  | { readonly runs: true }
  /** `reason` goes on after "cannot be executed here: ". */
  | { readonly runs: false; readonly reason: string };

export interface EmulationOptions {
  /** @default '/proc/sys/fs/binfmt_misc' */
  readonly binfmtDirectory?: string | undefined;
}

/** An emulator that the kernel knows. @see https://docs.kernel.org/admin-guide/binfmt-misc.html */
interface BinfmtEntry {
  readonly enabled: boolean;
  readonly interpreter: string;
  readonly flags: string;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer;
}

const BINFMT_DIRECTORY = '/proc/sys/fs/binfmt_misc';
const PROBE_TIMEOUT_MS = 10_000;

/**
 * Finds out whether programs of `platform` can be executed in a stage: natively, or by an emulator that the kernel's
 * binfmt_misc opened when it was registered (flag F), so that the stage need not hold it. Where binfmt_misc cannot be read,
 * a tiny program is executed.
 */
export async function emulationOf(
  platform: Platform,
  { binfmtDirectory = BINFMT_DIRECTORY }: EmulationOptions = {},
): Promise<Emulation> {
  if (platformMatches(platform, hostPlatform())) return { runs: true };
  const { os, architecture } = platform;
  if (os !== 'linux') return { runs: false, reason: `it is for ${os}` };
  const target = ELF_TARGETS[architecture];
  if (target === undefined) return { runs: false, reason: `no emulator for ${architecture} is known` };
  const program = elfProgram(target);
  const emulator = binfmtEntries(binfmtDirectory).find((entry) => entry.enabled && takes(entry, program));
  if (emulator?.flags.includes('F') === true) return { runs: true };
  if (emulator !== undefined)
    return {
      runs: false,
      reason: `the emulator ${emulator.interpreter} is registered without the flag F, and a stage does not see it`,
    };
  if (await executes(program)) return { runs: true };
  return { runs: false, reason: 'the kernel knows no emulator for it' };
}

function binfmtEntries(directory: string): readonly BinfmtEntry[] {
  try {
    const names = readdirSync(directory).filter((name) => name !== 'register' && name !== 'status');
    return names.map((name) => parseEntry(readFileSync(join(directory, name), 'latin1')));
  } catch {
    return []; // not mounted here, or not ours to read
  }
}

function parseEntry(text: string): BinfmtEntry {
  const lines = text.split('\n');
  const value = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  const magic = Buffer.from(value('magic'), 'hex');
  const mask = value('mask') === '' ? Buffer.alloc(magic.length, 0xff) : Buffer.from(value('mask'), 'hex');
  return {
    enabled: lines[0] === 'enabled',
    interpreter: value('interpreter'),
    flags: lines.find((line) => line.startsWith('flags:'))?.slice('flags:'.length) ?? '',
    offset: Number(value('offset')),
    magic,
    mask,
  };
}

function takes({ offset, magic, mask }: BinfmtEntry, program: Buffer): boolean {
  if (magic.length === 0) return false;
  return magic.every((byte, index) => {
    const bits = mask[index] ?? 0xff;
    return ((program[offset + index] ?? 0) & bits) === (byte & bits);
  });
}

async function executes(program: Buffer): Promise<boolean> {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'program');
  writeFileSync(path, program, { mode: 0o700 });
  return spawnSync(path, { stdio: 'ignore', timeout: PROBE_TIMEOUT_MS }).status === 0;
}
