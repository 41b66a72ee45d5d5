/** Spearman's rank correlation: 1 if both rise together, -1 if one falls as the other rises. Equal values share ranks. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [ranksA, ranksB] = [ranksOf(a), ranksOf(b)];
  const middle = (a.length + 1) / 2;
  let [both, ofA, ofB] = [0, 0, 0];
  for (const [i, rank] of ranksA.entries()) {
    both += (rank - middle) * (ranksB[i]! - middle);
    ofA += (rank - middle) ** 2;
    ofB += (ranksB[i]! - middle) ** 2;
  }
  return ofA * ofB === 0 ? 0 : both / Math.sqrt(ofA * ofB);
}

function ranksOf(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}
