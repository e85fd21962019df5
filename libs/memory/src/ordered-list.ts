/** How many items a chunk holds at most: small enough that moving them costs nothing to speak of. */
const CHUNK = 512;

/** The index of the first item that does not precede. Those that do must come first. */
export const partition = <T>(items: readonly T[], precedes: (item: T) => boolean): number => {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (precedes(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/**
 * Items in the order of `compare`, which tells any two apart, kept in chunks: adding, removing and finding take a
 * binary search and a short move, at any size, and what was removed leaves nothing behind that a reader must skip.
 *
 * A predicate that is called `precedes` must hold for the items up to some point of the order and for none beyond it.
 * A class, because there is one list for each tag and each recipient, and methods on a prototype cost them nothing.
 */
export class OrderedList<T> {
  readonly #compare: (a: T, b: T) => number;
  /** None is empty, and two neighbours hold more than half a chunk together. */
  #chunks: T[][] = [];
  #size = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  last(): T | undefined {
    return this.#chunks.at(-1)?.at(-1);
  }

  add(item: T): void {
    const precedes = (other: T) => this.#compare(other, item) < 0;
    const at = this.#chunkBeyond(precedes);
    const chunk = this.#chunks[at];
    this.#size++;
    if (!chunk) {
      const last = this.#chunks.at(-1);
      // A new last item starts a new chunk beside a full one, so that what grows at its end stays packed.
      if (last && last.length < CHUNK) last.push(item);
      else if (last) this.#chunks.push([item]);
      else this.#chunks = [[item]]; // a literal has no room to spare, and most tags have few offers
      return;
    }
    chunk.splice(partition(chunk, precedes), 0, item);
    if (chunk.length > CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK / 2));
  }

  /** Removes the item that compares equal; false when there is none. */
  delete(item: T): boolean {
    const precedes = (other: T) => this.#compare(other, item) < 0;
    const at = this.#chunkBeyond(precedes);
    const chunk = this.#chunks[at];
    if (!chunk) return false;
    const index = partition(chunk, precedes);
    if (this.#compare(chunk[index] as T, item) !== 0) return false;
    chunk.splice(index, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    else if (!this.#joinNext(at)) this.#joinNext(at - 1);
    return true;
  }

  /** Whether it holds an item that compares equal. */
  has(item: T): boolean {
    const precedes = (other: T) => this.#compare(other, item) < 0;
    const chunk = this.#chunks[this.#chunkBeyond(precedes)];
    return chunk !== undefined && this.#compare(chunk[partition(chunk, precedes)] as T, item) === 0;
  }

  /** How many items precede. */
  rank(precedes: (item: T) => boolean): number {
    const at = this.#chunkBeyond(precedes);
    let count = 0;
    for (let i = 0; i < at; i++) count += (this.#chunks[i] as T[]).length;
    const chunk = this.#chunks[at];
    return chunk ? count + partition(chunk, precedes) : count;
  }

  /** From the first item that does not precede to the last one. */
  *from(precedes: (item: T) => boolean): Generator<T, void, undefined> {
    let at = this.#chunkBeyond(precedes);
    let index = partition(this.#chunks[at] ?? [], precedes);
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at] as T[];
      for (; index < chunk.length; index++) yield chunk[index] as T;
    }
  }

  /** From the last item that precedes back to the first one. */
  *backFrom(precedes: (item: T) => boolean): Generator<T, void, undefined> {
    let at = this.#chunkBeyond(precedes);
    let index = partition(this.#chunks[at] ?? [], precedes) - 1;
    while (at >= 0) {
      const chunk = this.#chunks[at] ?? [];
      for (; index >= 0; index--) yield chunk[index] as T;
      at--;
      index = (this.#chunks[at]?.length ?? 0) - 1;
    }
  }

  /**
   * Every item has one place of its own below this number, and on average at least one place in four is taken: who
   * draws places until one is taken draws each item with the same chance, at the same cost at any size.
   */
  get places(): number {
    return this.#chunks.length === 1 ? this.#size : this.#chunks.length * CHUNK;
  }

  /** The item at a place; undefined when the place is empty. */
  at(place: number): T | undefined {
    const chunk = this.#chunks[Math.floor(place / CHUNK)];
    const index = place % CHUNK;
    return chunk && index < chunk.length ? chunk[index] : undefined;
  }

  /** The first chunk that holds an item that does not precede; the number of chunks when there is none. */
  #chunkBeyond(precedes: (item: T) => boolean): number {
    return partition(this.#chunks, (chunk) => precedes(chunk[chunk.length - 1] as T));
  }

  #joinNext(at: number): boolean {
    const chunk = this.#chunks[at];
    const next = this.#chunks[at + 1];
    if (!chunk || !next || chunk.length + next.length > CHUNK / 2) return false;
    chunk.push(...next);
    this.#chunks.splice(at + 1, 1);
    return true;
  }
}
