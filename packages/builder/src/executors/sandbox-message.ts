import type { StepProcess } from './executor.ts';
import type { SpawnLock } from './spawn-lock.ts';

/** What the worker thread is to do: it starts when this arrives, and ends when the step has. */
export interface SandboxOrder {
  readonly process: StepProcess;
  readonly confinement: NamespacesConfinement | ChrootConfinement | InPlaceConfinement;
  /** See `newStepTag`. */
  readonly tag?: number | undefined;
  readonly spawnLock: SpawnLock;
}

export interface NamespacesConfinement {
  readonly type: 'namespaces';
  /** `shared` where the kernel lets no new `/proc` be mounted: the step then sees the builder's processes. */
  readonly processes: 'own' | 'shared';
  /** Inside a user namespace overlayfs keeps its marks in attributes that users may write. */
  readonly isUserNamespace: boolean;
}

export interface ChrootConfinement {
  readonly type: 'chroot';
  /** Pipes with names, so that the step can open its output again. */
  readonly stdout: string;
  readonly stderr: string;
}

/** The tree is `/` for everybody. */
export interface InPlaceConfinement {
  readonly type: 'in-place';
}

/** To the worker. */
export type SandboxRequest =
  | { readonly type: 'run'; readonly order: SandboxOrder }
  /** Asks the step to end. Sent again, kills it. */
  | { readonly type: 'stop' }
  /** Output that was taken: the worker holds back what would pile up. */
  | { readonly type: 'taken'; readonly bytes: number };

/** From the worker. */
export type SandboxReport =
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly data: Uint8Array }
  /** The program ended. Where the kernel does not end what it started, the main thread is asked to. */
  | { readonly type: 'left' }
  | { readonly type: 'exited'; readonly code: number }
  | { readonly type: 'failed'; readonly message: string; readonly code?: string | undefined };
