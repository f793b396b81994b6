/** Checks for JSON from outside. Each takes the path for its message, and a function that makes the error. @module */
export type JsonObject = Readonly<Record<string, unknown>>;
type Fail = (message: string) => Error;

export function parseJson(bytes: Uint8Array | string, path: string, fail: Fail): unknown {
  try {
    return JSON.parse(
      typeof bytes === 'string'
        ? bytes
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
    );
  } catch (cause) {
    throw fail(`${path} is not JSON: ${(cause as Error).message}`);
  }
}

export function asObject(value: unknown, path: string, fail: Fail): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw fail(`${path} must be an object, not ${kindOf(value)}`);
}

export function asArray(value: unknown, path: string, fail: Fail): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw fail(`${path} must be an array, not ${kindOf(value)}`);
}

export function asString(value: unknown, path: string, fail: Fail): string {
  if (typeof value === 'string') return value;
  throw fail(`${path} must be a string, not ${kindOf(value)}`);
}

export function asBoolean(value: unknown, path: string, fail: Fail): boolean {
  if (typeof value === 'boolean') return value;
  throw fail(`${path} must be true or false, not ${kindOf(value)}`);
}

export function asInteger(value: unknown, path: string, fail: Fail): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw fail(`${path} must be an integer, not ${kindOf(value)}`);
}

/** Bytes: an integer from 0 to 2^53 - 1. */
export function asSize(value: unknown, path: string, fail: Fail): number {
  const size = asInteger(value, path, fail);
  if (size >= 0) return size;
  throw fail(`${path} must not be negative`);
}

export function asStringArray(value: unknown, path: string, fail: Fail): readonly string[] {
  return asArray(value, path, fail).map((item, index) => asString(item, `${path}[${index}]`, fail));
}

export function asStringMap(value: unknown, path: string, fail: Fail): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(value, path, fail));
  return Object.fromEntries(entries.map(([key, item]) => [key, asString(item, `${path}.${key}`, fail)]));
}

/** Returns `undefined` for `null` too: Go writes absent values as `null`. */
export function asOptional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : parse(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}
