import type { TransportResponse } from './transport.ts';

/** Reads a small body whole, and nothing past `limit` bytes: what is longer comes back one byte longer than the limit. */
export async function readLimited(response: TransportResponse, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) break; // leaving the loop closes the connection
  }
  return Buffer.concat(chunks).subarray(0, limit + 1);
}
