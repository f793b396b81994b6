import type { Log } from './log.ts';

/** Numbers the stages, as envbuilder does: `#1: 📦 Cloning …`, `#1: 📦 Cloned … [1.2s]`. */
export interface Stages {
  /** Logs the start of a stage. @returns a function that logs its end */
  start(text: string): (text: string) => void;
}

export function openStages(log: Log, now: () => number = () => performance.now()): Stages {
  let count = 0;
  return {
    start(text) {
      const number = ++count;
      const startedAt = now();
      log('info', `#${number}: ${text}`);
      return (done) => log('info', `#${number}: ${done} [${formatSeconds(now() - startedAt)}]`);
    },
  };
}

function formatSeconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(1)}s`;
}
