import type { Readable, Writable } from 'node:stream';
import type { Environment } from '@shale/wiring';

export type { Environment };

/** What every command gets from its process. */
export interface Session {
  /** Of this program. */
  readonly version: string;
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** Opened when it is asked for, which takes milliseconds. */
  readonly stdin: () => Readable;
  /** Results only. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
  /** Progress, warnings, errors. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}
