import type { TransportResponse } from './transport.ts';

/** Reads a small body. Returns `limit` + 1 bytes of a longer one. */
export async function readLimited(response: TransportResponse, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) break; // ending the loop closes the connection
  }
  return Buffer.concat(chunks).subarray(0, limit + 1);
}
