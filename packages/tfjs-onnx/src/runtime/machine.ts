import { probe } from './probe.ts';
import { Programs } from './programs.ts';
import type { Facts, OpenOptions } from './protocol.ts';

/** What a worker answers requests with. */
export class Machine extends Programs {
  async open(options: OpenOptions): Promise<Facts> {
    const facts = await probe(options);
    this.configure(facts.device, options.threads);
    return facts;
  }
}
