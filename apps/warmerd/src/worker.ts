// The process that downloads images. It starts with a run and ends soon after, so that the daemon itself stays small.
import { type Exchange, RateLimit } from '@shale/registry';
import { warm, type WarmResult } from '@shale/warmer';
import { openRegistryClient } from '@shale/wiring';
import type { FromWorker, RunRequest, ToWorker } from './warm-request.ts';

/** The interval at which received bytes are reported, in milliseconds. */
const REPORT_MS = 250;

const running = new Map<number, AbortController>();
const received = new Map<string, number>();
let limit: { readonly bytesPerSecond: number; readonly rate: RateLimit } | undefined;
let reporting: NodeJS.Timeout | undefined;

process.removeAllListeners('warning'); // Node warns of its experimental parts, which users cannot change
process.on('disconnect', () => process.exit(0)); // the daemon is gone
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // the terminal sends them to all processes; only the daemon acts
process.on('message', (message: ToWorker) => {
  if (message.type === 'abort') running.get(message.id)?.abort(new Error('The daemon stops'));
  else void run(message.id, message.request);
});

async function run(id: number, request: RunRequest): Promise<void> {
  const stop = new AbortController();
  running.set(id, stop);
  try {
    const results = await warmAll(id, request, stop.signal);
    reportReceived();
    send({ type: 'done', id, results });
  } catch (error) {
    send({ type: 'failed', id, error });
  } finally {
    running.delete(id);
  }
}

async function warmAll(id: number, request: RunRequest, signal: AbortSignal): Promise<readonly WarmResult[]> {
  const { targets, bytesPerSecond, registries, ...options } = request;
  const { dockerConfigs: paths, ...settings } = registries;
  // a client for each run, so that rotated credentials are read again
  await using client = openRegistryClient(
    { ...settings, credentials: { paths }, rateLimit: rateOf(bytesPerSecond) },
    { env: process.env, userAgent: 'shale-warmerd', onExchange: note },
  );
  return warm(targets, {
    ...options,
    open: (reference) => client.repository(reference),
    signal,
    onEvent: (event) => send({ type: 'event', id, event }),
  });
}

function rateOf(bytesPerSecond: number | undefined): RateLimit | undefined {
  if (bytesPerSecond === undefined) return undefined;
  if (limit?.bytesPerSecond !== bytesPerSecond) limit = { bytesPerSecond, rate: new RateLimit(bytesPerSecond) };
  return limit.rate;
}

function note(exchange: Exchange): void {
  if (exchange.type !== 'received') return send({ type: 'exchange', exchange });
  const { registry, bytes } = exchange;
  received.set(registry, (received.get(registry) ?? 0) + bytes);
  reporting ??= setTimeout(reportReceived, REPORT_MS);
}

function reportReceived(): void {
  clearTimeout(reporting);
  reporting = undefined;
  for (const [registry, bytes] of received) send({ type: 'exchange', exchange: { type: 'received', registry, bytes } });
  received.clear();
}

function send(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => undefined); // the daemon may be gone
}
