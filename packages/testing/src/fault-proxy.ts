import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FaultRule {
  /** @default any */
  readonly method?: string | undefined;
  /** Tested against the path with its query. @default any */
  readonly path?: RegExp | undefined;
  /** Which of the matching requests fail, counted from 1. @default all */
  readonly nth?: number | readonly number[] | undefined;
  readonly fault: Fault;
}

/** One fault. The fields are applied in this order. */
export interface Fault {
  /** Waits before anything else. */
  readonly delayMs?: number | undefined;
  /** Destroys the connection after this many bytes of the request's body. */
  readonly resetRequestAfterBytes?: number | undefined;
  /** Headers that do not reach the target. */
  readonly dropRequestHeaders?: readonly string[] | undefined;
  /** Answers instead of the target; the target sees nothing. */
  readonly respond?: FaultResponse | undefined;
  /** The target does its work, then the connection breaks without an answer. */
  readonly dropResponse?: boolean | undefined;
  /** The target does its work, then this is answered. */
  readonly replaceResponse?: FaultResponse | undefined;
  readonly status?: number | undefined;
  /** Set on the answer, or removed with `undefined`. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Waits between the target's answer and passing it on. */
  readonly delayResponseMs?: number | undefined;
  /** Flips the lowest bit of this byte of the answer, counted from 0. */
  readonly flipBitAt?: number | undefined;
  /** Passes the answer on at this rate. */
  readonly bytesPerSecond?: number | undefined;
  /** Ends the answer after this many bytes as if it were whole. */
  readonly truncateAfterBytes?: number | undefined;
  /** Destroys the connection after this many bytes of the answer. */
  readonly resetAfterBytes?: number | undefined;
  /** Sends nothing more after this many bytes of the answer, and keeps the connection open. */
  readonly stallAfterBytes?: number | undefined;
}

export interface FaultResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
}

export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** When it arrived, in milliseconds of `performance.now()`. */
  readonly atMs: number;
  /** 0 while unanswered. */
  status: number;
  requestBytes: number;
  responseBytes: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly ProxiedRequest[];
  /** The rules in force; the first match decides. May be changed between requests. */
  readonly rules: FaultRule[];
}

/**
 * Forwards all requests to `target` (as `http://127.0.0.1:5000`), and applies the faults of the rules.
 * The `Host` header stays the proxy's, so that a registry's absolute Locations lead back through it.
 */
