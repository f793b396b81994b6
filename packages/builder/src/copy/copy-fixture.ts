import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { attributesOf } from '../tree/attributes.ts';
import type { CopyTreeOptions } from './copy-into-tree.ts';
import { copyIntoTree } from './copy-into-tree.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { plainTree } from '../tree/source-tree.ts';
import { resolveSources } from './sources.ts';

export interface CopyRequest extends Partial<CopyTreeOptions> {
  /** @default everything in `from` */
  readonly tree?: SourceTree | undefined;
  readonly parents?: boolean | undefined;
}

const ROOT = { uid: 0, gid: 0 };

/** Two real trees for a test: `from` and `to`, with a canary beside them that no copy may touch or bring in. */
export class CopyFixture implements Disposable {
  readonly scratch: string = mkdtempSync(join(tmpdir(), 'shale-copy-'));
  readonly from: string = join(this.scratch, 'from');
  readonly to: string = join(this.scratch, 'to');

  constructor() {
    mkdirSync(this.from);
    mkdirSync(this.to);
    writeFileSync(join(this.scratch, 'canary'), 'canary');
  }

  [Symbol.dispose](): void {
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** Writes a file of `from`, and says where it is. */
  write(path: string, content: string = path, mode = 0o644): string {
    return writeFile(join(this.from, path), content, mode);
  }

  /** The same for `to`. */
  prepare(path: string, content: string = path): string {
    return writeFile(join(this.to, path), content, 0o644);
  }

  async copy(sources: readonly string[], destination: string, request: CopyRequest = {}): Promise<void> {
    const { tree = plainTree(this.from), parents = false, ...options } = request;
    const found = resolveSources(tree, sources, { parents });
    await copyIntoTree(this.to, tree, found, destination, { owner: ROOT, chmod: undefined, exclude: [], ...options });
  }

  read(path: string): string {
    return readFileSync(join(this.to, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.to, path));
  }

  modeOf(path: string): number {
    return lstatSync(join(this.to, path)).mode & 0o7777;
  }

  ownerOf(path: string): string {
    const { uid, gid } = lstatSync(join(this.to, path));
    return `${uid}:${gid}`;
  }

  /** All paths below `to`, sorted. */
  paths(): string[] {
    return readdirSync(this.to, { recursive: true, encoding: 'utf8' }).sort();
  }

  isCanaryUntouched(): boolean {
    const beside = readdirSync(this.scratch).sort().join(' ');
    return beside === 'canary from to' && readFileSync(join(this.scratch, 'canary'), 'utf8') === 'canary';
  }
}

function writeFile(host: string, content: string, mode: number): string {
  mkdirSync(dirname(host), { recursive: true });
  writeFileSync(host, content);
  chmodSync(host, mode);
  return host;
}

/** Everything about a tree that an image would hold, but for times. */
export function describeTree(root: string): Record<string, string> {
  const inodes = new Map<number, string>();
  const entries = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(entries.map((path) => [path, describeEntry(join(root, path), path, inodes)]));
}

function describeEntry(host: string, path: string, inodes: Map<number, string>): string {
  const stats = lstatSync(host);
  const meta = `${stats.mode.toString(8)} ${stats.uid}:${stats.gid}`;
  if (stats.isSymbolicLink()) return `${meta} -> ${readlinkSync(host)}`;
  const first = inodes.get(stats.ino);
  inodes.set(stats.ino, first ?? path);
  if (!stats.isFile()) return `${meta} ${attributesOf(host)}`;
  return `${meta} ${attributesOf(host)} ${readFileSync(host, 'utf8')}${first === undefined ? '' : ` = ${first}`}`;
}
