/** The names that Coder uses. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Takes one or more lines. Returns at once, never throws. */
export type Log = (level: LogLevel, text: string) => void;

/** Sends each line to every log. */
export function combinedLog(...logs: readonly Log[]): Log {
  return (level, text) => logs.forEach((log) => log(level, text));
}

/** Writes plain lines. Skips debug and trace unless `verbose` is set. */
export function lineLog(write: (line: string) => void, { verbose }: { readonly verbose: boolean }): Log {
  return (level, text) => {
    if (!verbose && (level === 'debug' || level === 'trace')) return;
    for (const line of text.split('\n')) write(`${line}\n`);
  };
}

const MASK = '***';
/** Masking shorter secrets would mask ordinary words. */
const MIN_SECRET_LENGTH = 4;

/** Masks secrets, plain or encoded. */
export function redactedLog(log: Log, secrets: readonly (string | undefined)[]): Log {
  const known = secrets.filter((secret) => secret !== undefined).flatMap(spellings);
  const words = [...new Set(known)].filter((word) => word.length >= MIN_SECRET_LENGTH);
  const longestFirst = words.toSorted((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return log;
  return (level, text) =>
    log(
      level,
      longestFirst.reduce((clean, word) => clean.replaceAll(word, MASK), text),
    );
}

/** The forms of a secret. Each line of a long one counts, because logs are lines. */
function spellings(secret: string): readonly string[] {
  const lines = secret.split('\n').map((line) => line.trim());
  return [secret, ...(lines.length > 1 ? lines.filter((line) => line.length > 8) : []), encodeURIComponent(secret)];
}
