import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { repository } from '../../tools/repository.js';
import type { ServedPage } from './page.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a Chromium is; `NRS_CHROMIUM` names another. Undefined: there is none. */
export const chromiumAt = (): string | undefined =>
  process.env['NRS_CHROMIUM'] ?? PLACES.find((path) => existsSync(path));

/** What is said where there is none. */
export const HOW_TO_GET =
  'skipped: no Chromium here; apt-get install chromium, or NRS_CHROMIUM=<path>';

/** Screenshots are written into the docs with `PRINT_DASHBOARD=1`. */
const printing = process.env['PRINT_DASHBOARD'] === '1';

export interface Look {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** A real browser, for all tests of a file. */
export class Chromium {
  private browser: Browser | undefined;
  private readonly contexts: BrowserContext[] = [];

  async start(): Promise<void> {
    // Tests run as root in containers, where Chromium has no sandbox of its own.
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'];
    this.browser = await chromium.launch({ executablePath: chromiumAt() as string, args });
  }

  /** A page that fails the test, when it is closed, if it has said anything in its console, or asked another host. */
  async open(served: ServedPage, path = '', look: Look = {}): Promise<Visit> {
    const { colorScheme = 'light', width = 1280, height = 900 } = look;
    const context = await (this.browser as Browser).newContext({
      ...{ colorScheme, viewport: { width, height }, deviceScaleFactor: printing ? 1.5 : 1 },
      ...{ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' },
    });
    this.contexts.push(context);
    const visit = new Visit(await context.newPage(), served);
    await visit.go(path);
    return visit;
  }

  /** Closes the pages of a test. */
  async tidy(): Promise<void> {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
  }

  async stop(): Promise<void> {
    await this.browser?.close();
  }
}

/** Somebody who looks at the page. */
export class Visit {
  /** What the page said in the console, and what it asked elsewhere: nothing, if all is well. */
  readonly complaints: string[] = [];

  constructor(
    readonly page: Page,
    private readonly served: ServedPage,
  ) {
    page.setDefaultTimeout(15_000);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (new URL(request.url()).host !== served.host) this.complaints.push(request.url());
    });
  }

  async go(path: string): Promise<void> {
    await this.page.goto(new URL(path === '' ? '' : `#/${path}`, this.served.url).href);
    await this.page.getByRole('heading', { level: 1 }).first().waitFor();
  }

  /** What axe finds wrong with the page as it is now. */
  async barriers(): Promise<string[]> {
    // Through the protocol of the debugger: the policy of the page lets no such script in.
    const session = await this.page.context().newCDPSession(this.page);
    await session.send('Runtime.evaluate', { expression: axe.source });
    const { result } = await session.send('Runtime.evaluate', {
      expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
        .then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) =>
          id + ': ' + nodes.map(({ html, any, all, none }) =>
            html.slice(0, 160) + ' ' + [...any, ...all, ...none].map(({ message }) => message).join('; ')).join(' | '))))`,
      ...{ awaitPromise: true, returnByValue: true },
    });
    return JSON.parse(String(result.value)) as string[];
  }

  /** How much wider the page is than the screen. */
  sideways(): Promise<number> {
    return this.page.evaluate('document.documentElement.scrollWidth - innerWidth');
  }

  /** A picture for the docs, where these are printed. */
  async picture(name: string): Promise<void> {
    if (!printing) return;
    const folder = join(repository, 'docs/images');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({
      path: join(folder, `dashboard-${name}.png`),
      animations: 'disabled',
    });
  }
}
