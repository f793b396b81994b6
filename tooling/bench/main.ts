// Times shale beside BuildKit and buildah on the same Dockerfiles, each on a tmpfs of its own:
//   npm run bench -- [--rounds N] [--only shale,buildkit] [--scenario application] [--place local] [--baseline dist/shale.cjs]
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBaseRegistry } from '../base-images/base-registry.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';
import { workspaceRoot } from '../src/workspace.ts';
import { buildahContender } from './buildah.ts';
import { buildkitContender } from './buildkit.ts';
import type { Contender } from './contender.ts';
import { measureRound, type Measurement, type Place } from './measure.ts';
import { formatResults, summarise } from './report.ts';
import { scenarios } from './scenario.ts';
import { shaleContender } from './shale.ts';
import { buildBundle } from '../src/shale.ts';
import { measureStartUp } from './start-up.ts';
import { openTmpfs } from './tmpfs.ts';

const CONTENDERS = { shale: shaleContender, buildkit: buildkitContender, buildah: buildahContender } as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: Object.keys(CONTENDERS).join(',') },
    scenario: { type: 'string' },
    place: { type: 'string', default: 'local,fresh' },
    /** An older bundle of shale, to compare two. */
    baseline: { type: 'string' },
    json: { type: 'string', default: join(workspaceRoot, '.cache/bench.json') },
  },
});

await ensurePackages({ ...packagesFor.test, ...packagesFor.peers });
await buildBundle();
await using stack = new AsyncDisposableStack();
const scratch = await mkdtemp(join(tmpdir(), 'shale-bench-'));
stack.defer(async () => void (await runCommand(['rm', '-rf', '--one-file-system', scratch])));
stack.use(await openTmpfs(scratch));
const contenders: Contender[] = [];
const bases = stack.use(await startBaseRegistry(['busybox', 'debian']));
for (const name of values.only.split(',')) {
  const open = CONTENDERS[name as keyof typeof CONTENDERS];
  if (open === undefined) throw new Error(`Unknown contender ${name}; one of ${Object.keys(CONTENDERS).join(', ')}.`);
  contenders.push(stack.use(await open(bases)));
}
if (values.baseline) contenders.push(stack.use(await shaleContender(bases, 'baseline', values.baseline)));

const chosen = scenarios.filter(
  ({ name }) => values.scenario === undefined || values.scenario.split(',').includes(name),
);
const measurements: Measurement[] = [];
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const scenario of chosen)
    for (const place of values.place.split(',')) await runRound(round, scenario, place as Place);
}

for (const { name, title } of chosen) console.log(`\n(${name}) ${title}`);
const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}`;
const results = summarise(measurements);
console.log(`\nMedians of ${values.rounds} rounds, ${machine}\n\n${formatResults(results)}`);
if (values.only.includes('shale')) console.log(`\n${await measureStartUp()}`);
await mkdir(join(values.json, '..'), { recursive: true });
const record = { date: new Date().toISOString(), machine, rounds: Number(values.rounds), results };
await writeFile(values.json, `${JSON.stringify(record, undefined, 2)}\n`);
console.log(`\nWritten to ${values.json}`);

/** The order of contenders turns with the rounds, so that none always comes first. */
async function runRound(round: number, scenario: (typeof scenarios)[number], place: Place): Promise<void> {
  const first = round % contenders.length;
  for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
    const cacheRepository = `${bases.host}/cache/${contender.name}-${round}`;
    await requireCommand(['sync']);
    const builds = await measureRound(contender, { scenario, place, scratch, cacheRepository });
    measurements.push(...builds);
    const times = builds.map(({ phase, milliseconds }) => `${phase} ${(milliseconds / 1000).toFixed(2)} s`).join(', ');
    console.log(`round ${round}  ${scenario.name} (${place})  ${contender.name.padEnd(9)} ${times}`);
  }
}
