import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainStep } from '@simgan/core';
import { expect, test } from 'vitest';
import { browserFile, complaintsOf, noBrowser, startBrowser } from '../../../test/browser.ts';
import { temporaryFolder } from '../../node/test/folders.ts';
import { evaluationSchema, type VerdictPart } from './evaluation.ts';
import { html } from './html.ts';
import { renderLosses, renderReport } from './page/report-page.ts';
import { meanInterval, shareInterval } from './plots/interval.ts';
import { niceTicks } from './plots/scale.ts';
import type { ReportData } from './report-data.ts';
import { headline, verdictOf } from './verdict.ts';

const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const summary = { count: 40, median: 0.4, mean: 0.5, std: 0.3, p95: 1 };

const log: TrainStep[] = [
  { phase: 'refiner warm-up', step: 1, steps: 400, regularization: 0.4 },
  ...Array.from({ length: 399 }, (_, i): TrainStep => {
    const losses = {
      loss: 1,
      adversarial: 0.7 + Math.sin(i),
      adversarialSum: 70,
      regularization: 0.05,
      lambda: 2,
    };
    const judged = { loss: 0.6, lossSum: 60, accuracyOnRefined: 0.6, accuracyOnReal: 0.7 };
    return { phase: 'adversarial', step: i + 2, steps: 400, refiner: losses, discriminator: judged };
  }),
];

const data: ReportData = {
  title: 'eyes <script>alert(1)</script>',
  plugin: 'eyes',
  recipe: 'quick',
  isDone: true,
  step: 400,
  steps: 400,
  size: { width: 55, height: 35 },
  triplets: ['a', 'b'].map((id) => ({ id, synthetic: pixel, refined: pixel, difference: pixel })),
  real: [pixel],
  moments: [100, 200, 300].map((step) => ({
    ...{ step, strip: `${pixel}#${step}`, change: 0.02 },
    labels: { pupilCenter: { unit: 'px', mean: step / 1000, std: 0.1 } },
  })),
  log,
  figures: evaluationSchema.parse({
    distances: {
      synthetic: { intensity: 0.1, gradient: 0.2 },
      refined: { intensity: 0.02, gradient: 0.05 },
      real: {},
    },
    realism: {
      synthetic: {
        kernelDistance: 0.4,
        balancedAccuracy: 0.9,
        auc: 0.97,
        interval: { low: 0.95, high: 0.98 },
        pictures: [200, 200],
      },
      refined: {
        kernelDistance: 0.1,
        balancedAccuracy: 0.6,
        auc: 0.66,
        interval: { low: 0.61, high: 0.71 },
        pictures: [200, 200],
      },
      real: {
        kernelDistance: 0,
        balancedAccuracy: 0.5,
        auc: 0.51,
        interval: { low: 0.44, high: 0.58 },
        pictures: [100, 100],
      },
    },
    labels: { pairs: 41, quantities: { pupilCenter: { unit: 'px', shift: summary, lost: 1, abstained: 0 } } },
    labelPairs: {
      pupilCenter: { unit: 'px', points: [{ before: [20, 15], after: [20.5, 15.2], shift: 0.54 }] },
    },
    downstream: {
      ...{ estimator: 'gaze', unit: 'degrees', within: 7, steps: 100, tested: 300 },
      runs: [0.5, 0.52].map((share) => ({
        synthetic: { count: 300, mean: 9, share },
        refined: { count: 300, mean: 8, share: share + 0.2 },
        'stand-in camera': { count: 300, mean: 4, share: 0.9 },
      })),
    },
    somethingNew: { nobody: 'knows' },
  }),
  warnings: ['Only 20 real pictures.'],
  rejects: { total: 60, first: [{ file: 'a"b.png', reason: 'It is damaged.' }] },
  provenance: [['seed', '1']],
  command: "simgan-cli augment --plugin eyes --real 'my eyes'",
};

test('markup escapes whatever is put into it', () => {
  expect(html`<a title="${'"<&'}">${['<b>', html`<i>${1}</i>`, undefined, false]}</a>`.text).toBe(
    '<a title="&#34;&#60;&#38;">&#60;b&#62;<i>1</i></a>',
  );
});

test('ticks are round values within the axis', () => {
  expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  expect(niceTicks(-3, 212, 4)).toEqual([0, 100, 200]);
});

test('intervals are those of their authors', () => {
  // Wilson, 1927, as in Newcombe, 1998: 81 of 263 gives 0.2553 to 0.3662.
  const wilson = shareInterval(81 / 263, 263);
  expect([wilson.low, wilson.high].map((share) => share.toFixed(4))).toEqual(['0.2553', '0.3662']);
  expect(meanInterval([1])).toBeUndefined();
  expect(meanInterval([1, 2, 3])!.high).toBeCloseTo(2 + 4.3 / Math.sqrt(3), 2);
});

