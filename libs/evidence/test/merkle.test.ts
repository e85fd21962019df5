import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyRanges,
  createFrontier,
  EMPTY_ROOT,
  equal,
  foldNodes,
  hashChildren,
  hex,
  inclusionRanges,
  isConsistent,
  memoryTileStore,
  nodesOf,
  rootFromInclusion,
  rootOf,
  sha256,
  tiledTree,
  tilesWith,
} from '../src/index.ts';

const leafOf = (data: Uint8Array) => sha256(Buffer.concat([Buffer.from([0]), data]));

/** The definition of RFC 9162, 2.1.1, word for word. */
const naiveRoot = (leaves: readonly Uint8Array[]): Uint8Array => {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hashChildren(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
};

/** PATH of RFC 9162, 2.1.3.1. */
const naivePath = (index: number, leaves: readonly Uint8Array[]): Uint8Array[] => {
  if (leaves.length <= 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...naivePath(index, left), naiveRoot(right)]
    : [...naivePath(index - split, right), naiveRoot(left)];
};

/** SUBPROOF of RFC 9162, 2.1.4.1. */
const naiveConsistency = (first: number, leaves: readonly Uint8Array[], isWhole = true): Uint8Array[] => {
  if (first === leaves.length) return isWhole ? [] : [naiveRoot(leaves)];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return first <= split
    ? [...naiveConsistency(first, left, isWhole), naiveRoot(right)]
    : [...naiveConsistency(first - split, right, false), naiveRoot(left)];
};

const leavesOf = (count: number, salt = ''): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, index) => sha256(`${salt}${index}`));

const tiled = async (leaves: readonly Uint8Array[], batch: number) => {
  const store = memoryTileStore();
  for (let at = 0; at < leaves.length; at += batch) {
    const some = leaves.slice(at, at + batch).map((hash, index) => ({ hash, position: 3 * (at + index) + 1 }));
    expect(await store.write(at, await tilesWith(store, at, some), at + some.length)).toBe(true);
  }
  return { store, tree: tiledTree(store) };
};

