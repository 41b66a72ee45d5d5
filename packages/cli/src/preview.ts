import { join } from 'node:path';
import {
  type Dataset,
  type ImageSpec,
  type ImageStatistics,
  measureStatistics,
  type Plugin,
  type RealImage,
  spreadItems,
  statisticsDistance,
} from '@simgan/core';
import { contactSheet, writeFileAtomic } from '@simgan/core/node';

const COLUMNS = 12;

/** Pictures side by side, in rows from where refinement starts to where it should lead. */
export interface PreviewRow {
  readonly label: string;
  readonly images: Dataset<RealImage>;
}

/** Draws the same columns of each row, spread over the rows' datasets, as the plugin shows its pictures. */
export async function writePreview(
  dir: string,
  rows: readonly PreviewRow[],
  { image, display }: Pick<Plugin, 'image' | 'display'>,
): Promise<string> {
  const file = join(dir, 'preview.png');
  const drawn = await Promise.all(
    rows.map(async ({ label, images }) => {
      const shown = spreadItems(images, COLUMNS);
      const items = await Promise.all(Array.from({ length: shown.length }, (_, i) => shown.at(i)));
      return { label, images: items.map((item) => item.image) };
    }),
  );
  await writeFileAtomic(file, await contactSheet(drawn, image, { display }));
  return file;
}

/** How far each set is from the real one, for people and for machines. */
export async function compareWithReal(
  sets: readonly PreviewRow[],
  real: Dataset<RealImage>,
  image: ImageSpec,
): Promise<{ lines: string[]; figures: Record<string, unknown> }> {
  const goal = await measureStatistics(real, image);
  const lines = ['distance to real   intensity  gradient   contrast  diversity'];
  const figures: Record<string, unknown> = {};
  const row = (label: string, { contrast, diversity }: ImageStatistics, distances?: readonly number[]) => {
    const columns = [...(distances ?? ['', '']), contrast, diversity].map((value) =>
      (typeof value === 'number' ? value.toFixed(4) : value).padStart(9),
    );
    lines.push(`  ${label.padEnd(15)}${columns.join('  ')}`);
  };
  for (const { label, images } of sets) {
    const statistics = await measureStatistics(images, image);
    const { intensity, gradient } = statisticsDistance(statistics, goal);
    row(label, statistics, [intensity, gradient]);
    const { contrast, diversity } = statistics;
    figures[label] = { intensity, gradient, contrast, diversity };
  }
  row('real', goal);
  figures.real = { contrast: goal.contrast, diversity: goal.diversity };
  return { lines, figures };
}
