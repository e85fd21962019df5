/** How long a list in a body is that has not been validated yet; 1 when there is none. */
export const lengthOf = (body: unknown, name: string): number => {
  if (typeof body !== 'object' || body === null) return 1;
  const list = (body as Readonly<Record<string, unknown>>)[name];
  return Array.isArray(list) ? Math.max(1, list.length) : 1;
};
