// Builds every case with shale and with today's BuildKit and reports where they differ.
//   npm run conformance                 all cases, both builders
//   npm run conformance -- copy --only shale
//   npm run conformance -- --reference docker   with the BuildKit of Debian's dockerd (20.10), where Go is missing
//   npm run conformance -- --caching    also cold, cached, half cached and reproducible builds with shale
//   npm run conformance -- --caching --seed 7   the same half again
//   npm run conformance -- --verbose    also how the two differ where the reference rules
//   npm run conformance -- --update     record goldens: from BuildKit, or from shale where the reference rules
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';
import { buildBundle } from '../src/shale.ts';
import { type ConformanceCase, loadCases } from './case.ts';
import type { CaseBuilder } from './case-builder.ts';
import { type CaseResult, judge, lastLines, runCase } from './check-case.ts';
import { checkCaching } from './check-caching.ts';
import { compareObservations } from './compare.ts';
import { buildkitBuilder } from './buildkit-builder.ts';
import { dockerBuilder } from './docker-builder.ts';
import { readBaseTree, readGolden, writeGolden } from './golden.ts';
import { shaleBuilder } from './shale-builder.ts';

const { values, positionals } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    only: { type: 'string' },
    reference: { type: 'string', default: 'buildkit' },
    caching: { type: 'boolean', default: false },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

await ensurePackages(packagesFor.test);
if (values.only !== 'buildkit') await buildBundle();
if (values.only !== 'shale') await ensurePackages(packagesFor.peers);
const scratch = await mkdtemp(join(tmpdir(), 'shale-conformance-'));
const base = await readBaseTree(scratch);
await rm(scratch, { recursive: true });
const cases = loadCases(positionals);
const openReference = values.reference === 'docker' ? dockerBuilder : buildkitBuilder;
const buildkit = values.only === 'shale' ? undefined : await openReference();
const shale = values.only === 'buildkit' ? undefined : await shaleBuilder();
const seed = values.seed ?? String(Date.now());
const caching = { same: 0, differ: 0 };
const agreements = new Map<string, number>();
let failed = 0;
try {
  for (const conformanceCase of cases) if (!(await compareCase(conformanceCase))) failed += 1;
} finally {
  await buildkit?.[Symbol.asyncDispose]();
  await shale?.[Symbol.asyncDispose]();
}
console.log('');
if (buildkit && shale)
  console.log(`Against BuildKit: ${[...agreements].map(([what, n]) => `${n} ${what}`).join(', ')}.`);
if (values.caching) console.log(`Cached, half cached (--seed ${seed}) and reproducible: ${summary(caching)}.`);
console.log(`${cases.length - failed} of ${cases.length} cases as expected.`);
process.exitCode = failed === 0 ? 0 : 1;

async function compareCase(conformanceCase: ConformanceCase): Promise<boolean> {
  const run = (builder: CaseBuilder | undefined) => builder && runCase(conformanceCase, builder, base);
  const reference = await run(buildkit);
  const own = await run(shale);
  if (values.update) record(conformanceCase, conformanceCase.oracle === 'reference' ? own : reference);
  const golden = readGolden(conformanceCase);
  const problems = own === undefined ? [] : judge(conformanceCase, own, golden);
  if (values.caching && own?.type === 'image') problems.push(...(await compareCaching(conformanceCase)));
  const oracle = reference === undefined ? [] : judgeReference(conformanceCase, reference);
  report(conformanceCase, { problems, oracle, agree: own && reference && agreement(conformanceCase, reference, own) });
  if (values.verbose && own && reference)
    for (const line of deviations(reference, own)) console.log(`    buildkit: ${line}`);
  return problems.length === 0 && oracle.length === 0;
}

async function compareCaching(conformanceCase: ConformanceCase): Promise<string[]> {
  if (shale === undefined) return [];
  const problems = await checkCaching(conformanceCase, shale, { base, seed });
  caching[problems.length === 0 ? 'same' : 'differ'] += 1;
  return problems;
}

function summary({ same, differ }: typeof caching): string {
  return `${same} identical, ${differ} differ`;
}

function record(conformanceCase: ConformanceCase, result: CaseResult | undefined): void {
  if (result?.type === 'image' && conformanceCase.expectError === undefined)
    writeGolden(conformanceCase, result.observation);
}

/** A golden must be what its oracle really makes. */
function judgeReference(conformanceCase: ConformanceCase, result: CaseResult): string[] {
  if (conformanceCase.oracle === 'reference') return [];
  const lenient = { ...conformanceCase, expectError: conformanceCase.expectError && /./ };
  return judge(lenient, result, readGolden(conformanceCase)).map((line) => `buildkit: ${line}`);
}

function agreement({ oracle }: ConformanceCase, reference: CaseResult, own: CaseResult): string {
  const agree = agreementOf(reference, own);
  const known = agree === 'differ' && oracle === 'reference' ? 'differ for a reason that case.json names' : agree;
  agreements.set(known, (agreements.get(known) ?? 0) + 1);
  return agree;
}

function agreementOf(reference: CaseResult, own: CaseResult): string {
  if (reference.type !== own.type) return 'differ';
  if (reference.type === 'error' || own.type === 'error') return 'both fail';
  return compareObservations(reference.observation, own.observation).length === 0 ? 'identical' : 'differ';
}

function deviations(reference: CaseResult, own: CaseResult): string[] {
  if (reference.type === 'error') return [lastLines(reference.message)];
  return own.type === 'error' ? [] : compareObservations(reference.observation, own.observation);
}

interface Report {
  readonly problems: readonly string[];
  readonly oracle: readonly string[];
  readonly agree: string | undefined;
}

function report({ name, oracle: authority, note }: ConformanceCase, { problems, oracle, agree }: Report): void {
  const verdict = problems.length + oracle.length > 0 ? 'WRONG' : 'ok';
  const reason = agree === 'differ' && authority === 'reference' ? ` (${note ?? 'the reference rules'})` : '';
  console.log(`${verdict.padEnd(6)} ${(agree ?? '').padEnd(10)} ${name}${reason}`);
  for (const line of [...problems, ...oracle]) console.log(`    ${lastLines(line)}`);
}
