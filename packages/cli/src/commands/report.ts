import { relative } from 'node:path';
import { defineCommand, runJob } from '../command.ts';
import { common } from '../common-options.ts';
import { bare, text } from '../options.ts';

export const reportVerb = defineCommand({
  name: 'report',
  summary: 'show what a run did, in one HTML file',
  description: [
    'Writes RUN/report.html: the verdict first, then pictures before and after, the timeline, losses, labels, looks, use,',
    'warnings, what was left out, and the command that makes it again. The file loads nothing and can be sent to anyone.',
    'Beside it stand losses.svg and timeline.webp. A run that is not done is shown as far as it has come.',
    'Figures of evaluate are shown too, if it wrote them there: evaluate --refined RUN --out RUN.',
  ].join('\n'),
  examples: ['simgan-cli report eyes-augmented', 'simgan-cli report runs/eyes --out eyes.html'],
  options: {
    run: bare('RUN', "A run's folder, or the folder that augment filled; may be given without --run"),
    out: text('FILE', 'Where to write. Default: RUN/report.html.'),
    json: common.json,
  },
  async run({ run, out }, context) {
    const { reportRun } = await import('@simgan/node');
    const { headline, verdictOf } = await import('@simgan/report');
    const { file, losses, animation, data } = await runJob(context, (job) => reportRun({ ...job, run, out }));
    const parts = verdictOf(data);
    const { text: sentence } = headline(parts);
    const shown = (path: string) => relative(context.cwd, path) || path;
    context.output.result(
      [
        sentence,
        ...parts.map(({ question, verdict, reason }) => `  ${question.padEnd(7)} ${verdict}: ${reason}`),
        `Open ${shown(file)} in a browser`,
      ],
      { file, losses, animation, verdict: parts },
    );
  },
});
