const MAX_LINE_LENGTH = 4096;

/** Splits the output of a terminal program into lines. Of a line that `\r` overwrote, only the last text counts. */
export function progressLines(onLine: (line: string) => void): {
  readonly text: (text: string) => void;
  readonly end: () => void;
} {
  let rest = '';
  const tell = (line: string) => {
    const shown = line.replace(/\r$/, '').split('\r').at(-1)?.trimEnd() ?? '';
    if (shown !== '') onLine(shown);
  };
  return {
    text(text) {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(-MAX_LINE_LENGTH);
      lines.map((line) => line.slice(-MAX_LINE_LENGTH)).forEach(tell);
    },
    end() {
      tell(rest);
      rest = '';
    },
  };
}
