import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { workspaceRoot } from '../src/workspace.ts';
import { circleIn, describeRooms, loadingOf, roomsOf } from './rooms.ts';

/** Prints the rooms of each package, those that import most above those that import least, and fails on a circle. */
let hasCircle = false;
for (const manifest of globSync('{packages,apps}/*/package.json', { cwd: workspaceRoot }).toSorted()) {
  const folder = dirname(manifest);
  const rooms = roomsOf(workspaceRoot, folder);
  console.log(`${folder}\n${describeRooms(rooms)}`);
  for (const circle of [circleIn(rooms), circleIn(loadingOf(workspaceRoot, folder))]) {
    if (circle.length === 0) continue;
    hasCircle = true;
    console.log(`  CIRCLE: ${circle.join(' -> ')}`);
  }
}
process.exitCode = hasCircle ? 1 : 0;
