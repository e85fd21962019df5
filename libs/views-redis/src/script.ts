import { createHash } from 'node:crypto';

/** A Lua script, known to Redis by its hash. */
export type Script = { readonly lua: string; readonly sha: string };

/** Puts a script together of its parts. The parts share one scope, as if they stood in one file. */
export const script = (...parts: readonly string[]): Script => {
  const lua = parts.join('\n');
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
};
