import { sha256 } from './event-hash.ts';

/**
 * The Merkle tree of RFC 9162, section 2.1. A node is named by its height and its index among those of its height: it
 * stands for the 2^height leaves from index * 2^height on. Sizes are below 2^53.
 */
export type Node = { readonly height: number; readonly index: number };

export const EMPTY_ROOT: Uint8Array = sha256('');

const NODE = 1;

/** Of a leaf that is text. */
export const hashLeaf = (data: string): Uint8Array => sha256(`\0${data}`);

export const hashChildren = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  const both = Buffer.allocUnsafe(65);
  both[0] = NODE;
  both.set(left, 1);
  both.set(right, 33);
  return sha256(both);
};

/** The perfect subtrees, from left to right, that together are the leaves from `start` to before `end`. */
export const nodesOf = (start: number, end: number): readonly Node[] => {
  const nodes: Node[] = [];
  for (let at = start; at < end; ) {
    let height = 0;
    while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= end) height++;
    nodes.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return nodes;
};

/** The hash over perfect subtrees that follow one another, each smaller than the one before. */
export const foldNodes = (hashes: readonly Uint8Array[]): Uint8Array => {
  const [last, ...others] = hashes.toReversed();
  if (!last) return EMPTY_ROOT;
  return others.reduce((right, left) => hashChildren(left, right), last);
};

/** The root of a tree by its leaves' hashes. */
export const rootOf = (leaves: readonly Uint8Array[]): Uint8Array => {
  const frontier = createFrontier();
  for (const leaf of leaves) frontier.add(leaf);
  return frontier.root();
};

/** What of a tree has to be kept to go on with it: the roots of its perfect subtrees, from left to right. */
export type Frontier = {
  readonly size: number;
  root(): Uint8Array;
  add(leaf: Uint8Array): void;
  copy(): Frontier;
  /** The subtrees, one for each bit of the size. `createFrontier` takes them again. */
  readonly nodes: readonly Uint8Array[];
};

/** Throws a `RangeError` when there are not as many nodes as a tree of this size has. */
export const createFrontier = (startSize = 0, startNodes: readonly Uint8Array[] = []): Frontier => {
  const nodes = [...startNodes];
  let size = startSize;
  if (nodes.length !== nodesOf(0, size).length) throw new RangeError(`A tree of ${size} leaves has other subtrees.`);
  return {
    get size() {
      return size;
    },
    get nodes() {
      return nodes;
    },
    root: () => foldNodes(nodes),
    add: (leaf) => {
      let added = leaf;
      // As in a binary counter: each 1 at the end is carried.
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
        const left = nodes.pop();
        if (left) added = hashChildren(left, added);
      }
      nodes.push(added);
      size++;
    },
    copy: () => createFrontier(size, nodes),
  };
};

/** The leaves from `start` to before `end`. */
type Range = readonly [start: number, end: number];

/** The largest power of two below `size`, which is at least 2. */
const splitOf = (size: number): number => {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
};

/** Of which leaves each hash of an inclusion proof is made, in the order of the proof (RFC 9162, 2.1.3.1). */
export const inclusionRanges = (index: number, size: number): readonly Range[] => {
  const ranges: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      ranges.push([middle, end]);
      end = middle;
    } else {
      ranges.push([start, middle]);
      start = middle;
    }
  }
  return ranges.reverse();
};

/** The same for the proof that a tree of `size` begins with the leaves of one of `first` (RFC 9162, 2.1.4.1). */
export const consistencyRanges = (first: number, size: number): readonly Range[] => {
  if (first === 0 || first === size) return [];
  const ranges: Range[] = [];
  let [start, end] = [0, size];
  while (first !== end) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      ranges.push([middle, end]);
      end = middle;
    } else {
      ranges.push([start, middle]);
      start = middle;
    }
  }
  // The first tree's own root is known to whoever checks.
  if (start !== 0) ranges.push([start, end]);
  return ranges.reverse();
};

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); null for a proof that fits no such tree. */
export const rootFromInclusion = (
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | null => {
  if (!isIndex(index) || !isIndex(size) || index >= size) return null;
  const ranges = inclusionRanges(index, size);
  if (ranges.length !== proof.length) return null;
  return ranges.reduce((hash, [start], at) => {
    const sibling = proof[at] as Uint8Array;
    return start > index ? hashChildren(hash, sibling) : hashChildren(sibling, hash);
  }, leaf);
};

/** Whether the proof shows that the tree with the second root begins with the first one's leaves (RFC 9162, 2.1.4.2). */
export const isConsistent = (
  first: { readonly size: number; readonly root: Uint8Array },
  second: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean => {
  if (!isIndex(first.size) || !isIndex(second.size) || first.size > second.size) return false;
  const ranges = consistencyRanges(first.size, second.size);
  if (ranges.length !== proof.length) return false;
  if (first.size === 0) return equal(first.root, EMPTY_ROOT);
  if (first.size === second.size) return equal(first.root, second.root);
  // Where the first tree is a perfect subtree of the second, the proof begins with it, unsaid.
  const isWithin = (ranges[0]?.[0] ?? 0) >= first.size;
  const [start, ...rest] = isWithin ? [first.root, ...proof] : proof;
  const others = isWithin ? ranges : ranges.slice(1);
  let [before, after] = [start as Uint8Array, start as Uint8Array];
  others.forEach(([from], at) => {
    const sibling = rest[at] as Uint8Array;
    if (from >= first.size) after = hashChildren(after, sibling);
    else {
      before = hashChildren(sibling, before);
      after = hashChildren(sibling, after);
    }
  });
  return equal(before, first.root) && equal(after, second.root);
};

const isIndex = (number: number): boolean => Number.isSafeInteger(number) && number >= 0;

export const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
