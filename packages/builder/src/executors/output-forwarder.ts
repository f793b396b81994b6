import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { SandboxReport } from './sandbox-message.ts';

type OutputReport = Extract<SandboxReport, { type: 'output' }>;

/** Output on its way to the main thread. Beyond it the step waits. */
const MAX_UNTAKEN_BYTES = 4 * 1024 * 1024;

/** Sends a step's output on, and lets the step wait while the main thread is busy. */
export class OutputForwarder {
  readonly #send: (report: OutputReport, transfer: ArrayBuffer[]) => void;
  readonly #readers = new Set<Socket>();
  #untaken = 0;

  constructor(send: (report: OutputReport, transfer: ArrayBuffer[]) => void) {
    this.#send = send;
  }

  /** Resolves at the stream's end. */
  async forward(reader: Socket, stream: OutputReport['stream']): Promise<void> {
    this.#readers.add(reader);
    reader.on('data', (chunk: Buffer<ArrayBuffer>) => {
      this.#untaken += chunk.byteLength;
      const isWhole = chunk.byteLength === chunk.buffer.byteLength;
      this.#send({ type: 'output', stream, data: chunk }, isWhole ? [chunk.buffer] : []);
      if (this.#untaken > MAX_UNTAKEN_BYTES) for (const each of this.#readers) each.pause();
    });
    await once(reader, 'end');
    this.#readers.delete(reader);
  }

  taken(bytes: number): void {
    const wasFull = this.#untaken > MAX_UNTAKEN_BYTES;
    this.#untaken -= bytes;
    if (wasFull && this.#untaken <= MAX_UNTAKEN_BYTES) for (const reader of this.#readers) reader.resume();
  }
}
