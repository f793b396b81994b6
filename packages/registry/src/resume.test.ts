import { randomBytes } from 'node:crypto';
import { DigestMismatchError, parseReference, readBytes, sha256, streamOf } from '@shale/core';
import { startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import type { Exchange } from './exchange.ts';
import { createRegistryClient } from './registry-client.ts';

const bytes = randomBytes(300_000);
const blob = { mediaType: 'application/octet-stream', digest: sha256(bytes), size: bytes.byteLength };

it('goes on where an earlier attempt broke off, verifies the whole, and tells what it asked and got', async () => {
  await using registry = await startRegistry();
  const seen: Exchange[] = [];
  await using client = createRegistryClient({ onExchange: (exchange) => void seen.push(exchange) });
  const repository = client.repository(parseReference(`${registry.host}/resumed`));
  await repository.put(blob, () => streamOf(bytes));
  const rest = (start: Uint8Array) =>
    readBytes(repository.readRest(blob, { bytes: start.byteLength, content: () => streamOf(start) }));
  const received = () => seen.reduce((sum, each) => sum + (each.type === 'received' ? each.bytes : 0), 0);
  const before = received();
  expect(Buffer.from(await rest(bytes.subarray(0, 200_000)))).toEqual(bytes.subarray(200_000));
  expect(received() - before).toBe(100_000);
  expect(seen).toContainEqual({ type: 'answered', registry: registry.host, method: 'GET', status: 206 });
  const asked = seen.length;
  expect(await rest(bytes)).toHaveLength(0);
  expect(seen).toHaveLength(asked);
  await expect(rest(randomBytes(200_000))).rejects.toThrow(DigestMismatchError);
});
