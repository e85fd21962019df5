import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@signalbox/testing';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromiumHere, startBrowser } from '../support/browser.ts';
import { type MadeCall, makeCalls, shortLives } from '../support/calls.ts';
import { bearer, send } from '../support/client.ts';
import { root, startServer } from '../support/server.ts';

/** `SIGNALBOX_TEST_PICTURES=1 npm test -- --project system tests/scenarios/console-pictures` */
const wanted = process.env.SIGNALBOX_TEST_PICTURES !== undefined && chromiumHere() !== undefined;
const folder = join(root, 'docs', 'console');
const MOST_BYTES = 150 * 1_024;

describe.runIf(wanted)('the pictures of docs/console.md', () => {
  it('are taken of a real server with real calls', async () => {
    await using server = await startServer({ env: shortLives });
    await using browser = await startBrowser();
    const key = readFileSync(join(server.dataDir, 'keys', 'admin.key'), 'utf8').trim();
    const admin = bearer('admin', key);
    const calls = await makeCalls(server);
    const isOver = async ({ sessionId }: MadeCall) => {
      const { body } = await send<{ readonly state: string }>(server, admin, {
        ...{ method: 'GET', path: `/v1/audit/sessions/${sessionId}` },
      });
      return !['open', 'answered'].includes(body.state);
    };
    const areOver = async () => (await Promise.all(Object.values(calls).map(isOver))).every(Boolean);
    await until('every call is over', areOver, { withinMs: 30_000, everyMs: 100 });
    const { page } = await browser.open(server.url);
    const take = async (name: string, of: Page = page) => {
      await of.mouse.move(0, 0);
      const picture = await of.screenshot({ animations: 'disabled' });
      expect(picture.length, name).toBeLessThanOrEqual(MOST_BYTES);
      writeFileSync(join(folder, `${name}.png`), picture);
    };
    const openCall = async (cause: string, of: Page = page) => {
      const { sessionId } = calls[cause] ?? { sessionId: '' };
      const path = `/v1/audit/sessions/${sessionId}`;
      await until(
        `the verdict is ${cause}`,
        async () => {
          const { body } = await send<{ readonly verdict: { readonly cause: string } }>(server, admin, {
            ...{ method: 'GET', path },
          });
          return body.verdict.cause === cause;
        },
        { everyMs: 100 },
      );
      await of.goto(`${server.url}/console#/session/${sessionId}`);
      await of.locator('svg g.row').first().waitFor();
      await of
        .getByRole('region', { name: /^State at/ })
        .locator('.tree')
        .waitFor();
    };
    mkdirSync(folder, { recursive: true });

    await page.setViewportSize({ width: 1_000, height: 620 });
    await page.goto(`${server.url}/console`);
    await page.getByLabel('Audit token or admin key').fill(key);
    await page.keyboard.press('Enter');
    await page.locator('a.result').nth(5).waitFor();
    await take('calls');

    await page.setViewportSize({ width: 1_040, height: 840 });
    await openCall('only_offerer_sent_candidates');
    await take('call');

    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await openCall('answered_by_another');
    await page.getByRole('slider').focus();
    await page.keyboard.press('Home');
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
    await page.waitForURL(/at=\d+/);
    await page.setViewportSize({ width: 1_040, height: 720 });
    await page.getByRole('heading', { name: 'What happened' }).evaluate((heading) => heading.scrollIntoView());
    await page.locator('.state .changed').first().waitFor();
    await take('past');
    await page.emulateMedia({ colorScheme: 'light' });

    await page.setViewportSize({ width: 1_000, height: 480 });
    await page.goto(`${server.url}/console#/tail`);
    await page.locator('.event').nth(10).waitFor();
    await take('log');
    await page.goto(`${server.url}/console#/health`);
    await page.getByText('signed', { exact: true }).waitFor();
    await take('health');

    await page.setViewportSize({ width: 360, height: 740 });
    await openCall('connected');
    await take('phone');
  });
});
