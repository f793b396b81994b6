/**
 * Delays content by one chunk, so that the last chunk is passed on only after the content ended without an error: a
 * reader never gets the whole of content that turned out wrong.
 */
export async function* holdBack(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}
