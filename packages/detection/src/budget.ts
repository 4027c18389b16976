const dayUs = 86_400_000_000;
/** For each episode beyond the budget of a day, a score must be so much higher to begin another. */
const gainPerEpisode = 1.3;
/** Nothing that is this far beyond its limit is kept quiet, whatever the budget says. */
const gainMax = 4;
const keptMax = 1_000;

/** How much a score must exceed its limit, so that no more episodes a day are told than a person bears: of a gateway, or of a model. */
export class AlarmBudget {
  readonly #perDay: number;
  #begunUs: number[] = [];

  constructor(perDay: number) {
    this.#perDay = perDay;
  }

  get begun(): readonly number[] {
    return this.#begunUs;
  }

  resume(begunUs: readonly number[]): void {
    this.#begunUs = begunUs.slice(-keptMax);
  }

  /** One that nobody but statistics or models saw. */
  spend(nowUs: number): void {
    this.#begunUs.push(nowUs);
    if (this.#begunUs.length > keptMax) this.#begunUs.shift();
  }

  /** It was worth telling: a person confirmed it. */
  refund(beginUs: number): void {
    this.#begunUs = this.#begunUs.filter((at) => at !== beginUs);
  }

  gain(nowUs: number): number {
    while (nowUs - (this.#begunUs[0] ?? nowUs) > dayUs) this.#begunUs.shift();
    const over = Math.max(0, this.#begunUs.length - this.#perDay);
    return Math.min(gainMax, gainPerEpisode ** over);
  }
}
