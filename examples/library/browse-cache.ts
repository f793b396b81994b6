// Lists the layer cache in a state folder, the largest layers first: node browse-cache.ts STATE_FOLDER
import { join } from 'node:path';
import { cacheUsage, type ListedEntry, listEntries } from '@shale/cache/care';
import { blobDirectory } from '@shale/core';

const stateDir = process.argv[2];
if (stateDir === undefined) throw new Error('Usage: node browse-cache.ts STATE_FOLDER');
const directory = { root: join(stateDir, 'cache'), blobs: blobDirectory(stateDir) };

const entries: ListedEntry[] = [];
for await (const entry of listEntries(directory)) entries.push(entry);
for (const { record, sizeBytes, lastUsed, isComplete } of entries.toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
  const command = record.history.created_by ?? '';
  console.log(`${sizeBytes}\t${lastUsed.toISOString()}\t${isComplete ? '' : '(no layer) '}${command}`);
}
const usage = await cacheUsage(directory);
console.log(`${usage.entries} entries, ${usage.layerBytes} bytes in ${usage.layers} layers`);
