import type { JsonObject } from '@shale/core/json';

/** Moves `extensions`, `settings` and `devPort` to `customizations.vscode`, as the official tool does. */
export function moveOlderProperties(value: JsonObject): JsonObject {
  const { extensions, settings, devPort, ...rest } = value;
  if (!extensions && !settings && devPort === undefined) return value;
  const customizations = objectOf(value['customizations']);
  const vscode: Record<string, unknown> = { ...objectOf(customizations['vscode']) };
  if (extensions) vscode['extensions'] = [...arrayOf(vscode['extensions']), ...arrayOf(extensions)];
  if (settings) vscode['settings'] = { ...objectOf(settings), ...objectOf(vscode['settings']) };
  const keepsPort = vscode['devPort'] !== undefined && devPort !== undefined;
  if (devPort !== undefined) vscode['devPort'] ??= devPort;
  return { ...rest, ...(keepsPort && { devPort }), customizations: { ...customizations, vscode } };
}

const objectOf = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null ? (value as JsonObject) : {};
const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
