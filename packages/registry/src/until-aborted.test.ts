import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { untilAborted } from './until-aborted.ts';

it.each(['before', 'while'])(
  'untilAborted() leaves no rejection behind when the signal aborts %s it waits',
  async (when) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const stop = new AbortController();
      const { promise, reject } = Promise.withResolvers<never>();
      const start = async () => untilAborted(promise, stop.signal);
      if (when === 'before') stop.abort(new Error('stopped'));
      const waiting = start();
      stop.abort(new Error('stopped'));
      await expect(waiting).rejects.toThrow('stopped');
      reject(new Error('the client was closed'));
      await setImmediate();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  },
);
