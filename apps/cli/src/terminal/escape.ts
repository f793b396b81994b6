// C0, DEL and C1 controls; bidirectional overrides and isolates, which make text read as something else.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const UNSAFE_IN_LINES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// CSI, OSC/DCS/PM/APC strings up to their end, two-character escapes, and single controls. Cut-off ones match as well.
const SEQUENCE =
  /\u001b\[[0-?]*[ -/]*[@-~]?|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?|[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const COLOUR = /^\u001b\[[0-9;:]*m$/;
const RESET = '\u001b[0m';
const TAB = '    ';

/** Text from outside on one line: what could steer a terminal is shown as `\x1b`, `\u202e`. */
export function escapeControls(text: string): string {
  return text.replaceAll(UNSAFE, visible);
}

/** The same, for text of several lines. */
export function escapeControlsInLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNSAFE_IN_LINES, visible);
}

/**
 * A line that a step printed: colours stay where they are wanted, everything else that could steer a terminal is gone.
 * Of a line that redraws itself with carriage returns, the last state.
 */
export function cleanOutputLine(line: string, { colours }: { readonly colours: boolean }): string {
  const lastState = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  const keep = (sequence: string) => (colours && COLOUR.test(sequence) ? sequence : '');
  const clean = lastState.replaceAll('\t', TAB).replaceAll(SEQUENCE, keep);
  return clean.includes('\u001b') ? `${clean}${RESET}` : clean;
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
