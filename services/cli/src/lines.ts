import { BadExport } from './errors.ts';
import { MAX_BLOCK_BYTES } from './format.ts';

export type Line = {
  /** Counts from 1. */
  readonly number: number;
  /** Without the newline. */
  readonly bytes: Buffer;
  /** False for a last line that the input ends within, or right after. */
  readonly hasNewline: boolean;
};

const NEWLINE = 0x0a;

/** Lines as they come in. Throws `BadExport` for one that is larger than anything that is ever exported. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  let number = 0;
  let begun: Buffer[] = [];
  let length = 0;
  for await (const piece of input) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const rest = chunk.subarray(start, end);
      yield { number: ++number, bytes: length === 0 ? rest : Buffer.concat([...begun, rest]), hasNewline: true };
      begun = [];
      length = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    begun.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > MAX_BLOCK_BYTES) throw new BadExport(`Line ${number + 1} has no end. This is no export of Signalbox.`);
  }
  if (length > 0) yield { number: ++number, bytes: Buffer.concat(begun), hasNewline: false };
}
