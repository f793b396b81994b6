import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { HOST_PATH, shellWord } from '../host/host-path.ts';
import { hostShell, ownProgramDirectory } from '../host/host-program.ts';

/**
 * Process 1 of a step's pid namespace, started before anything of the step. It lives as long as its standard input is
 * open, and the kernel kills the whole namespace with it: so the step ends with the builder, however that ends.
 *
 * The loop waits, as an init has to, for processes whose parents are gone; the reader it waits for is started again
 * when the step kills it. The reader reports, so that it is there when the root is changed: the kernel changes it for
 * processes, and not for one that is just being forked.
 */
const script = (procPath: string) => `
mount -t proc -o nosuid,nodev,noexec proc ${shellWord(procPath)} || exit 1
exec 3<&0
report='echo mounted'
while :; do
  { $report; read -r line; } <&3 &
  report=:
  wait $!
  test $? -gt 128 || exit 0
done
`;

export interface Supervisor {
  /** Resolves when `/proc` is there. Rejects with code `PROC_DENIED` where the kernel does not allow it. */
  readonly mounted: Promise<void>;
  /** Kills everything in the namespace, and resolves when all of it is gone. */
  end(): Promise<void>;
}

/** Starts it in the calling thread's new pid namespace, and has it mount `/proc` at `procPath`. */
export function startSupervisor(procPath: string): Supervisor {
  const child = spawn(hostShell(), ['-s'], {
    cwd: '/',
    env: { PATH: `${HOST_PATH}:${ownProgramDirectory()}` },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {}); // it is gone, which `exit` tells
  child.stdin.write(script(procPath)); // not an argument: `ps` in the step would show it
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const mounted = whenMounted(child);
  mounted.catch(() => {}); // for who awaits it
  return {
    mounted,
    end() {
      child.stdin.end();
      return gone;
    },
  };
}

async function whenMounted(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<void> {
  const complaint: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
  const ready = once(child.stdout, 'data').then(() => true);
  const closed = once(child, 'close').then(() => false);
  if (await Promise.race([ready, closed])) return;
  const reason = Buffer.concat(complaint).toString().trim();
  throw Object.assign(new Error(`/proc cannot be mounted: ${reason}`), { code: 'PROC_DENIED' });
}
