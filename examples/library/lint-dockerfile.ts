// Lints a Dockerfile: node lint-dockerfile.ts Dockerfile
import { readFileSync } from 'node:fs';
import { DockerfileError, parseDockerfile } from '@shale/dockerfile-parser';
import { lint } from '@shale/dockerfile-parser/lint';

const file = process.argv[2] ?? 'Dockerfile';
try {
  const findings = lint(parseDockerfile(readFileSync(file, 'utf8'), { file }));
  for (const { rule, message, range } of findings) console.log(`${file}:${range.startLine}: ${rule}: ${message}`);
  process.exitCode = findings.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof DockerfileError)) throw error;
  console.log(`${error.file}: ${error.message}\n${error.excerpt}`);
  process.exitCode = 2;
}
