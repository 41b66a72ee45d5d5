/** @file A real browser for tests of pages: Chromium as the system has it. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is; `undefined` if there is none. */
export const browserFile = places.find((place) => place !== undefined && existsSync(place));

/** What tests say that need a browser where there is none. */
export const noBrowser = 'There is no Chromium here: install it, or name it in the variable CHROMIUM.';

/** Starts the browser; the caller closes it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserFile!, args: ['--no-sandbox'], timeout: 120_000 });
}

/** Everything that a page complains about: errors, warnings, requests that fail. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('requestfailed', (request) => {
    // A page that is left aborts what it still loads.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed`);
  });
  return complaints;
}
