import { once } from 'node:events';
import { defaults } from '@simgan/node/names';
import { defineCommand, runJob } from '../command.ts';
import { common } from '../common-options.ts';
import { bare, excluding, flag, folder, text, whole } from '../options.ts';

const { pluginOption, engine, device, threads, json } = common;

export const turingVerb = defineCommand({
  name: 'turing',
  summary: 'let people say which pictures are real: the visual Turing test',
  description: [
    'Serves a page on this machine on which people judge real and refined pictures in random order, by keys, mouse or',
    'touch; then synthetic ones, as a control. The page never learns what is true, each answer is kept at once in',
    'RUN/turing, and several people may take part, one after the other. Ctrl-C ends and shows the results.',
    '--export writes the test as one HTML file for people elsewhere; --add takes the answers that they send back.',
  ].join('\n'),
  examples: [
    'simgan-cli turing eyes-augmented',
    'simgan-cli turing eyes-augmented --results',
    'simgan-cli turing eyes-augmented --export test.html',
    'simgan-cli turing eyes-augmented --add answers.json',
  ],
  options: {
    run: bare('RUN', "A run's folder, done or not, or the folder that augment filled"),
    plugin: text('NAME', 'The domain, where the refiner does not name an installed one'),
    pluginOption,
    real: folder('Real pictures in place of those that the refiner was trained with'),
    count: whole('Refined pictures that each person judges, and as many real ones', {
      least: 1,
      otherwise: defaults.judged,
    }),
    control: whole('Synthetic pictures of the control, and as many real ones', {
      least: 0,
      otherwise: defaults.judgedControl,
    }),
    port: whole('The port of the page. Default: any that is free.', { least: 1, otherwise: undefined }),
    export: excluding(text('FILE', 'Write the test as one HTML file, and serve nothing'), {
      port: 'nothing is served',
    }),
    add: text('FILE', 'Add answers that an exported file saved, and serve nothing'),
    results: flag('Show the results so far, and serve nothing'),
    engine,
    device,
    threads,
    json,
  },
  async run(values, context) {
    const { openTuring } = await import('@simgan/node');
    const { pluginOption: pluginOptions, port, export: file, add, results: isOnlyShown, ...options } = values;
    const test = await runJob(context, (job) => openTuring({ ...job, ...options, pluginOptions }));
    if (file !== undefined) await test.exportTo(file);
    if (add !== undefined) await test.add(add);
    if (file === undefined && add === undefined && !isOnlyShown) {
      const server = await test.serve(port);
      context.output.note(
        `Open ${server.url} in a browser${test.isResumed ? ' (a test that was begun before)' : ''}; Ctrl-C ends.`,
      );
      context.output.event('serving', { url: server.url });
      if (!context.signal.aborted) await once(context.signal, 'abort');
      await server.close();
    }
    const results = await test.results();
    const { refined, control, subjects } = results;
    const line = (name: string, { correct, total, p }: typeof refined, article: string) =>
      `  ${name.padEnd(20)} ${`${correct} of ${total} right`.padEnd(20)} ${(total === 0 ? '' : `p = ${p.toPrecision(2)}`).padEnd(14)} article: ${article}`;
    context.output.result(
      [
        ...(file === undefined
          ? []
          : [`The test stands in ${file}; send it to people, and add what they save with --add`]),
        `${subjects.length} subject${subjects.length === 1 ? '' : 's'}: ${subjects.map(({ name, answered, total }) => `${name} (${answered} of ${total})`).join(', ') || 'nobody yet'}`,
        line('real or refined', refined, '517 of 1000'),
        line('real or synthetic', control, '162 of 200'),
      ],
      { ...results },
    );
  },
});