export async function faultProxy(target: string, rules: readonly FaultRule[] = []): Promise<FaultProxy> {
  const requests: ProxiedRequest[] = [];
  const active: FaultRule[] = [...rules];
  const counts = new Map<FaultRule, number>();
  const sockets = new Set<Socket>();
  const closing = new AbortController();

  const faultFor = (method: string, path: string): Fault => {
    for (const rule of active) {
      if (rule.method !== undefined && rule.method !== method) continue;
      if (rule.path !== undefined && !rule.path.test(path)) continue;
      const count = (counts.get(rule) ?? 0) + 1;
      counts.set(rule, count);
      if (rule.nth === undefined || [rule.nth].flat().includes(count)) return rule.fault;
    }
    return {};
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    const { method = 'GET', url: path = '/' } = incoming;
    const entry = { method, path, headers: incoming.headers, atMs: performance.now(), status: 0 };
    const record: ProxiedRequest = { ...entry, requestBytes: 0, responseBytes: 0 };
    requests.push(record);
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    serve(target, faultFor(method, path), { incoming, outgoing, record, signal: closing.signal }).catch(() =>
      outgoing.destroy(),
    );
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    requests,
    rules: active,
    async [Symbol.asyncDispose]() {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly record: ProxiedRequest;
  readonly signal: AbortSignal;
}

const RESET_DELAY_MS = 30;

async function serve(target: string, fault: Fault, exchange: Exchange): Promise<void> {
  const { incoming, outgoing, signal } = exchange;
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { signal });
  if (fault.respond) {
    incoming.resume();
    if (!incoming.complete) await new Promise((resolve) => incoming.once('close', resolve).once('end', resolve));
    return answer(exchange, fault.respond);
  }
  const response = await forward(target, fault, exchange);
  if (fault.delayResponseMs !== undefined) await sleep(fault.delayResponseMs, undefined, { signal });
  if (fault.dropResponse === true || fault.replaceResponse) {
    response.resume();
    await new Promise((resolve) => response.once('close', resolve));
    if (fault.replaceResponse) return answer(exchange, fault.replaceResponse);
    outgoing.destroy();
    return undefined;
  }
  return passOn(response, fault, exchange);
}

function answer({ outgoing, record }: Exchange, { status, headers, body }: FaultResponse): void {
  record.status = status;
  record.responseBytes = Buffer.byteLength(body ?? '');
  outgoing.writeHead(status, { 'content-length': String(record.responseBytes), ...headers });
  outgoing.end(body);
}

async function forward(target: string, fault: Fault, { incoming, record, signal }: Exchange): Promise<IncomingMessage> {
  const dropped = new Set(fault.dropRequestHeaders?.map((name) => name.toLowerCase()));
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !dropped.has(name)));
  const onward = request(target + record.path, { method: record.method, headers, signal, agent: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.on('response', resolve);
    onward.on('error', reject);
  });
  answered.catch(() => undefined);
  const limit = fault.resetRequestAfterBytes ?? Number.POSITIVE_INFINITY;
  const limited = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      record.requestBytes += chunk.byteLength;
      if (record.requestBytes > limit) throw new Error('reset by rule');
      yield chunk;
    }
  };
  const sent = pipeline(incoming, limited, onward).then(() => answered);
  // A target may answer before it has read the whole body, and read no more of it.
  return Promise.race([sent, answered]).catch((error: unknown) => {
    onward.destroy();
    incoming.socket.resetAndDestroy();
    throw error;
  });
}

async function passOn(response: IncomingMessage, fault: Fault, { outgoing, record, signal }: Exchange): Promise<void> {
  record.status = fault.status ?? response.statusCode ?? 502;
  const headers = { ...response.headers, ...fault.headers };
  outgoing.writeHead(
    record.status,
    Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  );
  outgoing.flushHeaders();
  const stop = fault.truncateAfterBytes ?? fault.resetAfterBytes ?? fault.stallAfterBytes ?? Number.POSITIVE_INFINITY;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, stop - record.responseBytes);
    await sendPart(part, fault, { outgoing, record, signal });
    if (record.responseBytes >= stop) {
      response.destroy();
      return breakOff(fault, outgoing);
    }
  }
  outgoing.end();
  return undefined;
}

async function sendPart(part: Buffer, fault: Fault, exchange: Omit<Exchange, 'incoming'>): Promise<void> {
  const { outgoing, record, signal } = exchange;
  const flip = (fault.flipBitAt ?? -1) - record.responseBytes;
  if (flip >= 0 && flip < part.byteLength) part.writeUInt8(part.readUInt8(flip) ^ 1, flip);
  const step = fault.bytesPerSecond === undefined ? part.byteLength : Math.max(1, fault.bytesPerSecond / 10);
  for (let offset = 0; offset < part.byteLength; offset += step) {
    const piece = part.subarray(offset, offset + step);
    record.responseBytes += piece.byteLength;
    if (!outgoing.write(piece)) await drained(outgoing);
    if (outgoing.destroyed) throw new Error('the client went away');
    if (fault.bytesPerSecond !== undefined) await sleep(100, undefined, { signal });
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.once('drain', done).once('close', done);
  });
}

/** What was written before must still arrive: a reset discards what the client has not read yet. */
async function breakOff(fault: Fault, outgoing: ServerResponse): Promise<void> {
  if (fault.stallAfterBytes !== undefined) return;
  await new Promise<void>((resolve) => outgoing.write('', () => resolve()));
  if (fault.truncateAfterBytes !== undefined) return void outgoing.socket?.end();
  await sleep(RESET_DELAY_MS);
  outgoing.socket?.resetAndDestroy();
  return undefined;
}
