import { type ImportEdge, importsOf, isTest, resolveRelative, sourceFiles } from './imports.ts';

/** Nodes, and what each of them imports. */
export type ImportGraph = ReadonlyMap<string, ReadonlySet<string>>;

/** The imports from one file of a workspace's `src` to another; tests and the index, which re-exports, left out. */
export function importsWithin(root: string, folder: string): readonly ImportEdge[] {
  const source = `${folder}/src/`;
  const files = sourceFiles(root, `${folder}/src`).filter((file) => !isTest(file) && file !== `${source}index.ts`);
  return files
    .flatMap((file) => importsOf(root, file))
    .filter((edge) => edge.specifier.startsWith('.') && resolveRelative(edge).startsWith(source));
}

/** The rooms of a workspace: the folders of its `src`, and each file beside them. Types of such files may refer to each other. */
export function roomsOf(root: string, folder: string): ImportGraph {
  const edges = importsWithin(root, folder).flatMap((edge) => {
    const [from, to] = [roomOf(edge.file), roomOf(resolveRelative(edge))];
    return from === to || (edge.isType && isFile(from) && isFile(to)) ? [] : [[from, to] as const];
  });
  return graphOf(edges);
}

/** The room of a file, such as `build` or `errors.ts`, from its path `packages/NAME/src/…`. */
export function roomOf(file: string): string {
  return file.split('/')[3] ?? '';
}

const isFile = (room: string) => room.endsWith('.ts');

/** The files of a workspace, by what they need of each other when they are loaded. */
export function loadingOf(root: string, folder: string): ImportGraph {
  const edges = importsWithin(root, folder).filter(({ isType }) => !isType);
  return graphOf(edges.map((edge) => [edge.file, resolveRelative(edge)] as const));
}

/** A circle as the nodes on the way around it, the first one again at the end; `[]` when there is none. */
export function circleIn(graph: ImportGraph): readonly string[] {
  const done = new Set<string>();
  const visit = (node: string, way: readonly string[]): readonly string[] => {
    const start = way.indexOf(node);
    if (start >= 0) return [...way.slice(start), node];
    if (done.has(node)) return [];
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...way, node]);
      if (circle.length > 0) return circle;
    }
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

function graphOf(edges: readonly (readonly [from: string, to: string])[]): ImportGraph {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets.add(to));
    if (!graph.has(to)) graph.set(to, new Set());
  }
  return graph;
}

/** A line for each folder: those with the most rooms below them first. */
export function describeRooms(rooms: ImportGraph): string {
  const folders = [...rooms.keys()].filter((room) => !room.endsWith('.ts'));
  const heights = new Map(folders.map((room) => [room, heightOf(room, rooms)]));
  const above = (a: string, b: string) => (heights.get(b) ?? 0) - (heights.get(a) ?? 0) || a.localeCompare(b);
  const lines = folders.toSorted(above).map((room) => {
    const below = [...(rooms.get(room) ?? [])].toSorted((a, b) => a.localeCompare(b));
    return below.length === 0 ? `  ${room}` : `  ${room.padEnd(14)} -> ${below.join(' ')}`;
  });
  return lines.length === 0 ? '  (no folders)' : lines.join('\n');
}

/** How many rooms are below this one on the longest way down. */
function heightOf(room: string, rooms: ImportGraph, way: readonly string[] = []): number {
  if (way.includes(room)) return 0;
  return Math.max(0, ...[...(rooms.get(room) ?? [])].map((next) => 1 + heightOf(next, rooms, [...way, room])));
}
