// Times shale beside BuildKit and buildah on the same Dockerfiles: npm run bench -- [--rounds N] [--only shale,buildkit] [--scenario a]
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireCommand, runCommand } from '../src/command.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';
import { workspaceRoot } from '../src/workspace.ts';
import { buildahContender } from './buildah.ts';
import { buildkitContender } from './buildkit.ts';
import type { Contender } from './contender.ts';
import { measureRound, type Measurement } from './measure.ts';
import { formatResults, summarise } from './report.ts';
import { type Scenario, scenarios } from './scenario.ts';
import { shaleContender } from './shale.ts';
import { measureStartUp } from './start-up.ts';

const CONTENDERS = { shale: shaleContender, buildkit: buildkitContender, buildah: buildahContender } as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: Object.keys(CONTENDERS).join(',') },
    scenario: { type: 'string' },
    json: { type: 'string', default: join(workspaceRoot, '.cache/bench.json') },
  },
});

await ensurePackages({ ...packagesFor.test, ...packagesFor.peers });
await using stack = new AsyncDisposableStack();
const scratch = await mkdtemp(join(tmpdir(), 'shale-bench-contexts-'));
stack.defer(async () => void (await runCommand(['rm', '-rf', '--one-file-system', scratch])));
const contenders: Contender[] = [];
for (const name of values.only.split(',')) {
  const open = CONTENDERS[name as keyof typeof CONTENDERS];
  if (open === undefined) throw new Error(`Unknown contender ${name}; one of ${Object.keys(CONTENDERS).join(', ')}.`);
  contenders.push(stack.use(await open()));
}

const measurements: Measurement[] = [];
const chosen = scenarios.filter(({ name }) => values.scenario === undefined || values.scenario === name);
const contexts = new Map<Scenario, string>();
for (const scenario of chosen) contexts.set(scenario, await writeContext(scenario));
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const [scenario, context] of contexts) {
    for (const contender of contenders) {
      await requireCommand(['sync']);
      const times = await measureRound(contender, scenario, context);
      measurements.push(...times);
      const shown = times.map(({ phase, milliseconds }) => `${phase} ${(milliseconds / 1000).toFixed(2)} s`).join(', ');
      console.log(`round ${round}  (${scenario.name})  ${contender.name.padEnd(9)} ${shown}`);
    }
  }
}

const results = summarise(measurements);
for (const { name, title } of chosen) console.log(`\n(${name}) ${title}`);
console.log(
  `\nMedians of ${values.rounds} rounds, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}\n`,
);
console.log(formatResults(results));
if (values.only.includes('shale')) console.log(`\n${await measureStartUp()}`);
await mkdir(join(values.json, '..'), { recursive: true });
await writeFile(
  values.json,
  `${JSON.stringify({ date: new Date().toISOString(), results, measurements }, undefined, 2)}\n`,
);
console.log(`\nWritten to ${values.json}`);

async function writeContext(scenario: Scenario): Promise<string> {
  const context = join(scratch, scenario.name);
  await mkdir(context);
  await scenario.writeContext(context);
  await writeFile(join(context, 'Dockerfile'), scenario.dockerfile);
  return context;
}