test('the verdict follows from the figures, and a judge has the last word', () => {
  const verdicts = (one: ReportData) =>
    Object.fromEntries(verdictOf(one).map(({ question, verdict }) => [question, verdict]));
  expect(verdicts(data)).toEqual({ looks: 'better', labels: 'no different', use: 'better' });
  expect(headline(verdictOf(data)).text).toBe('Better than raw in looks and use.');
  const { realism, distances, downstream, labels } = data.figures;
  const swapped = {
    ...data,
    figures: { realism: { ...realism!, synthetic: realism!.refined!, refined: realism!.synthetic! } },
  };
  expect(verdicts(swapped)).toMatchObject({ looks: 'worse', use: 'unknown' });
  expect(verdicts({ ...data, figures: { distances } }).looks).toBe('better');
  const [quantity] = Object.values('pairs' in labels! ? labels.quantities : {});
  const moved = {
    pairs: 41,
    quantities: { pupilCenter: { ...quantity!, shift: { ...summary, mean: 1.2 } } },
  };
  expect(verdicts({ ...data, figures: { labels: moved } }).labels).toBe('worse');
  const lost = { pairs: 41, quantities: { pupilCenter: { ...quantity!, lost: 9 } } };
  expect(verdicts({ ...data, figures: { labels: lost } }).labels).toBe('worse');
  const worse = downstream!.runs.map((run) => ({ ...run, refined: { ...run.refined!, share: 0.1 } }));
  expect(verdicts({ ...data, figures: { downstream: { ...downstream!, runs: worse } } }).use).toBe('worse');
  const judged = {
    ...data.figures,
    verdict: [{ question: 'use', verdict: 'refused' as const, reason: 'It lies.' }],
  };
  expect(verdicts({ ...data, figures: judged }).use).toBe('refused');
  expect(headline(verdictOf({ ...data, figures: judged })).text).toMatch(/^Worse than raw in use/);
  expect(headline(verdictOf({ ...data, figures: {}, moments: [] })).text).toBe('Not judged yet.');
  const kept = { looks: 'unknown', labels: 'no different', use: 'unknown' } as const;
  const answers = (given: Record<string, VerdictPart['verdict']>) =>
    Object.entries(given).map(([question, verdict]) => ({ question, verdict, reason: '' }));
  expect(headline(answers(kept))).toEqual({
    verdict: 'unknown',
    text: 'Not judged yet; labels are where they were.',
  });
  expect(headline(answers({ ...kept, looks: 'no different' })).verdict).toBe('no different');
});

test('losses are an SVG file without anything from elsewhere', () => {
  const svg = renderLosses(log);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg.match(/class="heading"/g)).toHaveLength(4);
  expect(svg).not.toContain('var(--');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test('a report is one file that a browser shows without a complaint, on a phone and in the dark', async ({
  skip,
}) => {
  if (!browserFile) skip(noBrowser);
  const file = join(await temporaryFolder(), 'report.html');
  await writeFile(file, renderReport(data));
  const browser = await startBrowser();
  try {
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [360, 'dark'],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const complaints = complaintsOf(page);
      const loaded: string[] = [];
      page.on('request', (request) => loaded.push(request.url()));
      await page.goto(`file://${file}`);
      expect(await page.title()).toBe('eyes <script>alert(1)</script>: report');
      expect(await page.locator('#verdict .headline').textContent()).toBe(
        'Better than raw in looks and use.',
      );
      // Nothing is wider than the screen.
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      const back = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(back).toBe(colorScheme === 'dark' ? 'rgb(18, 20, 23)' : 'rgb(246, 245, 241)');
      await page.click('#theme');
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).not.toBe(back);

      const before = page.locator('.before').first();
      expect(await before.isVisible()).toBe(false);
      await page.locator('.flip').first().click();
      expect(await before.isVisible()).toBe(true);
      await page.locator('.flip').first().click();
      await page.click('#blink');
      await before.waitFor({ state: 'visible' });
      await page.click('#blink');
      expect(await before.isVisible()).toBe(false);

      await page.locator('#moment').focus();
      await page.keyboard.press('Home');
      expect(await page.locator('#caption').textContent()).toContain('step 100 of 400');
      expect(await page.locator('#frame').getAttribute('src')).toMatch(/#100$/);
      // Every picture says what it shows, every control what it does, and every table what its columns are.
      expect(await page.locator('img:not([alt])').count()).toBe(0);
      const names = await page
        .locator('button:visible')
        .evaluateAll((buttons) =>
          buttons.map((button) => button.getAttribute('aria-label') ?? button.textContent),
        );
      expect(names.every((name) => name?.trim())).toBe(true);
      expect(await page.locator('h1').count()).toBe(1);
      expect(loaded.filter((url) => !url.startsWith('data:') && url !== `file://${file}`)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    }
  } finally {
    await browser.close();
  }
});
