import { defineCommand, runJob } from '../command.ts';
import { common } from '../common-options.ts';
import { bare, flag } from '../options.ts';
import { createPresenter } from '../presenter.ts';

export const watchVerb = defineCommand({
  name: 'watch',
  summary: 'follow a run that another terminal works on',
  description: [
    'Shows how far a training is, its losses, how often the discriminator is right and how far labels moved, from what its',
    'folder says. Nothing is written and the run is not slowed. It ends with the run, or by Ctrl-C.',
  ].join('\n'),
  examples: ['simgan-cli watch runs/eyes', 'simgan-cli watch eyes-augmented --once'],
  options: {
    run: bare('RUN', "A run's folder, or the folder that augment fills"),
    once: flag('Show how far it is now, and end'),
    json: common.json,
  },
  async run({ run, once }, context) {
    const { watchRun } = await import('@simgan/node');
    const presenter = createPresenter(context.output);
    let shown: { step: number; steps: number | undefined; isDone: boolean } | undefined;
    await runJob(context, async (job) => {
      for await (const state of watchRun({ ...job, run })) {
        const { step, steps = step, last, moment, isDone } = state;
        if (last) presenter.onEvent({ type: 'step', ...last });
        if (moment && moment.step > (shown?.step ?? -1))
          presenter.onEvent({ type: 'moment', file: '', ...moment });
        presenter.onEvent({
          type: 'progress',
          phase: 'train',
          done: step,
          total: Math.max(steps, step + (isDone ? 0 : 1)),
        });
        shown = { step, steps, isDone };
        if (once) break;
      }
      presenter.end();
    });
    const { step = 0, steps, isDone = false } = shown ?? {};
    const of = steps === undefined ? '' : ` of ${steps}`;
    context.output.result(
      [isDone ? `The run is done, after ${step} steps.` : `The run is at step ${step}${of}.`],
      { step, steps, isDone },
    );
  },
});
