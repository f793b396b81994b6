// The process that transfers: started for runs and gone after them, so that the daemon itself stays small.
import { type Exchange, RateLimit } from '@shale/registry';
import { warm, type WarmResult } from '@shale/warmer';
import { openRegistryClient } from '@shale/wiring';
import type { FromWorker, RunRequest, ToWorker } from './warm-request.ts';

/** Bytes of answers are told this often, and not piece by piece. */
const TELL_MS = 250;

const running = new Map<number, AbortController>();
const received = new Map<string, number>();
let limit: { readonly bytesPerSecond: number; readonly rate: RateLimit } | undefined;
let telling: NodeJS.Timeout | undefined;

process.removeAllListeners('warning'); // Node's own, of parts that it calls experimental
process.on('disconnect', () => process.exit(0)); // the daemon is gone
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // of the terminal, for the daemon
process.on('message', (message: ToWorker) => {
  if (message.type === 'abort') running.get(message.id)?.abort(new Error('The daemon stops'));
  else void run(message.id, message.request);
});

async function run(id: number, request: RunRequest): Promise<void> {
  const stop = new AbortController();
  running.set(id, stop);
  try {
    const results = await warmAll(id, request, stop.signal);
    tellReceived();
    tell({ type: 'done', id, results });
  } catch (error) {
    tell({ type: 'failed', id, error });
  } finally {
    running.delete(id);
  }
}

async function warmAll(id: number, request: RunRequest, signal: AbortSignal): Promise<readonly WarmResult[]> {
  const { targets, bytesPerSecond, registries, ...options } = request;
  const { dockerConfigs: paths, ...settings } = registries;
  // A client for each run: credentials that were rotated meanwhile are read again.
  await using client = openRegistryClient(
    { ...settings, credentials: { paths }, rateLimit: rateOf(bytesPerSecond) },
    { env: process.env, userAgent: 'shale-warmerd', onExchange: note },
  );
  return warm(targets, {
    ...options,
    open: (reference) => client.repository(reference),
    signal,
    onEvent: (event) => tell({ type: 'event', id, event }),
  });
}

function rateOf(bytesPerSecond: number | undefined): RateLimit | undefined {
  if (bytesPerSecond === undefined) return undefined;
  if (limit?.bytesPerSecond !== bytesPerSecond) limit = { bytesPerSecond, rate: new RateLimit(bytesPerSecond) };
  return limit.rate;
}

function note(exchange: Exchange): void {
  if (exchange.type !== 'received') return tell({ type: 'exchange', exchange });
  const { registry, bytes } = exchange;
  received.set(registry, (received.get(registry) ?? 0) + bytes);
  telling ??= setTimeout(tellReceived, TELL_MS);
}

function tellReceived(): void {
  clearTimeout(telling);
  telling = undefined;
  for (const [registry, bytes] of received) tell({ type: 'exchange', exchange: { type: 'received', registry, bytes } });
  received.clear();
}

function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => undefined); // nobody listens any more once the daemon is gone
}
