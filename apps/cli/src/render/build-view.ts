import type { ProgressEvent, StepInfo } from '@shale/core';
import { cleanOutputLine } from '../terminal/escape.ts';
import { type OutputLines, outputLines } from './output-lines.ts';
import { progressListener } from './renderer.ts';
import { Tally } from './tally.ts';
import { TransferRate } from './transfer-rate.ts';

/** Lines kept of a running step: enough to show why it failed. */
const TAIL_LINES = 40;

export interface RunningStep {
  readonly step: StepInfo;
  readonly startedAt: number;
  readonly streams: Map<'stdout' | 'stderr', OutputLines>;
  /** The last lines it printed, oldest first. */
  tail: readonly string[];
}

export interface RunningTransfer {
  readonly rate: TransferRate;
  last: Extract<ProgressEvent, { type: 'transfer' }>;
}

/** What a live view shows at this moment, kept up to date from events. */
export class BuildView {
  readonly startedAt: number;
  readonly tally = new Tally();
  readonly running = new Map<string, RunningStep>();
  readonly transfers = new Map<string, RunningTransfer>();
  /** Columns of the widest `stage 2/6`. */
  labelWidth = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.startedAt = now();
  }

  /** The step that just finished, with its tail, when the event is about one. */
  add(event: ProgressEvent): RunningStep | undefined {
    this.tally.add(event);
    if (event.type === 'step.finished') return this.#finish(event.step);
    this.#listen(event);
    return undefined;
  }

  readonly #listen = progressListener({
    'build.planned': ({ steps }) => {
      for (const step of steps) this.labelWidth = Math.max(this.labelWidth, stepLabel(step).length);
    },
    'step.started': ({ step }) => {
      this.#runningStep(step);
    },
    'step.output': ({ step, stream, data }) => {
      const running = this.#runningStep(step);
      const lines = running.streams.get(stream) ?? outputLines();
      running.streams.set(stream, lines);
      keepTail(running, lines.push(data));
    },
    transfer: (event) => {
      const id = `${event.direction} ${event.digest}`;
      const transfer = this.transfers.get(id) ?? { rate: new TransferRate(), last: event };
      transfer.last = event;
      transfer.rate.add(this.#now(), event.bytes);
      this.transfers.set(id, transfer);
      if (event.done) this.transfers.delete(id);
    },
  });

  #runningStep(step: StepInfo): RunningStep {
    const known = this.running.get(step.id);
    if (known !== undefined) return known;
    const running = { step, startedAt: this.#now(), streams: new Map(), tail: [] };
    this.running.set(step.id, running);
    return running;
  }

  #finish(step: StepInfo): RunningStep {
    const running = this.#runningStep(step);
    for (const lines of running.streams.values()) keepTail(running, lines.flush());
    this.running.delete(step.id);
    return running;
  }
}

export function stepLabel({ stage, index, total }: StepInfo): string {
  return `${stage} ${index}/${total}`;
}

function keepTail(running: RunningStep, lines: readonly string[]): void {
  const clean = lines.map((line) => cleanOutputLine(line, { colours: false })).filter((line) => line.trim() !== '');
  if (clean.length > 0) running.tail = [...running.tail, ...clean].slice(-TAIL_LINES);
}
