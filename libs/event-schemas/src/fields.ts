import type { Opaque } from '@signalbox/domain';
import { z } from 'zod';

/**
 * What the fields of stored events are made of. The bounds are far beyond what any edge lets in: they keep a damaged
 * log from filling the memory, and must never refuse what a server with more generous limits has written.
 */

/** A name, a tag, an id. */
export const name = z.string().max(65_536);

/** SDP, a sealed secret. */
export const text = z.string().max(16_777_216);

/** Epoch milliseconds. */
export const time = z.int();

export const count = z.int().min(0);

export const names = z.array(name).max(100_000);

/** JSON that is nobody's business here: each value is handed on as the very object that was read, not a copy. */
export const opaques = z.array(z.custom<Opaque>()).max(100_000);

/** How often something happened, by its name. */
export const counts = z.array(z.strictObject({ name, count })).max(100_000);
