import { messageOf, type ProgressEvent, type ProgressListener, type StepInfo } from '@shale/core';
import type { Log } from './log.ts';

const MAX_LINE_LENGTH = 8192;

/** Logs the events of a build. Output of RUN has nothing before it on its line, as envbuilder's users expect. */
export function progressLog(log: Log): ProgressListener {
  const rests = new Map<string, { readonly decoder: TextDecoder; rest: string }>();
  const output = (key: string, data: Uint8Array | undefined) => {
    const state = rests.get(key) ?? { decoder: new TextDecoder(), rest: '' };
    rests.set(key, state);
    const lines = (state.rest + state.decoder.decode(data, { stream: data !== undefined })).split('\n');
    state.rest = data === undefined ? '' : (lines.pop() ?? '').slice(-MAX_LINE_LENGTH);
    for (const line of lines) if (data !== undefined || line !== '') log('info', lastOverwritten(line));
  };
  return (event) => {
    switch (event.type) {
      case 'step.output':
        return output(`${event.step.id} ${event.stream}`, event.data);
      case 'step.started':
        return log('info', titleOf(event.step));
      case 'step.finished':
        for (const stream of ['stdout', 'stderr']) output(`${event.step.id} ${stream}`, undefined);
        return log(event.outcome === 'failed' ? 'error' : 'info', `${titleOf(event.step)} ${outcomeOf(event)}`);
      default:
        return other(event, log);
    }
  };
}

function other(event: ProgressEvent, log: Log): void {
  switch (event.type) {
    case 'image.resolved':
      return log('info', `Base image ${event.reference} (${event.digest}) from ${event.source}`);
    case 'isolation.chosen':
      return log('debug', `Steps run by ${event.executor} on ${event.snapshotter}: ${event.reason}`);
    case 'cache.degraded':
      return log('warn', `The ${event.backend} cache is passed over: ${messageOf(event.error)}`);
    case 'waiting': {
      const until = new Date(event.untilMs).toISOString();
      return log('info', `Waiting for ${event.host}, until ${until} at the latest: ${event.reason}`);
    }
    case 'warning':
      // containers have devices of their own
      return log(/^Devices cannot be made|^\d+ more warnings/.test(event.message) ? 'debug' : 'warn', event.message);
    case 'transfer':
      if (event.done) log('debug', `${event.direction} ${event.digest}: ${event.bytes} bytes`);
  }
}

function titleOf({ stage, index, total, name }: StepInfo): string {
  return `[${stage} ${index}/${total}] ${name}`;
}

function outcomeOf({ outcome, durationMs, origin }: Extract<ProgressEvent, { type: 'step.finished' }>): string {
  if (outcome === 'cached') return `CACHED${origin === undefined ? '' : ` (${origin})`}`;
  return `${outcome === 'failed' ? 'FAILED' : 'DONE'} ${(durationMs / 1000).toFixed(1)}s`;
}

/** The part of a line that a terminal shows last. */
function lastOverwritten(line: string): string {
  return line.replace(/\r$/, '').split('\r').at(-1) ?? '';
}
