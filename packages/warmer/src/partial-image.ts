import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BlobStart, type Descriptor, type Digest, digestHex, isDigest, streamOf } from '@shale/core';
import { ageMs, flushDirectory, readRegularFile, undefinedIfMissing } from '@shale/core/files';
import { asObject, asSize, parseJson } from '@shale/core/json';
import { type ArchiveLayout, layOutArchive } from './archive-layout.ts';
import type { EntryForm } from './entry-form.ts';
import { layoutFiles, layoutPath } from './layout-entry.ts';
import { readStoredBytes } from './found-blob.ts';
import { FREE, isOrphan, ownedName } from './owner.ts';
import { writeStream } from './partial-file.ts';
import type { ResolvedImage } from './resolve-image.ts';

export interface PartialImageOptions {
  readonly directory: string;
  readonly form: EntryForm;
  /** The names that are written into the image. */
  readonly names: readonly string[];
}

/**
 * An image that is being fetched. Each blob is written to its place, and the image gets its name when it is complete. An
 * interrupted one is kept for a day, and a warmer that fetches the same image resumes it.
 */
export interface PartialImage extends AsyncDisposable {
  readonly form: EntryForm;
  /** The bytes of the blob that an earlier attempt wrote. They are not verified yet. */
  start(blob: Descriptor): BlobStart | undefined;
  /** Writes the blob from `offset` on. */
  write(blob: Descriptor, content: AsyncIterable<Uint8Array>, writing?: BlobWriting): Promise<void>;
  /** Links a file that contains the blob alone. @returns `false` where links do not work. */
  adopt(blob: Descriptor, path: string): Promise<boolean>;
  /** Flushes the image, renames it to `path`, and flushes the rename. */
  publish(path: string): Promise<void>;
}

