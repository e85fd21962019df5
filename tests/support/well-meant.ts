import { catalogue } from '@signalbox/contracts';
import { expect } from 'vitest';
import { anonymous, newTag, newTokenCaller, publishOne, send, v1 } from './client.ts';
import type { Server } from './server.ts';

export const CODES = new Set(Object.keys(catalogue));

/** What only the inside of a server knows: places in its source, its parts, its files. */
export const INSIDE =
  /\bat (?:async )?[\w.<>]* ?\(?(?:file:|node:|\/)|node:internal|SQLITE_|\bsqlite\b|node_modules|\.ts:\d+|\/work\//;

export type Told = { readonly status: number; readonly text: string; readonly contentType: string };

export const expectWellMeant = ({ status, text, contentType }: Told, what: string) => {
  expect(status, `${what}: ${text.slice(0, 500)}`).toBeLessThan(500);
  if (status < 400) return;
  expect(contentType, what).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(text) as { code: string; status: number; traceId: string };
  expect(CODES.has(problem.code), `${what}: ${problem.code}`).toBe(true);
  expect([problem.status, problem.traceId], what).toEqual([status, expect.stringMatching(/^[0-9a-f]{32}$/)]);
  expect(INSIDE.exec(text)?.[0], `${what} tells of the inside`).toBeUndefined();
};

/** It answers, and does its job: whoever has gone before has done no harm. */
export const expectUp = async (server: Server): Promise<void> => {
  expect((await send(server, anonymous, { method: 'GET', path: '/ready' })).status).toBe(200);
  const caller = await newTokenCaller(server);
  expect(await publishOne(v1(server, caller), newTag())).toEqual(expect.any(String));
};
