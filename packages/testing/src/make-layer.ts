import type { Layer, LocalBlobStore } from '@shale/core';
import type { ArchiveEntry, Compression } from '@shale/core/archive';
import { TarWriter, writeLayer } from '@shale/core/archive';

/** An entry of an archive: `path`, and every field that differs from a file of root (a directory if `path` ends in `/`). */
export interface MadeEntry extends Partial<ArchiveEntry> {
  readonly path: string;
  readonly content?: string | Uint8Array | undefined;
}

function complete({ content, ...entry }: MadeEntry): { entry: ArchiveEntry; bytes: Uint8Array } {
  const bytes = typeof content === 'string' ? Buffer.from(content) : (content ?? new Uint8Array());
  const isDirectory = entry.type === 'directory' || entry.path.endsWith('/');
  const type = entry.type ?? (isDirectory ? 'directory' : 'file');
  const base = { mode: isDirectory ? 0o755 : 0o644, uid: 0, gid: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };
  return { entry: { ...base, size: bytes.byteLength, ...entry, type, path: entry.path.replace(/\/$/, '') }, bytes };
}

async function writeEntries(tar: TarWriter, entries: readonly MadeEntry[]): Promise<void> {
  for (const made of entries) {
    const { entry, bytes } = complete(made);
    await tar.entry(entry, bytes);
  }
}

/** The bytes of an archive with these entries, in this order. */
export async function makeArchive(entries: readonly MadeEntry[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const tar = new TarWriter((chunk) => {
    chunks.push(Buffer.from(chunk));
  });
  await writeEntries(tar, entries);
  await tar.finish();
  return Buffer.concat(chunks);
}

/** A layer with these entries, in the store. */
export async function makeLayer(
  store: LocalBlobStore,
  entries: readonly MadeEntry[],
  compression: Compression = { algorithm: 'gzip', level: 1 },
): Promise<Layer> {
  return writeLayer(store, (tar) => writeEntries(tar, entries), { compression });
}
