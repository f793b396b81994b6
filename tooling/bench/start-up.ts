import { performance } from 'node:perf_hooks';
import { requireCommand } from '../src/command.ts';
import { bundledShale } from '../src/shale.ts';
import { median } from './measure.ts';

const RUNS = 20;
/** At most this many times a bare `node -e 0`. */
const GOAL = 1.3;

/** How long `shale --version` takes beside a bare Node, as a line for people. */
export async function measureStartUp(): Promise<string> {
  const bare = [process.execPath, '-e', '0'];
  const shale = [...bundledShale, '--version'];
  const times = { bare: [] as number[], shale: [] as number[] };
  for (let run = 0; run < RUNS; run++) {
    times.bare.push(await timeOf(bare));
    times.shale.push(await timeOf(shale));
  }
  const [base, own] = [median(times.bare), median(times.shale)];
  const verdict = own / base <= GOAL ? 'met' : 'MISSED';
  return `start-up: shale --version ${own.toFixed(0)} ms, node -e 0 ${base.toFixed(0)} ms, ${(own / base).toFixed(2)}x (${GOAL}x ${verdict})`;
}

async function timeOf(command: readonly string[]): Promise<number> {
  const started = performance.now();
  await requireCommand(command);
  return performance.now() - started;
}
