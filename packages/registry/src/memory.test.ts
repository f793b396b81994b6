import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';

const MAX_RSS_MIB = 220;

/** Runs apart, so that only the client's memory is measured. */
const PROGRAM = `
import { createHash } from 'node:crypto';
import { parseReference } from '@shale/core';
import { createRegistryClient } from '@shale/registry';

const [host, chunkBytes] = process.argv.slice(1);
const piece = Buffer.alloc(1024 * 1024, chunkBytes);
const content = async function* () {
  for (let count = 0; count < 256; count += 1) yield piece;
};
const hash = createHash('sha256');
for await (const chunk of content()) hash.update(chunk);
const blob = { mediaType: 'application/octet-stream', digest: 'sha256:' + hash.digest('hex'), size: 256 * piece.length };

await using client = createRegistryClient({ chunkBytes: Number(chunkBytes) || undefined });
const repository = client.repository(parseReference(host + '/app'));
await repository.put(blob, content);
let pulled = 0;
for await (const chunk of repository.read(blob)) pulled += chunk.length;
console.log(JSON.stringify({ pulled, maxRssMib: process.resourceUsage().maxRSS / 1024 }));
`;

it.each([0, 64 * 1024 * 1024])(
  'a blob of 256 MiB is pushed and pulled in flat memory (chunkBytes: %d)',
  async (chunkBytes) => {
    await using registry = await startRegistry();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@shale/source', '--input-type=module', '-e', PROGRAM, registry.host, String(chunkBytes)],
      { cwd: import.meta.dirname },
    );
    const { pulled, maxRssMib } = JSON.parse(stdout);
    expect(pulled).toBe(256 * 1024 * 1024);
    expect(maxRssMib).toBeLessThan(MAX_RSS_MIB);
  },
);
