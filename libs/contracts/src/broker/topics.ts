/** The names of one deployment's topics; deployments with different namespaces can share a broker. */
export const topicsOf = (namespace: string) => ({
  events: `${namespace}.events.v1`,
  deadLetters: `${namespace}.events.v1.dead-letter`,
  /** Holds no messages: whoever has its one partition leads. */
  election: `${namespace}.relay-election.v1`,
});

export type Topics = ReturnType<typeof topicsOf>;
