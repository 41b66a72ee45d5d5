import { afterEach, beforeEach, vi } from 'vitest';

// Silence is part of the contract: a library that prints is a library that cannot be embedded.
const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  for (const method of methods) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      printed.push(`console.${method}(${args.map(String).join(' ')})`);
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  if (printed.length > 0) {
    throw new Error(`The test wrote to the console, which nothing here may do:\n${printed.join('\n')}`);
  }
});
