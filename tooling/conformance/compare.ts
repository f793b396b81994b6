import type { Observation } from './observation.ts';

/** Returns a line for each difference between two observations. */
export function compareObservations(expected: Observation, actual: Observation): string[] {
  const history = (observation: Observation) =>
    observation.history.map(({ createdBy, layer }) => `${layer ? 'layer' : 'empty'} ${createdBy}`);
  return [
    ...compareRecords('tree', comparable(expected), comparable(actual)),
    ...compareRecords('config', expected.config, actual.config),
    ...compareRecords('history', { ...history(expected) }, { ...history(actual) }),
  ];
}

/** Current BuildKit keeps the times of directories, as shale does; the one that made the goldens (20.10) not always. */
function comparable({ tree }: Observation): Readonly<Record<string, unknown>> {
  const entries = Object.entries(tree).map(([path, entry]) => {
    if (entry?.type !== 'directory') return [path, entry] as const;
    const { keepsTime: _, ...rest } = entry;
    return [path, rest] as const;
  });
  return Object.fromEntries(entries);
}

function compareRecords(
  part: string,
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
  return names.flatMap((name) => {
    const before = canonical(expected[name]);
    const after = canonical(actual[name]);
    return before === after ? [] : [`${part} ${name}: expected ${before ?? 'nothing'}, got ${after ?? 'nothing'}`];
  });
}

/** JSON with sorted keys: builders order maps differently. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
