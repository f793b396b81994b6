import { ContextInvalidError, type DockerfileSource } from '@shale/builder';

const MAX_BYTES = 16 * 1024 * 1024;

/** @throws {ContextInvalidError} for more than 16 MiB */
export async function readDockerfile(stream: AsyncIterable<Uint8Array>): Promise<DockerfileSource> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new ContextInvalidError(`The Dockerfile on stdin is larger than ${MAX_BYTES} bytes`);
    read.push(chunk);
  }
  return { name: 'Dockerfile', text: Buffer.concat(read).toString('utf8') };
}
