const MAX_LINE_LENGTH = 8192;

/** Cuts a stream of bytes into lines of text, however the bytes were cut before. */
export interface OutputLines {
  push(data: Uint8Array): readonly string[];
  /** The text after the last line end, if any. */
  flush(): readonly string[];
}

export function outputLines(): OutputLines {
  const decoder = new TextDecoder();
  let rest = '';
  const take = (text: string): readonly string[] => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    while (rest.length > MAX_LINE_LENGTH) {
      lines.push(rest.slice(0, MAX_LINE_LENGTH));
      rest = rest.slice(MAX_LINE_LENGTH);
    }
    return lines;
  };
  return {
    push: (data) => take(decoder.decode(data, { stream: true })),
    flush() {
      const lines = take(decoder.decode());
      const last = rest === '' ? [] : [rest];
      rest = '';
      return [...lines, ...last];
    },
  };
}
