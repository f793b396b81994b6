import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { WarmResult } from '@shale/warmer';
import type { DaemonStatus } from './daemon.ts';

/** What Prometheus reads. Times are seconds since the epoch. */
export class Metrics {
  readonly registry = new Registry();
  readonly #results: Counter<'registry' | 'status'>;
  readonly #bytes: Counter<'registry'>;

  constructor(status: () => Promise<DaemonStatus>) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#results = new Counter({
      name: 'shale_warmer_results_total',
      help: 'Images looked after, by registry and by what became of them: warmed, unchanged, stale or failed.',
      labelNames: ['registry', 'status'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'shale_warmer_fetched_bytes_total',
      help: 'Bytes fetched from a registry.',
      labelNames: ['registry'],
      registers,
    });
    addStatusGauges(registers, status);
  }

  add({ reference, status, fetchedBytes }: WarmResult): void {
    this.#results.inc({ registry: reference.registry, status });
    this.#bytes.inc({ registry: reference.registry }, fetchedBytes);
  }
}

/** All are set when they are read, from one look at the daemon. */
function addStatusGauges(registers: Registry[], status: () => Promise<DaemonStatus>): void {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `shale_warmer_${name}`, help, labelNames, registers });
  const success = gauge('image_last_success_seconds', 'When a registry last confirmed the image.', [
    'reference',
    'platform',
  ]);
  const good = gauge('image_up_to_date', '1 unless the last look at the registry failed.', ['reference', 'platform']);
  const next = gauge('next_run_seconds', 'When a schedule runs next.', ['schedule']);
  const limit = gauge('directory_limit_bytes', 'Most that images may take; 0 for no limit.');
  const used: Gauge = new Gauge({
    name: 'shale_warmer_directory_bytes',
    help: 'What images take.',
    registers,
    collect: async () => {
      const { images, schedules, usedBytes, maxBytes = 0 } = await status();
      used.set(usedBytes);
      limit.set(maxBytes);
      for (const one of [success, good, next]) one.reset();
      for (const { reference, platform, lastSuccessMs, error } of images) {
        if (lastSuccessMs !== undefined) success.set({ reference, platform }, lastSuccessMs / 1000);
        good.set({ reference, platform }, error === undefined ? 1 : 0);
      }
      for (const { name, nextRunMs } of schedules)
        if (nextRunMs !== undefined) next.set({ schedule: name }, nextRunMs / 1000);
    },
  });
}
