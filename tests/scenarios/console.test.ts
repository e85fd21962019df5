import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@signalbox/testing';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, chromiumHere, startBrowser, type Watched } from '../support/browser.ts';
import { causes, type MadeCall, makeCalls, shortLives } from '../support/calls.ts';
import {
  bearer,
  type Caller,
  issueCredential,
  newTag,
  newTokenCaller,
  publishOne,
  send,
  v1,
} from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';

type Told = {
  readonly state: string;
  readonly entries: readonly { readonly type: string; readonly at: number; readonly eventId: string }[];
  readonly verdict: {
    readonly cause: string;
    readonly sentence: string;
    readonly certain: boolean;
    readonly evidence: readonly { readonly says: string }[];
    readonly advice: readonly string[];
  };
};

const here = chromiumHere();
const title = here === undefined ? 'the console (SKIPPED: no Chromium on this machine)' : 'the console';

/** Text that would show itself at once, were it ever taken for markup. */
const HOSTILE = '<img src=x onerror="globalThis.taken=1"><script>globalThis.taken=1</script>';

describe.skipIf(here === undefined)(title, () => {
  let server: Server;
  let browser: Browser;
  let key: string;
  let admin: Caller;
  let calls: Readonly<Record<string, MadeCall>>;
  let watched: Watched;
  let page: Page;

  const call = (cause: string): MadeCall => {
    const made = calls[cause];
    if (!made) throw new Error(`No call was made with ${cause}.`);
    return made;
  };
  const told = async ({ sessionId }: MadeCall) =>
    (await send<Told>(server, admin, { method: 'GET', path: `/v1/audit/sessions/${sessionId}` })).body;
  const isOver = async (made: MadeCall) => !['open', 'answered'].includes((await told(made)).state);

  const go = (address: string) => page.goto(`${server.url}/console${address}`);
  const signIn = async () => {
    await go('');
    await page.getByLabel('Audit token or admin key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('search').waitFor();
  };
  const openCall = async (cause: string) => {
    await go(`#/session/${call(cause).sessionId}`);
    await page.locator('svg g.row').first().waitFor();
  };
  const search = async (text: string) => {
    await go('#/');
    const box = page.getByRole('searchbox', { name: 'Search calls' });
    await box.fill(text);
    await box.press('Enter');
  };
  const verdict = () => page.getByRole('region', { name: 'Verdict' });
  const details = () => page.getByRole('complementary');
  const rowLabels = (): Promise<readonly string[]> =>
    page.locator('svg g.row').evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
  const slider = () => page.getByRole('slider', { name: 'Moment' });

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer({ env: shortLives }), startBrowser()]);
    key = readFileSync(join(server.dataDir, 'keys', 'admin.key'), 'utf8').trim();
    admin = bearer('admin', key);
    calls = await makeCalls(server);
    const areOver = async () => (await Promise.all(Object.values(calls).map(isOver))).every(Boolean);
    await until('every call is over', areOver, { withinMs: 30_000, everyMs: 100 });
    watched = await browser.open(server.url);
    page = watched.page;
    await signIn();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    expect(await watched.misdeeds()).toEqual([]);
  });

  it('says why it does not take a key, and keeps one for the tab alone', async () => {
    const stranger = await browser.open(server.url);
    const { page: other } = stranger;
    await other.goto(`${server.url}/console#/health`);
    await other.getByLabel('Audit token or admin key').fill('not-the-key');
    await other.keyboard.press('Enter');
    await other.getByRole('alert').filter({ hasText: /./ }).waitFor();
    const { token } = await issueCredential(server);
    await other.getByLabel('Audit token or admin key').fill(token);
    await other.keyboard.press('Enter');
    await other.getByRole('alert').filter({ hasText: 'scope `audit`' }).waitFor();

    const audit = await send<{ token: string }>(server, admin, {
      ...{ method: 'POST', path: '/v1/tokens', body: { scope: 'audit' } },
    });
    await other.getByLabel('Audit token or admin key').fill(audit.body.token);
    await other.keyboard.press('Enter');
    await other.getByRole('heading', { name: 'Health of the log' }).waitFor();
    expect(await other.evaluate('[sessionStorage.length, localStorage.length, document.cookie]')).toEqual([1, 0, '']);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByLabel('Audit token or admin key').waitFor();
    expect(await other.evaluate('sessionStorage.length')).toBe(0);
    expect(await stranger.misdeeds()).toEqual([]);
    await other.context().close();
  });

  describe('finds a call', () => {
    const result = (id: string) => page.locator('a.result', { hasText: id });

    it.each([
      ['its tag', ({ tag }: MadeCall) => `tag:${tag}`],
      ['its offerer', ({ offerer }: MadeCall) => `identity:${offerer}`],
      ['its trace', ({ trace }: MadeCall) => trace],
    ])('by %s', async (_, textOf) => {
      const made = call('answered_by_another');
      await search(textOf(made));
      // What was found before may still be there.
      await until('it alone is found', async () => {
        const found = await page.locator('a.result').allTextContents();
        return found.length === 1 && found[0]?.includes(made.sessionId);
      });
      await result(made.sessionId).click();
      await verdict().waitFor();
      expect(page.url()).toContain(`#/session/${made.sessionId}`);
    });

    it('by its id', async () => {
      const { sessionId } = call('connected');
      await search(sessionId);
      await verdict().waitFor();
      expect(page.url()).toContain(`#/session/${sessionId}`);
    });

    it('by time, and by words together', async () => {
      const made = call('never_discovered');
      const { entries } = await told(made);
      const at = entries[0]?.at ?? 0;
      await search(`tag:${made.tag} from:${at - 1_000} to:${at + 1}`);
      await result(made.sessionId).waitFor();
      await search(`tag:${made.tag} to:${at - 60_000}`);
      await page.getByText('No call was found.').waitFor();
    });

    it('and asks what a word names that may be two things', async () => {
      await search('chat');
      await page.getByRole('link', { name: 'tag:chat' }).waitFor();
    });
  });

  it.each(causes)('shows the verdict of a call: %s', async (cause) => {
    const made = call(cause);
    // What was fetched and refused is recorded a moment later, and may make it more certain.
    await until(`the verdict is ${cause}`, async () => (await told(made)).verdict.cause === cause, { everyMs: 100 });
    await openCall(cause);
    const shown = async () => {
      await page.getByRole('button', { name: 'Read again' }).click();
      const { verdict: given } = await told(made);
      const text = await verdict().innerText();
      const parts = [given.sentence, cause, given.certain ? 'certain' : 'not certain', ...given.advice];
      const links = await verdict().locator('ol.evidence a').allInnerTexts();
      return (
        parts.every((part) => text.includes(part)) && links.join() === given.evidence.map(({ says }) => says).join()
      );
    };
    await until('the page shows what the API says', shown, { everyMs: 100 });
  });

  it('leads from the verdict to the event that it rests on, and back', async () => {
    await openCall('only_offerer_sent_candidates');
    await verdict().locator('ol.evidence a').first().click();
    await details().waitFor();
    await page.locator('svg g.row.selected').waitFor();
    expect(await details().innerText()).toMatch(/hash\s+[0-9a-f]{64}/);
    await page.keyboard.press('Escape');
    await details().waitFor({ state: 'detached' });
    expect(page.url()).not.toContain('event=');
  });

  it('draws who sent what to whom, with types of candidates and refusals', async () => {
    await openCall('answered_by_another');
    const labels = await rowLabels();
    const all = labels.join('\n');
    for (const said of [
      /Offerer → Server: offer · /,
      /Offerer → Server: 3 candidates: host, srflx, relay; end of candidates/,
      /Answerer → Server: answer/,
      /Server → Offerer: answer fetched/,
      /Server → Answerer: candidates fetched/,
      /Others → Server: answer refused: \w+/,
    ]) {
      expect(all).toMatch(said);
    }
    await page.getByRole('button', { name: 'Table' }).click();
    expect(await page.locator('table.steps tbody tr').count()).toBe(labels.length);
    await page.getByRole('button', { name: 'Ladder' }).click();
  });

  it('moves through the past, and a bookmark leads back to the same moment', async () => {
    await openCall('answered_by_another');
    const state = page.getByRole('region', { name: /^State at/ });
    await state.getByText('ended').first().waitFor();
    expect(await page.locator('g.row.future').count()).toBe(0);

    await slider().focus();
    await page.keyboard.press('Home');
    await state.getByText('open').first().waitFor();
    expect(await page.locator('g.row.future').count()).toBe((await page.locator('g.row').count()) - 1);
    const answered = (await rowLabels()).findIndex((label) => /Answerer → Server: answer/.test(label));
    for (let step = 0; step < answered; step++) await page.keyboard.press('ArrowRight');
    await state.getByText('answered', { exact: true }).first().waitFor();
    await state.locator('.changed').first().waitFor();
    await page.waitForURL(/at=\d+/);
    const shown = { past: await page.locator('g.row.future').count(), value: await slider().inputValue() };
    await page.reload();
    await state.getByText('answered', { exact: true }).first().waitFor();
    expect({ past: await page.locator('g.row.future').count(), value: await slider().inputValue() }).toEqual(shown);

    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Play' }).click();
    await page.locator('g.row.future').first().waitFor({ state: 'detached', timeout: 30_000 });
    await page.getByRole('button', { name: 'Play' }).waitFor();
  });

  it('takes nothing in the log for anything but text', async () => {
    const by = await newTokenCaller(server);
    const id = await publishOne(v1(server, by), newTag(), `v=0\r\n${HOSTILE}`);
    await go(`#/session/${id}`);
    await page.locator('svg g.row').first().click();
    await details()
      .getByText(/lines$/)
      .click();
    expect(await details().locator('pre').first().innerText()).toContain(HOSTILE);
    expect(
      await page.evaluate('[globalThis.taken ?? null, document.querySelectorAll("img, #console script").length]'),
    ).toEqual([null, 0]);
  });

  it('shows what happens while it happens', async () => {
    await go('#/tail');
    await page.locator('.event').first().waitFor();
    const by = await newTokenCaller(server);
    const id = await publishOne(v1(server, by), newTag());
    const fresh = page.locator('.event', { hasText: `session-${id}` });
    await fresh.waitFor();
    await page.getByLabel('Only with').fill('credential');
    await fresh.waitFor({ state: 'detached' });
    await page.getByLabel('Only with').fill(id);
    await fresh.first().click();
    await details().getByRole('link', { name: 'Show it in its call' }).click();
    await verdict().waitFor();
    await page.keyboard.press('Escape');
  });

  it('shows the health of the log', async () => {
    await go('#/health');
    const main = page.getByRole('main');
    await main.getByRole('heading', { name: 'Checkpoint' }).waitFor();
    await until('there is a checkpoint', async () => /signed/.test(await main.innerText()));
    const text = await main.innerText();
    for (const part of ['Events in the tree', 'Last verification', 'Key ring', 'Read models', 'Positions behind']) {
      expect(text).toContain(part);
    }
  });

  it('says in words that the log is not what was signed, and what to do', async () => {
    const reason = 'the log is shorter than what was signed: a checkpoint covers 9 events up to position 9';
    await page.route('**/v1/audit/health', async (route) => {
      const answer = await route.fetch();
      const contradiction = { reason, since: Date.now() };
      await route.fulfill({ response: answer, json: { ...(await answer.json()), contradiction } });
    });
    try {
      await go('#/health');
      const card = page.getByRole('main').locator('.card').filter({ hasText: 'Checkpoint' });
      await card.getByRole('alert').waitFor();
      const text = await card.innerText();
      for (const part of [
        'the log is not what was signed',
        reason,
        'Calls are served',
        'signalbox checkpoints accept',
      ]) {
        expect(text).toContain(part);
      }
    } finally {
      await page.unroute('**/v1/audit/health');
    }
  });

  it('shows what discovery showed at a moment', async () => {
    const made = call('discovered_not_answered');
    const at = (await told(made)).entries[0]?.at ?? 0;
    await go(`#/discovery?tag=${made.tag}&at=${at}`);
    await page.getByText('1 open offer with the tag').waitFor();
    await page.getByRole('link', { name: made.sessionId }).waitFor();
    await go(`#/discovery?tag=${made.tag}&at=${at - 1_000}`);
    await page.getByText('No open offer with the tag').waitFor();
  });

  it('shows what discovery shows now by the clock of the server, whatever the clock of the browser says', async () => {
    const { page: ahead } = await browser.open(server.url);
    await ahead.addInitScript(() => {
      const { now } = Date;
      Date.now = () => now() + 3_600_000;
    });
    await ahead.goto(`${server.url}/console#/discovery?tag=${newTag()}`);
    await ahead.getByLabel('Audit token or admin key').fill(key);
    await ahead.getByRole('button', { name: 'Sign in' }).click();
    await ahead.getByText('No open offer with the tag').waitFor();
    await ahead.close();
  });

  it('keeps the shape of a call that was erased, and says that it is unreadable', async () => {
    const { sessionId } = call('no_candidates');
    const erased = await send(server, admin, { method: 'POST', path: '/v1/admin/erasures', body: { sessionId } });
    expect(erased.status).toBe(201);
    await openCall('no_candidates');
    await page.locator('g.row.unreadable').first().click();
    await details().getByText('Unreadable: its key has been destroyed').waitFor();
    await page.keyboard.press('Escape');
  });

  it('needs no mouse', async () => {
    const { page: keyed, misdeeds } = await browser.open(server.url);
    const made = call('withdrawn_before_answer');
    const focused = () => keyed.evaluate('document.activeElement.className || document.activeElement.id');
    await keyed.goto(`${server.url}/console`);
    await keyed.keyboard.type(key);
    await keyed.keyboard.press('Enter');
    await keyed.getByRole('search').waitFor();
    await keyed.keyboard.press('/');
    expect(await focused()).toBe('search');
    await keyed.keyboard.type(`tag:${made.tag}`);
    await keyed.keyboard.press('Enter');
    await keyed.locator('a.result', { hasText: made.sessionId }).waitFor();
    const tabTo = async (selector: string) => {
      for (let presses = 0; presses < 60; presses++) {
        await keyed.keyboard.press('Tab');
        if (await keyed.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) {
          const outline = await keyed.evaluate(
            `[getComputedStyle(document.activeElement).outlineStyle, getComputedStyle(document.activeElement.querySelector('.hit') ?? document.body).stroke]`,
          );
          expect(outline, `${selector} shows that it has the focus`).not.toEqual(['none', 'none']);
          return;
        }
      }
      throw new Error(`Tab does not lead to ${selector}.`);
    };
    await tabTo('a.result');
    await keyed.keyboard.press('Enter');
    await keyed.locator('svg g.row').first().waitFor();
    await tabTo('input[type=range]');
    await keyed.keyboard.press('Home');
    await keyed.locator('g.row.future').first().waitFor();
    await tabTo('g.row');
    await keyed.keyboard.press('ArrowDown');
    await keyed.keyboard.press('Enter');
    await keyed.getByRole('complementary').waitFor();
    await keyed.keyboard.press('Escape');
    await keyed.getByRole('complementary').waitFor({ state: 'detached' });
    await keyed.locator('g.row:focus').waitFor();
    await keyed.keyboard.press('/');
    await keyed.getByRole('search').waitFor();
    expect(await misdeeds()).toEqual([]);
    await keyed.context().close();
  });

  it.each(['light', 'dark'] as const)('can be read in a %s scheme, also on a small screen', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [width, height] of [
      [1_280, 900],
      [360, 740],
    ] as const) {
      await page.setViewportSize({ width, height });
      const { sessionId } = call('answered_by_another');
      for (const address of ['#/', `#/session/${sessionId}`, '#/tail', '#/health', '#/discovery?tag=a&at=-1m']) {
        await go(address);
        await page.getByRole('main').locator('.card, .result, .event, svg, [role=status]').first().waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth'), address).toBeLessThanOrEqual(width);
        expect(await page.evaluate(CONTRASTS), `${address} at ${width}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 1_280, height: 900 });
    await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  });
});

/** In the page: every text whose contrast with what is behind it is less than 4.5. */
const CONTRASTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const isShown = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const texts = [...document.querySelectorAll('body *')].filter(
    (element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '') &&
      isShown(element) && !element.closest('.future, title, .badge, button:disabled'),
  );
  return texts.flatMap((element) => {
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const ink = luminance(rgba(isDrawn ? style.fill : style.color));
    const ground = luminance(behind(isDrawn ? element.closest('svg').parentElement : element));
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    return contrast < 4.5 ? [element.tagName + '.' + element.getAttribute('class') + ' ' + contrast.toFixed(2)] : [];
  });
})()`;
