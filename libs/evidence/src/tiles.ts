import {
  consistencyRanges,
  createFrontier,
  type Frontier,
  foldNodes,
  hashChildren,
  inclusionRanges,
  type Node,
  nodesOf,
} from './merkle.ts';

/**
 * The hashes of a log's Merkle tree, kept in tiles, so that a proof for any size, past ones too, reads a few of them.
 * They follow from the log: they may be thrown away and made again at any time, and nothing of them is a secret.
 *
 * Tile `index` of level 0 holds the leaves from `256 * index` on, 40 bytes each: the leaf's hash, and its event's
 * position as an unsigned number of eight bytes, the highest first. The tiles of level n > 0 hold hashes of 32 bytes, of
 * subtrees of 256^n leaves each. The last tile of a level holds fewer than 256.
 */
export type TileName = { readonly level: number; readonly index: number };

export type Tile = TileName & { readonly bytes: Uint8Array };

export interface TileStore {
  /** How many leaves there are; 0 for an empty store. */
  size(): Promise<number>;
  /** In order; undefined for a tile that is not there. A tile may hold more than it did for an earlier size. */
  read(tiles: readonly TileName[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Puts the tiles in the place of those of the same name, all or none, and sets the size. Answers with false, and
   * writes nothing, when the size was not `expected`: somebody else has written.
   */
  write(expected: number, tiles: readonly Tile[], size: number): Promise<boolean>;
  /** Makes the store empty, but for what is remembered. */
  clear(): Promise<void>;
  /** What was remembered under a name; null for nothing. It does not follow from the log, so it outlasts the tiles. */
  recall(name: Remembered): Promise<string | null>;
  /** Null forgets. */
  remember(name: Remembered, text: string | null): Promise<void>;
}

/** The newest note that was signed; and what in the log contradicts what was signed, for every process to know. */
export type Remembered = 'signed' | 'contradiction';

export const TILE_WIDTH = 256;
const LEVEL_HEIGHT = 8;
export const HASH_BYTES = 32;
const LEAF_BYTES = 40;

export type Leaf = { readonly hash: Uint8Array; readonly position: number };

const entryBytes = (level: number): number => (level === 0 ? LEAF_BYTES : HASH_BYTES);

/** Throws `TilesBroken` when the tiles do not hold what their size says. */
export class TilesBroken extends Error {
  readonly code = 'TILES_BROKEN';
  constructor({ level, index }: TileName) {
    super(
      `Tile ${index} of level ${level} is missing or too short. The tiles can be thrown away: they are made again.`,
    );
    this.name = 'TilesBroken';
  }
}

/** Reads of a store for one purpose: each tile is read once, and all that are needed together. */
const tileReader = (store: Pick<TileStore, 'read'>) => {
  const known = new Map<string, Uint8Array>();
  const nameOf = ({ level, index }: TileName) => `${level}/${index}`;

  const entryAt = (level: number, entry: number): Uint8Array => {
    const name = { level, index: Math.floor(entry / TILE_WIDTH) };
    const bytes = entryBytes(level);
    const start = (entry % TILE_WIDTH) * bytes;
    const tile = known.get(nameOf(name));
    if (!tile || tile.byteLength < start + bytes) throw new TilesBroken(name);
    return tile.subarray(start, start + bytes);
  };

  return {
    load: async (wanted: readonly TileName[]): Promise<void> => {
      const missing = new Map(wanted.filter((name) => !known.has(nameOf(name))).map((name) => [nameOf(name), name]));
      if (missing.size === 0) return;
      const names = [...missing.values()];
      const tiles = await store.read(names);
      names.forEach((name, at) => {
        const tile = tiles[at];
        if (tile) known.set(nameOf(name), tile);
      });
    },
    leafAt: (index: number): Leaf => {
      const entry = entryAt(0, index);
      return { hash: entry.subarray(0, HASH_BYTES), position: positionIn(entry) };
    },
    /** The hash of a node, of the entries below it in its tile. */
    nodeAt: ({ height, index }: Node): Uint8Array => {
      const level = Math.floor(height / LEVEL_HEIGHT);
      const width = 2 ** (height % LEVEL_HEIGHT);
      let hashes = Array.from({ length: width }, (_, at) => entryAt(level, index * width + at).subarray(0, HASH_BYTES));
      while (hashes.length > 1) {
        hashes = Array.from({ length: hashes.length / 2 }, (_, at) =>
          hashChildren(hashes[2 * at] as Uint8Array, hashes[2 * at + 1] as Uint8Array),
        );
      }
      return hashes[0] as Uint8Array;
    },
  };
};

const tileOfNode = ({ height, index }: Node): TileName => ({
  level: Math.floor(height / LEVEL_HEIGHT),
  index: Math.floor((index * 2 ** (height % LEVEL_HEIGHT)) / TILE_WIDTH),
});

const positionIn = (entry: Uint8Array): number => Number(Buffer.from(entry).readBigUInt64BE(HASH_BYTES));

export type TiledTree = {
  /** The tree with the first `size` leaves. */
  frontier(size: number): Promise<Frontier>;
  root(size: number): Promise<Uint8Array>;
  /** The hashes of an inclusion proof of the leaf in the tree with `size` leaves (RFC 9162, 2.1.3). */
  inclusion(index: number, size: number): Promise<readonly Uint8Array[]>;
  /** The hashes of the proof that the tree of `size` begins with that of `first` (RFC 9162, 2.1.4). */
  consistency(first: number, size: number): Promise<readonly Uint8Array[]>;
  /** In order, from `start` to before `end`. */
  leaves(start: number, end: number): Promise<readonly Leaf[]>;
  /** The index of the leaf of the event at this position, among the first `size`; null when it is not among them. */
  indexOf(position: number, size: number): Promise<number | null>;
};

/** Proofs from tiles. The sizes that are asked for must not be larger than the store's. Rejects with `TilesBroken`. */
export const tiledTree = (store: Pick<TileStore, 'read'>): TiledTree => {
  const hashesOf = async (ranges: readonly (readonly [number, number])[]): Promise<readonly Uint8Array[]> => {
    const reader = tileReader(store);
    const nodes = ranges.map(([start, end]) => nodesOf(start, end));
    await reader.load(nodes.flat().map(tileOfNode));
    return nodes.map((some) => foldNodes(some.map(reader.nodeAt)));
  };
  return {
    frontier: async (size) => {
      const reader = tileReader(store);
      const nodes = nodesOf(0, size);
      await reader.load(nodes.map(tileOfNode));
      return createFrontier(size, nodes.map(reader.nodeAt));
    },
    root: async (size) => {
      const [root] = await hashesOf([[0, size]]);
      return root as Uint8Array;
    },
    inclusion: (index, size) => hashesOf(inclusionRanges(index, size)),
    consistency: (first, size) => hashesOf(consistencyRanges(first, size)),
    leaves: async (start, end) => {
      if (end <= start) return [];
      const reader = tileReader(store);
      const [first, last] = [Math.floor(start / TILE_WIDTH), Math.floor((end - 1) / TILE_WIDTH)];
      await reader.load(Array.from({ length: last - first + 1 }, (_, at) => ({ level: 0, index: first + at })));
      return Array.from({ length: end - start }, (_, at) => reader.leafAt(start + at));
    },
    indexOf: async (position, size) => {
      const reader = tileReader(store);
      let [low, high] = [0, size];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        await reader.load([{ level: 0, index: Math.floor(middle / TILE_WIDTH) }]);
        const found = reader.leafAt(middle).position;
        if (found === position) return middle;
        if (found < position) low = middle + 1;
        else high = middle;
      }
      return null;
    },
  };
};

/**
 * The tiles that change when these leaves follow the first `size`: whole as they will be, for `TileStore.write`. Reads
 * the last tile of each level that it adds to.
 */
export const tilesWith = async (
  store: Pick<TileStore, 'read'>,
  size: number,
  leaves: readonly Leaf[],
): Promise<readonly Tile[]> => {
  const tiles: Tile[] = [];
  let added = leaves.map(({ hash, position }) => {
    const entry = Buffer.alloc(LEAF_BYTES);
    entry.set(hash);
    entry.writeBigUInt64BE(BigInt(position), HASH_BYTES);
    return entry as Uint8Array;
  });
  let before = size;
  for (let level = 0; added.length > 0; level++) {
    const { written, roots } = await levelWith(store, level, before, added);
    tiles.push(...written);
    before = Math.floor(before / TILE_WIDTH);
    added = [...roots];
  }
  return tiles;
};

/** The tiles of one level with what is added to its `before` entries, and the roots of those that became full. */
const levelWith = async (
  store: Pick<TileStore, 'read'>,
  level: number,
  before: number,
  added: readonly Uint8Array[],
): Promise<{ readonly written: readonly Tile[]; readonly roots: readonly Uint8Array[] }> => {
  const bytes = entryBytes(level);
  const first = Math.floor(before / TILE_WIDTH);
  const held = before % TILE_WIDTH;
  const [begun] = held === 0 ? [Buffer.alloc(0)] : await store.read([{ level, index: first }]);
  if (!begun || begun.byteLength < held * bytes) throw new TilesBroken({ level, index: first });
  const all = Buffer.concat([begun.subarray(0, held * bytes), ...added]);
  const written: Tile[] = [];
  const roots: Uint8Array[] = [];
  for (let start = 0; start < all.byteLength; start += TILE_WIDTH * bytes) {
    const tile = { level, index: first + written.length, bytes: all.subarray(start, start + TILE_WIDTH * bytes) };
    written.push(tile);
    if (tile.bytes.byteLength === TILE_WIDTH * bytes) roots.push(rootOfTile(tile));
  }
  return { written, roots };
};

const rootOfTile = (tile: Tile): Uint8Array => {
  const bytes = entryBytes(tile.level);
  const frontier = createFrontier();
  for (let start = 0; start < tile.bytes.byteLength; start += bytes) {
    frontier.add(tile.bytes.subarray(start, start + HASH_BYTES));
  }
  return frontier.root();
};

/** Tiles in memory, for tests and for verifying. */
export const memoryTileStore = (): TileStore => {
  const tiles = new Map<string, Uint8Array>();
  const remembered = new Map<Remembered, string>();
  let held = 0;
  const nameOf = ({ level, index }: TileName) => `${level}/${index}`;
  return {
    size: async () => held,
    read: async (names) => names.map((name) => tiles.get(nameOf(name))),
    write: async (expected, some, size) => {
      if (held !== expected) return false;
      for (const tile of some) tiles.set(nameOf(tile), Uint8Array.from(tile.bytes));
      held = size;
      return true;
    },
    clear: async () => {
      tiles.clear();
      held = 0;
    },
    recall: async (name) => remembered.get(name) ?? null,
    remember: async (name, text) => {
      if (text === null) remembered.delete(name);
      else remembered.set(name, text);
    },
  };
};
