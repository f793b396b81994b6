import { getegid, geteuid } from 'node:process';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Sets the owners of files, and calls the kernel only when a file has another owner. */
export class Ownership {
  readonly #uid: number = geteuid?.() ?? 0;
  readonly #gid: number = getegid?.() ?? 0;
  readonly #onWarning: ((message: string) => void) | undefined;
  #isDenied = false;

  constructor(onWarning: ((message: string) => void) | undefined) {
    this.#onWarning = onWarning;
  }

  /** A new file belongs to this process. `mustAsk` is for files that may not: in a setgid directory, or not new. */
  apply(wanted: Owner, mustAsk: boolean, override: Owner | undefined, chown: (uid: number, gid: number) => void): void {
    const { uid, gid } = override ?? wanted;
    const isOwn = uid === this.#uid && gid === this.#gid;
    if ((isOwn && !mustAsk) || this.#isDenied) return;
    try {
      chown(uid, gid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM' || this.#uid === 0) throw error;
      this.#isDenied = true;
      this.#onWarning?.('Files keep the current user as their owner: only root may give them away');
    }
  }
}
