import type { Exchange } from '@shale/registry';
import type { WarmResult } from '@shale/warmer';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { DaemonStatus } from './status.ts';

/** The metrics for Prometheus. Times are seconds since the epoch. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #status: () => Promise<DaemonStatus>;
  readonly #gauges: StatusGauges;
  readonly #results: Counter<'registry' | 'status'>;
  readonly #bytes: Counter<'registry'>;
  readonly #requests: Counter<'registry' | 'method' | 'status'>;
  readonly #failures: Counter<'registry' | 'reason'>;
  readonly #received: Counter<'registry'>;

  constructor(status: () => Promise<DaemonStatus>) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#status = status;
    this.#gauges = statusGauges(registers);
    this.#results = new Counter({
      name: 'shale_warmer_results_total',
      help: 'Images handled, by registry and result: warmed, unchanged, stale or failed.',
      labelNames: ['registry', 'status'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'shale_warmer_fetched_bytes_total',
      help: 'Bytes of layers and configs fetched, by the registry in the name of the image.',
      labelNames: ['registry'],
      registers,
    });
    this.#requests = new Counter({
      name: 'shale_warmer_registry_requests_total',
      help: 'Requests to a registry or mirror, by status; the status is none without an answer.',
      labelNames: ['registry', 'method', 'status'],
      registers,
    });
    this.#failures = new Counter({
      name: 'shale_warmer_registry_failures_total',
      help: 'Requests that a registry or mirror refused, limited, failed or did not answer, by reason.',
      labelNames: ['registry', 'reason'],
      registers,
    });
    this.#received = new Counter({
      name: 'shale_warmer_registry_received_bytes_total',
      help: 'Bytes received from a registry or mirror in answers.',
      labelNames: ['registry'],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  add({ reference, status, fetchedBytes }: WarmResult): void {
    this.#results.inc({ registry: reference.registry, status });
    this.#bytes.inc({ registry: reference.registry }, fetchedBytes);
  }

  count(exchange: Exchange): void {
    const { registry } = exchange;
    if (exchange.type === 'received') return this.#received.inc({ registry }, exchange.bytes);
    const status = exchange.type === 'answered' ? exchange.status : undefined;
    this.#requests.inc({ registry, method: exchange.method, status: status ?? 'none' });
    const reason = failureOf(status);
    if (reason !== undefined) this.#failures.inc({ registry, reason });
  }

  /** The current values in Prometheus' text format. */
  async read(): Promise<string> {
    this.#show(await this.#status());
    return this.#registry.metrics();
  }

  #show({ images, schedules, usedBytes, maxBytes = 0 }: DaemonStatus): void {
    const { success, good, next, used, limit } = this.#gauges;
    for (const gauge of [success, good, next]) gauge.reset();
    used.set(usedBytes);
    limit.set(maxBytes);
    for (const { reference, platform, status, lastSuccessMs, error } of images) {
      if (status === 'waiting') continue;
      if (lastSuccessMs !== undefined) success.set({ reference, platform }, lastSuccessMs / 1000);
      good.set({ reference, platform }, error === undefined ? 1 : 0);
    }
    for (const { name, nextRunMs } of schedules) {
      if (nextRunMs !== undefined) next.set({ schedule: name }, nextRunMs / 1000);
    }
  }
}

/** 401 is no failure: it asks for credentials. */
function failureOf(status: number | undefined): string | undefined {
  if (status === undefined) return 'unreachable';
  if (status === 429) return 'limited';
  if (status >= 500) return 'broken';
  return status >= 400 && status !== 401 ? 'refused' : undefined;
}

type StatusGauges = ReturnType<typeof statusGauges>;

function statusGauges(registers: Registry[]) {
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `shale_warmer_${name}`, help, labelNames, registers });
  return {
    success: gauge('image_last_success_seconds', 'Time when a registry last confirmed the image.', [
      'reference',
      'platform',
    ]),
    good: gauge('image_up_to_date', '1 unless the last request for the image failed.', ['reference', 'platform']),
    next: gauge('next_run_seconds', 'Time of the next run of the schedule.', ['schedule']),
    used: gauge('directory_bytes', 'Size of all images.'),
    limit: gauge('directory_limit_bytes', 'Limit for the size of all images; 0 for no limit.'),
  };
}
