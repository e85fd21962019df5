import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The Chromium of this machine: what `SIGNALBOX_TEST_CHROMIUM` names, or one on the path. Undefined when there is none. */
export const chromiumHere = (): string | undefined => {
  const named = process.env.SIGNALBOX_TEST_CHROMIUM;
  if (named) return named;
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
};

export type Watched = {
  readonly page: Page;
  /** What a page must not do: errors, breaches of its policy, and requests to anywhere else. All since the last look. */
  readonly misdeeds: () => Promise<readonly string[]>;
};

export type Browser = AsyncDisposable & {
  /** A page in a context of its own: nothing is shared with another. */
  readonly open: (origin: string, options?: BrowserContextOptions) => Promise<Watched>;
};

const KEEP_VIOLATIONS = `
  globalThis.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    globalThis.violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
  });
`;

/** A request that was refused for its key is what some tests want. */
const EXPECTED = /status of 40[13] /;

export const startBrowser = async (): Promise<Browser> => {
  const browser = await chromium.launch({ executablePath: chromiumHere() ?? '', timeout: 60_000 });
  return {
    open: async (origin, options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
      await context.addInitScript(KEEP_VIOLATIONS);
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const seen: string[] = [];
      page.on('console', (message) => {
        const text = message.text();
        if (['error', 'warning'].includes(message.type()) && !EXPECTED.test(text)) seen.push(`said: ${text}`);
      });
      page.on('pageerror', (error) => seen.push(`threw: ${error.stack ?? error.message}`));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) seen.push(`asked for ${url}`);
      });
      return {
        page,
        misdeeds: async () => {
          const violations = (await page.evaluate('globalThis.violations.splice(0)')) as readonly string[];
          return [...seen.splice(0), ...violations.map((one) => `broke its policy: ${one}`)];
        },
      };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
};
