import type { ControllerOptions } from '../controller.ts';
import { Allowance } from './allowance.ts';
import { FullPipe } from './full-pipe.ts';
import type { State } from './gains.ts';
import { LatestFlight } from './latest-flight.ts';
import { LongTerm } from './long-term.ts';
import { Losses } from './losses.ts';
import { PathModel } from './path-model.ts';
import { ProbeClock } from './probe-clock.ts';
import { Rounds } from './rounds.ts';

/** What all states of a flow read and write. */
export class Flow {
  state: State = 'startup';
  /** The latest. */
  rttUs: number = 0;
  /** The path has become longer: what it holds grows until the next probe. */
  isFilling: boolean = false;
  readonly model: PathModel;
  readonly longTerm: LongTerm = new LongTerm();
  readonly allowance: Allowance;
  readonly losses: Losses;
  readonly clock: ProbeClock;
  readonly pipe: FullPipe = new FullPipe();
  readonly rounds: Rounds = new Rounds();
  readonly latest: LatestFlight = new LatestFlight();

  constructor({ datagramBytes, random }: ControllerOptions) {
    this.model = new PathModel(datagramBytes);
    this.allowance = new Allowance(this.model, this.longTerm);
    this.losses = new Losses(this.model);
    this.clock = new ProbeClock(random);
  }
}
