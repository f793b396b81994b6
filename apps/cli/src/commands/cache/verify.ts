import { type CacheKey } from '@shale/cache';
import { verifyCache, verifyStore } from '@shale/cache/care';
import { type CallOptions, digestHex, ShaleError } from '@shale/core';
import type { verifyOptions } from '../../options/cache-care.ts';
import { countOf, formatBytes } from '../../terminal/format.ts';
import { palette } from '../../terminal/palette.ts';
import { formatTable } from '../../terminal/table.ts';
import { fitColumns } from '../../terminal/width.ts';
import type { Invocation } from '../../spec/command-spec.ts';
import { instructionOf } from './cached-layer.ts';
import { KEY_DIGITS } from './list.ts';
import { type DirectoryPlace, openCachePlace, type RegistryPlace } from './place.ts';

type VerifyInvocation = Invocation<typeof verifyOptions>;

interface Problem {
  readonly problem: string;
  readonly key: CacheKey | undefined;
  readonly instruction: string;
  readonly path?: string | undefined;
}

interface Findings {
  readonly entries: number;
  readonly layers: number;
  readonly checkedBytes: number;
  readonly broken: readonly Problem[];
}

/** Something in a cache is damaged or missing. */
class CacheBrokenError extends ShaleError {
  readonly code = 'CACHE_BROKEN';
}

const PROBLEMS: Readonly<Record<string, string>> = {
  'corrupt-record': 'the record is damaged',
  'missing-layer': 'its layer is gone',
  'corrupt-layer': 'its layer is damaged',
  'wrong-diff-id': 'its layer holds something else',
};

/** `shale cache verify`: fails when something is broken and was not repaired. */
export async function runVerify(invocation: VerifyInvocation): Promise<void> {
  const { options, stdout, stderr, env } = invocation;
  await using place = openCachePlace(invocation);
  const findings =
    place.type === 'directory' ? await verifyFolder(place, invocation) : await verifyRegistry(place, invocation);
  const { entries, layers, checkedBytes, broken } = findings;
  if (options.json) stdout.write(`${JSON.stringify({ cache: place.name, repaired: options.repair, ...findings })}\n`);
  else {
    const rows = broken.map(({ problem, key, instruction, path = '' }) => [
      key === undefined ? path : digestHex(key).slice(0, KEY_DIGITS),
      fitColumns(instruction, 60),
      PROBLEMS[problem] ?? problem,
    ]);
    stdout.write(formatTable(['KEY', 'INSTRUCTION', 'PROBLEM'], rows, palette(stdout, env)));
    const read = checkedBytes === 0 ? '' : `, ${formatBytes(checkedBytes)} read`;
    const told = broken.length === 0 ? 'all whole' : `${broken.length} broken${options.repair ? ', removed' : ''}`;
    stderr.write(`${countOf(entries, 'entry', 'entries')} with ${countOf(layers, 'layer')}${read}: ${told}\n`);
  }
  if (broken.length === 0 || options.repair) return;
  throw new CacheBrokenError(`${countOf(broken.length, 'entry', 'entries')} of ${place.name} cannot be used`, {
    hint: 'Builds pass over them and make them again; --repair removes them.',
  });
}

async function verifyFolder({ directory }: DirectoryPlace, { options, signal }: VerifyInvocation): Promise<Findings> {
  const report = await verifyCache(directory, { repair: options.repair, signal });
  const broken = report.broken.map(({ problem, path, entry }) => ({
    problem,
    path,
    key: entry?.key,
    instruction: entry === undefined ? '' : instructionOf(entry.record),
  }));
  return { ...report, broken };
}

async function verifyRegistry({ store }: RegistryPlace, { options, signal }: VerifyInvocation): Promise<Findings> {
  const call: CallOptions = { signal };
  const report = await verifyStore(store, { ...call, download: options.download });
  const broken = report.broken.map(({ problem, entry }) => ({
    problem,
    key: entry.key,
    instruction: instructionOf(entry.stored.record),
  }));
  const manifests = new Set(report.broken.map(({ entry }) => entry.stored.raw.digest));
  if (options.repair) for (const digest of manifests) await store.deleteManifest(digest, call);
  return { ...report, broken };
}
