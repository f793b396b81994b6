import { fileSystemCalls, hostPath, keptXattrs } from '@shale/core/archive';

/** The attributes that a copy keeps, as one word; `''` without any. `fd`, if open, makes it faster. */
export function attributesOf(host: string, fd?: number): string {
  const found = fileSystemCalls().getXattrs(hostPath(host), fd);
  if (found.size === 0) return '';
  return keptXattrs(found)
    .map(([name, value]) => `${encodeURIComponent(name)}=${Buffer.from(value).toString('base64')}`)
    .toSorted()
    .join(',');
}

/** Where a file system or a user namespace cannot hold an attribute. */
const REFUSED = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EACCES', 'EINVAL']);

export interface CopyAttributesOptions {
  /** Open, of `from`: makes it faster. */
  readonly fd?: number | undefined;
  /** Called for an attribute that cannot be set here. */
  readonly onRefused: (name: string, error: Error) => void;
}

/** Gives one file the attributes of another that a copy keeps. */
export function copyAttributes(from: string, to: string, { fd, onRefused }: CopyAttributesOptions): void {
  const found = fileSystemCalls().getXattrs(hostPath(from), fd);
  if (found.size === 0) return;
  for (const [name, value] of keptXattrs(found)) {
    try {
      fileSystemCalls().setXattr(hostPath(to), name, value);
    } catch (error) {
      if (!REFUSED.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      onRefused(name, error as Error);
    }
  }
}

/** Whether an access list of a directory decides on the modes of what is made in it. */
export function decidesOnModes(directory: string): boolean {
  return fileSystemCalls().getXattrs(hostPath(directory)).has('system.posix_acl_default');
}
