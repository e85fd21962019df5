import type { Engine, Missing } from './engine.ts';

/** A server that only behaves like the real one. */
export type Double = { readonly kind: 'double'; readonly description: string };

export type Part = 'Kafka' | 'Redis' | 'EventStoreDB';

const line = (part: Part, found: Pick<Engine, 'kind' | 'description'> | Double | Missing): string => {
  switch (found.kind) {
    case 'real':
      return `${part}: real, ${found.description}`;
    case 'double':
      return `${part}: a double, ${found.description}`;
    case 'missing':
      return `${part}: SKIPPED, ${found.reason}`;
  }
};

/** For the end of a test run: which servers were real, which were doubles, and what was not tested at all. */
export const summaryOf = (
  found: Readonly<Partial<Record<Part, Pick<Engine, 'kind' | 'description'> | Double | Missing>>>,
): string =>
  (Object.keys(found) as Part[])
    .flatMap((part) => {
      const one = found[part];
      return one ? [line(part, one)] : [];
    })
    .join('\n');