export interface BlobWriting {
  /** @default 0 */
  readonly offset?: number | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

const VERSION = 1;
const PROGRESS = 'progress.json';
const MAX_PROGRESS_BYTES = 1024 * 1024;
const ARCHIVE = 'image.tar';
const LAYOUT = 'layout';
/** The progress is recorded each time this many bytes were written, so that little is fetched twice. */
const NOTED_BYTES = 8 * 1024 * 1024;
/** The progress is recorded at least this often, as a heartbeat. */
const NOTED_MS = 15_000;
/** An interrupted image with fewer bytes is removed. */
const KEPT_BYTES = 1024 * 1024;
/** An image of another machine without a heartbeat for this long is taken over. */
const STALE_MS = 60_000;

/** Starts to fetch `image`, or resumes an earlier attempt. */
export async function openPartialImage(image: ResolvedImage, options: PartialImageOptions): Promise<PartialImage> {
  const { directory, form } = options;
  const hex = digestHex(image.raw.digest);
  const path = join(directory, `${ownedName()}.${hex}`);
  await mkdir(directory, { recursive: true });
  const written = await takeOver(path, { directory, hex, form });
  if (written === undefined) await mkdir(path);
  const partial = new OpenImage(path, image, options, written ?? new Map());
  try {
    await partial.begin();
    return partial;
  } catch (error) {
    await partial[Symbol.asyncDispose]();
    throw error;
  }
}

/** Removes interrupted attempts at this image, which is complete now. */
export async function removeAttempts(directory: string, digest: Digest): Promise<void> {
  for (const { path } of await freeAttempts(directory, digestHex(digest)))
    await rm(path, { recursive: true, force: true });
}

/** Removes all interrupted attempts, to free space. */
export async function removeAllAttempts(directory: string): Promise<void> {
  for (const { path } of await freeAttempts(directory)) await rm(path, { recursive: true, force: true });
}

/** Whether the name is that of an attempt, and not of a small file. */
export function isAttempt(name: string): boolean {
  return name.includes('.');
}

interface Attempt {
  readonly path: string;
  /** Whether this user made it. Another user may have put symlinks into it. */
  readonly isOwn: boolean;
  readonly written: Progress;
}

interface Progress {
  readonly form: EntryForm;
  readonly bytes: ReadonlyMap<Digest, number>;
}

/** The attempts that no process works on. */
async function freeAttempts(directory: string, hex?: string): Promise<readonly Attempt[]> {
  const names = (await readdir(directory).catch(undefinedIfMissing)) ?? [];
  const found = names.filter((name) => isAttempt(name) && (hex === undefined || name.endsWith(`.${hex}`)));
  const attempts: Attempt[] = [];
  for (const name of found) {
    const path = join(directory, name);
    if (!(await isFree(name, path))) continue;
    const written = await readProgress(join(path, PROGRESS)).catch(() => undefined);
    const isOwn = (await lstat(path).catch(() => undefined))?.uid === process.geteuid?.();
    attempts.push({ path, isOwn, written: written ?? { form: 'tar', bytes: new Map() } });
  }
  return attempts;
}

async function isFree(name: string, path: string): Promise<boolean> {
  if (name.startsWith(FREE) || isOrphan(name)) return true;
  const alive = await lstat(join(path, PROGRESS)).catch(undefinedIfMissing);
  return alive !== undefined && ageMs(alive.mtimeMs) > STALE_MS;
}

async function takeOver(
  path: string,
  { directory, hex, form }: { readonly directory: string; readonly hex: string; readonly form: EntryForm },
): Promise<Map<Digest, number> | undefined> {
  const size = ({ written }: Attempt) => [...written.bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const free = await freeAttempts(directory, hex);
  const attempts = free.filter(({ written, isOwn }) => isOwn && written.form === form);
  for (const attempt of attempts.toSorted((a, b) => size(b) - size(a))) {
    if (size(attempt) === 0) break;
    try {
      await rename(attempt.path, path); // the first process gets it
      return new Map(attempt.written.bytes);
    } catch (error) {
      undefinedIfMissing(error);
    }
  }
  return undefined;
}

async function readProgress(path: string): Promise<Progress> {
  const fail = (message: string) => new Error(`${path}: ${message}`);
  const content = await readRegularFile(path, { maxBytes: MAX_PROGRESS_BYTES });
  if (content === undefined) throw fail('it is not there');
  const document = asObject(parseJson(content, 'progress', fail), 'progress', fail);
  if (document['version'] !== VERSION) throw fail('it is of another version');
  const blobs = Object.entries(asObject(document['blobs'], 'blobs', fail));
  return {
    form: document['form'] === 'oci' ? 'oci' : 'tar',
    bytes: new Map(
      blobs.map(([digest, bytes]) => {
        if (!isDigest(digest)) throw fail('it has an invalid digest');
        return [digest, asSize(bytes, digest, fail)] as const;
      }),
    ),
  };
}

interface BlobPlace {
  readonly path: string;
  readonly offset: number;
}

class OpenImage implements PartialImage {
  readonly form: EntryForm;
  readonly #path: string;
  readonly #image: ResolvedImage;
  readonly #names: readonly string[];
  readonly #layout: ArchiveLayout;
  readonly #earlier: ReadonlyMap<Digest, number>;
  readonly #written: Map<Digest, number>;
  readonly #files = new Map<string, Promise<FileHandle>>();
  readonly #life: NodeJS.Timeout;
  #unnoted = 0;
  #noting: Promise<void> = Promise.resolve();
  #isDone = false;

  constructor(path: string, image: ResolvedImage, { form, names }: PartialImageOptions, written: Map<Digest, number>) {
    this.form = form;
    this.#path = path;
    this.#image = image;
    this.#names = names;
    this.#layout = layOutArchive(image.manifest, names);
    this.#earlier = new Map(written);
    this.#written = written;
    this.#life = setInterval(() => this.#noteSoon(), NOTED_MS).unref();
  }

  /** Writes everything but the blobs. */
  async begin(): Promise<void> {
    await this.#note();
    if (this.form === 'oci') {
      await mkdir(dirname(this.#placeOf(this.#image.manifest.config).path), { recursive: true, mode: 0o755 });
      return;
    }
    const file = await this.#file(join(this.#path, ARCHIVE));
    await file.truncate(this.#layout.sizeBytes);
    for (const { offset, bytes } of this.#layout.frame) {
      await writeStream(file, { offset, content: streamOf(bytes), onBytes: () => undefined });
    }
  }

  start(blob: Descriptor): BlobStart | undefined {
    const bytes = Math.min(this.#earlier.get(blob.digest) ?? 0, blob.size);
    if (bytes === 0) return undefined;
    const { path, offset } = this.#placeOf(blob);
    return { bytes, content: () => readStoredBytes({ path, blob, offset, isWholeFile: false }, { end: bytes }) };
  }

  async write(blob: Descriptor, content: AsyncIterable<Uint8Array>, { offset = 0, onBytes }: BlobWriting = {}) {
    const place = this.#placeOf(blob);
    await mkdir(dirname(place.path), { recursive: true });
    // A file that was adopted belongs to another entry, too.
    if (this.form === 'oci' && offset === 0 && !this.#files.has(place.path)) await rm(place.path, { force: true });
    const file = await this.#file(place.path);
    this.#written.set(blob.digest, offset);
    await writeStream(file, {
      offset: place.offset + offset,
      content,
      onBytes: (bytes) => {
        this.#count(blob.digest, bytes);
        onBytes?.(bytes);
      },
    });
  }

  async adopt(blob: Descriptor, path: string): Promise<boolean> {
    if (this.form === 'tar') return false;
    const place = this.#placeOf(blob);
    try {
      await mkdir(dirname(place.path), { recursive: true });
      await rm(place.path, { force: true });
      await link(path, place.path);
      return true;
    } catch {
      return false; // another file system, or one without links
    }
  }

  async publish(path: string): Promise<void> {
    if (this.form === 'oci') await this.#finishLayout();
    for (const file of this.#files.values()) await (await file).sync();
    await this.#close();
    const whole = join(this.#path, this.form === 'oci' ? LAYOUT : ARCHIVE);
    if (this.form === 'oci') for (const directory of await directoriesBelow(whole)) await flushDirectory(directory);
    await replace(whole, path, join(this.#path, 'replaced'));
    await flushDirectory(dirname(path));
    this.#isDone = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    const bytes = [...this.#written.values()].reduce((sum, written) => sum + written, 0);
    if (this.#isDone || bytes < KEPT_BYTES) return rm(this.#path, { recursive: true, force: true });
    await this.#note().catch(() => undefined);
    const { digest } = this.#image.raw;
    await rename(this.#path, join(dirname(this.#path), `${FREE}${ownedName()}.${digestHex(digest)}`)).catch(
      undefinedIfMissing,
    );
  }

  #placeOf({ digest }: Pick<Descriptor, 'digest'>): BlobPlace {
    if (this.form === 'oci') return { path: layoutPath(join(this.#path, LAYOUT), digest), offset: 0 };
    const placed = this.#layout.blobs.find(({ blob }) => blob.digest === digest);
    if (placed === undefined) throw new Error('unreachable');
    return { path: join(this.#path, ARCHIVE), offset: placed.offset };
  }

  #file(path: string): Promise<FileHandle> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opened = openShared(path);
    this.#files.set(path, opened);
    return opened;
  }

  async #finishLayout(): Promise<void> {
    for (const { name, bytes } of layoutFiles(this.#image.raw, this.#names)) {
      const file = await this.#file(join(this.#path, LAYOUT, name));
      await file.truncate(0);
      await writeStream(file, { offset: 0, content: streamOf(bytes), onBytes: () => undefined });
    }
  }

  #count(digest: Digest, bytes: number): void {
    this.#written.set(digest, (this.#written.get(digest) ?? 0) + bytes);
    this.#unnoted += bytes;
    if (this.#unnoted < NOTED_BYTES) return;
    this.#unnoted = 0;
    this.#noteSoon();
  }

  /** Ignores failures: they only make the next attempt fetch more. */
  #noteSoon(): void {
    this.#noting = this.#noting.then(() => this.#note()).catch(() => undefined);
  }

  async #note(): Promise<void> {
    const text = JSON.stringify({ version: VERSION, form: this.form, blobs: Object.fromEntries(this.#written) });
    const path = join(this.#path, PROGRESS);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  async #close(): Promise<void> {
    clearInterval(this.#life);
    await this.#noting;
    const files = await Promise.allSettled(this.#files.values());
    this.#files.clear();
    for (const file of files) if (file.status === 'fulfilled') await file.value.close();
  }
}

/** Opens a file that other users may read, whatever the umask is. */
async function openShared(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
  await file.chmod(0o644);
  return file;
}

async function directoriesBelow(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const below = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return [...below, path];
}

/** A file can replace another one at once, and a directory cannot: its files are moved into the existing directory. */
async function replace(whole: string, path: string, aside: string): Promise<void> {
  const [next, before] = await Promise.all([lstat(whole), lstat(path).catch(undefinedIfMissing)]);
  if (next.isDirectory() && before?.isDirectory() === true) return merge(whole, path);
  if (before !== undefined && next.isDirectory() !== before.isDirectory()) {
    await rename(path, aside).catch(undefinedIfMissing);
  }
  await rename(whole, path);
}

async function merge(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true, recursive: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const target = join(to, path.slice(from.length + 1));
    await mkdir(dirname(target), { recursive: true });
    await rename(path, target);
  }
  for (const directory of await directoriesBelow(to)) await flushDirectory(directory);
}
