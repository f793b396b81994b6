import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { workspaceRoot } from '../src/workspace.ts';
import { circleIn, type ImportGraph, loadingOf, roomsOf } from './rooms.ts';

/** Prints the rooms of each package, those that import most above those that import least, and fails on a circle. */
let hasCircle = false;
for (const manifest of globSync('{packages,apps}/*/package.json', { cwd: workspaceRoot }).toSorted()) {
  const folder = dirname(manifest);
  const rooms = roomsOf(workspaceRoot, folder);
  console.log(`${folder}\n${describe(rooms)}`);
  for (const circle of [circleIn(rooms), circleIn(loadingOf(workspaceRoot, folder))]) {
    if (circle.length === 0) continue;
    hasCircle = true;
    console.log(`  CIRCLE: ${circle.join(' -> ')}`);
  }
}
process.exitCode = hasCircle ? 1 : 0;

function describe(rooms: ImportGraph): string {
  const folders = [...rooms.keys()].filter((room) => !room.endsWith('.ts'));
  const heights = new Map(folders.map((room) => [room, heightOf(room, rooms)]));
  const above = (a: string, b: string) => (heights.get(b) ?? 0) - (heights.get(a) ?? 0) || a.localeCompare(b);
  const lines = folders.toSorted(above).map((room) => {
    const below = [...(rooms.get(room) ?? [])].toSorted((a, b) => a.localeCompare(b));
    return `  ${room.padEnd(14)}${below.length === 0 ? '' : ` -> ${below.join(' ')}`}`;
  });
  return lines.length === 0 ? '  (no folders)' : lines.join('\n');
}

/** How many rooms are below this one on the longest way down. */
function heightOf(room: string, rooms: ImportGraph, way: readonly string[] = []): number {
  if (way.includes(room)) return 0;
  return Math.max(0, ...[...(rooms.get(room) ?? [])].map((next) => 1 + heightOf(next, rooms, [...way, room])));
}
