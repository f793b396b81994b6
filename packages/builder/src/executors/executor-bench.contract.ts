import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { makeBusyboxTree } from '@shale/testing';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Executor, StepProcess } from './executor.ts';

/** An executor under test, with a fresh tree for each test. */
export class ExecutorBench {
  #scratch: ScratchDirectory | undefined;
  #executor: Executor | undefined;
  #tests = 0;

  constructor(open: () => Executor) {
    beforeAll(async () => {
      this.#scratch = await openScratchDirectory();
      this.#executor = open();
    });
    beforeEach(() => {
      this.#tests += 1;
      makeBusyboxTree(this.root);
    });
    afterAll(() => this.#scratch?.[Symbol.asyncDispose]());
  }

  /** The tree of this test's step. */
  get root(): string {
    return this.beside('tree');
  }

  /** A path for this test alone, outside of its tree. */
  beside(name: string): string {
    return join(this.#scratch?.path ?? '', `${name}-${this.#tests}`);
  }

  async run(
    script: string | readonly string[],
    step: Partial<StepProcess> = {},
    signal?: AbortSignal,
  ): Promise<{ readonly code: number | undefined; readonly stdout: string; readonly stderr: string }> {
    const output = { stdout: '', stderr: '' };
    const code = await this.#executor?.run(
      {
        root: this.root,
        args: typeof script === 'string' ? ['/bin/sh', '-c', script] : script,
        env: ['PATH=/bin'],
        cwd: '/',
        user: { uid: 0, gid: 0, groups: [0] },
        hostname: 'contract',
        network: 'host',
        security: 'sandbox',
        mounts: [],
        ...step,
      },
      { signal, onOutput: (stream, data) => void (output[stream] += Buffer.from(data).toString()) },
    );
    return { code, ...output };
  }

  /** Names, kinds and times: what a step left behind. */
  listing(): string {
    const find = ['.', '-path', './bin', '-prune', '-o', '-printf', '%p %y %m %u:%g %T@\n'];
    return execFileSync('find', find, { cwd: this.root, encoding: 'utf8' }).split('\n').sort().join('\n');
  }
}
