import { hintOf, type ProgressEvent, ShaleError } from '@shale/core';
import { REMEDIES } from '../errors/error-reference.ts';
import type { Renderer } from './renderer.ts';

export interface JsonOptions {
  readonly write: (text: string) => void;
  readonly time: () => Date;
}

/** One event a line, each with its `time`; a step's output as text, errors as `{code, message, hint}`. */
export function jsonRenderer({ write, time }: JsonOptions): Renderer {
  const decoders = new Map<string, TextDecoder>();
  const line = (event: object) => write(`${JSON.stringify({ time: time().toISOString(), ...event }, plainError)}\n`);
  const decode = (event: Extract<ProgressEvent, { type: 'step.output' }>) => {
    const stream = `${event.stream} ${event.step.id}`;
    const decoder = decoders.get(stream) ?? new TextDecoder();
    decoders.set(stream, decoder);
    return { ...event, data: decoder.decode(event.data, { stream: true }) };
  };
  return {
    onProgress: (event) => line(event.type === 'step.output' ? decode(event) : event),
    finish: (outcome) => line({ type: 'build.finished', ...outcome }),
    [Symbol.dispose]: () => {},
  };
}

function plainError(_key: string, value: unknown): unknown {
  if (value instanceof ShaleError) return { code: value.code, message: value.message, hint: hintOf(value, REMEDIES) };
  return value instanceof Error ? { message: value.message } : value;
}