describe('the tree of RFC 9162', () => {
  const inputs = [
    ...['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'],
  ].map((text) => leafOf(Buffer.from(text, 'hex')));

  it('has the roots that the test vectors of Certificate Transparency have', () => {
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    expect(inputs.map((_, index) => hex(rootOf(inputs.slice(0, index + 1))))).toEqual(roots);
    expect(hex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('has their proofs', async () => {
    const { tree } = await tiled(inputs, 3);
    expect((await tree.inclusion(0, 8)).map(hex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect((await tree.consistency(6, 8)).map(hex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('is the same by every way of making it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 600 }), async (size, batch) => {
        const leaves = leavesOf(size);
        const expected = hex(naiveRoot(leaves));
        expect(hex(rootOf(leaves))).toBe(expected);
        expect(
          hex(
            foldNodes(
              nodesOf(0, size).map(({ height, index }) => {
                return naiveRoot(leaves.slice(index * 2 ** height, (index + 1) * 2 ** height));
              }),
            ),
          ),
        ).toBe(expected);
        const { tree } = await tiled(leaves, batch);
        const past = Math.floor(size / 2);
        expect(hex(await tree.root(size))).toBe(expected);
        expect(hex(await tree.root(past))).toBe(hex(naiveRoot(leaves.slice(0, past))));
        const frontier = await tree.frontier(past);
        const copy = createFrontier(frontier.size, frontier.nodes);
        for (const leaf of leaves.slice(past)) copy.add(leaf);
        expect(hex(copy.root())).toBe(expected);
        expect(hex(frontier.root())).toBe(hex(naiveRoot(leaves.slice(0, past))));
      }),
      { numRuns: 40 },
    );
  });

  it('proves what is in it, for any size, and nothing else', async () => {
    const leaves = leavesOf(300);
    const { tree } = await tiled(leaves, 71);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), async (size, pick, bit) => {
        const index = pick % size;
        const root = naiveRoot(leaves.slice(0, size));
        const proof = await tree.inclusion(index, size);
        expect(proof.map(hex)).toEqual(naivePath(index, leaves.slice(0, size)).map(hex));
        const leaf = leaves[index] as Uint8Array;
        const rootBy = rootFromInclusion(leaf, index, size, proof);
        expect(rootBy && hex(rootBy)).toBe(hex(root));
        const leadsThere = (found: Uint8Array | null) => found !== null && equal(found, root);
        expect(leadsThere(rootFromInclusion(flipped(leaf, bit), index, size, proof))).toBe(false);
        expect(rootFromInclusion(leaf, size, size, proof)).toBeNull();
        expect(rootFromInclusion(leaf, index, size, [...proof, leaf])).toBeNull();
        if (proof.length === 0) return;
        const at = pick % proof.length;
        const wrong = proof.with(at, flipped(proof[at] as Uint8Array, bit));
        expect(leadsThere(rootFromInclusion(leaf, index, size, wrong))).toBe(false);
        if (size > 1) expect(leadsThere(rootFromInclusion(leaf, (index + 1) % size, size, proof))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('proves that it was only added to', async () => {
    const leaves = leavesOf(300);
    const { tree } = await tiled(leaves, 256);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), async (size, pick, bit) => {
        const first = 1 + (pick % size);
        const [before, after] = [
          { size: first, root: naiveRoot(leaves.slice(0, first)) },
          { size, root: naiveRoot(leaves.slice(0, size)) },
        ];
        const proof = await tree.consistency(first, size);
        expect(proof.map(hex)).toEqual(naiveConsistency(first, leaves.slice(0, size)).map(hex));
        expect(isConsistent(before, after, proof)).toBe(true);
        expect(isConsistent({ ...before, root: flipped(before.root, bit) }, after, proof)).toBe(false);
        expect(isConsistent(before, { ...after, root: flipped(after.root, bit) }, proof)).toBe(false);
        expect(isConsistent(before, after, [...proof, before.root])).toBe(false);
        if (first < size) expect(isConsistent(after, before, proof)).toBe(false);
        if (proof.length === 0) return;
        const at = pick % proof.length;
        expect(isConsistent(before, after, proof.with(at, flipped(proof[at] as Uint8Array, bit)))).toBe(false);
      }),
      { numRuns: 300 },
    );
    expect(isConsistent({ size: 0, root: EMPTY_ROOT }, { size: 2, root: sha256('') }, [])).toBe(true);
  });

  it('finds each leaf by the position of its event', async () => {
    const { tree } = await tiled(leavesOf(600), 250);
    for (let index = 0; index < 600; index++) {
      expect(await tree.indexOf(3 * index + 1, 600)).toBe(index);
      expect(await tree.indexOf(3 * index + 2, 600)).toBeNull();
    }
  });

  it('reads few tiles for a proof, however large it is', async () => {
    const leaves = leavesOf(70_000);
    const { store } = await tiled(leaves, 5_000);
    let read = 0;
    const tree = tiledTree({
      read: (names) => {
        read += names.length;
        return store.read(names);
      },
    });
    const proof = await tree.inclusion(12_345, 70_000);
    expect(proof).toHaveLength(inclusionRanges(12_345, 70_000).length);
    expect(hex(rootFromInclusion(leaves[12_345] as Uint8Array, 12_345, 70_000, proof) as Uint8Array)).toBe(
      hex(rootOf(leaves)),
    );
    expect(read).toBeLessThan(12);
    read = 0;
    const consistency = await tree.consistency(33_333, 69_999);
    expect(consistency).toHaveLength(consistencyRanges(33_333, 69_999).length);
    expect(
      isConsistent(
        { size: 33_333, root: rootOf(leaves.slice(0, 33_333)) },
        { size: 69_999, root: rootOf(leaves.slice(0, 69_999)) },
        consistency,
      ),
    ).toBe(true);
    expect(read).toBeLessThan(12);
    read = 0;
    expect(await tree.indexOf(3 * 54_321 + 1, 70_000)).toBe(54_321);
    expect(await tree.indexOf(3 * 54_321 + 2, 70_000)).toBeNull();
    expect(await tree.indexOf(3 * 54_321 + 1, 54_321)).toBeNull();
    expect(read).toBeLessThan(40);
    expect((await tree.leaves(255, 258)).map(({ position }) => position)).toEqual([766, 769, 772]);
  });
});

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const other = Uint8Array.from(bytes);
  const at = Math.floor(bit / 8) % other.byteLength;
  other[at] = (other[at] ?? 0) ^ (1 << (bit % 8));
  return other;
};
