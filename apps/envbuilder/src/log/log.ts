/** As Coder names them. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Takes one line, or several with line ends between them. Returns at once, never throws. */
export type Log = (level: LogLevel, text: string) => void;

/** Each line to each of them. */
export function combinedLog(...logs: readonly Log[]): Log {
  return (level, text) => logs.forEach((log) => log(level, text));
}

/** Plain lines; debug and trace only when `verbose`. */
export function lineLog(write: (line: string) => void, { verbose }: { readonly verbose: boolean }): Log {
  return (level, text) => {
    if (!verbose && (level === 'debug' || level === 'trace')) return;
    for (const line of text.split('\n')) write(`${line}\n`);
  };
}

const MASK = '***';
/** Shorter ones would take ordinary words out of the log. */
const MIN_SECRET_LENGTH = 4;

/** The log without secrets, as they are and as they are encoded where they are used. */
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

/** A secret of several lines is also looked for line by line: logs are lines. */
function spellings(secret: string): readonly string[] {
  const lines = secret.split('\n').map((line) => line.trim());
  return [secret, ...(lines.length > 1 ? lines.filter((line) => line.length > 8) : []), encodeURIComponent(secret)];
}
