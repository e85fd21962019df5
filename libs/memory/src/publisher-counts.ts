/** How many offers each publisher has under each tag, so that the publishers of a tag need not be counted. */
export const publisherCounts = () => {
  const byTag = new Map<string, Map<string, number>>();
  return {
    unique: (tag: string): number => byTag.get(tag)?.size ?? 0,
    add: (tag: string, publisher: string): void => {
      const counts = byTag.get(tag) ?? new Map<string, number>();
      counts.set(publisher, (counts.get(publisher) ?? 0) + 1);
      byTag.set(tag, counts);
    },
    remove: (tag: string, publisher: string): void => {
      const counts = byTag.get(tag);
      const count = counts?.get(publisher);
      if (!counts || count === undefined) return;
      if (count > 1) counts.set(publisher, count - 1);
      else counts.delete(publisher);
      if (counts.size === 0) byTag.delete(tag);
    },
  };
};
