/**
 * Passes content on with one chunk's delay, so that the last chunk goes out only after the content ended well: what
 * stands behind never sees the end of something that turned out wrong.
 */
export async function* holdBack(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}
